"""Samples that judge a pruned model, and how far its outputs are from the original's."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.compress.prune import holdout
from edgekit.compress.prune.layer_graph import Graph
from edgekit.core.errors import DataError
from edgekit.data.samples import Samples


def graph(*shapes: tuple[int | None, ...]) -> Graph:
    """Inputs `a`, `b`, ... of these shapes, and nothing behind them."""
    return Graph(
        nodes=(),
        inputs={name: n for n, name in enumerate("abc"[: len(shapes)])},
        outputs=tuple(range(len(shapes))),
        shapes=dict(enumerate(shapes)),
        dtypes=dict.fromkeys(range(len(shapes)), "float32"),
        readers={},
        nested=(),
    )


def samples(count: int) -> Samples:
    rows = np.arange(count, dtype=np.float32)
    return Samples(inputs={"a": np.stack([rows, rows + 0.5], axis=1)})


def test_a_fifth_judges_and_takes_no_part_in_the_fit() -> None:
    parts = holdout.divided(graph((None, 2)), samples(100), 50, np.random.default_rng(0))
    fit, hold, whole = (set(part["a"][:, 0]) for part in (parts.fit, parts.hold, parts.whole))
    assert (len(fit), len(hold), len(whole)) == (40, 10, 50)
    assert not fit & hold and fit | hold == whole
    again = holdout.divided(graph((None, 2)), samples(100), 50, np.random.default_rng(0))
    np.testing.assert_array_equal(parts.fit["a"], again.fit["a"])


def test_very_few_samples_do_both() -> None:
    parts = holdout.divided(graph((None, 2)), samples(19), 100, np.random.default_rng(0))
    np.testing.assert_array_equal(parts.fit["a"], parts.hold["a"])
    assert len(parts.fit["a"]) == 19


@pytest.mark.parametrize(
    ("inputs", "received"),
    [
        ({"b": np.ones((3, 2))}, "samples with b, without 'a'"),
        ({"a": np.ones((3, 4))}, "shape (3, 4)"),
        ({"a": np.ones((3, 2, 1))}, "shape (3, 2, 1)"),
        ({"a": np.ones((0, 2))}, "none in here"),
        ({"a": np.full((3, 2), np.nan)}, "NaN or infinity in the input 'a'"),
        ({"a": np.full((3, 2), np.inf)}, "NaN or infinity in the input 'a'"),
    ],
)
def test_samples_that_do_not_fit_are_refused(inputs: dict[str, np.ndarray], received: str) -> None:
    with pytest.raises(DataError) as caught:
        holdout.divided(
            graph((None, 2)), Samples(inputs=inputs, source="here"), 9, np.random.default_rng(0)
        )
    assert caught.value.received == received


def test_unknown_sizes_take_any() -> None:
    given = Samples(inputs={"a": np.ones((3, 7, 2), np.float32)})
    parts = holdout.divided(graph((None, None, 2)), given, 9, np.random.default_rng(0))
    assert parts.whole["a"].shape == (3, 7, 2)


def test_the_distance_of_probabilities_is_the_mean_root_of_their_divergence() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    q = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
    each = np.sqrt((p * np.log(p / q)).sum(axis=1))
    assert holdout.distance([p], [q]) == pytest.approx(each.mean())
    assert holdout.distance([p], [p]) == 0


def test_the_distance_of_values_does_not_depend_on_their_unit_or_their_mean() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(50, 3))
    b = a + rng.normal(size=a.shape) / 10
    wanted = np.linalg.norm(a - b) / np.linalg.norm(a - a.mean(axis=0))
    assert holdout.distance([a], [b]) == pytest.approx(wanted)
    assert holdout.distance([a * 50 + 7], [b * 50 + 7]) == pytest.approx(wanted)
    assert holdout.distance([a, a], [b, b]) == pytest.approx(2 * wanted)


def test_outputs_that_are_not_finite_are_infinitely_far() -> None:
    a = np.ones((4, 3))
    b = a.copy()
    b[0, 0] = np.nan
    assert holdout.distance([a], [b]) == np.inf


@pytest.mark.parametrize(
    ("values", "are"),
    [
        ([[0.5, 0.5]], True),
        ([[0.5, 0.6]], False),
        ([[1.5, -0.5]], False),
        ([[1.0]], False),  # one class tells nothing
        ([1.0, 0.0], False),
    ],
)
def test_what_is_a_distribution(values: list[object], are: bool) -> None:
    assert holdout.is_probabilities(np.array(values)) is are
