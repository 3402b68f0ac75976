"""R2 and MAPE are scikit-learn's, on all samples and on any draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from edgekit.core.errors import DataError
from edgekit.core.records import Contract, TensorSpec
from edgekit.data.samples import Samples
from edgekit.measure.accuracy import measure
from edgekit.verdicts import recompute

N = 60


def run(metric, output, truth, /, **said):
    spec = TensorSpec(name="out", shape=(1, *output.shape[1:]), dtype="float32", **said)
    samples = Samples(inputs={"x": np.arange(len(output))}, labels=np.asarray(truth))
    return measure(metric, {"out": output}, samples, Contract(inputs=(), outputs=(spec,)))


@pytest.mark.slow
@given(seed=st.integers(0, 10_000), columns=st.integers(1, 3), offset=st.sampled_from((0, 1e6)))
def test_r2_is_scikit_learns_on_any_draw(seed, columns, offset):
    rng = np.random.default_rng(seed)
    target = offset + rng.normal(size=(N, columns)) * [[1, 5, 20][:columns]]
    output = target + rng.normal(size=target.shape) * 0.7
    found = run("r2", output, target)
    assert found.value == pytest.approx(sklearn_metrics.r2_score(target, output))
    assert np.mean(found.raw) == pytest.approx(found.value)
    assert found.low < found.value < found.high <= 1
    for rows in (np.arange(N), rng.integers(0, N, N)):
        [again] = recompute.compute("r2", np.array(found.parts), rows[None])
        wanted = sklearn_metrics.r2_score(target[rows], output[rows])
        assert again == pytest.approx(wanted, rel=1e-6)


def test_r2_may_be_below_zero_and_leaves_out_what_does_not_vary():
    target = np.stack([np.arange(8.0), np.ones(8)], axis=1)
    found = run("r2", -target, target, labels=("price", "one"))
    assert found.value < 0 and found.low < 0
    assert found.note == "over 1 of 2 columns: the same target always in one"
    with pytest.raises(DataError, match="targets that vary"):
        run("r2", target[:, 1], target[:, 1])


@given(seed=st.integers(0, 10_000))
def test_mape_is_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    target = rng.choice([-3.0, 2.0, 100.0], (9, 2))
    output = target + rng.normal(size=target.shape)
    found = run("mape", output, target)
    wanted = sklearn_metrics.mean_absolute_percentage_error(target, output)
    assert found.value == pytest.approx(wanted) == pytest.approx(np.mean(found.raw))
    assert found.better == "lower"


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([[1.0, 0.0]] * 4), "cannot be of targets that are 0"),
        (np.full((4, 2), np.nan), "must be finite"),
        (np.ones((4, 3)), "shape of output"),
        (np.array(["a"] * 4), "must be numbers"),
    ],
)
def test_targets_that_do_not_fit_are_refused(labels, words):
    with pytest.raises(DataError, match=words):
        run("mape", np.ones((4, 2)), labels)
