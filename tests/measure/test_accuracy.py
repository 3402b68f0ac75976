"""Metrics against scikit-learn and by hand; labels of every form; every refusal."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import Contract, TensorSpec
from edgekit.data.samples import Samples
from edgekit.measure.accuracy import METRICS, measure
from edgekit.measure.intervals import wilson

RNG = np.random.default_rng(0)
NAMES = ("ant", "bee", "cow", "dog", "elk", "fox", "gnu")


def contract(*shapes, labels=(), activation=None, names=("out", "other")):
    return Contract(
        inputs=(),
        outputs=tuple(
            TensorSpec(
                name=name, shape=shape, dtype="float32", labels=labels, activation=activation
            )
            for name, shape in zip(names, shapes, strict=False)
        ),
    )


def run(metric, output, truth, /, **said):
    truth = None if truth is None else np.asarray(truth)
    samples = Samples(inputs={"x": np.arange(len(output))}, labels=truth)
    shape = (1, *output.shape[1:])
    return measure(metric, {"out": output}, samples, contract(shape, **said))


SCORES = RNG.normal(size=(200, 7)).astype(np.float32)
IDS = np.where(RNG.random(200) < 0.6, SCORES.argmax(1), RNG.integers(0, 7, 200))


def test_top1_of_known_values():
    output = np.array([[0.1, 0.9], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])
    found = run("top1_accuracy", output, [1, 0, 1, 1])
    assert found.raw == (1, 1, 0, 1)
    assert found.value == 0.75
    assert (found.low, found.high) == wilson(3, 4)
    assert (found.name, found.better) == ("top1_accuracy", "higher")


@pytest.mark.parametrize(("metric", "k"), [("top1_accuracy", 1), ("top5_accuracy", 5)])
def test_topk_is_scikit_learns(metric, k):
    wanted = sklearn_metrics.top_k_accuracy_score(IDS, SCORES, k=k)
    assert run(metric, SCORES, IDS).value == pytest.approx(wanted)


@pytest.mark.parametrize(
    "labels",
    [
        IDS[:, None],
        IDS.astype(np.float32),
        IDS.astype(np.uint8),
        np.eye(7)[IDS],
        np.array(NAMES)[IDS],
        np.array(NAMES)[IDS].astype("S"),
    ],
    ids=["column", "float", "uint8", "one-hot", "names", "bytes"],
)
def test_labels_of_every_form_give_the_same(labels):
    assert run("top1_accuracy", SCORES, labels, labels=NAMES) == run("top1_accuracy", SCORES, IDS)


def test_ties_go_to_the_first_as_in_argmax():
    output = np.array([[0.5, 0.5, 0.0]] * 3)
    assert run("top1_accuracy", output, [0, 1, 2]).raw == (1, 0, 0)
    assert run("top5_accuracy", np.zeros((7, 7)), np.arange(7)).raw == (1, 1, 1, 1, 1, 0, 0)


def test_one_value_is_cut_at_a_half_or_at_zero():
    value = np.array([[0.2], [0.6], [0.4], [0.9]])
    assert run("top1_accuracy", value, [0, 1, 1, 1]).raw == (1, 1, 0, 1)
    assert run("top1_accuracy", value[:, 0], [0, 1, 1, 1]).raw == (1, 1, 0, 1)
    assert run("top1_accuracy", value, [0, 1, 1, 1], activation="none").raw == (0, 1, 1, 1)
    logits = np.array([[-3.0], [0.4]])
    assert run("top1_accuracy", logits, [0, 1]).raw == (1, 1)


def test_segmentation_is_judged_by_position():
    ids = RNG.integers(0, 3, (5, 4, 4))
    wrong = ids.copy()
    wrong[0, 0, :2] = (wrong[0, 0, :2] + 1) % 3
    found = run("top1_accuracy", np.eye(3)[wrong], ids)
    assert found.raw == (14 / 16, 1, 1, 1, 1)
    assert found.low < found.value < found.high
    assert run("top1_accuracy", np.eye(3)[wrong], np.eye(3)[ids]) == found


@pytest.mark.parametrize("shape", [(50,), (50, 1), (50, 3, 2)])
def test_errors_are_scikit_learns(shape):
    output, labels = RNG.normal(size=shape), RNG.normal(size=shape)
    flat = labels.ravel(), output.ravel()
    absolute, root = run("mae", output, labels), run("rmse", output, labels)
    assert absolute.value == pytest.approx(sklearn_metrics.mean_absolute_error(*flat))
    assert root.value == pytest.approx(sklearn_metrics.root_mean_squared_error(*flat))
    for found in (absolute, root):
        assert found.better == "lower"
        assert len(found.raw) == 50
        assert found.low < found.value < found.high


def test_columns_are_not_broadcast_against_rows():
    output = np.arange(4.0)[:, None]
    assert run("mae", output, np.arange(4)).value == 0
    assert run("rmse", output, np.arange(4)).value == 0
    with pytest.raises(DataError, match="shape of output"):
        run("mae", np.ones((4, 3)), np.arange(4))
    with pytest.raises(DataError, match="must be numbers"):
        run("mae", output, np.array(list("abcd")))


def test_auc_is_scikit_learns_with_ties():
    truth = RNG.integers(0, 2, 300)
    score = np.round(truth * 0.8 + RNG.normal(size=300), 1)
    wanted = sklearn_metrics.roc_auc_score(truth, score)
    found = run("auc", score, truth)
    assert found.value == pytest.approx(wanted)
    assert run("auc", np.stack([-score, score], axis=1), truth).value == pytest.approx(wanted)
    assert run("auc", score[:, None], truth.astype(bool)).value == pytest.approx(wanted)


def test_auc_interval_is_delongs_by_pairs():
    truth = np.array([0, 0, 0, 0, 1, 1, 1])
    score = np.array([0.1, 0.4, 0.35, 0.6, 0.5, 0.8, 0.35])
    wins = (score[4:, None] > score[:4]) + 0.5 * (score[4:, None] == score[:4])
    variance = wins.mean(1).var(ddof=1) / 3 + wins.mean(0).var(ddof=1) / 4
    found = run("auc", score, truth)
    assert found.value == pytest.approx(wins.mean())
    assert found.low == pytest.approx(wins.mean() - 1.959964 * np.sqrt(variance), abs=1e-6)
    assert found.high == 1.0


def test_auc_interval_covers():
    covered = []
    for _ in range(400):
        score = np.concatenate([RNG.normal(0, 1, 60), RNG.normal(1, 1, 40)])
        found = run("auc", score, np.repeat([0, 1], [60, 40]))
        covered.append(found.low <= 0.76025 <= found.high)  # Phi(1 / sqrt(2))
    assert 0.91 < np.mean(covered) < 0.985


def test_auc_of_a_perfect_separation_is_not_certain():
    found = run("auc", np.arange(20.0), np.repeat([0, 1], 10))
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(0.025**0.1)
    worst = run("auc", -np.arange(20.0), np.repeat([0, 1], 10))
    assert (worst.low, worst.high) == pytest.approx((0, 1 - 0.025**0.1))


def test_auc_of_a_paired_difference_is_delongs():
    truth = np.repeat([0, 1], [80, 40])
    one = truth + RNG.normal(size=120)
    two = one + 0.3 * RNG.normal(size=120)
    difference = np.subtract(run("auc", one, truth).raw, run("auc", two, truth).raw)

    def placements(score):
        wins = (score[80:, None] > score[:80]).astype(float)
        return wins.mean(1), wins.mean(0)

    (a1, b1), (a2, b2) = placements(one), placements(two)
    wanted = (a1 - a2).var() / 40 + (b1 - b2).var() / 80
    found = np.mean((difference - difference.mean()) ** 2) / 120
    # The two differ by the squared difference of the AUCs, times (1/m + 1/n - 2/(m+n)).
    assert found == pytest.approx(wanted, rel=0.02)


@given(st.integers(0, 10**6))
def test_the_mean_of_raw_is_the_value(seed):
    rng = np.random.default_rng(seed)
    truth = np.arange(12) % 2
    output = rng.normal(size=(12, 2))
    for metric in ("top1_accuracy", "auc"):
        found = run(metric, output, truth)
        assert np.mean(found.raw) == pytest.approx(found.value)
    for metric in ("mae", "rmse"):
        found = run(metric, output, rng.normal(size=(12, 2)))
        assert np.mean(found.raw) == pytest.approx(found.value)


@pytest.mark.parametrize(
    ("metric", "output", "labels", "message"),
    [
        ("top1_accuracy", SCORES, IDS + 1, "subtract 1"),
        ("top1_accuracy", SCORES, IDS - 1, "from 0 to 6"),
        ("top1_accuracy", SCORES, IDS + 0.5, "whole numbers"),
        ("top1_accuracy", SCORES, SCORES, "one-hot"),
        ("top1_accuracy", SCORES, np.zeros((200, 3)), "one-hot of shape"),
        ("top1_accuracy", SCORES, np.array(["ant"] * 200), "need the names"),
        ("auc", SCORES[:, 0], np.ones(200), "both classes"),
        ("auc", SCORES[:, 0], np.full(200, 2), "from 0 to 1"),
        ("mae", SCORES, None, "needs labels"),
    ],
)
def test_labels_that_do_not_fit(metric, output, labels, message):
    with pytest.raises(DataError, match=message):
        run(metric, output, labels)


def test_an_unknown_label_name_is_named():
    labels = np.array(["ant"] * 199 + ["beee"])
    with pytest.raises(DataError, match="'beee' in sample 199") as caught:
        run("top1_accuracy", SCORES, labels, labels=NAMES)
    assert caught.value.hint == "did you mean 'bee'?"


def test_metrics_that_do_not_suit_the_output():
    with pytest.raises(UsageError, match="more than 5 classes"):
        run("top5_accuracy", SCORES[:, :5], IDS)
    with pytest.raises(UsageError, match="two classes"):
        run("auc", SCORES, IDS)
    with pytest.raises(UsageError, match="module:function") as caught:
        run("top1_acuracy", SCORES, IDS)
    assert caught.value.hint == "did you mean 'top1_accuracy'?"


def test_nan_in_outputs_is_an_error_not_a_wrong_answer():
    output = SCORES.copy()
    output[17, 3] = np.nan
    with pytest.raises(DataError, match="first in sample 17"):
        run("top1_accuracy", output, IDS)


def test_outputs_and_samples_belong_together():
    samples = Samples(inputs={"x": np.arange(3)}, labels=np.arange(3))
    with pytest.raises(DataError, match="a row for each of 3"):
        measure("mae", {"out": np.ones(4)}, samples, contract((1, 1)))
    with pytest.raises(DataError, match="those of the contract"):
        measure("mae", {"odd": np.ones(3)}, samples, contract((1, 1)))


def test_several_outputs_need_a_choice():
    samples = Samples(inputs={"x": np.arange(200)}, labels=IDS)
    both = {"out": SCORES[:, :1], "other": SCORES}
    said = contract((1, 1), (1, 7))
    with pytest.raises(UsageError, match="must name its output") as caught:
        measure("top1_accuracy", both, samples, said)
    assert "top1_accuracy@out" in caught.value.hint
    found = measure("top1_accuracy@other", both, samples, said)
    assert found.name == "top1_accuracy@other"
    assert found.raw == run("top1_accuracy", SCORES, IDS).raw
    with pytest.raises(UsageError, match="did you mean 'other'"):
        measure("top1_accuracy@othr", both, samples, said)


def by_sample(outputs, labels, inputs):
    return np.abs(outputs["out"][:, 0] - labels) + inputs["x"]


by_sample.better = "lower"
by_sample.unit = "cents"


def one_number(outputs):
    return float(outputs["out"].mean())


def as_a_flag(outputs, labels):
    return outputs["out"].argmax(1) == labels


def nonsense(outputs, labels, inputs):
    return np.ones(3)


def undefined(outputs):
    return float("nan")


def failing(outputs, labels):
    return {}["missing"]


@pytest.fixture
def own(monkeypatch):
    """This module under a name that `module:function` can spell."""
    monkeypatch.setitem(sys.modules, "own_metrics", sys.modules[__name__])
    return "own_metrics:{}".format


def test_a_function_by_sample(own):
    found = run(own("by_sample"), SCORES, IDS)
    wanted = np.abs(SCORES[:, 0] - IDS) + np.arange(200)
    np.testing.assert_allclose(found.raw, wanted)
    assert (found.name, found.better, found.unit) == ("own_metrics:by_sample", "lower", "cents")
    assert found.low < found.value < found.high
    assert found.note == ""
    assert run(own("as_a_flag"), SCORES, IDS).raw == run("top1_accuracy", SCORES, IDS).raw


def test_a_function_with_one_number_has_no_interval_and_says_so(own):
    found = run(own("one_number"), SCORES, None)
    assert found.value == pytest.approx(float(SCORES.mean()))
    assert (found.low, found.high, found.raw) == (None, None, ())
    assert "no interval" in found.note


def test_functions_that_fail(own):
    with pytest.raises(DataError, match="one for each of 200"):
        run(own("nonsense"), SCORES, IDS)
    with pytest.raises(DataError, match="finite"):
        run(own("undefined"), SCORES, IDS)
    with pytest.raises(DataError, match="KeyError: 'missing'"):
        run(own("failing"), SCORES, IDS)
    with pytest.raises(DataError, match="no function 'by_samples'"):
        run(own("by_samples"), SCORES, IDS)


def test_every_metric_of_the_table_is_there():
    binary = np.arange(8) % 2
    targets = np.stack([1 - binary, binary] + [binary * 0] * 5, axis=1)
    images = RNG.random((8, 12, 12, 1))
    ids = RNG.integers(0, 7, (8, 5))
    material = {
        **dict.fromkeys(("auc", "eer"), (SCORES[:8, :2], binary)),
        **dict.fromkeys(("mean_iou", "dice"), (images, images > 0.3)),
        **dict.fromkeys(("psnr", "ssim", "si_sdr", "mape"), (images, images**2 + 0.1)),
        **dict.fromkeys(("wer", "cer"), (ids, ids[::-1])),
    }
    for name in METRICS:
        if name.startswith("map_"):
            continue  # tests/measure/detection
        found = run(name, *material.get(name, (SCORES[:8], targets)))
        assert found.name == name
        assert (found.raw or found.parts) and found.low <= found.value <= found.high


def test_measuring_imports_neither_scipy_nor_pillow():
    code = (
        "import sys, edgekit.measure.accuracy, edgekit.measure.fidelity, edgekit.data.sources;"
        "import edgekit.data.synthetic;"
        "print([m for m in ('scipy', 'PIL', 'tensorflow', 'soundfile') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
