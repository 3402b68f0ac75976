"""Second moments of what layers read, against NumPy's own."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.compress.prune.layer_weights import Linear
from edgekit.compress.prune.statistics import Moments, measure


def dense(inputs: int, outputs: int = 3) -> Linear:
    return Linear(
        layer=None,
        kind="dense",
        weights=np.ones((1, inputs, outputs), np.float32),
        bias=None,
        taps=1,
    )


def rows(count: int, inputs: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(count, inputs)) @ rng.normal(size=(inputs, inputs))
    return (mixed + 1000 * np.arange(inputs)).astype(np.float32)  # far from zero, too


def test_moments_are_means_and_covariances() -> None:
    x, q = rows(700, 6), rows(700, 4, seed=1)
    found = measure(dense(6), x, dense(4), q, np.random.default_rng(0))
    assert found.rows == 700
    whole = np.cov(np.concatenate([q, x], axis=1).T.astype(np.float64), bias=True)
    np.testing.assert_allclose(found.old[0], x.mean(axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(found.new[0], q.mean(axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(found.covariance[0], whole[:4, :4], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found.cross[0], whole[:4, 4:], rtol=1e-4, atol=1e-3)


def test_the_same_inputs_are_looked_at_once() -> None:
    x = rows(300, 5)
    found = measure(dense(5), x, dense(5), x, np.random.default_rng(0))
    assert found.cross is found.covariance
    np.testing.assert_array_equal(found.old, found.new)


def test_about_zero_is_the_plain_second_moment() -> None:
    x, q = rows(300, 3) / 100, rows(300, 3, seed=2) / 100
    found = measure(dense(3), x, dense(3), q, np.random.default_rng(0)).uncentred()
    np.testing.assert_allclose(found.covariance[0], q.T @ q / 300, rtol=1e-3)
    np.testing.assert_allclose(found.cross[0], q.T @ x / 300, rtol=1e-3)
    assert not found.old.any() and not found.new.any()


def test_of_very_many_places_some_are_drawn_the_same_each_time() -> None:
    x = rows(50_000, 3).reshape(500, 100, 3)
    found = measure(dense(3), x, dense(3), x, np.random.default_rng(7))
    again = measure(dense(3), x, dense(3), x, np.random.default_rng(7))
    assert 3 * 40 < found.rows < 50_000
    np.testing.assert_array_equal(found.covariance, again.covariance)
    exact = np.cov(x.reshape(-1, 3).T.astype(np.float64), bias=True)
    np.testing.assert_allclose(found.covariance[0], exact, rtol=0.1, atol=0.1)


def test_a_covariance_of_few_rows_is_drawn_to_its_diagonal() -> None:
    full = np.array([[[2.0, 1.0], [1.0, 3.0]]])
    moments = Moments(rows=1, old=full[0], new=full[0], covariance=full, cross=full)
    # inputs / (inputs + 2 rows) = 1/2 of what stands beside the diagonal goes.
    np.testing.assert_allclose(moments.shrunk_covariance(), [[[2.0, 0.5], [0.5, 3.0]]])
    many = Moments(rows=10**9, old=full[0], new=full[0], covariance=full, cross=full)
    np.testing.assert_allclose(many.shrunk_covariance(), full)
    singular = np.ones((1, 4, 4))
    few = Moments(rows=2, old=full[0], new=full[0], covariance=singular, cross=singular)
    assert np.linalg.matrix_rank(few.shrunk_covariance()[0]) == 4


@pytest.mark.parametrize("groups", [2])
def test_groups_are_measured_apart(groups: int) -> None:
    from types import SimpleNamespace

    layer = SimpleNamespace(
        kernel=np.zeros((1, 1, 2, 6)), strides=1, dilation_rate=1, padding="valid"
    )
    view = Linear(
        layer=layer,
        kind="convolution",
        weights=np.ones((groups, 2, 3), np.float32),
        bias=None,
        taps=1,
    )
    x = np.random.default_rng(0).normal(size=(20, 3, 3, 4)).astype(np.float32)
    found = measure(view, x, view, x, np.random.default_rng(0))
    flat = x.reshape(-1, 4)
    for group in range(groups):
        part = flat[:, 2 * group : 2 * group + 2]
        np.testing.assert_allclose(
            found.covariance[group], np.cov(part.T, bias=True), rtol=1e-3, atol=1e-4
        )
