"""Metrics of many draws at once are those that measure/ computes of all samples."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import UsageError
from edgekit.core.records import TensorSpec
from edgekit.measure import accuracy, fidelity
from edgekit.verdicts.recompute import MOST_DB, compute, strata

N = 60


def spec():
    return TensorSpec(name="out", shape=(1, 1), dtype="float32")


def rows_of(rng, n=N, count=5):
    return rng.integers(0, n, (count, n))


def everything(n=N):
    return np.arange(n)[None]


def squares(reference, candidate):
    """Signal and noise of each sample."""
    axes = tuple(range(1, reference.ndim))
    return [(reference**2).sum(axis=axes), ((reference - candidate) ** 2).sum(axis=axes)]


def products(reference, candidate):
    pairs = ((reference, candidate), (reference, reference), (candidate, candidate))
    return [(a * b).sum(axis=tuple(range(1, a.ndim))) for a, b in pairs]


@pytest.mark.slow
@given(st.integers(0, 10_000))
def test_means_are_those_of_measure(seed):
    rng = np.random.default_rng(seed)
    output, labels = rng.normal(size=(N, 1)), rng.normal(size=(N, 1))
    errors = np.abs(output - labels)[:, 0]
    mae = accuracy.mae(output, labels, spec()).value
    rmse = accuracy.rmse(output, labels, spec()).value
    assert compute("mean", errors[None], everything()) == pytest.approx([mae])
    assert compute("root_mean", errors[None] ** 2, everything()) == pytest.approx([rmse])
    rows = rows_of(rng)
    wanted = [accuracy.rmse(output[row], labels[row], spec()).value for row in rows]
    assert compute("root_mean", errors[None] ** 2, rows) == pytest.approx(wanted)


@given(st.integers(0, 10_000), st.booleans())
def test_areas_are_those_of_measure(seed, tied):
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.repeat([0, 1], [N // 3, N - N // 3]))
    score = rng.random(N) if not tied else rng.integers(0, 4, N) / 4
    rows = np.concatenate([everything(), rows_of(rng)])
    rows = rows[[len(set(classes[row])) == 2 for row in rows]]
    wanted = [accuracy.auc(score[row][:, None], classes[row], spec()).value for row in rows]
    assert compute("auc", np.stack([score, classes]), rows) == pytest.approx(wanted, abs=1e-12)


@given(st.integers(0, 10_000), st.integers(1, 3))
def test_fidelity_is_that_of_measure(seed, outputs):
    rng = np.random.default_rng(seed)
    reference = {f"o{i}": rng.normal(size=(N, 2, 3)) for i in range(outputs)}
    candidate = {
        name: array + 0.01 * (i + 1) * rng.normal(size=array.shape)
        for i, (name, array) in enumerate(reference.items())
    }
    pairs = [(reference[name], candidate[name]) for name in reference]
    whole = {metric.name: metric for metric in fidelity.compare(reference, candidate)}
    for name in ("sqnr_db", "pooled_sqnr_db", "cosine"):
        metric = whole[name]
        [found] = compute(metric.statistic, np.array(metric.parts), everything())
        assert found == pytest.approx(metric.value)
    signal, noise = np.array(whole["sqnr_db"].parts).reshape(-1, 2, N).swapaxes(0, 1)
    for row in rows_of(rng):
        ratios = [fidelity.sqnr_db(a[row], b[row]) for a, b in pairs]
        angles = [fidelity.cosine(a[row], b[row]) for a, b in pairs]
        squared = np.stack([column for pair in pairs for column in squares(*pair)])
        angle = np.stack([column for pair in pairs for column in products(*pair)])
        assert compute("sqnr_db", squared, row[None]) == pytest.approx([min(ratios)])
        assert compute("cosine", angle, row[None]) == pytest.approx([min(angles)])
        worst = 10 * np.log10(signal[:, row].sum(axis=1) / noise[:, row].sum(axis=1))
        parts = np.array(whole["sqnr_db"].parts)
        assert compute("sqnr_db", parts, row[None]) == pytest.approx([worst.min()])


@pytest.mark.parametrize(
    ("reference", "candidate", "decibels", "cosine"),
    [(1.0, 1.0, math.inf, 1.0), (0.0, 0.0, math.inf, 1.0), (0.0, 1.0, -math.inf, 0.0)],
)
def test_what_has_no_noise_or_no_signal_is_finite(reference, candidate, decibels, cosine):
    a, b = np.full((N, 2), reference), np.full((N, 2), candidate)
    assert fidelity.sqnr_db(a, b) == decibels
    assert fidelity.cosine(a, b) == pytest.approx(cosine)
    [found] = compute("sqnr_db", np.stack(squares(a, b)), everything())
    assert found == math.copysign(MOST_DB, decibels)
    assert compute("cosine", np.stack(products(a, b)), everything()) == pytest.approx([cosine])


def test_an_area_of_one_class_is_no_number():
    parts = np.stack([np.arange(4.0), [0, 0, 1, 1]])
    found = compute("auc", parts, np.array([[0, 1, 2, 3], [0, 0, 1, 1], [2, 2, 3, 3]]))
    assert found[0] == 1.0
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize("statistic", ["auc", "eer"])
def test_areas_are_drawn_by_class(statistic):
    parts = np.stack([np.arange(4.0), [0, 0, 1, 1]])
    assert strata(statistic, parts).tolist() == [0, 0, 1, 1]


def test_what_few_samples_have_is_drawn_by_whether_they_have_it():
    """Of one class: a draw without any would have no value. Means over several need not be."""
    few, most, none = (np.array([*row, 0.0, 0.0, 0.0]) for row in ([2, 0], [1, 1], [0, 0]))
    for statistic in ("f1", "iou"):
        assert strata(statistic, np.stack([few, few, few])).tolist() == [1, 0, 0, 0, 0]
        assert strata(statistic, np.stack([few] * 6)) is None
        assert strata(statistic, np.stack([few, few, none])) is None
        assert strata(statistic, np.stack([few, few, most + 1])) is None
    assert strata("average_precision", np.stack([most, few])).tolist() == [1, 0, 0, 0, 0]
    assert strata("average_precision", np.stack([most, few] * 2)) is None
    assert strata("mean", few[None]) is None


def test_ratios_and_shares_of_variance_are_those_of_their_sums():
    errors, lengths = np.array([1.0, 0, 2]), np.array([4.0, 5, 1])
    assert compute("ratio", np.stack([errors, lengths]), everything(3)) == pytest.approx([0.3])
    targets = np.array([1e9, 1e9 + 1, 1e9 + 2])
    rows = np.array([[0, 1, 2], [1, 1, 1]])
    found = compute("r2", np.stack([errors, targets]), rows)
    assert found[0] == pytest.approx(1 - 3 / 2)
    assert np.isnan(found[1])  # targets that do not vary have no variance to share


def test_an_unknown_statistic_names_the_nearest():
    with pytest.raises(UsageError, match="cosine"):
        compute("cosin", np.ones((3, 4)), everything(4))
