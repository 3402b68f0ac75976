"""F1, average precision and equal error rate are scikit-learn's, on all samples and on any draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import Contract, TensorSpec
from edgekit.data.samples import Samples
from edgekit.measure.accuracy import measure
from edgekit.verdicts import recompute

N, TAGS = 80, 5
NAMES = ("ant", "bee", "cow", "dog", "elk")


def run(metric, output, truth, /, **said):
    spec = TensorSpec(name="out", shape=(1, *output.shape[1:]), dtype="float32", **said)
    samples = Samples(inputs={"x": np.arange(len(output))}, labels=np.asarray(truth))
    return measure(metric, {"out": output}, samples, Contract(inputs=(), outputs=(spec,)))


def on(metric, rows):
    [value] = recompute.compute(metric.statistic, np.array(metric.parts), rows[None])
    return value


def material(seed, ties=False):
    rng = np.random.default_rng(seed)
    labels = (rng.random((N, TAGS)) < [0.05, 0.2, 0.3, 0.5, 0.7]).astype(np.uint8)
    labels[0] = 1
    scores = 1 / (1 + np.exp(-2 * (labels - 0.5) - rng.normal(size=labels.shape)))
    return np.round(scores, 1 if ties else 6), labels, rng


def of_tags(metric, labels, scores):
    there = labels.any(axis=0)
    if metric == "average_precision":
        return sklearn_metrics.average_precision_score(labels[:, there], scores[:, there])
    average = metric.removeprefix("f1_")
    columns = there if average == "macro" else slice(None)
    return sklearn_metrics.f1_score(
        labels[:, columns], scores[:, columns] > 0.5, average=average, zero_division=0
    )


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["f1_macro", "f1_micro", "average_precision"])
@given(seed=st.integers(0, 10_000), ties=st.booleans())
def test_of_tags_it_is_scikit_learns_on_any_draw(metric, seed, ties):
    scores, labels, rng = material(seed, ties)
    found = run(metric, scores, labels, kind="tags", activation="sigmoid")
    assert found.value == pytest.approx(of_tags(metric, labels, scores))
    assert np.mean(found.raw) == pytest.approx(found.value)
    assert found.low < found.value < found.high
    for rows in (np.arange(N), rng.integers(0, N, N)):
        wanted = of_tags(metric, labels[rows], scores[rows])
        assert on(found, rows) == pytest.approx(wanted)


@pytest.mark.parametrize("form", [lambda ids: ids, lambda ids: np.eye(TAGS)[ids]])
def test_of_classes_it_is_scikit_learns(form):
    scores, _, rng = material(1)
    ids = np.where(rng.random(N) < 0.6, scores.argmax(1), rng.integers(0, TAGS, N))
    for average in ("macro", "micro"):
        wanted = sklearn_metrics.f1_score(ids, scores.argmax(1), average=average)
        found = run(f"f1_{average}", scores, form(ids), kind="classes")
        assert found.value == pytest.approx(wanted)
        assert on(found, np.arange(N)) == pytest.approx(wanted)
    wanted = sklearn_metrics.average_precision_score(np.eye(TAGS)[ids], scores)
    assert run("average_precision", scores, form(ids)).value == pytest.approx(wanted)


def test_of_positions_every_one_counts():
    rng = np.random.default_rng(0)
    scores, ids = rng.random((9, 4, 3)), rng.integers(0, 3, (9, 4))
    wanted = sklearn_metrics.f1_score(ids.ravel(), scores.argmax(-1).ravel(), average="macro")
    found = run("f1_macro", scores, ids)
    assert found.value == pytest.approx(wanted)
    assert on(found, np.arange(9)) == pytest.approx(wanted)
    with pytest.raises(UsageError, match="several positions"):
        run("average_precision", scores, ids)


def test_of_one_value_a_yes_is_judged():
    score, label = np.array([[0.9], [0.6], [0.4], [0.2]]), np.array([1, 0, 1, 0])
    for metric in ("f1_macro", "f1_micro"):
        assert run(metric, score, label, kind="binary").value == pytest.approx(0.5)
    logits = np.array([[3.0], [0.4], [0.3], [-2.0]])
    assert run("f1_macro", logits, label, activation="none").value == pytest.approx(0.8)
    assert run("average_precision", score, label).value == pytest.approx((1 + 2 / 3) / 2)


def test_a_class_without_label_does_not_count_and_is_named():
    scores, labels, _ = material(2)
    labels[:, 1] = 0
    there = [0, 2, 3, 4]
    for metric in ("f1_macro", "average_precision"):
        found = run(metric, scores, labels, kind="tags", labels=NAMES)
        assert found.note == "over 4 of 5 classes: no label of bee"
        rest = run(metric, scores[:, there], labels[:, there], kind="tags")
        assert (found.value, rest.note) == (pytest.approx(rest.value), "")
        assert on(found, np.arange(N)) == pytest.approx(found.value)
        assert np.mean(found.raw) == pytest.approx(found.value)


def test_one_labelled_tag_is_enough_and_none_is_refused():
    scores, labels, _ = material(3)
    labels[:, 1:] = 0
    found = run("f1_macro", scores, labels, kind="tags")
    wanted = sklearn_metrics.f1_score(labels[:, 0], scores[:, 0] > 0.5, zero_division=0)
    assert found.value == pytest.approx(wanted)
    with pytest.raises(DataError, match="No sample has a label"):
        run("f1_macro", scores, labels * 0, kind="tags")


@pytest.mark.slow
@given(seed=st.integers(0, 10_000), ties=st.booleans())
def test_equal_error_rate_is_where_the_curves_of_scikit_learn_cross(seed, ties):
    scores, labels, rng = material(seed, ties)
    score, label = scores[:, 3:4], labels[:, 3]
    label[:2] = 0, 1
    found = run("eer", score, label)
    assert found.better == "lower"
    assert 0 <= found.low <= found.value <= found.high <= 1

    def rate(rows):
        accepted, right, _ = sklearn_metrics.roc_curve(label[rows], score[rows, 0])
        fine = np.linspace(0, 1, 200_001)
        return fine[np.argmin(np.abs(fine - (1 - np.interp(fine, accepted, right))))]

    rows = np.concatenate([[0, 1], rng.integers(0, N, N)])
    assert found.value == pytest.approx(on(found, np.arange(N)), abs=1e-12)
    for one in (np.arange(N), rows):
        assert on(found, one) == pytest.approx(rate(one), abs=2e-5)


def test_equal_error_rate_of_ends():
    label = np.array([0, 0, 1, 1])
    assert run("eer", np.array([0.1, 0.2, 0.8, 0.9]), label).value == 0.0
    assert run("eer", np.array([0.9, 0.8, 0.2, 0.1]), label).value == 1.0
    assert run("eer", np.full(4, 0.5), label).value == 0.5
    with pytest.raises(DataError, match="both classes"):
        run("eer", np.array([0.1, 0.2, 0.8, 0.9]), label * 0)
    with pytest.raises(UsageError, match="one value or two classes"):
        run("eer", np.zeros((4, 3)), label)


def test_without_an_error_the_interval_is_no_point():
    labels = np.tile(np.eye(TAGS, dtype=np.uint8) + np.eye(TAGS, k=1, dtype=np.uint8) > 0, (8, 1))
    found = run("f1_macro", labels * 0.9, labels, kind="tags")
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 40))


@pytest.mark.parametrize(
    ("labels", "said", "words"),
    [
        (np.zeros((N, 3)), {"kind": "tags"}, "0 or 1 for each of 5 tags"),
        (np.zeros(N), {"kind": "tags"}, 'kind = "classes"'),
        (np.full((N, TAGS), 2), {"kind": "tags"}, "must be 0 or 1"),
        (np.full((N, TAGS), np.nan), {"kind": "tags"}, "must be finite"),
        (np.full(N, np.nan), {}, "must be finite"),
        (np.full(N, 7), {}, "from 0 to 4"),
        (np.zeros((N, 3)), {"kind": "classes"}, "ids of shape"),
        (np.array(["ant"] * N), {}, "names of the output"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, said, words):
    scores = material(4)[0]
    for metric in ("f1_macro", "average_precision"):
        with pytest.raises(DataError) as caught:
            run(metric, scores, labels, **said)
        assert words in str(caught.value)


def test_what_is_too_much_to_keep_is_drawn_from_the_outputs(monkeypatch):
    monkeypatch.setattr("edgekit.measure.by_sample._MOST_PARTS", 100)
    scores, labels, _ = material(5)
    found = run("f1_macro", scores, labels, kind="tags")
    assert (found.statistic, found.parts) == ("whole", ())
    assert found.low < found.value < found.high
    assert len(found.raw) == N
