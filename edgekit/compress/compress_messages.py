"""Requests and results of pruning and of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.core.isolate import Stage
from edgekit.core.records import Contract, Pruning, Step, Training


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasSource:
    """A Keras model, to be loaded as it was exported.

    Attributes:
        model: The file or folder.
        contract: Its inputs and outputs, as they were exported.
        custom_objects: `module:NAME` of custom layers.
        builder: `module:FUNCTION` that builds the model whose weights the file holds.
        unsafe: Whether it may run code of its own while it is loaded.
        short_names: As in the request by which it was exported.
    """

    model: Path
    contract: Contract
    custom_objects: str | None = None
    builder: str | None = None
    unsafe: bool = False
    short_names: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Where a training is kept, to be resumed after a kill.

    Attributes:
        folder: Holds it.
        key: A hash of all that determines the training; one of another key is replaced.
    """

    folder: Path
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneRequest:
    """A training after pruning.

    Attributes:
        training: How.
        samples: To train on, an `.npz`.
        checkpoint: Where it is kept meanwhile.
    """

    training: Training
    samples: Path
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneRequest:
    """A model to be pruned, trained where that is asked for, and exported.

    Attributes:
        source: The model.
        pruning: How much of it goes.
        finetune: The training after it; None for none.
        calibration: Samples that choose what goes and what stays; None without any.
        seed: They are divided by it.
        proof: Samples whose outputs are wanted after each step.
        float_bytes: Size of the original's float file.
        out: Where the float file goes.
        keras_out: Where the Keras model goes.
        outputs_out: Where the outputs for `proof` go, an `.npz` of `STEP/OUTPUT`.
    """

    source: KerasSource
    pruning: Pruning
    finetune: FinetuneRequest | None = None
    calibration: Path | None = None
    seed: int = 0
    proof: Path
    float_bytes: int
    out: Path
    keras_out: Path
    outputs_out: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneResult:
    """What was done, without what it lost: that is measured elsewhere.

    `rewritten` is as in `Exported`.
    """

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    rewritten: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SparsitiesRequest:
    """A model to be pruned more and more, to be timed.

    Attributes:
        source: The model.
        pruning: How; its target is replaced by each of the sparsities.
        sparsities: Fractions of the channels that go, the smallest first.
        seed: Of every draw.
        folder: Where the files go.
    """

    source: KerasSource
    pruning: Pruning
    sparsities: tuple[float, ...]
    seed: int = 0
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseFile:
    """The float file of a model without a fraction of its channels."""

    sparsity: float
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SparsitiesResult:
    """The files, those that are as wide as the one before left out."""

    files: tuple[SparseFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """One recipe's rounding to be trained.

    Attributes:
        float_file: The float file that is quantized (`Prepared.float_model`).
        teacher: The float file whose outputs are learned, which may be the same.
        grid: What `quantize.trained.grid` saved.
        training: How.
        samples: To train on, an `.npz` of `Samples`.
        calibration: The samples that the quantizer saw; None without any.
        seed: They were divided by it.
        check: Samples with the outputs of `float_file` as an interpreter computes them.
        checkpoint: Where the training is kept meanwhile.
        out: Where the trained grid goes.
    """

    float_file: Path
    teacher: Path
    grid: Path
    training: Training
    samples: Path
    calibration: Path | None = None
    seed: int = 0
    check: Path
    checkpoint: Checkpoint
    out: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """What was done, without what it lost."""

    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnRequest:
    """One recipe's rounding to be learned across layers, from calibration samples alone.

    Attributes:
        float_file: The float file that is quantized (`Prepared.float_model`), which also says what
            is right.
        grid: What `quantize.trained.grid` saved.
        calibration: The samples that the quantizer saw; those that it held out are not looked at.
        seed: They were divided by it.
        steps: How many batches; None for as many as a few minutes hold.
        check: Samples with the outputs of `float_file` as an interpreter computes them.
        checkpoint: Where the training is kept meanwhile.
        out: Where the learned grid goes.
    """

    float_file: Path
    grid: Path
    calibration: Path
    seed: int = 0
    steps: int | None = None
    check: Path
    checkpoint: Checkpoint
    out: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnResult:
    """What was done.

    Attributes:
        steps: All of them, those before a kill among them.
        num_samples: Samples that it learned from.
        first_loss: Mean over the first tenth of the steps.
        last_loss: Mean over the last tenth.
        resumed_from: Steps that an earlier, killed run had done.
        seconds: Wall time of this run.
    """

    steps: int
    num_samples: int
    first_loss: float
    last_loss: float
    resumed_from: int = 0
    seconds: float


PRUNE = Stage("edgekit.compress.compress:run", PruneRequest, PruneResult)
PRUNE_BY_SPARSITY = Stage(
    "edgekit.compress.compress:prune_by_sparsity", SparsitiesRequest, SparsitiesResult
)
TRAIN = Stage("edgekit.compress.qat.train_recipe:run", TrainRequest, TrainResult)
LEARN = Stage("edgekit.compress.qat.learn_rounding:run", LearnRequest, LearnResult)
