"""How far a pruned model's outputs are from the original's, on held-out samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.compress.prune import layer_graph as graphs
from edgekit.compress.prune.layer_graph import Graph
from edgekit.core.errors import DataError
from edgekit.data import split
from edgekit.data.samples import Samples


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Divided:
    """Samples by input name: to fit to, to judge by, and both together."""

    fit: dict[str, np.ndarray]
    hold: dict[str, np.ndarray]
    whole: dict[str, np.ndarray]


def divided(graph: Graph, samples: Samples, most: int, rng: np.random.Generator) -> Divided:
    """Samples to fit to and others to judge by, drawn by chance.

    Args:
        graph: Of the model, whose inputs they have to be.
        samples: All of them.
        most: How many fit into memory at once.
        rng: Draws them.

    Raises:
        DataError: An input is missing, of another shape or not finite, or there are no samples.
    """
    _require_fitting(graph, samples)
    if not len(samples):
        raise DataError(
            "There are no samples to calibrate on.",
            received=f"none in {samples.source or 'the samples'}",
            hint="some hundred are a good number.",
        )
    for name, array in samples.inputs.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise DataError(
                "Calibration samples must be finite.",
                received=f"NaN or infinity in the input {name!r}",
                hint="look for missing values, or a division by zero in preprocessing.",
            )
    fit, hold = split.hold_out_fifth(len(samples), most, rng)

    def taken(chosen: np.ndarray) -> dict[str, np.ndarray]:
        return {name: array[np.sort(chosen)] for name, array in samples.inputs.items()}

    return Divided(fit=taken(fit), hold=taken(hold), whole=taken(np.union1d(fit, hold)))


def _require_fitting(graph: Graph, samples: Samples) -> None:
    for name, number in graph.inputs.items():
        array = samples.inputs.get(name)
        if array is None:
            raise DataError(
                f"Every input of the model needs an array: {', '.join(graph.inputs)}.",
                received=f"samples with {', '.join(samples.inputs)}, without {name!r}",
                hint="give an array for each of them.",
            )
        shape = graph.shapes[number][1:]
        same = len(array.shape) == len(shape) + 1
        if not same or any(
            size not in (None, got) for size, got in zip(shape, array.shape[1:], strict=True)
        ):
            raise DataError(
                f"Samples of the input {name!r} must have the shape {('samples', *shape)}.",
                received=f"shape {array.shape}",
                hint="None stands for any size.",
            )


def outputs(graph: Graph, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The model's outputs, in its order."""
    values = graphs.run(graph, inputs, batch_size=64)
    return [values[number] for number in graph.outputs]


def distance(reference: Sequence[np.ndarray], candidate: Sequence[np.ndarray]) -> float:
    """The error of a model's outputs, summed over its outputs; 0 where they are equal.

    For an output of probabilities the mean over samples of the root of the Kullback-Leibler
    divergence (the mean of the divergence itself is that of the worst sample). For others the
    root of the squared error over the variance of the reference about its mean over samples.
    """
    return float(sum(_output_error(r, c) for r, c in zip(reference, candidate, strict=True)))


def _output_error(reference: np.ndarray, candidate: np.ndarray) -> float:
    p, q = reference.astype(np.float64), candidate.astype(np.float64)
    if not np.isfinite(q).all():
        return float("inf")
    if is_probabilities(p):
        p, q = np.clip(p, 1e-9, None), np.clip(q, 1e-9, None)
        divergence = (p * np.log(p / q)).sum(axis=-1)
        return float(np.sqrt(np.maximum(divergence, 0.0)).mean())
    spread = float(((p - p.mean(axis=0)) ** 2).sum()) if len(p) > 1 else float((p**2).sum())
    return float(np.sqrt(((p - q) ** 2).sum() / max(spread, 1e-30)))


def is_probabilities(values: np.ndarray) -> bool:
    """Whether each row is a distribution over at least two classes."""
    return (
        values.ndim > 1
        and values.shape[-1] > 1
        and bool(values.min(initial=0.0) >= 0)
        and bool(np.allclose(values.sum(axis=-1), 1.0, atol=1e-3))
    )
