"""What removing a channel does to the outputs, to first order: its value times its gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgekit.compress.prune import holdout
from edgekit.compress.prune import layer_graph as graphs
from edgekit.compress.prune.layer_graph import Graph

_BATCH = 32


def taylor(
    graph: Graph, inputs: Mapping[str, np.ndarray], tensors: Sequence[int], *, seed: int
) -> dict[int, np.ndarray]:
    """Activation times gradient, summed over all places of a channel.

    Molchanov et al., "Pruning Convolutional Neural Networks for Resource Efficient Inference"
    (2017), without labels: the loss is the cross-entropy with classes drawn from the model's own
    probabilities, or for other outputs their product with noise. The squares of such gradients
    are, on average, the Fisher information.

    Args:
        graph: Of the model.
        inputs: Samples by input name.
        tensors: Which activations.
        seed: Draws classes or noise.

    Returns:
        By tensor, `(samples, size of its last axis)`, float64.
    """
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    count = len(next(iter(inputs.values())))
    found: dict[int, list[np.ndarray]] = {tensor: [] for tensor in tensors}
    for start in range(0, count, _BATCH):
        batch = {name: array[start : start + _BATCH] for name, array in inputs.items()}
        values: dict[int, Any] = {}
        results: dict[int, Any] = {}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for node, read, given in graphs.steps(graph, batch):
                for number, value in zip(node.inputs, read, strict=True):
                    if number in found:
                        values.setdefault(number, value)
                for number, value in zip(node.outputs, given, strict=True):
                    if number in found:
                        # Watched before anything reads it: the tape follows it from here.
                        tape.watch(value)
                        values[number] = value
                    if number in graph.outputs:
                        results[number] = value
            loss = sum(_loss(results[number], rng) for number in graph.outputs)
        numbers = list(values)
        slopes = tape.gradient(loss, [values[number] for number in numbers])
        for number, slope in zip(numbers, slopes, strict=True):
            value = np.asarray(values[number], dtype=np.float64)
            change = np.zeros_like(value) if slope is None else value * np.asarray(slope)
            axes = tuple(range(1, change.ndim - 1))
            found[number].append(change.sum(axis=axes))
    return {number: np.concatenate(parts) for number, parts in found.items()}


def _loss(output: Any, rng: np.random.Generator) -> Any:
    import tensorflow as tf

    known = np.asarray(output)
    if holdout.is_probabilities(known):
        below = known.astype(np.float64).cumsum(axis=-1)
        drawn = rng.random((*known.shape[:-1], 1)) * below[..., -1:]
        label = np.minimum((below < drawn).sum(axis=-1), known.shape[-1] - 1)
        chosen = tf.gather(output, label, axis=-1, batch_dims=label.ndim)
        return -tf.reduce_sum(tf.math.log(chosen + 1e-9))
    noise = rng.standard_normal(known.shape)
    return tf.reduce_sum(tf.cast(output, tf.float32) * tf.constant(noise, tf.float32))
