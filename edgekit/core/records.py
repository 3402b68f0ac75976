"""The records that flow between stages. Every default of edgekit lives here, once.

All of them are frozen: a stage receives records and returns new ones. `serde` turns
each into JSON or TOML and back. Sizes are bytes, fractions run from 0 to 1, and a
metric's name carries its unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Literal

from edgekit.core.arguments import checked_record
from edgekit.core.box_decoder import BoxDecoder
from edgekit.core.errors import UsageError, check_least
from edgekit.core.output_kinds import Columns, OutputKind
from edgekit.core.text import printable

SCHEMA_VERSION = 1
_FEW_METRICS = 5  # in one line

Scheme = Literal["float16", "dynamic", "weight_only", "static"]
Granularity = Literal["per_tensor", "per_channel", "blockwise_32"]
IoDtype = Literal["float32", "int8", "uint8"]
Rounding = Literal["gptq", "nearest"]
Device = Literal["cpu", "npu", "mcu"]
Effort = Literal["normal", "high"]
TensorNames = Literal["short", "original"]
StorageBits = Literal[5, 6]
PruningMethod = Literal["structured", "unstructured"]
Importance = Literal["auto", "l1", "bn_scale", "taylor", "obs"]
Better = Literal["higher", "lower"]
Resize = Literal["bilinear", "bicubic", "nearest", "keras-bilinear"]
PreprocessingKind = Literal["none", "image", "audio", "tabular", "text"]
Statistic = Literal[
    "mean",
    "root_mean",
    "auc",
    "eer",
    "average_precision",
    "f1",
    "iou",
    "ratio",
    "r2",
    "sqnr_db",
    "cosine",
    "map_50",
    "map_50_95",
    "whole",
]


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Another recipe for some layers.

    `layers` is a layer's name, or a regular expression that matches whole names; `recipe` a
    name of `recipes.RECIPES`, `float32` to leave them as they are.
    """

    layers: str
    recipe: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """How weights and activations become integers (or half floats).

    Scale shapes by `granularity`, for a weight of shape `(out, ..., in)`:
    `per_tensor` has one scale, `per_channel` one for each output channel, `blockwise_32` one for
    each 32 inputs of an output (dense layers only; the rest is per channel). `rounding` and
    `bias_correction` say how weights are chosen where there are calibration samples. Weights of
    8 bits may hold codes of fewer, `storage_bits`, which compress better as a download.
    """

    scheme: Scheme
    weight_bits: int = 8
    activation_bits: int | None = None
    granularity: Granularity = "per_channel"
    io_dtype: IoDtype = "float32"
    rounding: Rounding = "gptq"
    bias_correction: bool = True
    storage_bits: int | None = None
    overrides: tuple[Override, ...] = ()

    @property
    def code_bits(self) -> int:
        """What the integers of weights are of, in whatever they are stored."""
        return self.weight_bits if self.storage_bits is None else self.storage_bits

    @property
    def needs_ranges(self) -> bool:
        """Whether activations become integers, by ranges that come from samples."""
        return self.scheme == "static"

    @property
    def refines_weights(self) -> bool:
        """Whether samples choose the weights' integers, where there are samples."""
        wanted = self.rounding == "gptq" or self.bias_correction or self.storage_bits is not None
        # Of dynamic files only int4 with a scale for each channel: int8 loses nothing, and blocks
        # have scales of their own.
        dynamic = self.scheme == "dynamic" and self.code_bits < 8
        narrow = dynamic and self.granularity != "blockwise_32"
        return wanted and (narrow or self.scheme in ("static", "weight_only"))

    @property
    def needs_calibration(self) -> bool:
        """Whether it cannot be done without samples: int4 by round-to-nearest is no good."""
        return self.needs_ranges or (self.code_bits < 8 and self.refines_weights)


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """Which weights go, and how many of them.

    `structured` removes whole channels, so that the file gets smaller and faster; `unstructured`
    sets single weights to zero, with a `pattern` such as `2:4` two in each four along a layer's
    inputs. How much goes is told by one of: `sparsity`, the fraction of the channels (or weights)
    that go; `to_size`, `to_macs`, `to_latency`, the fraction of the dense float file's bytes,
    multiply-accumulates or measured time that is left at most (structured only).

    `importance` ranks channels; `auto` is `obs` where there are samples and `l1` where not.
    Widths are rounded to a multiple of `round_to`, but never coarser than a quarter of a layer's
    width. `layers` are the only layers to prune, `keep` those left alone: names, or regular
    expressions that match whole names. `reconstruct` lets samples choose the weights that stay.
    """

    method: PruningMethod = "structured"
    sparsity: float | None = None
    pattern: str = ""
    to_size: float | None = None
    to_macs: float | None = None
    to_latency: float | None = None
    importance: Importance = "auto"
    round_to: int = 16
    layers: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    reconstruct: bool = True


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How a compressed model is trained a little, and on what.

    `data` is a source of samples (see `data.sources`); empty where `convert` is given them as
    `training`. `distill` takes the original model's
    outputs as targets, so that no labels are needed; where there are labels they weigh
    `label_weight`. `quantization_aware` trains with the rounding of each recipe in place.
    Training ends `patience` epochs after the best one, judged on `validation`, a fraction of the
    samples (fifty at least, or a fifth) that is not trained on. None means: for `batch_size`,
    32, of fewer than 512 samples 16, of fewer than 256 samples 8; for `epochs`, about 1,500
    batches, but 20 epochs at least and 60 at most; for `patience`, all of them, since most is
    gained by the low rates of the end; for `learning_rate`, 1e-3 for pruned models, 3e-4 where
    samples chose what stays, and 1e-4 for quantization-aware training.
    """

    data: str = ""
    distill: bool = False
    quantization_aware: bool = False
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    label_weight: float = 0.1
    augment: bool = True
    patience: int | None = None
    validation: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is done to a model, by name. See `recipes.RECIPES` for the table.

    `effort` tells whether its rounding is learned across layers (`high`), from calibration samples.
    """

    name: str
    summary: str
    prune: Pruning | None = None
    training: Training | None = None
    quantize: Quantization | None = None
    effort: Effort = "normal"

    @property
    def trains_rounding(self) -> bool:
        """Whether the file is trained with its rounding in place."""
        return self.training is not None and self.training.quantization_aware

    @property
    def learns_rounding(self) -> bool:
        """Whether the file's rounding is learned across layers, from calibration samples."""
        return self.effort == "high"

    @property
    def label(self) -> str:
        """The name, behind what was done before: `pruned.qat.static_wi8_ai8`."""
        aware = "qat." if self.trains_rounding else ""
        return f"{'pruned.' if self.prune else ''}{aware}{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How raw data becomes a model input: said once, computed alike in every language.

    `image`: resize and crop on raw RGB bytes with Pillow's antialiased arithmetic, or for
    `keras-bilinear` as `tf.image.resize` does it, without antialiasing, to float32; then
    channel order, then `(value - mean) / std` by channel. `audio`: mono at
    `sample_rate`, cut or zero-padded to `window` samples, then mean and std.
    `tabular`: the named columns in order, then mean and std by column. `text`:
    each character (or token) of the vocabulary to its index.
    """

    kind: PreprocessingKind = "none"
    size: tuple[int, int] | None = None
    resize: Resize = "bilinear"
    resize_shorter_to: int | None = None
    channels: Literal["rgb", "bgr", "gray"] = "rgb"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    sample_rate: int | None = None
    window: int | None = None
    columns: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    unknown_id: int = 0

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of `image`, which has them: `data.preprocess.validate` sees to it."""
        assert self.size is not None
        return self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """One input or output of a model, as an app must feed or read it.

    `shape` has -1 where a size is unknown; `dtype` is a NumPy name, or `string`. A quantized tensor
    holds `scale` and `zero_point` (one each): `real = scale * (stored - zero_point)`.
    `kind` says what an output is; None where neither the graph nor labels nor the project file
    tell it, and then its columns are taken as values. `columns` are there where one output holds
    several kinds. `decode` says how the boxes of a detector follow from it. What an output `feeds`
    is the input that takes it in the next call, and zeros in the first.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: tuple[float, ...] = ()
    zero_point: tuple[int, ...] = ()
    quantized_dimension: int = 0
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    labels: tuple[str, ...] = ()
    activation: Literal["none", "softmax", "sigmoid"] | None = None
    kind: OutputKind | None = None
    columns: tuple[Columns, ...] = ()
    decode: BoxDecoder | None = None
    feeds: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What host and phone must agree on: inputs and outputs by name.

    `kept_state` are the variables that a file keeps from call to call. Where it has some, samples
    are one sequence, in their order, which begins where the file has just been loaded.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    kept_state: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """An operator that a recipe left as it was, and why."""

    layer: str
    operator: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An operator that has another precision than its recipe's, and why.

    `recipe` is what it has instead; `float32` for none.
    """

    layer: str
    operator: str
    recipe: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to quantize that was tried, and how near its outputs came to the float file's.

    `sqnr_db` is that of the worst channel, measured on calibration samples that took no part in it.
    """

    name: str
    sqnr_db: float
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What it took to hold a bound, and what it cost.

    `quantity` is what was bounded: a metric whose loss against float is a fraction,
    `agreement` (1 less the agreement with float), `fidelity` (the worst channel's error as a
    fraction of what it varies by) or `sqnr_db`; of several bounded metrics it is the one that lost
    most. `value` with its 95 % interval,
    and `unrepaired` (with nothing kept) are measured on `num_samples` calibration samples that
    the quantization was not fitted to. `at_least` tells a bound from below. Latencies are
    ratios, None where nothing was timed. `kept` are the operators that it took.
    """

    quantity: str
    limit: float
    at_least: bool = False
    value: float
    low: float | None = None
    high: float | None = None
    unrepaired: float
    num_samples: int
    num_operators: int
    kept: tuple[Kept, ...] = ()
    added_bytes: int = 0
    latency_to_float: float | None = None
    latency_to_unrepaired: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetPoint:
    """One file that a budget could have had: its bytes, its time and how near it comes to float.

    `sqnr_db` is that of the worst output as a whole, of logits where a softmax ends the model, on
    held-out calibration samples; `latency_to_float` its time as a multiple of the float file's,
    None where nothing was timed. One point is the file that was written.
    """

    size_bytes: int
    sqnr_db: float
    latency_to_float: float | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The bytes and the time that a file was to have, and what was chosen within them.

    `to_bytes` and `to_latency` (a multiple of the float file's time) are what was asked for, None
    where it was not. `operators` counts those that have each recipe's precision. `curve` shows what
    other budgets would have given, from the smallest file; `recipe_alone` the recipe's file
    without any budget. `sqnr_db` of each is measured on `num_samples` samples (see `BudgetPoint`).
    """

    to_bytes: int | None = None
    to_latency: float | None = None
    size_bytes: int
    latency_to_float: float | None = None
    sqnr_db: float
    num_samples: int
    operators: dict[str, int] = field(default_factory=dict)
    recipe_alone: BudgetPoint
    curve: tuple[BudgetPoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How near a file came to its float file when it was run, before it was written.

    `sqnr_db` is that of the worst channel, which `channel` names, `pooled_sqnr_db` that of the
    worst output as a whole; `agreement` the share of samples of which both decide alike, where
    outputs decide. `held_back` of the samples are calibration samples that the quantization was
    not fitted to, the rest are golden. `lost` says which output or channel has lost its content
    (see `measure.lost_content`), and is empty where none has.
    """

    sqnr_db: float
    channel: str = ""
    pooled_sqnr_db: float | None = None
    agreement: float | None = None
    num_samples: int
    held_back: int = 0
    lost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceAccuracy:
    """What the original model reaches on labelled samples, beside its float file.

    `metric` is what the labels ask for; `keras` and `float32` are its values on the same
    `num_samples` samples, which came from what `samples` names. `keras` is None where the model
    came as a `.tflite`.
    """

    metric: str
    keras: float | None = None
    float32: float
    num_samples: int
    samples: Literal["evaluation", "calibration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that changed what a model computes: what it did, what it took, what it lost.

    `name` is `prune`, `finetune`, `quantize`, `qat` or `learn` (see `ConvertOptions.effort`).
    `sqnr_db` and `agreement` compare the model after this step with the original float one, on
    `num_samples` samples that no step was fitted to. `numbers` are counts by name: parameters,
    macs, epochs, with `_before` behind what they were.
    """

    name: Literal["prune", "finetune", "quantize", "qat", "learn"]
    summary: str
    seconds: float
    sqnr_db: float | None = None
    agreement: float | None = None
    num_samples: int = 0
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A written `.tflite` and all that is known of it: its manifest.

    `float_sha256` names the float file that it is compared with: the original model's, also where
    the file derives from a pruned one. `source_sha256` names the Keras model.
    `reference_sqnr_db` is how well the float file agreed with Keras at export, on
    golden samples that were `synthetic` or taken from data; `reference_accuracy` is what both reach
    where samples have labels. Of the activations in `equalized`
    (by tensor name), the file's channels hold the float file's values divided by `2**(e/4)`.
    `rewritten` says how many operators have another form than the model's, with equal outputs, by
    what was done (see `exact_rewrites`).
    `calibration_digests` holds a short hash of each calibration sample, so that evaluating on
    them can be noticed; `calibration_ranges` their smallest and largest value by float input,
    so that evaluating beyond them can be. `wrecked` says what a file has lost that no longer
    computes what the model does, and the way out; it is empty where a file does, or where only
    synthetic golden samples could tell.
    """

    schema_version: int = SCHEMA_VERSION
    path: str
    sha256: str
    size_bytes: int
    compressed_bytes: int
    recipe: Recipe
    contract: Contract
    source_sha256: str
    float_sha256: str
    calibration_sha256: str | None = None
    calibration_digests: str = ""
    training_digests: str = ""
    calibration_ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    oldest_runtime: str = ""
    reference_sqnr_db: float | None = None
    reference_accuracy: ReferenceAccuracy | None = None
    golden: Literal["data", "synthetic", "none"] = "none"
    tool_versions: dict[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    kept: tuple[Kept, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    equalized: dict[str, tuple[int, ...]] = field(default_factory=dict)
    rewritten: dict[str, int] = field(default_factory=dict)
    repair: Repair | None = None
    budget: Budget | None = None
    verified: Verified | None = None
    wrecked: str = ""
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        near, said = self.verified, [self.recipe.label, f"{self.size_bytes:,} B"]
        if near is not None:
            said.append(f"{near.sqnr_db:.1f} dB")
        if near is not None and near.agreement is not None:
            said.append(f"agreement {near.agreement:.4f}")
        if self.wrecked:
            said.append("wrecked")
        return f"<Artifact {printable(PurePath(self.path).name)}: {', '.join(said)}>"


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a file runs.

    `runtime` is `litert` or `tflite-runtime`; an empty version means the one in edgekit's
    own environment.
    """

    runtime: str = "litert"
    version: str = ""
    device: str = "host"
    accelerator: str = "cpu"
    num_threads: int = 1

    @property
    def label(self) -> str:
        """`litert` or `tflite-runtime==2.14.0`, as the command line spells it."""
        return f"{self.runtime}=={self.version}" if self.version else self.runtime

    @property
    def title(self) -> str:
        """The label, with the number of threads where it is not 1."""
        return self.label + (f", {self.num_threads} threads" if self.num_threads != 1 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine that measured. Absolute times compare on an equal host only."""

    machine: str
    system: str
    cpu: str
    cores: int
    python: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One measured number, with the interval that says how sure it is.

    `low` and `high` bound a 95 % confidence interval where there is one. `raw` holds the
    per-sample values, so that two measurements of the same samples can be paired. `note`
    is what must be said beside the value.

    `statistic` is how the value follows from the samples, so that it can be computed again from
    any draw of them: `mean` of `raw`; or from `parts`, rows of per-sample numbers, of which the
    table in `verdicts.recompute` says what they are; `whole` needs the outputs themselves.
    """

    name: str
    value: float
    unit: str = ""
    better: Better = "higher"
    low: float | None = None
    high: float | None = None
    raw: tuple[float, ...] = ()
    note: str = ""
    statistic: Statistic = "mean"
    parts: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerError:
    """How far one operator of a quantized file is off, as SQNR in dB; higher is better.

    `local_sqnr_db`: this operator fed with the float file's activations. `cumulative_sqnr_db`:
    this tensor in both files. `output_sqnr_db`: the float model's outputs with this operator's
    local error alone; `blame` its share of what all these errors do to them, as a fraction.
    None is what cannot be told: nothing in the quantized file matches (`scheme` is
    `unmatched`), or an input of it matches nothing. `tensor` is what the operator gives,
    `quantized_tensor` its name in the quantized file.
    """

    layer: str
    operator: str
    tensor: str
    scheme: str
    quantized_tensor: str = ""
    local_sqnr_db: float | None = None
    cumulative_sqnr_db: float | None = None
    output_sqnr_db: float | None = None
    blame: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one artifact did on one target. A stored one is a baseline.

    `runtime_version` is that of the runtime's package that ran it.
    `failure` says why the target cannot run the artifact at all; there are no metrics then.
    `layers` holds the errors by operator, in order of execution, where they were asked for:
    always LiteRT's.
    """

    schema_version: int = SCHEMA_VERSION
    artifact: str
    artifact_sha256: str
    samples_sha256: str
    num_samples: int
    target: Target
    host: Host
    metrics: tuple[Metric, ...]
    runtime_version: str = ""
    failure: str | None = None
    notes: tuple[str, ...] = ()
    layers: tuple[LayerError, ...] = ()
    created_at: str = ""

    def metric(self, name: str) -> Metric | None:
        """The metric of that name, or None when it was not measured."""
        return next((m for m in self.metrics if m.name == name), None)

    def __repr__(self) -> str:
        said = [self.target.title, *([f"failed: {self.failure}"] if self.failure else [])]
        said += [f"{m.name} {m.value:.4g} {m.unit}".rstrip() for m in self.metrics[:_FEW_METRICS]]
        more = ", ..." if len(self.metrics) > _FEW_METRICS else ""
        return f"<Measurement {printable(self.artifact)}: {printable(', '.join(said))}{more}>"

    def summary(self) -> Measurement:
        """The same without per-sample values, to be shown."""
        return replace(self, metrics=tuple(replace(m, raw=(), parts=()) for m in self.metrics))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """How many pieces of a file's graph a runtime's accelerated kernels took.

    One piece of many operators is the whole graph; none means that all of it runs in plain
    kernels. `failure` says why the runtime could not prepare the file at all.
    """

    runtime: str
    partitions: int | None = None
    num_ops: int | None = None
    failure: str | None = None


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a subprocess that handles an untrusted model may use."""

    seconds: float = 600.0
    memory_bytes: int = 8 * 2**30

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise UsageError("seconds must be more than 0.", received=str(self.seconds))
        check_least(self, memory_bytes=1)


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertOptions:
    """What `convert` does when nobody says otherwise.

    `max_loss` (a fraction) and `min_sqnr_db` bound what a recipe may lose; operators are kept
    in higher precision until it holds. `to_bytes` and `to_latency` (a fraction of the float file's
    time) make one file within them: the precision of each operator is chosen. `device` is what the
    files are for: int16 activations are a way to hold a bound on an NPU or MCU only. `prune` and
    `training` come before any recipe.
    With a high `effort` the rounding of int4 weights is learned across layers.
    `raw` says that the model takes integers as they are, where a float input is given some.
    `fresh` exports the model again where the cache has its float file and samples.
    `tensor_names` says how files name their tensors: no longer than telling their layers takes, or
    as the converter (or a `.tflite`) does. Inputs, outputs and signatures have the same names
    either way. `storage_bits` gives int8 weights codes of fewer bits, for a smaller download.
    """

    recipes: tuple[str, ...] = ()
    prune: Pruning | None = None
    training: Training | None = None
    io_dtype: IoDtype = "float32"
    rounding: Rounding = "gptq"
    bias_correction: bool = True
    effort: Effort = "normal"
    overrides: tuple[Override, ...] = ()
    max_loss: float | None = None
    min_sqnr_db: float | None = None
    to_bytes: int | None = None
    to_latency: float | None = None
    device: Device = "cpu"
    tensor_names: TensorNames = "short"
    storage_bits: StorageBits | None = None
    calibration_samples: int = 200
    golden_samples: int = 8
    seed: int = 0
    min_reference_sqnr_db: float = 80.0
    raw: bool = False
    unsafe: bool = False
    force: bool = False
    fresh: bool = False
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.max_loss is not None and not 0 <= self.max_loss < 1:
            raise UsageError(
                "max_loss must be a fraction from 0 up to 1: 0.01 is one sample in a hundred.",
                received=str(self.max_loss),
            )
        if self.min_sqnr_db is not None and not math.isfinite(self.min_sqnr_db):
            raise UsageError(
                "min_sqnr must be a number of decibels.", received=str(self.min_sqnr_db)
            )
        if self.to_latency is not None and not 0 < self.to_latency < 1:
            raise UsageError(
                "to_latency must be a fraction between 0 and 1: 0.8 is four fifths of the float "
                "file's time.",
                received=f"{self.to_latency:g}",
            )
        check_least(self, seed=0, calibration_samples=1, golden_samples=1, to_bytes=1)

    @property
    def has_budget(self) -> bool:
        """Whether one file within bytes or within a time is asked for."""
        return self.to_bytes is not None or self.to_latency is not None

    @property
    def is_bounded(self) -> bool:
        """Whether a bound on the loss is to hold."""
        return self.max_loss is not None or self.min_sqnr_db is not None


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkOptions:
    """What `benchmark` does when nobody says otherwise."""

    warmup_runs: int = 10
    num_runs: int = 60
    num_processes: int = 3
    num_threads: int = 1
    min_seconds: float = 0.5
