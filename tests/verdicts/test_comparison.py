"""Which evidence a metric is judged by, and what its loss is."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.core.records import Metric
from edgekit.verdicts import comparison
from edgekit.verdicts.bootstrap import Bootstrapped
from edgekit.verdicts.paired import Paired
from edgekit.verdicts.proportion import Proportion

RIGHT = (1.0,) * 36 + (0.0,) * 4


def accuracy(raw: tuple[float, ...] = RIGHT) -> Metric:
    return Metric(name="top1_accuracy", value=float(np.mean(raw)), raw=raw)


def error(*values: float, name: str = "mae") -> Metric:
    return Metric(name=name, value=float(np.mean(values)), better="lower", raw=values)


def test_right_and_wrong_are_judged_by_the_binomial_distribution() -> None:
    assert comparison.value(accuracy(), 40) == Proportion(successes=36, n=40)


def test_right_and_wrong_twice_are_judged_in_pairs() -> None:
    changed = (0.0, *RIGHT[1:38], 1.0, 1.0)
    assert comparison.loss(accuracy(changed), accuracy(), 40) == Paired(1, 2, 40)


def test_an_error_is_lost_as_a_fraction_of_the_reference() -> None:
    rng = np.random.default_rng(0)
    before = rng.uniform(1, 2, 50)
    lost = comparison.loss(error(*(before * 1.1)), error(*before), 50)
    assert isinstance(lost, Bootstrapped)
    assert lost.value == pytest.approx(0.1)
    assert lost.high == pytest.approx(0.1)  # whichever samples are drawn
    assert lost.hope == 0.0
    assert comparison.value(error(*before), 50).value == pytest.approx(before.mean())


def test_a_fraction_is_lost_as_a_difference() -> None:
    before = np.random.default_rng(0).uniform(0.5, 1.0, 50)
    metric = Metric(name="agreement@y", value=float(before.mean()), raw=tuple(before))
    after = Metric(name="agreement@y", value=float(before.mean()) - 0.1, raw=tuple(before - 0.1))
    assert comparison.loss(after, metric, 50).value == pytest.approx(0.1)


def test_a_metric_of_the_whole_is_computed_again_on_draws() -> None:
    whole = Metric(name="mine", value=3.0, statistic="whole")
    values = np.random.default_rng(0).uniform(2, 4, 40)
    calls = []

    def again(row: np.ndarray) -> float:
        calls.append(len(row))
        return float(values[row].mean())

    evidence = comparison.value(whole, 40, again)
    assert evidence.value == pytest.approx(values.mean())
    assert len(calls) < 1000  # each costs a call of somebody's own function


@pytest.mark.parametrize("statistic", ["average_precision", "eer"])
def test_the_draws_of_average_precisions_alone_are_stretched(statistic: str) -> None:
    rng = np.random.default_rng(0)
    classes = (rng.random(60) < 0.3).astype(float)
    parts = tuple(map(tuple, (rng.normal(size=60) + classes, classes)))
    metric = Metric(name=statistic, value=0.5, parts=parts, statistic=statistic)
    evidence = comparison.value(metric, 60)
    assert isinstance(evidence, Bootstrapped)
    assert (evidence.stretch > 1) == (statistic == "average_precision")


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match="values by sample"):
        comparison.value(Metric(name="mae", value=1.0), 40)
    with pytest.raises(DataError, match="fraction of the reference") as caught:
        comparison.loss(error(*[0.5] * 40), error(*[0.0] * 40), 40)
    assert "at_most" in str(caught.value.hint)


def test_the_same_values_are_the_same_measurement() -> None:
    assert comparison.same(accuracy(), accuracy())
    assert not comparison.same(accuracy(), accuracy(RIGHT[::-1]))
