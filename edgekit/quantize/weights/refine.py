"""Better integers for the weights of a quantized file, layer by layer from input to output.

The float file and the quantized one take the same steps side by side. When an operator with
weights is reached, those before it are final: its inputs are what the device will see, and its
weights are chosen so that with them its outputs stay what they are in float. A bias takes up
what is left of the mean, where that helps behind the activation: restoring the mean before a
ReLU6 that cuts off most of a channel made EfficientNet-Lite0 7 dB worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgekit import tflite
from edgekit.quantize.rewrite.cast_pairs import behind_casts, pairs, producers
from edgekit.quantize.weights import matrices, patch, rounding
from edgekit.quantize.weights.float_outputs import FloatOutputs, multiplied
from edgekit.quantize.weights.matrices import Linear
from edgekit.tflite import Model, Operator, Tensor, enums
from edgekit.tflite.graph import shared_constants
from edgekit.tflite.quantized_weights import QuantizedWeights
from edgekit.tflite.step_interpreter import Steps

# Rows of inputs that second moments are taken from: at least so many, and so many for each
# input of a matrix. Depthwise convolutions have few inputs and many groups.
_ROWS, _GROUP_ROWS, _ROWS_FOR_EACH = 4096, 512, 4
# All rows of one operator together, in bytes; but never fewer rows.
_ROW_BYTES, _FEWEST_ROWS = 256 * 2**20, 64
# With fewer rows for each input, refitted weights would reproduce the rows and little else.
_ROWS_TO_REFIT = 2
# Of a bias in int32: far from its end, and no finer than a float32 can say.
_MOST_BIAS_STEPS = float(1 << 24)
# Of an output in one step of inputs times weights: kernels refuse 256 and more.
_MOST_STEPS = 100.0
# So many weights are zero in layers from which single weights were pruned, and in no others.
_PRUNED = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How weights become integers: GPTQ or round-to-nearest, and what is done beside that.

    `bits` are those of their codes, where they are fewer than the file stores them in.
    """

    gptq: bool = True
    bias_correction: bool = True
    refit: bool = False
    bits: int | None = None

    @property
    def changes_weights(self) -> bool:
        """Whether it does more than the quantizer does anyway."""
        return self.gptq or self.bias_correction or self.bits is not None

    @property
    def name(self) -> str:
        """What to call it."""
        steps = (
            (self.refit, "refit"),
            (self.gptq, "gptq"),
            (self.bias_correction, "bias correction"),
        )
        narrow = "" if self.bits is None else f"{self.bits} bits, "
        return narrow + (" + ".join(step for done, step in steps if done) or "nearest")


def refine(
    float_model: Model,
    quantized: Model,
    inputs: Mapping[str, np.ndarray],
    method: Method,
    *,
    seed: int = 0,
    num_threads: int | None = None,
    exact: FloatOutputs | None = None,
) -> dict[int, QuantizedWeights]:
    """Choose integers for every convolution, depthwise convolution and dense layer.

    Args:
        float_model: The float file.
        quantized: What the quantizer made of it; changed in place.
        inputs: Calibration samples by input name, `(n, ...)`.
        method: What to do.
        seed: Of the places at which activations are looked at.
        num_threads: Of the interpreters; as many as there are cores by default.
        exact: Of the float file on the same inputs, where several quantized ones are refined.

    Returns:
        What was written, by the operator's index in the float file.
    """
    refined: dict[int, QuantizedWeights] = {}
    rng = np.random.default_rng(seed)
    exact = exact or FloatOutputs(float_model, inputs, num_threads)
    rounded = Steps(quantized, inputs, num_threads)
    main = tflite.binding(float_model).subgraph
    became = {old.index: new for old, new in pairs(float_model, quantized) if old.subgraph == main}
    makers = producers(quantized)
    waiting = list(rounded.operators)
    shared = shared_constants(exact.operators)
    for op in exact.operators:
        new = became.get(op.index)
        while new is not None and waiting and waiting[0].index < new.index:
            rounded.run(waiting.pop(0))
        view = matrices.view(float_model, op)
        if new is not None and view is not None and view.tensor.index not in shared:
            weights = _weights_for(view, new, exact, rounded, method, makers, rng)
            if weights is not None and patch.apply(quantized, new, weights, makers):
                refined[op.index] = weights
                stored = new.weight
                assert stored is not None  # else nothing was applied
                _, cast = behind_casts(new, stored, makers)
                if cast is not None:  # it ran before, on the weights as they were
                    rounded.run(cast)
        if new is not None and waiting and waiting[0].index == new.index:
            rounded.run(waiting.pop(0))
    exact.end()
    return refined


def _weights_for(
    view: Linear,
    new: Operator,
    exact: FloatOutputs,
    rounded: Steps,
    method: Method,
    makers: Mapping[tuple[int, int], Operator],
    rng: np.random.Generator,
) -> QuantizedWeights | None:
    stored = patch.stored_weight(new, makers)
    if stored is None or stored.quantization is None:
        return None
    stored_bits = enums.BITS[stored.dtype]
    bits = min(stored_bits, method.bits or stored_bits)
    groups, outputs, inputs = view.weights.shape
    if len(stored.quantization.scale) != groups * outputs:
        return None
    places = np.arange(view.num_places(exact.num_samples))
    wanted = max(
        _ROWS if groups == 1 else _GROUP_ROWS, _ROWS_FOR_EACH * min(inputs, rounding.MOST_INPUTS)
    )
    wanted = min(wanted, max(_FEWEST_ROWS, _ROW_BYTES // (4 * groups * inputs)))
    if len(places) > wanted:
        places = np.sort(rng.choice(places, wanted, replace=False))
    after = new.operands[0]
    assert after is not None
    q = view.rows(rounded.stored(after), after, places)
    corrected = view.bias is not None and method.bias_correction
    least = _least_scales(view, new, after)
    scales = np.maximum(rounding.max_scales(view.weights, bits), least)
    if method.gptq:
        x = exact.rows(view, places) if method.refit else None
        codes, scales = fitted(view.weights, x, q, bits, method.refit, least, centred=corrected)
    else:
        codes = rounding.nearest(view.weights, scales, bits)
    bias = view.bias
    if corrected:
        bias = corrected_bias(view, codes * scales[..., None], exact.at(view, places), q)
    return QuantizedWeights(
        integers=view.as_stored(codes),
        axis=view.op.facts.channel_axis,
        scales=scales.reshape(-1),
        bias=None if bias is None else bias.reshape(-1),
        bits=stored_bits,
    )


def _least_scales(view: Linear, new: Operator, after: Tensor) -> np.ndarray | np.float32:
    """Scales `(groups, outputs)` below which a bias would not fit into int32.

    A dead channel has weights near 1e-12 and lives by its bias alone, which is counted in steps
    of input scale times weight scale: it was cut off, and the channel far from what it should be.
    """
    bias = new.bias
    if view.bias is None or bias is None or bias.dtype != "int32" or not after.scale:
        return np.float32(0)
    least = np.abs(view.bias) / (after.scale[0] * _MOST_BIAS_STEPS)
    steps = new.outputs[0].scale  # a channel that is beyond all outputs needs no exact bias
    most = _MOST_STEPS * steps[0] / after.scale[0] if steps else np.inf
    return np.asarray(np.minimum(least, most), np.float32)


def fitted(
    weights: np.ndarray,
    x: np.ndarray | None,
    q: np.ndarray,
    bits: int,
    refit: bool,
    least: np.ndarray | np.float32,
    *,
    centred: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Codes and scales that reproduce the outputs of float inputs `x` from quantized ones `q`.

    To `refit` takes `x`. With `centred` a bias takes up the difference of the means. Scales are
    not below `least`.
    """
    _, rows, inputs = q.shape
    if centred:
        x = None if x is None else x - x.mean(axis=1, keepdims=True)
        q = q - q.mean(axis=1, keepdims=True)
    # Few rows say little of how inputs go together: without this, what is fitted to them
    # fails on others. A dense layer has one row for each sample.
    trust = rows / (rows + inputs)
    if inputs > rounding.MOST_INPUTS:
        return _fitted_in_parts(weights, q, bits, least)
    moments = np.swapaxes(q, 1, 2) @ q / rows
    moments = _towards_diagonal(moments, moments, trust)
    pruned = np.mean(weights == 0) > _PRUNED  # least squares would fill the zeros
    if refit and x is not None and not pruned and rows >= _ROWS_TO_REFIT * inputs:
        cross = _towards_diagonal(np.swapaxes(x, 1, 2) @ q / rows, moments, trust)
        weights = rounding.refit(weights, cross, moments)
    scales = rounding.max_scales(weights, bits)
    if bits < 8:
        scales = rounding.mse_scales(weights, np.einsum("gkk->gk", moments), bits)
    scales = np.maximum(scales, least)
    return rounding.gptq(weights, moments, scales, bits), scales


def _fitted_in_parts(
    weights: np.ndarray, q: np.ndarray, bits: int, least: np.ndarray | np.float32
) -> tuple[np.ndarray, np.ndarray]:
    """The same for more inputs than can be solved for at once: parts make up for themselves."""
    _, rows, inputs = q.shape
    importance = np.square(q).mean(axis=1)
    scales = rounding.max_scales(weights, bits)
    if bits < 8:
        scales = rounding.mse_scales(weights, importance, bits)
    scales = np.maximum(scales, least)
    codes = np.empty(weights.shape, np.int8)
    for start in range(0, inputs, rounding.MOST_INPUTS):
        part = slice(start, min(start + rounding.MOST_INPUTS, inputs))
        moments = np.swapaxes(q[..., part], 1, 2) @ q[..., part] / rows
        trust = rows / (rows + moments.shape[-1])
        moments = _towards_diagonal(moments, moments, trust)
        codes[..., part] = rounding.gptq(weights[..., part], moments, scales, bits)
    return codes, scales


def _towards_diagonal(moments: np.ndarray, like: np.ndarray, trust: float) -> np.ndarray:
    """Moments drawn to the diagonal of `like`, all the more the less they can be trusted."""
    diagonal = np.eye(like.shape[-1], dtype=np.float32) * np.einsum("gkk->gk", like)[:, :, None]
    return np.asarray(trust * moments + (1 - trust) * diagonal)


def corrected_bias(
    view: Linear, rounded: np.ndarray, wanted: np.ndarray, q: np.ndarray
) -> np.ndarray:
    """The bias that brings outputs back to where they are in float, `(groups, outputs)`.

    Three are tried for each output, and the one with the smallest squared error behind the
    activation is taken: the bias as it is, one that restores the mean, and one that restores
    the mean of what the activation lets pass. Where a ReLU cuts off most, the mean before
    it says little about what comes out.

    Args:
        view: The operator.
        rounded: Its quantized weights in real units.
        wanted: The float outputs, before the activation.
        q: Rows of inputs as they are after quantization.
    """
    assert view.bias is not None
    got = multiplied(view, rounded, q)
    passed = view.activated(wanted)
    shift = wanted - got
    alive = passed == wanted
    count = alive.sum(axis=1)
    shifts = [
        np.zeros_like(view.bias),
        shift.mean(axis=1),
        np.where(alive, shift, 0).sum(axis=1) / np.maximum(count, 1),
    ]
    errors = [
        np.square(view.activated(got + shift[:, None]) - passed).mean(axis=1) for shift in shifts
    ]
    best = np.argmin(errors, axis=0)[None]
    return np.asarray(view.bias + np.take_along_axis(np.stack(shifts), best, axis=0)[0])
