"""Single weights: masks that hold exactly, and weights that solve what they claim to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.compress.prune import reconstruct


def problem(seed: int, inputs: int, outputs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, rows of correlated inputs, and their second moments."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(20 * inputs, inputs)) @ rng.normal(size=(inputs, inputs))
    return rng.normal(size=(inputs, outputs)), rows, rows.T @ rows / len(rows)


def test_on_mask_is_least_squares_of_each_output_on_its_own_inputs() -> None:
    weights, rows, moments = problem(1, 12, 5)
    mask = np.random.default_rng(2).random(weights.shape) < 0.5
    mask[:, 4] = False
    solved = reconstruct.on_mask(weights, moments, mask)
    for output in range(5):
        at = mask[:, output]
        wanted = np.linalg.lstsq(rows[:, at], rows @ weights[:, output], rcond=None)[0]
        np.testing.assert_allclose(solved[at, output], wanted, rtol=1e-6, atol=1e-9)
    assert not solved[~mask].any()


def test_conjugate_gradients_come_to_the_same() -> None:
    weights, _, moments = problem(3, 30, 7)
    moments = reconstruct.damped(moments, 1e-2)
    mask = np.random.default_rng(4).random(weights.shape) < 0.5
    exact = reconstruct.on_mask(weights, moments, mask)
    near = reconstruct.on_mask(weights, moments, mask, exact_operations=0)
    np.testing.assert_allclose(near, exact, atol=1e-3 * np.abs(exact).max())
    assert not near[~mask].any()


def test_saliency_is_the_increase_of_the_error_by_one_removal() -> None:
    weights, _, moments = problem(5, 8, 3)
    scores = reconstruct.saliency(weights, moments)
    for i, output in ((0, 0), (5, 1), (7, 2)):
        mask = np.ones(weights.shape, bool)
        mask[i, output] = False
        lost = reconstruct.on_mask(weights, moments, mask) - weights
        error = float((lost * (moments @ lost)).sum())
        assert scores[i, output] == pytest.approx(error, rel=1e-6)


def test_saliency_without_moments_is_magnitude() -> None:
    weights = np.array([[1.0, -3.0], [2.0, 0.5]])
    assert reconstruct.saliency(weights, None).tolist() == [[1.0, 9.0], [4.0, 0.25]]


@given(st.integers(0, 60), st.integers(0, 3))
def test_exactly_as_many_go_as_were_asked_for(count: int, kind: int) -> None:
    scores = np.random.default_rng(count).integers(0, [1, 2, 5, 1000][kind], (12, 5))
    mask = reconstruct.smallest_out(scores.astype(float), count)
    assert mask.size - np.count_nonzero(mask) == count
    if 0 < count < 60:
        assert scores[~mask].max() <= scores[mask].min()


@pytest.mark.parametrize(("stay", "of"), [(2, 4), (1, 4), (4, 8), (1, 2)])
def test_a_pattern_holds_along_the_channels_of_each_tap_and_output(stay: int, of: int) -> None:
    taps, channels, outputs = 9, 16, 5
    scores = np.random.default_rng(6).random((taps * channels, outputs))
    mask = reconstruct.pattern_mask(scores, taps, stay, of)
    # As TFLite stores a convolution: outputs, taps, channels innermost.
    stored = mask.reshape(taps, channels, outputs).transpose(2, 0, 1)
    assert (stored.reshape(-1, of).sum(axis=1) == stay).all()
    kept = scores.reshape(taps, channels, outputs).transpose(2, 0, 1).reshape(-1, of)
    chosen = stored.reshape(-1, of)
    lowest_kept = np.where(chosen, kept, 2).min(axis=1)
    assert (np.where(chosen, -1, kept).max(axis=1) <= lowest_kept).all()


def test_a_curve_starts_at_nothing_and_rises() -> None:
    weights, _, moments = problem(7, 24, 20)
    errors = reconstruct.curve(weights, moments, np.random.default_rng(0))
    assert errors[0] == pytest.approx(0, abs=1e-12)
    assert (np.diff(errors) >= 0).all()
    assert 0 < errors[5] < errors[-1] <= 1


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 4000), st.floats(1.0, 6.0), st.floats(0.001, 10.0)),
             min_size=1, max_size=6),
    st.floats(0.01, 0.99),
)  # fmt: skip
def test_allotted_weights_add_up_to_the_sparsity(
    layers: list[tuple[int, float, float]], sparsity: float
) -> None:
    curves = {str(i): c * reconstruct.GRID**p for i, (_, p, c) in enumerate(layers)}
    sizes = {str(i): size for i, (size, _, _) in enumerate(layers)}
    counts = reconstruct.allot(curves, sizes, sparsity)
    assert sum(counts.values()) == round(sparsity * sum(sizes.values()))
    assert all(0 <= counts[name] <= sizes[name] for name in sizes)


def test_more_goes_where_it_hurts_less() -> None:
    curves = {"tender": 10 * reconstruct.GRID**2, "tough": 0.1 * reconstruct.GRID**2}
    sizes = {"tender": 1000, "tough": 1000}
    counts = reconstruct.allot(curves, sizes, 0.4)
    assert counts["tough"] > 3 * counts["tender"]

    def error(tender: int) -> float:
        return 10 * (tender / 1000) ** 2 + 0.1 * ((800 - tender) / 1000) ** 2

    best = min(range(801), key=error)
    assert counts["tender"] == pytest.approx(best, abs=30)
