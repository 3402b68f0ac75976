"""What a file calibrated on some ranges does to samples that leave them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import chain

import numpy as np

from edgekit.core.records import Artifact, Contract
from edgekit.data import input_ranges
from edgekit.data.samples import Samples
from edgekit.tflite import channels

_Outputs = Mapping[str, np.ndarray]


def notes(
    manifest: Artifact | None,
    contract: Contract,
    samples: Samples,
    outputs: _Outputs,
    expected: _Outputs | None,
) -> tuple[str, ...]:
    """Say which inputs leave the calibration range, and what that does to the outputs.

    Args:
        manifest: Of the file; None where nobody knows what it was calibrated on.
        contract: Its outputs, with what is known of them.
        samples: That it ran on.
        outputs: What it computes, `(n, ...)` by name.
        expected: What its float file computes; None where that is not known.
    """
    how = manifest.recipe.quantize if manifest else None
    if manifest is None or how is None or not (how.needs_calibration or how.refines_weights):
        return ()
    drift = input_ranges.unlike_calibration(samples, manifest.calibration_ranges)
    if not drift.notes or expected is None:
        return drift.notes
    return (*drift.notes, _error_apart(contract, drift.outside, outputs, expected))


def _error_apart(
    contract: Contract, outside: np.ndarray, outputs: _Outputs, expected: _Outputs
) -> str:
    """The error of the channel that is farthest off beyond the range, beyond it and within."""
    every = chain.from_iterable(
        channels.channels(expected[spec.name], outputs[spec.name], spec)
        for spec in contract.outputs
        if expected[spec.name].size
    )
    worst = max(every, key=lambda channel: _error(channel, outside))
    beyond = f"{100 * _error(worst, outside):.2g} %"
    within = "" if outside.all() else f", {100 * _error(worst, ~outside):.2g} % within"
    return (
        f"the error of {worst.name!r} is {beyond} of what it varies by beyond the calibration "
        f"range{within}."
    )


def _error(channel: channels.Channel, part: np.ndarray) -> float:
    """Root of the mean squared error of some samples, as a fraction of the spread of all."""
    noise = float(channel.noise[part].mean()) / channel.count
    return math.sqrt(noise) / channel.spread if channel.spread else 0.0
