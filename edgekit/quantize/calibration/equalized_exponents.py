"""By which exponents a quantized file was equalized, read from its weights.

A manifest says it. A file that was moved without one still tells: where an operator's outputs were
divided by a factor, so were its weights, and quantized ones are near enough to tell which.
"""

from __future__ import annotations

import numpy as np

from edgekit import tflite
from edgekit.quantize.calibration import equalize
from edgekit.quantize.calibration.equalize import Exponents
from edgekit.quantize.rewrite.cast_pairs import behind_casts, pairs, producers
from edgekit.tflite import Model, Operator
from edgekit.tflite.dequantize import dequantized

# How far weights may be from the exponent they tell, and the share of
# channels of which that must hold: those of tiny weights tell nothing.
_NEAR = 0.25
_MOST = 0.9
# Refitted weights differ from the float file's by less than this; channels that need equalizing
# by more.
_LEAST = 3


def exponents(before: Model, after: Model) -> Exponents:
    """The exponents of each activation that holds other values than the float file's.

    Args:
        before: The float file.
        after: A quantized file made from it.

    Returns:
        As `equalize.equalized`; empty where the weights are the float file's, or differ by
        something else.
    """
    main = tflite.binding(before).subgraph
    partners = {old.index: new for old, new in pairs(before, after) if old.subgraph == main}
    made_by = producers(after)
    found: Exponents = {}
    for first, second in equalize.pairs(before):
        partner = partners.get(first.index)
        theirs = None if partner is None else _weights(after, partner, made_by)
        ours = _weights(before, first, {})
        if theirs is None or ours is None or theirs.shape != ours.shape:
            continue
        [fed], [output] = first.operands[:1], first.outputs
        if fed is not None and fed.name in found:  # the weights behind took these up
            ours = ours * equalize.factors(found[fed.name])
        powers = _powers(ours, theirs, channels=first.facts.channel_axis)
        if any(powers):
            for tensor in (output, second.operands[0]):  # with a PAD between them two
                if tensor is not None:
                    found[tensor.name] = powers
    return found


def _powers(ours: np.ndarray, theirs: np.ndarray, *, channels: int) -> tuple[int, ...]:
    """What makes `ours` of `theirs`, by least squares for each channel; () if none are told."""
    a, b = (np.moveaxis(w, channels, 0).reshape(w.shape[channels], -1) for w in (ours, theirs))
    product, power = np.einsum("ci,ci->c", a, b), np.einsum("ci,ci->c", b, b)
    alive = (product > 0) & (power > 0)
    if not alive.any():
        return ()
    exact = equalize.exponents_of(np.divide(product, power, out=np.ones(len(a)), where=alive))
    powers = np.rint(exact)
    near = np.abs(exact - powers)[alive] < _NEAR
    if near.mean() < _MOST or np.abs(powers).max() < _LEAST:
        return ()
    return tuple(int(power) for power in powers)


def _weights(
    model: Model, op: Operator, made_by: dict[tuple[int, int], Operator]
) -> np.ndarray | None:
    """An operator's weights in real units, float64; None where the file tells none."""
    tensor = op.weight
    if tensor is None:
        return None
    tensor, _ = behind_casts(op, tensor, made_by)
    if not tensor.is_constant or tensor.is_sparse:
        return None
    return dequantized(model, op.subgraph, tensor).astype(np.float64)
