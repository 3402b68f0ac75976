"""Divisors that integers would make 0.

LiteRT's DIV in integers ends a run with an error where a divisor is 0. Values below half a step of
their range are; so such a division stays float, and what computes its divisor too: a 0 that is cast
to a float is 0 still.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import Quantization
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.calibration.clipped_ranges import extent
from edgekit.tflite import Model, Operator, Tensor

KEPT = "a divisor would be 0 in integers"
# Of the integers' steps: samples that calibration did not see may come nearer to 0.
_FEWEST_STEPS = 2.0


def kept(model: Model, how: Quantization, ranges: Ranges | None) -> dict[int, Quantization | None]:
    """What operators of the main graph have instead, as exceptions from a recipe.

    Args:
        model: The float file.
        how: What operators have; only a static quantization makes zeros.
        ranges: Of activations.
    """
    found: dict[int, Quantization | None] = {}
    if how.scheme != "static":
        return found
    steps = float(2 ** (how.activation_bits or 8) - 1)
    for division, divisor, maker in _divisions(model):
        if ranges is None or divisor.name not in ranges:
            continue
        low, high = extent(ranges[divisor.name])
        nearest = max(low, -high)  # to 0, where the range does not span it
        if nearest >= _FEWEST_STEPS * (max(high, 0.0) - min(low, 0.0)) / steps:
            continue
        found[division.index] = None
        if maker is not None:
            weighted = maker.facts.has_weights and bool(maker.constants)
            found[maker.index] = recipes.INT8_WEIGHTS if weighted else None
    return found


def involved(model: Model) -> frozenset[int]:
    """Divisions by what is computed, and what computes their divisors, by index."""
    return frozenset(
        op.index for division, _, maker in _divisions(model) for op in (division, maker) if op
    )


def _divisions(model: Model) -> Iterator[tuple[Operator, Tensor, Operator | None]]:
    """Each DIV, its divisor, and the operator that computes it; None of an input."""
    operators = tflite.main_operators(model)
    makers: Mapping[int, Operator] = {t.index: op for op in operators for t in op.outputs}
    for op in operators:
        divisor = op.operand(1) if op.name == "DIV" else None
        if divisor is not None and not divisor.is_constant and divisor.dtype == "float32":
            yield op, divisor, makers.get(divisor.index)
