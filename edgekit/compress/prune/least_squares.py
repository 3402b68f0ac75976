"""Repairing what stays: every layer is fitted anew to what the original model computed.

The two models are computed side by side. What a layer reads in the pruned model has lost
channels, or comes from weights that were lost; its weights are chosen so that it gives what the
original layer gave, as nearly as least squares can. Then the next one, which reads that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.compress.prune import layer_weights, statistics
from edgekit.compress.prune.layer_graph import Graph, Node
from edgekit.compress.prune.layer_weights import Linear
from edgekit.compress.prune.statistics import Moments

RIDGE = 1e-3
"""Relative to the mean of the moments' diagonal, towards the weights as they were."""
ROWS_PER_INPUT = 2
"""Rows that an input needs: with fewer a layer would overfit the samples."""

Kept = Callable[[Node], "tuple[np.ndarray, np.ndarray]"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Absorber:
    """What takes up a shift of a layer's outputs: its own bias, or the norm behind it."""

    linear: Linear
    norm: Any = None

    def add(self, shift: np.ndarray, weights: np.ndarray) -> None:
        """Store weights, with outputs moved by `shift`, `(groups, outputs)`."""
        if self.linear.bias is not None:
            self.linear.store(weights, self.linear.bias + shift)
            return
        self.linear.store(weights)
        if self.norm is not None:
            mean = np.asarray(self.norm.moving_mean, dtype=np.float64)
            # Behind the norm's own subtraction: a smaller mean is a larger output.
            self.norm.moving_mean.assign((mean - shift.reshape(-1)).astype(np.float32))

    @property
    def centred(self) -> bool:
        """Whether there is anything that takes up a shift."""
        return self.linear.bias is not None or self.norm is not None


def absorber(graph: Graph, node: Node, view: Linear) -> Absorber:
    """What takes up a shift of this call's outputs."""
    readers = graph.consumers(node.outputs[0])
    norm = None
    if (
        len(readers) == 1
        and node.outputs[0] not in graph.outputs
        and getattr(node.operation, "activation", None) is not None
        and node.operation.activation.__name__ == "linear"
        and is_norm(readers[0].operation)
        and len(graph.calls(readers[0].operation)) == 1
    ):
        norm = readers[0].operation
    return Absorber(linear=view, norm=norm)


def is_norm(layer: Any) -> bool:
    """Whether it is Keras' own batch normalization over the last axis."""
    if type(layer).__name__ != "BatchNormalization" or not hasattr(layer, "moving_mean"):
        return False
    spec = layer.input_spec
    axes = tuple(getattr(spec, "axes", None) or ())
    return len(axes) == 1 and axes[0] in (-1, (spec.ndim or 0) - 1)


def least_squares(
    weights: np.ndarray, kept: np.ndarray, measured: Moments, ridge: float = RIDGE
) -> np.ndarray:
    """Weights that give the old outputs from the new inputs.

    The `V` that minimizes `|W' x - V' q|^2 + ridge |V - K|^2` over the samples, all about their
    means: `V = (C_qq + r)^-1 (C_qx W + r K)`.

    Args:
        weights: W, `(groups, old inputs, outputs)`.
        kept: K, `(groups, inputs, outputs)`: what the ridge draws towards.
        measured: Of the inputs.
        ridge: Relative to the mean of the covariance's diagonal.

    Returns:
        V, `(groups, inputs, outputs)`, float64.
    """
    inputs = kept.shape[1]
    level = np.einsum("gii->g", measured.covariance) / inputs
    # Inputs that never change have no covariance: any ridge will do.
    strength = np.where(level > 0, ridge * level, 1.0)[:, None, None]
    left = measured.covariance + strength * np.eye(inputs)
    right = measured.cross @ weights.astype(np.float64) + strength * kept.astype(np.float64)
    return np.asarray(np.linalg.solve(left, right))


def shift(measured: Moments, weights: np.ndarray, solved: np.ndarray) -> np.ndarray:
    """What has to be added to the new outputs so that their means are the old ones.

    Args:
        measured: Of the inputs; about zero (`uncentred`) there is nothing to add.
        weights: `(groups, old inputs, outputs)`.
        solved: `(groups, inputs, outputs)`.

    Returns:
        `(groups, outputs)`.
    """
    old = np.einsum("gi,gio->go", measured.old, weights)
    return np.asarray(old - np.einsum("gi,gio->go", measured.new, solved))


class Refit:
    """Fits the layers of a model that lost channels to what the original computes.

    Args:
        old: The original model.
        new: The same with fewer channels; its weights and moving means are changed.
        kept: For a call of the original: which channels of its first input, and of its output,
            the new one still has.
        seed: Draws positions.
    """

    def __init__(self, old: Graph, new: Graph, kept: Kept, *, seed: int):
        self.graph = new
        self._old, self._kept = old, kept
        self._rng = np.random.default_rng(seed)

    def visit(
        self, old: Node, read: list[np.ndarray], new: Node, read_new: list[np.ndarray]
    ) -> None:
        """Fit the layer, if what it reads is no longer what it was."""
        before = layer_weights.view(old.operation)
        if before is None or read[0] is read_new[0] or len(self._old.calls(old.operation)) > 1:
            return
        after = layer_weights.view(new.operation)
        assert after is not None
        ins, outs = self._kept(old)
        base = _restricted(before, after, ins, outs)
        if base is None:
            return
        weights, towards, view = base
        x = np.ascontiguousarray(read[0][..., ins]) if view.kind == "depthwise" else read[0]
        measured = statistics.measure(view, x, after, read_new[0], self._rng)
        taker = absorber(self.graph, new, after)
        if not taker.centred:
            measured = measured.uncentred()
        solved = towards.astype(np.float64)
        if measured.rows >= ROWS_PER_INPUT * towards.shape[1]:
            solved = least_squares(weights, towards, measured)
        taker.add(shift(measured, weights, solved), solved)


def _restricted(
    before: Linear, after: Linear, ins: np.ndarray, outs: np.ndarray
) -> tuple[np.ndarray, np.ndarray, Linear] | None:
    """The old weights onto the outputs that stay, those of inputs that stay, the old view."""
    if before.kind == "depthwise":
        kept = before.weights[ins]
        if kept.shape != after.weights.shape:
            return None
        view = Linear(
            layer=before.layer, kind="depthwise", weights=kept, bias=None, taps=kept.shape[1]
        )
        return kept, kept, view
    if len(before.weights) > 1:  # a grouped convolution, which only whole groups leave
        same = before.weights.shape == after.weights.shape
        return (before.weights, before.weights, before) if same else None
    weights = before.weights[:, :, outs]
    at = (np.arange(before.taps)[:, None] * before.channels + ins).reshape(-1)
    kept = weights[:, at]
    return (weights, kept, before) if kept.shape == after.weights.shape else None


class Renorm:
    """Gives batch normalizations the statistics of what they read now.

    Where the original's moving statistics differ from those of the samples, they keep the
    difference: a hundred samples know less of the training data than the model does.

    Args:
        old: The original model.
        new: The changed one.
        kept: As for `Refit`.
    """

    def __init__(self, old: Graph, new: Graph, kept: Kept):
        self.graph = new
        self._old, self._kept = old, kept

    def visit(
        self, old: Node, read: list[np.ndarray], new: Node, read_new: list[np.ndarray]
    ) -> None:
        """Set the moving statistics, if the layer is a batch normalization."""
        before, after = old.operation, new.operation
        x, q = read[0], read_new[0]
        if not is_norm(after) or x is q or len(self._old.calls(before)) > 1:
            return
        _, outs = self._kept(old)
        if len(outs) != q.shape[-1]:
            return
        axes = tuple(range(q.ndim - 1))
        mean = np.asarray(before.moving_mean, dtype=np.float64)[outs]
        variance = np.asarray(before.moving_variance, dtype=np.float64)[outs]
        seen_mean = x.mean(axis=axes, dtype=np.float64)[outs]
        seen = x.var(axis=axes, dtype=np.float64)[outs]
        now = q.var(axis=axes, dtype=np.float64)
        ratio = np.where(seen > 1e-12, now / np.maximum(seen, 1e-12), 1.0)
        moved = q.mean(axis=axes, dtype=np.float64) + mean - seen_mean
        after.moving_mean.assign(moved.astype(np.float32))
        after.moving_variance.assign((variance * ratio).astype(np.float32))


def all_kept(graph: Graph) -> Kept:
    """For a model that lost no channels."""

    def kept(node: Node) -> tuple[np.ndarray, np.ndarray]:
        ins, outs = graph.shapes[node.inputs[0]][-1], graph.shapes[node.outputs[0]][-1]
        return np.arange(ins or 0), np.arange(outs or 0)

    return kept
