"""Training brings a spoiled model back, keeps the best, and survives what may happen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgekit.compress.train.checkpoint import FILE
from edgekit.core.errors import DataError, EdgekitError, UsageError

pytestmark = pytest.mark.convert

WORKER = Path(__file__).parent / "fit_worker.py"


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


def test_labels_count_as_much_as_they_weigh(case: Any):
    # The labels are wrong on purpose: with all of the weight they make the answers wrong.
    right = case("with_labels_and_teacher")
    assert right["0.0"] > 0.9
    assert right["1.0"] < 0.1


def test_all_outputs_of_several_forms_are_learned(case: Any):
    result = case("several_outputs")
    assert result["errors"]["flags"] < 0.2 and result["errors"]["value"] < 0.2


@pytest.mark.parametrize("by_head", [False, True])
def test_several_outputs_take_no_labels(case: Any, by_head: bool):
    with pytest.raises(UsageError, match="several outputs"):
        case("several_outputs", distill=False, by_head=by_head)


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
        ("shape", DataError, r"must have the shape \(10, 10, 3\)"),
        ("nan", DataError, "finite numbers"),
        ("name", DataError, "inputs of .* must be image"),
        ("nan model", DataError, "before training begins"),
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
