"""Least squares from moments, against NumPy's own on the rows themselves."""

from __future__ import annotations

import numpy as np

from edgekit.compress.prune import least_squares, statistics
from edgekit.compress.prune.layer_weights import Linear


def dense(weights: np.ndarray) -> Linear:
    return Linear(layer=None, kind="dense", weights=weights[None], bias=None, taps=1)


def test_moments_are_those_of_the_rows() -> None:
    rng = np.random.default_rng(1)
    x = (5 + rng.normal(size=(300, 6))).astype(np.float32)
    q = (x[:, :4] * 2 - 70).astype(np.float32)
    old, new = dense(np.ones((6, 2), np.float32)), dense(np.ones((4, 2), np.float32))
    got = statistics.measure(old, x, new, q, rng)
    both = np.cov(np.concatenate([q, x], axis=1).astype(np.float64).T, bias=True)
    assert got.rows == 300
    np.testing.assert_allclose(got.covariance[0], both[:4, :4], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(got.cross[0], both[:4, 4:], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(got.old[0], x.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(got.new[0], q.mean(axis=0), rtol=1e-6)
    second = q.astype(np.float64).T @ q / 300
    np.testing.assert_allclose(got.uncentred().covariance[0], second, rtol=1e-5)


def test_moments_of_many_rows_come_from_some_of_them() -> None:
    rows = {"fewest_rows": 500, "most_rows": 500}
    x = np.random.default_rng(2).normal(size=(40, 50, 3)).astype(np.float32)
    layer = dense(np.ones((3, 2), np.float32))
    one = statistics.measure(layer, x, layer, x, np.random.default_rng(7), **rows)
    two = statistics.measure(layer, x, layer, x, np.random.default_rng(7), **rows)
    assert one.rows == 500
    assert np.array_equal(one.covariance, two.covariance)
    np.testing.assert_allclose(one.covariance[0], np.eye(3), atol=0.25)


def test_the_fit_equals_numpys_least_squares_with_an_intercept() -> None:
    rng = np.random.default_rng(3)
    x = (rng.normal(size=(500, 8)) @ rng.normal(size=(8, 8)) + 3).astype(np.float32)
    q = x[:, [0, 2, 3, 5, 7]]
    weights = rng.normal(size=(8, 4)).astype(np.float32)
    got = statistics.measure(dense(weights), x, dense(weights[[0, 2, 3, 5, 7]]), q, rng)
    kept = weights[None, [0, 2, 3, 5, 7]]
    solved = least_squares.least_squares(weights[None], kept, got, ridge=0.0)
    shift = least_squares.shift(got, weights[None], solved)
    rows = np.concatenate([q, np.ones((500, 1))], axis=1).astype(np.float64)
    wanted = np.linalg.lstsq(rows, x.astype(np.float64) @ weights, rcond=None)[0]
    np.testing.assert_allclose(solved[0], wanted[:-1], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(shift[0], wanted[-1], rtol=1e-3, atol=1e-3)


def test_a_strong_ridge_leaves_the_weights_as_they_were() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(200, 6)).astype(np.float32)
    weights = rng.normal(size=(6, 3)).astype(np.float32)
    got = statistics.measure(dense(weights), x, dense(weights[:4]), x[:, :4] * 0.5, rng)
    solved = least_squares.least_squares(weights[None], weights[None, :4], got, ridge=1e9)
    np.testing.assert_allclose(solved[0], weights[:4], rtol=1e-6)


def test_inputs_that_never_change_keep_their_weights() -> None:
    weights = np.ones((3, 2), np.float32)
    x = np.full((50, 3), 2.0, np.float32)
    got = statistics.measure(dense(weights), x, dense(weights), x.copy(), np.random.default_rng(0))
    np.testing.assert_allclose(
        least_squares.least_squares(weights[None], weights[None], got)[0], weights
    )
