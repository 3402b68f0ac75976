"""Weights to integers, so that outputs change least.

All of it works on `(groups, outputs, inputs)` and on second moments of the inputs,
`(groups, inputs, inputs)`; see `matrices.py`.
"""

from __future__ import annotations

import numpy as np

# Relative to the mean of the moments' diagonal; GPTQ's own value.
_DAMPING = 0.01
_BLOCK = 128
MOST_INPUTS = 2048
"""So many inputs are solved for at once: time grows with their cube, memory with their square."""
# No channel is so small that its scale would vanish: dead channels have weights near 1e-12.
SMALLEST_SCALE = 1e-8


def largest(bits: int) -> int:
    """The largest code; the smallest is its negative: weights are symmetric in TFLite."""
    return (1 << (bits - 1)) - 1


def max_scales(weights: np.ndarray, bits: int) -> np.ndarray:
    """Scales `(groups, outputs)` by which the largest weight of each output just fits."""
    scales = np.abs(weights).max(axis=-1) / largest(bits)
    return np.asarray(np.maximum(scales, SMALLEST_SCALE), dtype=np.float32)


def nearest(weights: np.ndarray, scales: np.ndarray, bits: int) -> np.ndarray:
    """Codes by rounding each weight for itself, int8."""
    limit = largest(bits)
    codes = np.rint(weights / scales[..., None])
    return np.asarray(np.clip(codes, -limit, limit), dtype=np.int8)


def mse_scales(weights: np.ndarray, importance: np.ndarray, bits: int) -> np.ndarray:
    """The scales whose rounding hurts the outputs least, tried from 0.4 to 1 of the largest.

    The error of an output is `e' H e` for the rounding errors `e` of its weights; its
    diagonal part is used, which GPTQ's compensation leaves as what counts.

    Args:
        weights: `(groups, outputs, inputs)`.
        importance: `(groups, inputs)`, the diagonal of the moments.
        bits: Of the codes.
    """
    full = max_scales(weights, bits)
    importance = importance[:, None, :]
    best = np.full(full.shape, np.inf, np.float32)
    chosen = full.copy()
    for factor in np.linspace(0.4, 1.0, 31, dtype=np.float32):
        scales = full * factor
        error = weights - nearest(weights, scales, bits) * scales[..., None]
        cost = np.einsum("gmk,gmk,gxk->gm", error, error, importance, optimize=True)
        better = cost < best
        best = np.where(better, cost, best)
        chosen = np.where(better, scales, chosen)
    return np.asarray(np.maximum(chosen, SMALLEST_SCALE), dtype=np.float32)


def gptq(weights: np.ndarray, moments: np.ndarray, scales: np.ndarray, bits: int) -> np.ndarray:
    """Codes by GPTQ: one input after the other is rounded, those behind it make up for it.

    Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained
    Transformers" (2022), with the inputs in descending order of their moments. Weights that
    are zero stay zero: pruning made them so.

    Args:
        weights: `(groups, outputs, inputs)`.
        moments: `(groups, inputs, inputs)`, second moments of the inputs about their mean where
            a bias takes up the mean.
        scales: `(groups, outputs)`.
        bits: Of the codes.

    Returns:
        Codes, int8, in the weights' shape and order.
    """
    groups, _, inputs = weights.shape
    diagonal = np.einsum("gkk->gk", moments)
    order = np.argsort(-diagonal, axis=-1, kind="stable")
    moments = moments[np.arange(groups)[:, None, None], order[:, :, None], order[:, None, :]]
    factor = _inverse_factor(moments)
    ordered = np.take_along_axis(weights, order[:, None, :], axis=-1)
    # Inputs first: what one input leaves to those behind it is then contiguous.
    rest = np.ascontiguousarray(ordered.transpose(2, 0, 1), dtype=np.float32)
    by_input = np.ascontiguousarray(factor.transpose(1, 2, 0))[..., None]
    alive = rest != 0
    codes = np.empty(rest.shape, np.int8)
    limit = np.float32(largest(bits))
    for start in range(0, inputs, _BLOCK):
        stop = min(start + _BLOCK, inputs)
        errors = np.empty((stop - start, *rest.shape[1:]), np.float32)
        for i in range(start, stop):
            code = np.clip(np.rint(rest[i] / scales), -limit, limit) * alive[i]
            codes[i] = code
            error = errors[i - start] = (rest[i] - code * scales) / by_input[i, i]
            rest[i + 1 : stop] -= by_input[i, i + 1 : stop] * error
        if stop < inputs:
            behind = np.swapaxes(factor[:, start:stop, stop:], 1, 2)
            rest[stop:] -= (behind @ errors.transpose(1, 0, 2)).transpose(1, 0, 2)
    result = np.empty(weights.shape, np.int8)
    places = np.broadcast_to(order[:, None, :], weights.shape)
    np.put_along_axis(result, places, codes.transpose(1, 2, 0), axis=-1)
    return result


def _inverse_factor(moments: np.ndarray) -> np.ndarray:
    """The upper Cholesky factor of the damped moments' inverse, `(groups, inputs, inputs)`."""
    from scipy.linalg import lapack

    groups, inputs = moments.shape[:2]
    mean = np.einsum("gkk->g", moments) / inputs
    # A group that never saw an input has no moments: any damping will do.
    damping = np.where(mean > 0, _DAMPING * mean, np.float32(1))
    damped = moments + damping[:, None, None] * np.eye(inputs, dtype=np.float32)
    # With both orders reversed, H = R R' for an upper R, and H^-1 = (R^-1)' R^-1: one
    # decomposition and a triangular inverse, in place of an inverse and a decomposition.
    if groups > 1:
        upper = np.linalg.cholesky(damped[:, ::-1, ::-1])[:, ::-1, ::-1]
        return np.asarray(np.linalg.inv(upper), dtype=np.float32)
    lower, failed = lapack.spotrf(damped[0, ::-1, ::-1], lower=1, clean=1)
    if failed:
        raise np.linalg.LinAlgError("the damped moments are not positive definite")
    inverse, _ = lapack.strtri(lower[::-1, ::-1], lower=0)
    return np.asarray(inverse, dtype=np.float32)[None]


def refit(
    weights: np.ndarray, cross: np.ndarray, moments: np.ndarray, ridge: float = 0.01
) -> np.ndarray:
    """Weights that give the float outputs from the inputs as they are after quantization.

    Least squares: the `V` that minimizes `|W X - V Q|^2 + ridge |V - W|^2`, for float inputs
    `X` and quantized ones `Q`.

    Args:
        weights: `(groups, outputs, inputs)`, W.
        cross: `(groups, inputs, inputs)`, mean of `x q'`.
        moments: `(groups, inputs, inputs)`, mean of `q q'`.
        ridge: Relative to the mean of the moments' diagonal.

    Returns:
        V, float32.
    """
    inputs = weights.shape[-1]
    mean = np.einsum("gkk->g", moments) / inputs
    damping = np.where(mean > 0, ridge * mean, 1.0)[:, None, None] * np.eye(inputs)
    left = moments.astype(np.float64) + damping
    right = weights.astype(np.float64) @ (cross + damping)
    solved = np.linalg.solve(left, np.swapaxes(right, -1, -2))  # `left` is symmetric
    return np.asarray(np.swapaxes(solved, -1, -2), dtype=np.float32)
