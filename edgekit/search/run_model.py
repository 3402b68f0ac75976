"""Samples through a model, as a bound judges them."""

from __future__ import annotations

import numpy as np

from edgekit.data.samples import Samples
from edgekit.tflite import Model
from edgekit.tflite.interpreter import run


def outputs(model: Model, samples: Samples) -> dict[str, np.ndarray]:
    """What a model gives for samples: by output name, `(n, ...)` without the batch, real values.

    Raises:
        QuantizeError: The interpreter could not run it.
    """
    batched = run(model, samples.inputs)
    return {name: _without_batch(values) for name, values in batched.items()}


def _without_batch(values: np.ndarray) -> np.ndarray:
    if values.ndim > 1 and values.shape[1] == 1:
        return values.reshape(len(values), *values.shape[2:])
    return values


def joined(first: Samples, second: Samples) -> Samples:
    """Two sets of samples as one; the same set twice stays one."""
    if first is second:
        return first
    labels = None
    if first.labels is not None and second.labels is not None:
        labels = np.concatenate([first.labels, second.labels])
    return Samples(
        inputs={n: np.concatenate([v, second.inputs[n]]) for n, v in first.inputs.items()},
        labels=labels,
        source=first.source,
        head_labels={
            name: np.concatenate([first.head_labels[name], second.head_labels[name]])
            for name in first.head_labels
            if name in second.head_labels
        },
    )
