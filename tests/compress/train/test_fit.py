"""Training brings a spoiled model back, keeps the best, and survives what may happen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.compress.train.checkpoint import FILE, State, load_state, save_state
from edgekit.core.errors import DataError, EdgekitError, ModelError, UsageError

pytestmark = pytest.mark.convert

WORKER = Path(__file__).parent / "fit_worker.py"


@pytest.fixture(scope="module")
def case(start_cases: Callable[[Path], Any]) -> Any:
    return start_cases(WORKER)


def test_distillation_brings_a_spoiled_model_back_without_labels(case: Any):
    result = case("distil")
    teacher, before, after = result["right"]
    assert teacher > 0.95 and before < 0.8
    assert after > 0.95
    assert result["best_loss"] < result["first_loss"] / 5
    assert (result["num_samples"], result["num_validation"]) == (80, 20)
    assert result["epochs"] == 8 and not result["stopped"]
    assert result["lines"][-1].startswith("epoch 8/8: loss ")
    # The teacher is as it was, and the student can be saved without an optimizer.
    assert result["teacher_same"]
    assert [i for i, free in enumerate(result["teacher_trainable"]) if not free] == [2]
    assert not result["student_compiled"]
    assert result["momentum"] == 0.99  # lowered while it was trained


@pytest.mark.parametrize(
    ("labels", "ending"),
    [
        ("ids", "softmax"),
        ("column", "softmax"),
        ("one_hot", "softmax"),
        ("ids", None),
        ("ids", "sigmoid"),
        ("one_hot", "sigmoid"),
    ],
)
def test_labels_of_every_form_are_learned(case: Any, labels: str, ending: str | None):
    assert case("labelled", labels=labels, ending=ending)["right"] > 0.9


def test_labels_count_as_much_as_they_weigh(case: Any):
    # The labels are wrong on purpose: with all of the weight they make the answers wrong.
    right = case("with_labels_and_teacher")
    assert right["0.0"] > 0.9
    assert right["1.0"] < 0.1


def test_all_outputs_of_several_forms_are_learned(case: Any):
    result = case("several_outputs")
    assert result["errors"]["flags"] < 0.2 and result["errors"]["value"] < 0.2


def test_several_outputs_take_no_labels(case: Any):
    with pytest.raises(UsageError, match="several outputs"):
        case("several_outputs", distill=False)


def test_the_result_is_never_worse_than_the_start(case: Any):
    result = case("never_worse")
    assert result["best_epoch"] == 0 and result["same"]
    assert result["best_loss"] == result["first_loss"]
    assert result["epochs"] == 2 and "no better for 2 epochs" in result["stopped"]


def test_a_loss_that_is_no_number_stops_and_keeps_the_best(case: Any):
    result = case("loss_becomes_nan", epoch=3)
    assert "nan in epoch 4" in result["stopped"]
    assert result["epochs"] == 3 and result["best_epoch"] > 0
    assert result["finite"] and result["best_loss"] < result["first_loss"]


def test_nan_in_the_first_epoch_leaves_the_start(case: Any):
    result = case("loss_becomes_nan", epoch=0)
    assert result["best_epoch"] == 0 and result["finite"]


@pytest.mark.parametrize(
    ("what", "kind", "rule"),
    [
        ("shape", DataError, r"has the shape \(10, 10, 3\)"),
        ("nan", DataError, "finite numbers"),
        ("name", DataError, "inputs of .* must be image"),
        ("nan model", DataError, "before training begins"),
        ("shared", ModelError, "must not share a layer"),
        ("other outputs", ModelError, "same inputs and outputs"),
        ("other inputs", ModelError, "same inputs and outputs"),
        ("frozen", ModelError, "no weights that training can change"),
        ("teacher", UsageError, "needs a teacher"),
        ("rate", UsageError, "learning_rate"),
        ("epochs=0", UsageError, "epochs"),
        ("batch_size=0", UsageError, "batch_size"),
        ("patience=0", UsageError, "patience"),
        ("validation=1.0", UsageError, "validation"),
        ("label_weight=1.5", UsageError, "label_weight"),
    ],
)
def test_what_cannot_be_trained_is_refused(
    case: Any, what: str, kind: type[EdgekitError], rule: str
):
    with pytest.raises(kind, match=rule):
        case("bad", what=what)


@pytest.mark.parametrize(
    ("labels", "rule"),
    [
        ("outside", "Class ids must be from 0 to 2"),
        ("negative", "Class ids must be from 0 to 2"),
        ("names", "must be numbers"),
        ("nan", "finite"),
        ("pairs", "have the output's shape"),
        ("none", "needs labels"),
    ],
)
def test_labels_that_do_not_fit_are_refused(case: Any, labels: str, rule: str):
    with pytest.raises(DataError, match=rule) as caught:
        case("labelled", labels=labels)
    assert caught.value.hint or labels == "nan"


def test_the_form_of_an_output_is_what_ends_the_model(case: Any):
    assert case("forms") == {
        "dense": "values",
        "softmax": "softmax",
        "layer": "softmax",
        "op": "softmax",
        "other axis": "values",
        "nested": "softmax",
        "passed on": "sigmoid",
        "reshaped": "values",
        "sigmoid": "sigmoid",
        "tanh": "values",
    }


def test_losses_are_the_divergences_that_they_are_named_after(case: Any):
    got = case("divergences")
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    q = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])

    def kl(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean(np.sum(a * np.log(a / b), axis=-1)))

    warm = [np.sqrt(v) / np.sqrt(v).sum(-1, keepdims=True) for v in (p, q)]
    assert got["softmax"] == pytest.approx(kl(p, q), rel=1e-4)
    assert got["warm"] == pytest.approx(4 * kl(*warm), rel=1e-4)
    assert got["same"] == pytest.approx(0, abs=1e-6)
    each = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    assert got["sigmoid"] == pytest.approx(each.mean(), rel=1e-4)
    assert got["values"] == pytest.approx(np.mean((p - q) ** 2) / 4, rel=1e-5)
    assert np.isfinite(got["certain"]) and got["certain"] > 10


def test_a_killed_training_goes_on_to_the_same_weights(case: Any, tmp_path: Path):
    folder = tmp_path / "checkpoint"
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"folder": str(folder), "slow": True}))
    command = [sys.executable, str(WORKER), str(request)]
    # The same arithmetic as the other child's: oneDNN rounds otherwise.
    env = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("epoch 2/6: loss"):
                break
        child.send_signal(signal.SIGKILL)  # in the middle of the third epoch
    assert child.returncode == -signal.SIGKILL
    assert [path.name for path in folder.iterdir()] == [FILE]
    resumed = case("resumable", folder=str(folder))
    whole = case("resumable", folder=None)
    assert resumed["resumed_from"] == 2 and resumed["epochs"] == 6
    assert whole["resumed_from"] == 0
    assert resumed["best_loss"] == whole["best_loss"]
    assert resumed["weights"] == whole["weights"]
    # A run that had ended gives its result again, without training.
    again = case("resumable", folder=str(folder))
    assert again["resumed_from"] == 6 and again["weights"] == whole["weights"]
    # Another training does not go on from it.
    other = case("resumable", folder=str(folder), key="another", epochs=1)
    assert other["resumed_from"] == 0


def test_a_damaged_or_foreign_checkpoint_is_no_checkpoint(tmp_path: Path):
    state = State(epoch=2, weights=[np.ones((2, 3))], best=[np.zeros(4)], losses=[1.0, 0.5])
    state.best_epoch, state.stopped = 1, "done"
    (tmp_path / f".{FILE}.abc.part").write_bytes(b"half")
    save_state(tmp_path, "key", state)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    got = load_state(tmp_path, "key")
    assert got is not None
    assert (got.epoch, got.best_epoch, got.losses, got.stopped) == (2, 1, [1.0, 0.5], "done")
    assert np.array_equal(got.weights[0], state.weights[0])
    assert load_state(tmp_path, "other key") is None
    whole = (tmp_path / FILE).read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"PK" + whole[2:50]):
        (tmp_path / FILE).write_bytes(damaged)
        assert load_state(tmp_path, "key") is None
    assert load_state(tmp_path / "absent", "key") is None
