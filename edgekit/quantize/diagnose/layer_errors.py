"""Which operators of a quantized file are to blame, and for how much.

The float file and the quantized one run side by side, operator by operator, over the same
samples. Three errors tell an operator's part:

- local: the quantized operator, fed with the float file's activations, against the float one;
- cumulative: this tensor in both files, each fed by its own operators before it;
- output: the float model's outputs when this operator's local error is all there is. A large
  error of an operator that nothing depends on changes nothing: so it is this one that ranks.
  Its share of the sum of all is the operator's blame.

A file made from an equalized copy of the float file holds other values in some activations, by
factors for each channel (see `equalize`). All errors are told in the float file's units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from edgekit import tflite
from edgekit.core.errors import QuantizeError
from edgekit.core.process import Progress, silent
from edgekit.core.records import LayerError
from edgekit.data.samples import Samples
from edgekit.quantize.calibration import equalize, equalized_exponents
from edgekit.quantize.diagnose.sensitivity import OutputSensitivity, worst
from edgekit.quantize.diagnose.single_operator import SingleOperator, live_bytes
from edgekit.quantize.imported import fix_sizes
from edgekit.quantize.quantize_messages import LayerErrorsRequest, LayerErrorsResult
from edgekit.quantize.rewrite.cast_pairs import behind_casts, pairs, producers
from edgekit.tflite import Model, Operator, Tensor, enums, signal
from edgekit.tflite.step_interpreter import Steps, uses_resource
from edgekit.tflite.trained_ranges import plain

MAX_SAMPLES = 64
ACTIVATION_BYTES = 400 * 2**20
"""What the activations of all samples may take: with the interpreters' own and the models it stays
below 1 GB."""
# Both files' activations, their inputs to one operator, and what it gives.
_COPIES = 4


def run(request: LayerErrorsRequest, report: Progress) -> LayerErrorsResult:
    """`layer_errors` of files on disk."""
    before, _ = plain(request.float_file.read_bytes())
    after = request.quantized.read_bytes()
    samples = usable(before, Samples.load(request.samples))
    equalized = request.equalized
    if equalized is None:
        equalized = equalized_exponents.exponents(tflite.read(before), tflite.read(after))
    errors = layer_errors(before, after, samples, equalized=equalized, on_progress=report)
    return LayerErrorsResult(errors=tuple(errors), num_samples=len(samples))


def usable(
    float_model: bytes, samples: Samples, *, activation_bytes: int = ACTIVATION_BYTES
) -> Samples:
    """The first of the samples, no more than memory holds: 64, or fewer for large activations."""
    live = live_bytes(_read(float_model))
    count = min(len(samples), MAX_SAMPLES, max(1, activation_bytes // max(1, _COPIES * live)))
    return samples if count == len(samples) else samples.take(range(count))


def layer_errors(
    float_model: bytes,
    quantized: bytes,
    samples: Samples,
    *,
    equalized: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
    outputs: bool = True,
    on_progress: Progress = silent,
) -> list[LayerError]:
    """The errors of each operator of a quantized file, in order of execution.

    Operators are matched by their order where the quantizer kept it, by the names of what
    they give otherwise; casts between them are looked through. What has no counterpart is
    listed with the scheme `unmatched`. A loop counts as one operator.

    Args:
        float_model: The float `.tflite`.
        quantized: A `.tflite` made from it.
        samples: Inputs in real units; all of them are used (see `usable`).
        equalized: `Artifact.equalized`: of which activations the quantized file's channels (the
            last dimension) hold the float file's values divided by `equalize.factors(e)`, by the
            float file's tensor name. Empty where `float_model` is the copy.
        outputs: Also measure what each operator's error alone does to the model's outputs,
            on fewer samples where the model is large: each takes as many runs of it as it
            has operators.
        on_progress: Takes one line now and then.

    Returns:
        SQNR in dB by operator: `inf` where nothing differs, None where it cannot be told.

    Raises:
        QuantizeError: Names or sizes of inputs differ, one is text, an operator does not run,
            or `equalized` names what the float file does not hold.
    """
    before, after = _read(float_model, samples), _read(quantized, samples)
    _check(before, after, samples)
    both = _Both(before, after, samples, _factors(before, equalized))
    sensitivity = (
        OutputSensitivity(_read(float_model, samples), both.compared(), samples)
        if outputs
        else None
    )
    operator_errors = []
    for number, op in enumerate(both.reference.operators):
        if number % 10 == 0:
            on_progress(f"layer errors: operator {number + 1} of {len(both.reference.operators)}")
        error = both.step(op, sensitivity)
        if error is not None:
            operator_errors.append(error)
    return _with_shares(operator_errors)


def _with_shares(errors: Sequence[LayerError]) -> list[LayerError]:
    """With each operator's share of the noise that all errors make in the outputs.

    Small errors that know nothing of each other add up in power. Where nothing is left of the
    outputs they are lost, and no more than lost: 0 dB.
    """
    noise = [
        None if e.output_sqnr_db is None else min(1.0, signal.noise_to_signal(e.output_sqnr_db))
        for e in errors
    ]
    total = sum(value for value in noise if value is not None)
    return [
        error if value is None or total == 0.0 else replace(error, blame=value / total)
        for error, value in zip(errors, noise, strict=True)
    ]


class _Both:
    """The float file and the quantized one, as far as they have been run."""

    def __init__(
        self, before: Model, after: Model, samples: Samples, factors: Mapping[int, np.ndarray]
    ) -> None:
        self._factors = factors
        self.reference = Steps(before, samples.inputs)
        self._quantized = Steps(after, samples.inputs)
        self._single = SingleOperator(after, len(samples))
        main = tflite.binding(before).subgraph
        other = tflite.binding(after).subgraph
        self._makers = producers(after)
        self._inner = _weights_of_loops(after)
        self._pairs = {
            old.index: new
            for old, new in pairs(before, after)
            if old.subgraph == main and new is not None and new.subgraph == other
        }
        self._same_as = _tensors(before, after, self._pairs, self.reference.operators)
        self._used = {t.index for op in self.reference.operators for t in op.inputs} | set(
            tflite.binding(before).outputs.values()
        )
        self._waiting = iter(self._quantized.operators)
        self._wanted = {op.index: old for old, op in self._pairs.items()}
        self._computed: dict[int, list[np.ndarray]] = {}

    def compared(self) -> list[Tensor]:
        """The outputs whose errors `step` tells apart."""
        return [
            tensor
            for op in self.reference.operators
            if op.index in self._pairs
            for tensor in self._outputs(op)
            if tensor.dtype == "float32"
        ]

    def _outputs(self, op: Operator) -> list[Tensor]:
        return [t for t in op.outputs if t.index in self._used and t.dtype != "string"]

    def step(self, op: Operator, sensitivity: OutputSensitivity | None) -> LayerError | None:
        """Run one operator of the float file, and what became of it, if it computes anything."""
        new = self._pairs.get(op.index)
        fed = {t.index: self.reference.real(t) for t in op.activations}
        self.reference.run(op)
        if (new is None and op.facts.is_cast) or uses_resource(op):
            return None
        compared = self._outputs(op)
        error = LayerError(
            layer=op.layer,
            operator=op.name,
            tensor=(compared or op.outputs)[0].name if op.outputs else "",
            scheme="unmatched",
        )
        if new is None or not compared:
            return error
        expected = [self.reference.real(tensor) for tensor in compared]
        error = replace(
            error,
            scheme=self._scheme(new),
            quantized_tensor=new.outputs[op.outputs.index(compared[0])].name,
            cumulative_sqnr_db=worst(expected, self._as_float(op, self._cumulative(op))),
        )
        computed = self._local(new, fed)
        if not computed:
            return error
        local = self._as_float(op, computed)
        return replace(
            error,
            local_sqnr_db=worst(expected, local),
            output_sqnr_db=sensitivity.sqnr_db(compared, expected, local) if sensitivity else None,
        )

    def _as_float(self, op: Operator, outputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """What a quantized operator gave of `_outputs`, in the units of the float one's."""
        wanted = self._outputs(op)
        return [
            values * self._factors[tensor.index] if tensor.index in self._factors else values
            for tensor, values in zip(op.outputs, outputs, strict=True)
            if tensor in wanted
        ]

    def _cumulative(self, op: Operator) -> list[np.ndarray]:
        """What the quantized file gives here, of its own; it runs up to this operator."""
        while op.index not in self._computed:
            current = next(self._waiting)
            self._quantized.run(current)
            old = self._wanted.get(current.index)
            if old is not None:
                # Outputs that nobody uses are gone already.
                needed = {t.index for t in self.reference.operators[old].outputs} & self._used
                self._computed[old] = [
                    self._quantized.real(t) if o.index in needed else np.empty(0)
                    for t, o in zip(
                        current.outputs, self.reference.operators[old].outputs, strict=True
                    )
                ]
        return self._computed.pop(op.index)

    def _local(self, new: Operator, fed: Mapping[int, np.ndarray]) -> list[np.ndarray] | None:
        """What the quantized operator gives for the float file's activations."""
        values: dict[int, np.ndarray] = {}
        for tensor in new.inputs:
            if tensor.is_constant:
                continue
            source = self._source(tensor, new.subgraph)
            if source is None:
                continue  # weights behind a cast
            old = self._same_as.get(source.index)
            if old is None or old not in fed:
                return None
            values[tensor.index] = (
                fed[old] / self._factors[old] if old in self._factors else fed[old]
            )
        return self._single.run_single(new, values)

    def _source(self, tensor: Tensor, subgraph: int) -> Tensor | None:
        """Where an input comes from, casts looked through; None where from a constant."""
        while tensor.index not in self._same_as:
            maker = self._makers.get((subgraph, tensor.index))
            if maker is None or not maker.facts.is_cast:
                return None if maker is None and tensor.is_constant else tensor
            tensor = maker.inputs[0]
            if tensor.is_constant:
                return None
        return tensor

    def _scheme(self, new: Operator) -> str:
        """How this operator stores and computes, as `int8`, `dynamic int8` or `float`."""
        stored = [t for t in (*new.inputs, *new.outputs) if not t.is_constant]
        kinds = {t.dtype for t in stored if t.quantization is not None}
        weights: dict[str, bool] = {}
        for tensor in new.inputs:
            behind, cast = behind_casts(new, tensor, self._makers)
            narrow = behind.quantization is not None or behind.dtype == "float16"
            if behind.is_constant and narrow and len(behind.shape) >= 2:
                weights[behind.dtype] = cast is None
        weights |= dict.fromkeys(self._inner.get(new.index, ()), False)
        if kinds:
            kind = max(kinds, key=lambda name: (enums.BITS.get(name, 0), name))
            return ", ".join([kind, *(f"{name} weights" for name in weights if name != kind)])
        if not weights:
            return "float"
        names = "/".join(weights)
        # Embeddings look weights up; all others multiply integers when they read them as such.
        multiplies = any(weights.values()) and not new.facts.looks_up
        return f"dynamic {names}" if multiplies else f"{names} weights"


def _read(content: bytes, samples: Samples | None = None) -> Model:
    """The model with a batch of 1: open sizes are the samples', or what the file says."""
    model = tflite.read(content)
    if samples is not None:
        fix_sizes.resize(model, _sizes(model, samples))
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.shapeSignature = None
    return model


def _sizes(model: Model, samples: Samples) -> dict[str, tuple[int, ...]]:
    """Full shapes of inputs whose open sizes are others in the samples."""
    names = tflite.binding(model)
    tensors = model.subgraphs[names.subgraph].tensors
    found = {}
    for name, index in names.inputs.items():
        wanted = samples.inputs[name].shape[1:] if name in samples.inputs else ()
        shape, stated = list(tensors[index].shape)[1:], fix_sizes.stated(tensors[index])[1:]
        fits = len(wanted) == len(stated) and all(
            open_ in (-1, size) for open_, size in zip(stated, wanted, strict=True)
        )
        if fits and shape != list(wanted):
            found[name] = (1, *wanted)
    return found


def _check(before: Model, after: Model, samples: Samples) -> None:
    names, others = tflite.binding(before), tflite.binding(after)
    if set(names.inputs) != set(others.inputs) or set(names.inputs) - set(samples.inputs):
        raise QuantizeError(
            "Both files must take the same inputs, by name.",
            received=f"{', '.join(names.inputs)} against {', '.join(others.inputs)}, and samples "
            f"of {', '.join(samples.inputs)}",
            hint="name the float file that the other was made from.",
        )
    known = tflite.tensors(before, names.subgraph)
    for name, index in names.inputs.items():
        if known[index].dtype == "string":
            raise QuantizeError(
                "Layer errors cannot be computed for inputs of text.",
                received=f"input {name} is text",
            )
        if samples.inputs[name].shape[1:] != known[index].shape[1:]:
            raise QuantizeError(
                "Layer errors need samples of the file's own size.",
                received=f"{name}: {list(samples.inputs[name].shape[1:])} against "
                f"{list(known[index].shape[1:])}",
                hint="pass samples of that size.",
            )


def _factors(before: Model, equalized: Mapping[str, tuple[int, ...]]) -> dict[int, np.ndarray]:
    """What each equalized activation was divided by, `(channels,)`, by its index."""
    known = {t.name: t for op in tflite.main_operators(before) for t in op.outputs}
    for name, powers in equalized.items():
        if name not in known or known[name].shape[-1:] != (len(powers),):
            raise QuantizeError(
                "An equalized file must be compared with the float file that it was made from.",
                received=f"{name} with {len(powers)} channels in its manifest, and "
                + (f"of shape {list(known[name].shape)}" if name in known else "none")
                + " in the float file",
                hint="name that float file with --reference, or convert again.",
            )
    return {known[name].index: equalize.factors(powers) for name, powers in equalized.items()}


def _tensors(
    before: Model, after: Model, matched: Mapping[int, Operator], operators: Sequence[Operator]
) -> dict[int, int]:
    """Which tensor of the quantized file is which of the float file, by index."""
    old, new = tflite.binding(before), tflite.binding(after)
    same = {new.inputs[name]: old.inputs[name] for name in old.inputs if name in new.inputs}
    by_name = {t.name: t.index for t in tflite.tensors(after, new.subgraph)}
    for op in operators:
        partner = matched.get(op.index)
        for place, tensor in enumerate(op.outputs):
            if partner is not None and place < len(partner.outputs):
                same[partner.outputs[place].index] = tensor.index
            elif partner is None and tensor.name in by_name:
                same.setdefault(by_name[tensor.name], tensor.index)
    return same


def _weights_of_loops(model: Model) -> dict[int, tuple[str, ...]]:
    """The integer weights inside loops and branches, by the operator that runs them."""
    main = tflite.binding(model).subgraph
    inner = dict.fromkeys(
        tensor.dtype
        for op in tflite.operators(model)
        if op.subgraph != main
        for tensor in op.constants
        if len(tensor.shape) >= 2 and (tensor.quantization or tensor.dtype == "float16")
    )
    return {op.index: tuple(inner) for op in tflite.main_operators(model) if op.facts.has_bodies}
