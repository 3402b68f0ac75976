"""Single weights: which go, how many of each layer, and what the others become.

All of it is arithmetic on one layer's `(inputs, outputs)` weights and the moments of its inputs.
A weight's removal is judged as the optimal brain surgeon does, all at once, and the weights that
stay are then solved for exactly. Measured on resnet8 at half of the weights, choosing in several
rounds was no better; and how many go from which layer matters as much as which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

GRID = np.round(np.arange(0.0, 0.96, 0.1), 2)
"""Sparsities at which a layer's error is measured before weights are allotted."""
EXACT_OPERATIONS = 3e10
"""Floating-point operations that exact solving may take; with more, conjugate gradients."""
_MOST_STEPS = 200
_TOLERANCE = 1e-5
# Outputs of a layer that its curve of errors is measured on.
_SAMPLE_OUTPUTS = 16


def damped(covariance: np.ndarray, ridge: float) -> np.ndarray:
    """The covariance with `ridge` times its mean diagonal added to it."""
    size = len(covariance)
    level = float(np.trace(covariance)) / size
    return np.asarray(covariance + (ridge * level if level > 0 else 1.0) * np.eye(size))


def saliency(weights: np.ndarray, moments: np.ndarray | None) -> np.ndarray:
    """What removing each weight alone costs, with all others of its output refitted.

    `w^2 / [H^-1]_jj` (Hassibi and Stork, 1993); the square of the weight without moments.

    Args:
        weights: `(inputs, outputs)`.
        moments: H, `(inputs, inputs)`, positive definite; or None.
    """
    squares = weights.astype(np.float64) ** 2
    if moments is None:
        return squares
    return np.asarray(squares / np.diag(np.linalg.inv(moments))[:, None])


def smallest_out(scores: np.ndarray, count: int) -> np.ndarray:
    """A mask that is False for exactly `count` of the smallest scores; ties go by position."""
    mask = np.ones(scores.size, bool)
    mask[np.argsort(scores, axis=None, kind="stable")[:count]] = False
    return mask.reshape(scores.shape)


def pattern_mask(scores: np.ndarray, taps: int, stay: int, of: int) -> np.ndarray:
    """A mask with the `stay` largest of each `of` consecutive channels of a tap and output.

    That is along the innermost axis as TFLite stores it: `(outputs, taps, channels)`.

    Args:
        scores: `(taps * channels, outputs)`, channels a multiple of `of`.
        taps: Of the kernel.
        stay: How many stay.
        of: Of how many.
    """
    inputs, outputs = scores.shape
    grouped = scores.reshape(taps, inputs // taps // of, of, outputs)
    order = np.argsort(-grouped, axis=2, kind="stable")
    mask = np.zeros(grouped.shape, bool)
    np.put_along_axis(mask, order[:, :, :stay], True, axis=2)
    return mask.reshape(inputs, outputs)


def on_mask(
    weights: np.ndarray,
    moments: np.ndarray,
    mask: np.ndarray,
    *,
    exact_operations: float = EXACT_OPERATIONS,
) -> np.ndarray:
    """The weights on a mask whose outputs are nearest to those of all the weights.

    The `V`, zero outside the mask, that minimizes `(V - W)' H (V - W)` for each output: solved
    exactly where that is affordable, by conjugate gradients where a layer is large.

    Args:
        weights: W, `(inputs, outputs)`.
        moments: H, `(inputs, inputs)`, positive definite.
        mask: `(inputs, outputs)`, True where a weight may be.
        exact_operations: What is affordable, in floating-point operations.
    """
    weights = weights.astype(np.float64)
    target = moments @ weights
    left = mask.sum(axis=0).astype(np.float64)
    if float((left**3).sum()) / 3 > exact_operations:
        return _conjugate_gradients(weights * mask, moments, target, mask)
    solved = np.zeros_like(weights)
    for output in range(weights.shape[1]):
        at = np.flatnonzero(mask[:, output])
        if len(at):
            solved[at, output] = np.linalg.solve(moments[np.ix_(at, at)], target[at, output])
    return solved


def _conjugate_gradients(
    start: np.ndarray, moments: np.ndarray, target: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    """All outputs at once, with the diagonal as preconditioner."""
    inverse = 1.0 / np.diag(moments)[:, None]
    solved = start.copy()
    rest = (target - moments @ solved) * mask
    scaled = inverse * rest
    direction = scaled.copy()
    power = (rest * scaled).sum(axis=0)
    enough = _TOLERANCE**2 * np.maximum((target * inverse * target * mask).sum(axis=0), 1e-30)
    for _ in range(_MOST_STEPS):
        if (power <= enough).all():
            break
        ahead = (moments @ direction) * mask
        step = power / np.maximum((direction * ahead).sum(axis=0), 1e-300)
        solved += step * direction
        rest -= step * ahead
        scaled = inverse * rest
        last, power = power, (rest * scaled).sum(axis=0)
        direction = scaled + power / np.maximum(last, 1e-300) * direction
    return solved


def curve(weights: np.ndarray, moments: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The relative error of a layer's outputs at each sparsity of `GRID`, refitted.

    Of the squared error, over the outputs' variance; measured on some of the outputs.
    """
    outputs = weights.shape[1]
    chosen = np.arange(outputs)
    if outputs > _SAMPLE_OUTPUTS:
        chosen = np.sort(rng.choice(outputs, _SAMPLE_OUTPUTS, replace=False))
    scores = saliency(weights, moments)
    some = weights[:, chosen].astype(np.float64)
    variance = max(float((some * (moments @ some)).sum()), 1e-30)
    errors = []
    for sparsity in GRID:
        mask = smallest_out(scores, round(float(sparsity) * scores.size))[:, chosen]
        lost = on_mask(some, moments, mask) - some
        errors.append(float((lost * (moments @ lost)).sum()) / variance)
    return np.maximum.accumulate(np.maximum(errors, 0.0))


def allot(
    curves: Mapping[str, Sequence[float] | np.ndarray], sizes: Mapping[str, int], sparsity: float
) -> dict[str, int]:
    """How many weights go from each layer, so that the relative errors' sum is smallest.

    Lagrange: each layer takes the sparsity that is best for it at one price of a weight, and
    the price is searched. Between the two prices about the target the sparsities are mixed, so
    that the total is exact.

    Args:
        curves: By layer, its error at each sparsity of `GRID`.
        sizes: By layer, its weights.
        sparsity: Of all the weights together.

    Returns:
        By layer, how many of its weights go.
    """
    names = list(curves)
    total = sum(sizes.values())
    fine = np.linspace(0.0, float(GRID[-1]), 181)
    # Roots are nearly straight between the points of the grid; errors are far from it.
    errors = {name: np.interp(fine, GRID, np.sqrt(curves[name])) ** 2 for name in names}

    def at(price: float) -> dict[str, float]:
        return {
            name: float(fine[np.argmin(errors[name] - price * sizes[name] / total * fine)])
            for name in names
        }

    def share(of: Mapping[str, float]) -> float:
        return sum(of[name] * sizes[name] for name in names) / total

    low, high = -12.0, 12.0  # powers of ten
    for _ in range(60):
        middle = (low + high) / 2
        if share(at(10.0**middle)) > sparsity:
            high = middle
        else:
            low = middle
    below, above = at(10.0**low), at(10.0**high)
    gap = share(above) - share(below)
    part = (sparsity - share(below)) / gap if gap > 0 else 0.0
    part = min(1.0, max(0.0, part))
    mixed = {name: below[name] + part * (above[name] - below[name]) for name in names}
    if share(mixed) < sparsity - 1e-9:  # more than the grid's last point: all alike from there
        mixed = {name: max(mixed[name], sparsity) for name in names}
    counts = {name: min(sizes[name], round(mixed[name] * sizes[name])) for name in names}
    return _exact(counts, sizes, round(sparsity * total))


def _exact(counts: dict[str, int], sizes: Mapping[str, int], wanted: int) -> dict[str, int]:
    """The counts with a total of `wanted`: the largest layers take up the difference."""
    rest = wanted - sum(counts.values())
    for name in sorted(counts, key=lambda name: -sizes[name]):
        moved = min(max(rest, -counts[name]), sizes[name] - counts[name])
        counts[name] += moved
        rest -= moved
    return counts
