"""IoU and Dice are scikit-learn's over all pixels; masks of every form; every refusal."""

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

N, SIZE, CLASSES = 12, 6, 3


def run(metric, output, truth, /, **said):
    spec = TensorSpec(
        name="out", shape=(1, *output.shape[1:]), dtype="float32", kind="mask", **said
    )
    samples = Samples(inputs={"x": np.arange(len(output))}, labels=np.asarray(truth))
    return measure(metric, {"out": output}, samples, Contract(inputs=(), outputs=(spec,)))


def on(metric, rows):
    [value] = recompute.compute(metric.statistic, np.array(metric.parts), rows[None])
    return value


def material(seed):
    rng = np.random.default_rng(seed)
    ids = rng.choice(CLASSES, (N, SIZE, SIZE), p=[0.8, 0.15, 0.05])
    ids[:, 0, :CLASSES] = np.arange(CLASSES)
    output = np.eye(CLASSES)[ids] + rng.normal(size=(N, SIZE, SIZE, CLASSES)) * 0.7
    return output, ids, rng


SCORES = {"mean_iou": sklearn_metrics.jaccard_score, "dice": sklearn_metrics.f1_score}


@pytest.mark.slow
@pytest.mark.parametrize("metric", SCORES)
@given(seed=st.integers(0, 10_000))
def test_it_is_scikit_learns_on_any_draw(metric, seed):
    output, ids, rng = material(seed)
    found = run(metric, output, ids)
    assert np.mean(found.raw) == pytest.approx(found.value)
    assert found.low < found.value < found.high
    for rows in (np.arange(N), rng.integers(0, N, N)):
        truth, predicted = ids[rows].ravel(), output[rows].argmax(-1).ravel()
        wanted = SCORES[metric](truth, predicted, average="macro")
        assert on(found, rows) == pytest.approx(wanted)
    assert on(found, np.arange(N)) == found.value


def test_masks_of_every_form_give_the_same():
    output, ids, _ = material(0)
    wanted = run("mean_iou", output, ids)
    for labels in (ids[..., None], ids.astype(np.float32), np.eye(CLASSES)[ids]):
        assert run("mean_iou", output, labels) == wanted


@pytest.mark.parametrize("metric", SCORES)
def test_a_mask_of_one_channel_is_judged_by_its_object(metric):
    output, ids, _ = material(1)
    value, truth = 1 / (1 + np.exp(1 - 2 * output[..., 1:2])), ids == 1
    found = run(metric, value, truth, activation="sigmoid")
    wanted = SCORES[metric](truth.ravel(), value.ravel() > 0.5)
    assert found.value == pytest.approx(wanted)
    assert run(metric, value, truth[..., None].astype(np.uint8)) == found
    assert run(metric, value[..., 0], truth) == found


def test_independent_channels_are_judged_each():
    rng = np.random.default_rng(2)
    truth = rng.random((N, SIZE, SIZE, 2)) < [0.5, 0.1]
    value = np.where(truth ^ (rng.random(truth.shape) < 0.1), 0.9, 0.2)
    wanted = np.mean([SCORES["mean_iou"](truth[..., i].ravel(), value[..., i].ravel() > 0.5)
                      for i in range(2)])  # fmt: skip
    assert run("mean_iou", value, truth, activation="sigmoid").value == pytest.approx(wanted)


def test_an_absent_class_does_not_count_and_void_pixels_are_left_out():
    output, ids, _ = material(3)
    ids[ids == 1] = 0
    found = run("mean_iou", output, ids, labels=("sky", "sea", "dog"))
    assert found.note == "over 2 of 3 classes: no label of sea"
    wanted = SCORES["mean_iou"](ids.ravel(), output.argmax(-1).ravel(), labels=[0, 2],
                                average="macro")  # fmt: skip
    assert found.value == pytest.approx(wanted)
    labels = ids.astype(np.uint8)
    labels[:, 3:] = 255
    void = run("mean_iou", output, labels)
    assert void.value == run("mean_iou", output[:, :3], ids[:, :3]).value
    assert "50 % of the pixels are labelled 255 and left out" in void.note


@pytest.mark.parametrize(
    ("shape", "labels", "words"),
    [
        ((N, 6, 6, 3), np.zeros((N, 3, 6), int), "size of output 'out', 6 x 6"),
        ((N, 6, 6, 3), np.full((N, 6, 6), 3), "from 0 to 2"),
        ((N, 6, 6, 3), np.full((N, 6, 6), np.nan), "finite"),
        ((N, 6, 6, 3), np.zeros((N, 6, 6, 2), int), "in the shape (12, 6, 6, 3)"),
        ((N, 6, 6, 3), np.full((N, 6, 6), "sky"), "numbers"),
        ((N, 6, 6, 1), np.full((N, 6, 6), 255), "divide them by 255"),
        ((N, 6, 6, 1), np.zeros((N, 6, 6), int), "No pixel is labelled"),
    ],
)
def test_masks_that_do_not_fit_are_refused(shape, labels, words):
    with pytest.raises(DataError) as caught:
        run("mean_iou", np.zeros(shape), labels)
    assert words in str(caught.value)


def test_outputs_that_are_no_masks_are_refused():
    with pytest.raises(UsageError, match="height, width"):
        run("dice", np.zeros((4, 3)), np.zeros(4, int))
