"""Weights to integers: the laws that every way of rounding keeps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.quantize.weights import rounding

quick = settings(max_examples=25, derandomize=True)


def case(
    seed: int, groups: int = 1, outputs: int = 6, inputs: int = 24, rows: int = 200
) -> tuple[np.ndarray, np.ndarray]:
    """Weights, and inputs that go together: few causes behind many inputs, as in real layers."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(groups, outputs, inputs)).astype(np.float32)
    causes = rng.normal(size=(groups, rows, max(2, inputs // 3)))
    mixed = causes @ rng.normal(size=(groups, causes.shape[-1], inputs))
    x = mixed + 0.3 * rng.normal(size=mixed.shape)
    return weights, np.asarray(x, np.float32)


def moments_of(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.swapaxes(x, 1, 2) @ x / x.shape[1], np.float32)


def diagonal(moments: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("gkk->gk", moments))


def error(
    weights: np.ndarray, codes: np.ndarray, scales: np.ndarray, moments: np.ndarray
) -> np.ndarray:
    """`e' H e` of each output, float64."""
    e = weights.astype(np.float64) - codes * scales[..., None].astype(np.float64)
    return np.einsum("gmk,gkl,gml->gm", e, moments.astype(np.float64), e)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("groups", "inputs"), [(1, 24), (1, 160), (5, 9)])
def test_gptq_is_better_than_nearest_where_inputs_go_together(
    bits: int, groups: int, inputs: int
) -> None:
    """160 inputs are more than one block of them."""
    ratios = []
    for seed in range(8):
        weights, x = case(seed, groups, inputs=inputs, rows=4 * inputs)
        moments = moments_of(x)
        scales = rounding.max_scales(weights, bits)
        usual = error(weights, rounding.nearest(weights, scales, bits), scales, moments)
        fitted = error(weights, rounding.gptq(weights, moments, scales, bits), scales, moments)
        ratios.append(fitted.sum() / usual.sum())
    assert max(ratios) < 0.75
    assert np.mean(ratios) < 0.5


@pytest.mark.parametrize("bits", [4, 8])
def test_pruned_weights_stay_zero_and_the_others_make_up_for_them(bits: int) -> None:
    weights, x = case(5, inputs=200)  # more than a block
    weights[np.random.default_rng(1).random(weights.shape) < 0.5] = 0
    moments = moments_of(x)
    scales = rounding.max_scales(weights, bits)
    codes = rounding.gptq(weights, moments, scales, bits)
    assert not codes[weights == 0].any()
    nearest = rounding.nearest(weights, scales, bits)
    usual = error(weights, nearest, scales, moments)
    assert error(weights, codes, scales, moments).sum() < 0.8 * usual.sum()


@quick
@given(seed=st.integers(0, 10_000), bits=st.sampled_from([4, 8]), groups=st.sampled_from([1, 4]))
def test_codes_stay_within_their_bits(seed: int, bits: int, groups: int) -> None:
    weights, x = case(seed, groups)
    moments = moments_of(x)
    for scales in (
        rounding.max_scales(weights, bits),
        rounding.mse_scales(weights, diagonal(moments), bits),
        rounding.max_scales(weights, bits) * np.float32(0.5),  # cuts off
    ):
        for codes in (
            rounding.nearest(weights, scales, bits),
            rounding.gptq(weights, moments, scales, bits),
        ):
            assert codes.dtype == np.int8
            assert codes.shape == weights.shape
            assert np.abs(codes.astype(int)).max() <= rounding.largest(bits) == 2 ** (bits - 1) - 1


@quick
@given(seed=st.integers(0, 10_000), bits=st.sampled_from([4, 8]))
def test_inputs_that_do_not_go_together_leave_nothing_to_make_up_for(seed: int, bits: int) -> None:
    weights, _ = case(seed, groups=2)
    sizes = np.random.default_rng(seed).uniform(0.1, 10, (2, 1, 24)).astype(np.float32)
    moments = np.eye(24, dtype=np.float32) * sizes
    scales = rounding.max_scales(weights, bits)
    np.testing.assert_array_equal(
        rounding.gptq(weights, moments, scales, bits), rounding.nearest(weights, scales, bits)
    )


def test_the_order_of_inputs_is_that_of_the_weights() -> None:
    """Inputs are rounded in another order than they are stored in, and put back."""
    weights, x = case(3)
    swap = np.random.default_rng(0).permutation(24)
    scales = rounding.max_scales(weights, 4)
    codes = rounding.gptq(weights, moments_of(x), scales, 4)
    other = rounding.gptq(weights[..., swap], moments_of(x[..., swap]), scales, 4)
    assert np.mean(other == codes[..., swap]) > 0.99  # the same but for sums in another order


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("groups", [1, 3])
def test_dead_channels_and_silent_inputs_give_finite_codes(bits: int, groups: int) -> None:
    weights, x = case(0, groups)
    weights[:, 1] = 0
    weights[:, 2] *= 1e-14
    x[..., 4:9] = 0
    moments = moments_of(x)
    for h in (moments, np.zeros_like(moments), moments * np.float32(1e-20)):
        for scales in (
            rounding.max_scales(weights, bits),
            rounding.mse_scales(weights, diagonal(h), bits),
        ):
            assert np.isfinite(scales).all()
            assert (scales >= np.float32(rounding.SMALLEST_SCALE)).all()
            codes = rounding.gptq(weights, h, scales, bits)
            assert not codes[:, 1].any()
            assert not codes[:, 2].any()
            off = np.abs(codes[:, [0, 3, 4, 5]] * scales[:, [0, 3, 4, 5], None])
            assert off.max() < 2 * np.abs(weights).max()
    # What no input reaches rounds by itself.
    silent = rounding.gptq(weights, np.zeros_like(moments), rounding.max_scales(weights, 8), 8)
    usual = rounding.nearest(weights, rounding.max_scales(weights, 8), 8)
    np.testing.assert_array_equal(silent, usual)


def test_mse_scales_are_smaller_and_better_for_int4() -> None:
    weights, x = case(1, outputs=40, inputs=64)
    moments = moments_of(x) * np.eye(64, dtype=np.float32)  # what they are made for
    full, fitted = (
        rounding.max_scales(weights, 4),
        rounding.mse_scales(weights, diagonal(moments), 4),
    )
    before = error(weights, rounding.nearest(weights, full, 4), full, moments)
    after = error(weights, rounding.nearest(weights, fitted, 4), fitted, moments)
    assert (after <= before * (1 + 1e-6)).all()
    assert after.sum() < 0.9 * before.sum()
    assert (fitted <= full * (1 + 1e-6)).all()
    assert (fitted >= 0.39 * full).all()


def test_an_outlier_that_no_input_reaches_does_not_cost_the_others_their_steps() -> None:
    weights, x = case(2)
    weights[..., 0], x[..., 0] = 8, 0
    scales = rounding.mse_scales(weights, diagonal(moments_of(x)), 4)
    assert (scales < 0.75 * rounding.max_scales(weights, 4)).all()


@pytest.mark.parametrize("groups", [1, 3])
def test_a_refit_to_the_same_inputs_is_the_same(groups: int) -> None:
    weights, x = case(5, groups)
    moments = moments_of(x)
    np.testing.assert_allclose(
        rounding.refit(weights, moments, moments), weights, rtol=1e-4, atol=1e-4
    )


def test_a_refit_brings_back_what_changed_inputs_lose() -> None:
    weights, x = case(6)
    rng = np.random.default_rng(0)
    q = (0.8 * x + 0.1 * rng.normal(size=x.shape)).astype(np.float32)  # shrunk, and some noise
    rows = x.shape[1]
    fitted = rounding.refit(weights, np.swapaxes(x, 1, 2) @ q / rows, moments_of(q))
    wanted = x @ np.swapaxes(weights, 1, 2)
    lost = np.square(q @ np.swapaxes(weights, 1, 2) - wanted).mean()
    left = np.square(q @ np.swapaxes(fitted, 1, 2) - wanted).mean()
    assert left < 0.2 * lost
    # A strong ridge leaves the weights where they were.
    held = rounding.refit(weights, np.swapaxes(x, 1, 2) @ q / rows, moments_of(q), ridge=1e6)
    np.testing.assert_allclose(held, weights, atol=1e-3)


def test_silent_inputs_leave_a_refit_finite() -> None:
    weights, x = case(7, groups=2)
    nothing = np.zeros_like(moments_of(x))
    np.testing.assert_allclose(rounding.refit(weights, nothing, nothing), weights, rtol=1e-6)
