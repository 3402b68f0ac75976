"""What each rounding by itself does to a model's outputs: noise over signal, measured.

One activation on the grid of its range, or one operator's weights in some number of bits, and all
else in floats. Such noises add up, nearly: errors of different roundings have little in common.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgekit import tflite
from edgekit.core.process import Progress
from edgekit.data.samples import Samples
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.diagnose import layer_errors
from edgekit.quantize.weights import float_outputs, matrices, refine, rounding
from edgekit.search.budgets.errors_put_in import ErrorsPutIn, on_grid
from edgekit.search.budgets.precision_forms import Choice, Form
from edgekit.tflite import Operator, Tensor
from edgekit.tflite.interpreter import Interpreter
from edgekit.tflite.step_interpreter import Steps
from edgekit.tflite.submodel import single

# Numbers read and written in all runs, counted as in `diagnose.sensitivity`: about 20 s.
_WORK = 4e9
_FEWEST, _MOST = 4, 32
_ROWS = 2048  # of inputs, that weights are chosen by


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Noise over signal at the outputs, of one rounding each.

    Attributes:
        weights: By the operator's index, then by the bits of its weights; float has none.
        activations: By tensor index, on the grid of its range.
    """

    weights: Mapping[int, Mapping[int, float]] = field(default_factory=dict)
    activations: Mapping[int, float] = field(default_factory=dict)


def measure(
    content: bytes,
    samples: Samples,
    ranges: Ranges | None,
    options: Sequence[Choice],
    report: Progress,
    *,
    seed: int = 0,
) -> Noise:
    """Every free operator's noise in each of its forms, and every activation's.

    Args:
        content: The float file that is quantized.
        samples: Calibration samples; a part of them is run.
        ranges: Of activations, where some form needs them.
        options: The operators with their forms.
        report: Takes one line of progress.
        seed: Of the inputs that weights are chosen by.

    Raises:
        QuantizeError: The interpreter could not run it.
    """
    samples = layer_errors.usable(content, samples)
    return _Isolated(content, samples, ranges or {}, options, seed).measure(report)


class _Isolated:
    """One pass over the operators; see `measure`."""

    def __init__(
        self,
        content: bytes,
        samples: Samples,
        ranges: Ranges,
        options: Sequence[Choice],
        seed: int,
    ) -> None:
        self._model = tflite.read(content)
        self._steps = Steps(self._model, samples.inputs)
        self._ranges = ranges
        self._options = {choice.op.index: choice for choice in options}
        self._integers = any(form.is_integer for one in options for form in one.forms)
        self._rng = np.random.default_rng(seed)
        names = tflite.binding(self._model)
        read = {t.index for op in self._steps.operators for t in op.inputs}
        read |= set(names.outputs.values())
        probed = [
            t
            for op in self._steps.operators
            for t in op.outputs
            if t.dtype == "float32" and t.index in read and -1 not in t.shape
        ]
        known = tflite.tensors(self._model, names.subgraph)
        one_run = sum(math.prod(map(abs, t.shape)) + t.weight_bytes // 4 for t in known)
        runs = len(probed) + sum(len(one.forms) > 1 for one in options)
        self._rows = int(min(max(_WORK / max(1, one_run * runs), _FEWEST), _MOST, len(samples)))
        # Of these no weights are chosen; where there are few samples, they serve for both.
        self._measured_apart = self._rows if len(samples) >= 2 * self._rows else 0
        self._outputs = ErrorsPutIn(content, samples.take(range(self._rows)), probed)
        self._inputs = [known[index] for index in names.inputs.values()]

    def measure(self, report: Progress) -> Noise:
        weights: dict[int, dict[int, float]] = {}
        activations: dict[int, float] = {}
        for tensor in self._inputs:
            self._round(tensor, activations)
        count = len(self._steps.operators)
        for number, op in enumerate(self._steps.operators):
            if number % max(1, count // 4) == 0:
                report(f"noise of each operator by itself: {number} of {count}")
            fed = {t.index: self._steps.stored(t) for t in op.activations}
            self._steps.run(op)
            choice = self._options.get(op.index)
            if choice is not None and len(choice.forms) > 1 and op.weight is not None:
                weights[op.index] = self._weights(op, choice.forms, fed)
            if op.facts.scale_source == "input":
                continue  # what lay on a grid stays on it
            for tensor in op.outputs:
                self._round(tensor, activations)
        return Noise(weights=weights, activations=activations)

    def _round(self, tensor: Tensor, activations: dict[int, float]) -> None:
        """The noise of an activation on its grid, where integers can be had at all."""
        if not self._integers or not self._outputs.takes(tensor) or tensor.name not in self._ranges:
            return
        extremes = self._ranges[tensor.name]
        values = self._steps.real(tensor)[: self._rows]
        low = min(0.0, float(np.min(extremes["min"])))
        high = max(0.0, float(np.max(extremes["max"])))
        activations[tensor.index] = self._outputs.noise(tensor, on_grid(values, low, high) - values)

    def _weights(
        self, op: Operator, forms: Sequence[Form], fed: Mapping[int, np.ndarray]
    ) -> dict[int, float]:
        """By the bits of the weights. What wider ones do follows from the narrowest one's.

        Errors of one operator's weights pass the same way, however large: so one run of the
        whole model is enough.
        """
        [output] = op.outputs
        if not self._outputs.takes(output):
            return {}
        expected = self._steps.real(output)[: self._rows]
        found: dict[int, float] = {}
        power = 0.0
        for form in forms:
            if form.how is None or form.weight_bits in found:
                continue
            error = self._rounded(op, form, fed) - expected
            own = float(np.square(error, dtype=np.float64).sum())
            if not found:
                found[form.weight_bits], power = self._outputs.noise(output, error), own
            else:
                first = next(iter(found.values()))
                found[form.weight_bits] = first * own / power if power else 0.0
        return found

    def _rounded(self, op: Operator, form: Form, fed: Mapping[int, np.ndarray]) -> np.ndarray:
        """What the operator gives with its weights in so many bits."""
        constants = self._constants(op, form.weight_bits, fed)
        runner = Interpreter(single(self._model, op, constants))
        runner.allocate()
        scheme = form.how.scheme if form.how is not None else ""
        rows = []
        for row in range(self._rows):
            for place, tensor in enumerate(op.activations):
                values = fed[tensor.index][row]
                if scheme == "dynamic" and values.dtype == np.float32:
                    ends = min(0.0, float(values.min())), max(0.0, float(values.max()))
                    values = on_grid(values, *ends).astype(np.float32)
                runner.set(place, values)
            rows.append(runner.outputs()[0])
        return np.stack(rows)

    def _constants(
        self, op: Operator, bits: int, fed: Mapping[int, np.ndarray]
    ) -> dict[int, np.ndarray]:
        """Rounded weights in real units, and a bias that makes up for them, by tensor index."""
        weight = op.weight
        assert weight is not None
        view = matrices.view(self._model, op)
        if view is None:
            stored = np.moveaxis(tflite.constant(self._model, weight), op.facts.channel_axis, 0)
            flat = stored.reshape(1, len(stored), -1).astype(np.float32)
            scales = rounding.max_scales(flat, bits)
            real = rounding.nearest(flat, scales, bits) * scales[..., None]
            back = np.moveaxis(real.reshape(stored.shape), 0, op.facts.channel_axis)
            return {weight.index: np.ascontiguousarray(back, np.float32)}
        before = op.operands[op.facts.activation]
        assert before is not None
        places = np.arange(view.num_places(self._steps.num_samples))
        # Few rows are fitted so well that an error on them says nothing of others.
        places = places[view.num_places(self._measured_apart) :]
        if len(places) > _ROWS:
            places = np.sort(self._rng.choice(places, _ROWS, replace=False))
        x = view.rows(fed[before.index], before, places)
        has_bias = view.bias is not None
        none = np.float32(0)
        codes, scales = refine.fitted(view.weights, x, x, bits, False, none, centred=has_bias)
        real = codes * scales[..., None]
        constants = {weight.index: view.as_stored(real).astype(np.float32)}
        if has_bias and op.bias is not None:
            wanted = float_outputs.multiplied(view, view.weights, x)
            bias = refine.corrected_bias(view, real, wanted, x)
            constants[op.bias.index] = bias.reshape(op.bias.shape).astype(np.float32)
        return constants
