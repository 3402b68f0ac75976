"""What training found, put where the quantizer takes it from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.core.errors import QuantizeError
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.tflite.quantized_weights import Grid


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


def _check(names: tuple[str, ...], *arrays: np.ndarray) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise QuantizeError(
            "Trained ranges, scales and biases must be finite.",
            received=f"NaN or infinity at {', '.join(names) or 'a fixed scale'}",
            hint="training diverged: lower --learning-rate.",
        )
