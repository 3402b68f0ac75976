"""Better integers for the weights of a quantized file, layer by layer from input to output.

The float file and the quantized one take the same steps side by side. When an operator with
weights is reached, those before it are final: its inputs are what the device will see, and its
weights are chosen so that with them its outputs stay what they are in float. A bias takes up
what is left of the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edgekit.flatbuffer import Model, Operator
from edgekit.quantize import linear, patch, rounding
from edgekit.quantize.linear import Linear
from edgekit.quantize.pairing import behind_casts, pairs, producers
from edgekit.quantize.patch import Weights
from edgekit.quantize.steps import Steps

# Rows of inputs that second moments are taken from: at least so many, and so many for each
# input of a matrix. More changed no result.
_ROWS, _ROWS_FOR_EACH = 4096, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How weights become integers: GPTQ or to the nearest, and what is done beside that."""

    gptq: bool = True
    bias_correction: bool = True
    refit: bool = False


def refine(
    float_model: Model,
    quantized: Model,
    inputs: Mapping[str, np.ndarray],
    method: Method,
    *,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
) -> dict[int, Weights]:
    """Choose integers for every convolution, depthwise convolution and dense layer.

    Args:
        float_model: The float file.
        quantized: What the quantizer made of it; changed in place.
        inputs: Calibration samples by input name, `(n, ...)`.
        method: What to do.
        seed: Of the places at which activations are looked at.
        report: Takes one line of progress.

    Returns:
        What was written, by the operator's index in the float file.
    """
    made: dict[int, Weights] = {}
    rng = np.random.default_rng(seed)
    exact, rounded = Steps(float_model, inputs), Steps(quantized, inputs)
    became = {old.index: new for old, new in pairs(float_model, quantized) if _main(old, exact)}
    makers = producers(quantized)
    waiting = list(rounded.operators)
    shared = _shared(exact.operators)
    for op in exact.operators:
        new = became.get(op.index)
        while new is not None and waiting and waiting[0].index < new.index:
            rounded.run(waiting.pop(0))
        view = linear.view(float_model, op)
        if new is not None and view is not None and view.tensor.index not in shared:
            weights = _weights_for(view, new, exact, rounded, method, makers, rng)
            if weights is not None and patch.apply(quantized, new, weights, makers):
                made[op.index] = weights
                report(f"rounding weights: {op.layer}")
                _, cast = behind_casts(new, new.operands[1], makers)  # type: ignore[arg-type]
                if cast is not None:  # it ran before, on the weights as they were
                    rounded.run(cast)
        exact.run(op)
        if new is not None and waiting and waiting[0].index == new.index:
            rounded.run(waiting.pop(0))
    return made


def _main(op: Operator, steps: Steps) -> bool:
    return op.subgraph == steps.operators[0].subgraph


def _shared(operators: tuple[Operator, ...]) -> set[int]:
    """Constants that several operators read: what is best for one is not for the other."""
    seen: dict[int, int] = {}
    for op in operators:
        for tensor in op.constants:
            seen[tensor.index] = seen.get(tensor.index, 0) + 1
    return {index for index, count in seen.items() if count > 1}


def _weights_for(
    view: Linear,
    new: Operator,
    exact: Steps,
    rounded: Steps,
    method: Method,
    makers: Mapping[tuple[int, int], Operator],
    rng: np.random.Generator,
) -> Weights | None:
    stored = patch.stored_weight(new, makers)
    if stored is None or stored.quantization is None:
        return None
    bits = 4 if stored.dtype == "int4" else 8
    groups, outputs, inputs = view.weights.shape
    if len(stored.quantization.scale) != groups * outputs:
        return None
    places = np.arange(view.num_places(exact.num_samples))
    wanted = max(_ROWS, _ROWS_FOR_EACH * inputs)
    if len(places) > wanted:
        places = np.sort(rng.choice(places, wanted, replace=False))
    before, after = view.op.operands[0], new.operands[0]
    assert before is not None and after is not None
    x = view.rows(exact.real(before), places)
    q = view.rows(rounded.real(after), places)
    x_mean, q_mean = x.mean(axis=1), q.mean(axis=1)
    if view.bias is not None and method.bias_correction:
        x, q = x - x_mean[:, None], q - q_mean[:, None]
    moments = np.swapaxes(q, 1, 2) @ q / len(places)
    target = view.weights
    if method.refit:
        target = rounding.refit(target, np.swapaxes(x, 1, 2) @ q / len(places), moments)
    scales = rounding.max_scales(target, bits)
    if method.gptq:
        if bits < 8:
            scales = rounding.mse_scales(target, moments, bits)
        codes = rounding.gptq(target, moments, scales, bits)
    else:
        codes = rounding.nearest(target, scales, bits)
    bias = view.bias
    if bias is not None and method.bias_correction:
        real = codes * scales[..., None]
        bias = bias + np.einsum("gmk,gk->gm", view.weights, x_mean)
        bias = bias - np.einsum("gmk,gk->gm", real, q_mean)
    return Weights(
        codes=view.as_stored(codes),
        scales=scales.reshape(-1),
        bias=None if bias is None else bias.reshape(-1),
        bits=bits,
    )
