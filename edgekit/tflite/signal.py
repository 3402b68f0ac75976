"""How far one array lies from another: signal against noise, and divergence of probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

ZERO = 1e-12
"""Values of no larger magnitude are zero: their ratio to another such value says nothing."""

_CHUNK = 1 << 18
# A sum of squares beyond it is counted anew in a larger unit: float64 ends at 1e308.
_LARGE = 1e200


def sqnr_db(reference: np.ndarray, candidate: np.ndarray) -> float:
    """Signal-to-quantization-noise ratio of `candidate`, in decibels.

    `10 * log10(sum(reference**2) / sum((reference - candidate)**2))`, summed in float64. Each
    halving of the error adds about 6 dB; the unit of both does not matter.

    >>> round(sqnr_db(np.array([3.0, 4.0]), np.array([3.0, 4.5])), 6)
    20.0

    Args:
        reference: What is right, of any shape.
        candidate: What stands in its place, of as many values, in the same order.

    Returns:
        Higher is better; `inf` where equal, or where nothing on either side exceeds `ZERO`;
        `-inf` where only the reference is zero, or a value is NaN or infinite.
    """
    signal, noise = _powers(reference, candidate)
    if not reference.size * ZERO**2 < signal < _LARGE:
        largest, other = _largest(reference), _largest(candidate)
        if max(largest, other) <= ZERO:
            return math.inf
        if largest <= ZERO:
            return -math.inf
        signal, noise = _powers(reference, candidate, unit=largest)
    return decibels(signal, noise)


def decibels(signal: float, noise: float) -> float:
    """`10 * log10(signal / noise)`, for powers; `inf` without noise, `-inf` without a signal."""
    if noise == 0:
        return math.inf
    if not (signal > 0 and math.isfinite(noise)):
        return -math.inf
    return 10 * (math.log10(signal) - math.log10(noise))


def noise_to_signal(sqnr: float) -> float:
    """The power of noise as a fraction of the signal's, of an SQNR in decibels."""
    return 0.0 if sqnr == math.inf else math.pow(10.0, min(-sqnr, 300.0) / 10)


def kl_divergence(reference: np.ndarray, candidate: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence of softmax probabilities, in nats, along the last axis.

    `sum(p * log(p / q))`, in float64.

    Args:
        reference: Logits, or logarithms of probabilities, `(..., classes)`.
        candidate: Likewise, same shape.

    Returns:
        `(...)`, 0 where equal, larger is worse; rounding may leave it just below 0.
    """
    p, q = log_softmax(reference), log_softmax(candidate)
    return np.asarray(np.sum(np.exp(p) * (p - q), axis=-1))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities along the last axis, float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _powers(a: np.ndarray, b: np.ndarray, unit: float = 1.0) -> tuple[float, float]:
    """Sums of squares of `a / unit` and of what `b / unit` differs from it."""
    signal = noise = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for first, second in _chunks(a, b):
            if unit != 1.0:
                first, second = first / unit, second / unit
            error = first - second
            # Not `np.dot`: it shares such a sum among threads, and where other processes have the
            # cores it waits for them. On two busy ones it took 40 s for MobileNet's activations;
            # this, 0.3 s.
            signal += float(np.einsum("i,i->", first, first))
            noise += float(np.einsum("i,i->", error, error))
    return signal, noise


def _chunks(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Part by part as float64: all at once would take twice the memory of both."""
    flat, other = a.reshape(-1), b.reshape(-1)
    for start in range(0, len(flat), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield flat[part].astype(np.float64), other[part].astype(np.float64)


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0.0))
