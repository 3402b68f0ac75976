"""Ranges narrower than the extremes: against numpy.percentile, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit import tflite
from edgekit.quantize.calibration import clipped_ranges
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.calibration.clipped_ranges import Histogram
from tests.quantize.tiny_models import Network, branching_net, correlated, extremes, random

BINS = 2048


def histogram(values: np.ndarray) -> Histogram:
    low, high = float(values.min()), float(values.max())
    counts, _ = np.histogram(values, BINS, (low, high))
    return Histogram(low=low, high=high, counts=counts)


def sides(low: float, high: float) -> dict[str, np.ndarray]:
    return {"min": np.array([low], np.float32), "max": np.array([high], np.float32)}


def narrowed(values: np.ndarray, method: str) -> tuple[float, float]:
    extremes_: Ranges = {"t": sides(values.min(), values.max())}
    return clipped_ranges.extent(
        clipped_ranges.narrowed(extremes_, {"t": histogram(values)}, method)["t"]
    )


@pytest.mark.parametrize(("method", "percent"), [("p99.999", 99.999), ("p99.99", 99.99)])
def test_percentiles_are_those_of_numpy(method: str, percent: float) -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_t(4, 1_000_000).astype(np.float32)
    got = narrowed(values, method)
    wanted = np.percentile(values, [100 - percent, percent])
    one_bin = (values.max() - values.min()) / BINS
    np.testing.assert_allclose(got, wanted, atol=1.01 * one_bin)
    assert values.min() < got[0] and got[1] < values.max()


@settings(max_examples=60, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    offset=st.floats(-5, 5),
    count=st.integers(2, 5000),
    method=st.sampled_from(clipped_ranges.METHODS),
)
def test_extremes_are_never_widened_and_zero_stays_inside(
    seed: int, offset: float, count: int, method: str
) -> None:
    values = (np.random.default_rng(seed).standard_cauchy(count) + offset).astype(np.float32)
    low, high = narrowed(values, method)
    assert values.min() <= low < high <= values.max()
    if values.min() <= 0 <= values.max():
        assert low <= 0 <= high


def test_mse_cuts_off_outliers_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    usual = rng.uniform(-1, 1, 300_000).astype(np.float32)
    assert narrowed(usual, "mse") == pytest.approx((usual.min(), usual.max()), rel=0.03)
    with_outliers = np.append(usual, np.array([-3, 3], np.float32))
    low, high = narrowed(with_outliers, "mse")
    assert -2.2 < low < -1
    assert 1 < high < 2.2

    def loss(ends: tuple[float, float]) -> float:
        step = (ends[1] - ends[0]) / 255
        codes = np.clip(np.rint((with_outliers - ends[0]) / step), 0, 255)
        return float(np.square(ends[0] + codes * step - with_outliers).mean())

    assert loss((low, high)) < loss((-3.0, 3.0))


def test_values_behind_a_relu_begin_at_zero() -> None:
    values = np.maximum(np.random.default_rng(0).normal(size=100_000), 0).astype(np.float32)
    for method in clipped_ranges.METHODS:
        low, high = narrowed(values, method)
        assert low == 0
        assert 2 < high <= values.max()


def test_a_tensor_without_a_histogram_keeps_its_extremes() -> None:
    given_: Ranges = {"a": sides(-2, 3), "b": sides(-2, 3)}
    values = np.random.default_rng(0).uniform(-2, 3, 1000).astype(np.float32)
    got = clipped_ranges.narrowed(given_, {"a": histogram(values)}, "p99.99")
    assert got["b"] is given_["b"]
    assert set(got) == {"a", "b"}


def test_histograms_are_of_every_float_activation() -> None:
    content = branching_net()
    inputs = {"x": correlated(6, 6, 6, 4), "side": correlated(6, 6)}
    found = clipped_ranges.histograms(tflite.read(content), inputs, extremes(content, inputs))
    model = tflite.read(content)
    read = {t.name for op in tflite.operators(model) for t in op.inputs if not t.is_constant}
    assert set(found) == read
    x = inputs["x"]
    expected, _ = np.histogram(x, BINS, (float(x.min()), float(x.max())))
    assert found["x"].counts.sum() == x.size
    # A value on the edge of a bin may fall to either side of it.
    assert np.abs(np.cumsum(found["x"].counts) - np.cumsum(expected)).max() <= 2


def test_what_is_always_the_same_has_no_histogram() -> None:
    net = Network(shape=(6,))
    content = net.finish(y=net.unary("TANH", net.dense(net.x, np.zeros((3, 6), np.float32))))
    inputs = {"x": random(5, 6)}
    found = clipped_ranges.histograms(tflite.read(content), inputs, extremes(content, inputs))
    assert set(found) == {"x"}


def test_parts_add_up_to_the_whole() -> None:
    content = branching_net()
    inputs = {"x": correlated(8, 6, 6, 4), "side": correlated(8, 6)}
    model, whole = tflite.read(content), extremes(content, inputs)
    halves = [{k: v[i : i + 4] for k, v in inputs.items()} for i in (0, 4)]
    widest = clipped_ranges.widest([extremes(content, half) for half in halves])
    assert set(widest) == set(whole)
    for name, sides_ in whole.items():
        assert clipped_ranges.extent(widest[name]) == clipped_ranges.extent(sides_)
    added = clipped_ranges.merge_histograms(
        [clipped_ranges.histograms(model, half, whole) for half in halves]
    )
    together = clipped_ranges.histograms(model, inputs, whole)
    for name, one in together.items():
        np.testing.assert_array_equal(added[name].counts, one.counts)
