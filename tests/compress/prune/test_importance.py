"""Which channels go first: against brute force on small random problems."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgekit.compress.prune import importance
from edgekit.compress.prune.importance import Reader


def random_reader(
    rng: np.random.Generator, channels: int, taps: int, outputs: int
) -> tuple[Reader, np.ndarray]:
    """A reader with correlated inputs, and the rows that its moments are of."""
    inputs = channels * taps
    rows = rng.normal(size=(400, inputs)) @ rng.normal(size=(inputs, inputs))
    weights = rng.normal(size=(inputs, outputs))
    reader = Reader(
        weights=weights,
        moments=rows.T @ rows / len(rows),
        channels=np.tile(np.arange(channels), taps),
    )
    return reader, rows


def error_without(reader: Reader, rows: np.ndarray, gone: tuple[int, ...]) -> float:
    """The error of the outputs over their variance, when least squares refits the rest."""
    stay = ~np.isin(reader.channels, gone)
    wanted = rows @ reader.weights
    fitted = np.linalg.lstsq(rows[:, stay], wanted, rcond=None)[0]
    return float(((rows[:, stay] @ fitted - wanted) ** 2).sum() / (wanted**2).sum())


@pytest.mark.parametrize("taps", [1, 4])
def test_the_first_cost_is_the_least_increase_of_the_squared_error(taps: int) -> None:
    rng = np.random.default_rng(1)
    reader, rows = random_reader(rng, 6, taps, 3)
    ranking = importance.obs([reader], 6, 1, damping=1e-12)
    errors = [error_without(reader, rows, (channel,)) for channel in range(6)]
    assert ranking.order[0] == int(np.argmin(errors))
    assert ranking.cost[0] == pytest.approx(min(errors), rel=1e-6)


def test_costs_add_up_to_the_error_of_all_removals_refitted() -> None:
    rng = np.random.default_rng(2)
    reader, rows = random_reader(rng, 8, 3, 5)
    ranking = importance.obs([reader], 8, 5, damping=1e-12)
    for count in range(1, 6):
        gone = tuple(ranking.order[:count].tolist())
        assert ranking.cost[count - 1] == pytest.approx(error_without(reader, rows, gone), rel=1e-5)


def test_greedy_is_near_the_best_of_all_subsets() -> None:
    rng = np.random.default_rng(3)
    reader, rows = random_reader(rng, 8, 2, 4)
    ranking = importance.obs([reader], 8, 3, damping=1e-12)
    best = min(error_without(reader, rows, g) for g in itertools.combinations(range(8), 3))
    every = [error_without(reader, rows, g) for g in itertools.combinations(range(8), 3)]
    assert best <= ranking.cost[2] * (1 + 1e-6)
    assert ranking.cost[2] <= np.quantile(every, 0.25)


def test_several_readers_count_alike_whatever_their_scale() -> None:
    rng = np.random.default_rng(4)
    one, _ = random_reader(rng, 6, 1, 3)
    two, _ = random_reader(rng, 6, 1, 3)
    loud = Reader(weights=two.weights * 1e4, moments=two.moments, channels=two.channels)
    plain, scaled = importance.obs([one, two], 6, 4), importance.obs([one, loud], 6, 4)
    assert plain.order.tolist() == scaled.order.tolist()
    np.testing.assert_allclose(plain.cost, scaled.cost, rtol=1e-6)


def test_a_dead_channel_goes_first_and_costs_nothing() -> None:
    rng = np.random.default_rng(5)
    reader, rows = random_reader(rng, 5, 2, 3)
    dead = reader.channels == 3
    rows = np.where(dead, 0.0, rows)
    reader = Reader(weights=reader.weights, moments=rows.T @ rows / 400, channels=reader.channels)
    ranking = importance.obs([reader], 5, 2)
    assert ranking.order[0] == 3
    assert ranking.cost[0] < 1e-2 * ranking.cost[1]


def test_inputs_from_elsewhere_help_but_never_go() -> None:
    rng = np.random.default_rng(6)
    reader, rows = random_reader(rng, 6, 1, 3)
    # Channel 0's input again, from another tensor: its removal can be made up for exactly.
    rows = np.concatenate([rows, rows[:, :1]], axis=1)
    weights = np.concatenate([reader.weights, np.zeros((1, 3))])
    both = Reader(
        weights=weights, moments=rows.T @ rows / 400, channels=np.append(reader.channels, -1)
    )
    ranking = importance.obs([both], 6, 5, damping=1e-9)
    assert ranking.order[0] == 0
    assert ranking.cost[0] < 1e-6
    assert sorted({*ranking.order.tolist()}) == sorted(ranking.order.tolist())
    assert -1 not in ranking.order


def test_very_wide_layers_are_ranked_tap_by_tap() -> None:
    rng = np.random.default_rng(7)
    reader, _ = random_reader(rng, 6, 4, 3)
    reader.weights[reader.channels == 2] *= 1e-3
    by_tap = importance.obs([reader], 6, 5, most_inputs=8)
    assert by_tap.order[0] == 2
    # What taps of one channel have in common is not seen then, so costs are others.
    assert not np.allclose(by_tap.cost, importance.obs([reader], 6, 5).cost, rtol=1e-3)


def test_l1_does_not_depend_on_the_scale_of_a_layer() -> None:
    rng = np.random.default_rng(8)
    one, two = rng.normal(size=(2, 9, 6))
    np.testing.assert_allclose(
        importance.l1([one, two]), importance.l1([one * 100, two]), rtol=1e-12
    )
    np.testing.assert_allclose(
        importance.l1([one]), np.abs(one).sum(axis=0) / np.abs(one).sum(axis=0).mean()
    )


def test_by_score_keeps_the_largest() -> None:
    ranking = importance.by_score(np.array([3.0, 1.0, 2.0, 1.0]))
    assert ranking.order.tolist() == [1, 3, 2, 0]
    assert ranking.kept(2, 4).tolist() == [0, 2]
    assert ranking.kept(4, 4).tolist() == [0, 1, 2, 3]
