"""What training found, put where the quantizer takes it from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.core.errors import QuantizeError
from edgekit.core.records import Device
from edgekit.quantize.calibrated_recipe import Instead, Prepared
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.rewrite.engine import parsed
from edgekit.tflite import Model, main_operators
from edgekit.tflite.quantized_weights import Grid
from edgekit.tflite.trained_ranges import TrainedRanges

UNTRAINED = "the model was trained with floats here, and with rounding elsewhere"


def apply_trained(prepared: Prepared, trained: Grid) -> Prepared:
    """Trained ranges and weights in place of those that calibration found.

    Args:
        prepared: What `grid.grid` looked at.
        trained: The same grid after training.

    Returns:
        What `apply` makes the trained file of; its candidates are those of the start.

    Raises:
        QuantizeError: A range or a weight is not finite.
    """
    ranges: Ranges | None = None if prepared.ranges is None else dict(prepared.ranges)
    for group in trained.groups:
        _check(group.names, np.array([group.low, group.high, group.scale]))
        if ranges is None:
            continue
        for name in group.names:
            # The quantizer computes in their type: float64, as `quantized_weights.from_range`.
            ranges[name] = {"min": np.array(group.low), "max": np.array(group.high)}
    weights = dict(prepared.weights)
    for index, new in trained.weights.items():
        _check((f"operator {index}",), new.scales, *([] if new.bias is None else [new.bias]))
        weights[index] = new
    return replace(prepared, ranges=ranges, weights=weights)


def as_trained(
    float_model: bytes, ranges: Ranges | None, trained: TrainedRanges, device: Device
) -> Prepared:
    """A static file with the ranges and weights that the model itself was trained with.

    As TensorFlow's converter does, operators whose activations training did not round stay float
    on a CPU; other devices take integers, with ranges from calibration.

    Args:
        float_model: The plain float file.
        ranges: What calibration found, of all activations.
        trained: What the model's fake quantization said.
        device: What the file is for.
    """
    known = {
        name: {"min": np.array([low]), "max": np.array([high])}
        for name, (low, high) in trained.ranges.items()
    }
    untrained = _untrained(parsed(float_model), trained) if device == "cpu" else ()
    return Prepared(
        float_model=float_model,
        ranges={**(ranges or {}), **known},
        weights=trained.weights,
        instead={index: Instead(recipe="float32", reason=UNTRAINED) for index in untrained},
    )


def _untrained(model: Model, trained: TrainedRanges) -> list[int]:
    """Operators that read or give floats which training did not round; none if all do."""
    rounded = set(trained.ranges)
    operators = main_operators(model)
    found = []
    for op in operators:
        read = [t.name for t in op.inputs if t.dtype == "float32" and not t.is_constant]
        given = [t.name for t in op.outputs if t.dtype == "float32"]
        derived = op.facts.scale_source != "own" and bool(read)
        if rounded.issuperset(read) and (derived or rounded.issuperset(given)):
            rounded.update(given)
        else:
            found.append(op.index)
    return [] if len(found) == len(operators) else found


def _check(names: tuple[str, ...], *arrays: np.ndarray) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise QuantizeError(
            "Trained ranges, scales and biases must be finite.",
            received=f"NaN or infinity at {', '.join(names) or 'a fixed scale'}",
            hint="training diverged: lower --learning-rate.",
        )
