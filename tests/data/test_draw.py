"""Samples that judge are never trained on, wherever they come from."""

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.core.records import Contract, TensorSpec
from edgekit.data import draw, split
from edgekit.data.export_messages import DrawRequest
from edgekit.data.samples import Samples

CONTRACT = Contract(
    inputs=(TensorSpec(name="x", shape=(1, 3), dtype="float32"),),
    outputs=(TensorSpec(name="y", shape=(1, 2), dtype="float32"),),
)


def request(folder, **changes):
    fixed = {"calibration": None, "golden_samples": 4, "calibration_samples": 30, "judges": 6}
    return DrawRequest(
        golden_out=folder / "g.npz",
        calibration_out=folder / "c.npz",
        training_out=folder / "t.npz",
        **(fixed | changes),
    )


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "data.npz"
    np.savez(path, x=rng.normal(size=(60, 3)).astype(np.float32), y=np.arange(60) % 2)
    return str(path)


def rows(samples):
    return set(samples.digests())


def test_one_source_serves_all_and_what_judges_is_not_trained_on(data, tmp_path):
    asked = request(tmp_path, calibration=data, training=data)
    drawn = draw.draw(CONTRACT, asked, {})
    fit, held = split.held_back(drawn.calibration, 0)
    judges = held.take(range(6))
    assert len(drawn.training) == 60 - len(drawn.golden) - 6
    assert not rows(drawn.training) & (rows(drawn.golden) | rows(judges))
    assert rows(fit) <= rows(drawn.training)
    drawn.save(asked)
    stored = Samples.load(tmp_path / "t.npz")
    assert stored.sha256 == drawn.training.sha256 == drawn.facts.training_sha256
    assert stored.labels is not None


def test_without_training_nothing_is_drawn_for_it(data, tmp_path):
    asked = request(tmp_path, calibration=data)
    drawn = draw.draw(CONTRACT, asked, {})
    drawn.save(asked)
    assert drawn.training is None
    assert sorted(path.name for path in tmp_path.glob("?.npz")) == ["c.npz", "g.npz"]


def test_a_source_that_leaves_nothing_to_train_on_is_refused(tmp_path):
    path = tmp_path / "few.npz"
    np.savez(path, x=np.arange(15, dtype=np.float32).reshape(5, 3))
    with pytest.raises(DataError, match="Training needs at least") as caught:
        draw.draw(CONTRACT, request(tmp_path, calibration=str(path), training=str(path)), {})
    assert str(path) in caught.value.received


def labelled(folder, **changes):
    """What is drawn with labels, and what is said of it."""
    (folder / "l.npz").unlink(missing_ok=True)
    asked = request(folder, labelled_out=folder / "l.npz", **changes)
    drawn = draw.draw(CONTRACT, asked, {})
    drawn.save(asked)
    assert (folder / "l.npz").is_file() == (drawn.labelled is not None)
    return drawn


def test_evaluation_samples_are_the_labelled_ones_else_those_that_calibrate(data, tmp_path):
    few = np.zeros((5, 3), np.float32)
    np.savez(tmp_path / "few.npz", x=few, y=np.arange(5) % 2)
    drawn = labelled(tmp_path, calibration=data, evaluation=str(tmp_path / "few.npz"))
    assert (drawn.facts.labelled, len(drawn.labelled)) == ("evaluation", 5)
    drawn = labelled(tmp_path, calibration=data)
    assert (drawn.facts.labelled, len(drawn.labelled)) == ("calibration", 34)
    assert draw.draw(CONTRACT, request(tmp_path, calibration=data), {}).labelled is None


def test_labels_beside_unlabelled_calibration_arrays_are_found(tmp_path):
    x = np.random.default_rng(1).normal(size=(400, 3)).astype(np.float32)
    path = str(tmp_path / "both.npz")
    np.savez(path, calib_x=x[:40], x=x, y=np.arange(400) % 2)
    drawn = labelled(tmp_path, calibration=path)
    assert (drawn.facts.labelled, len(drawn.labelled)) == ("evaluation", 128)
    assert drawn.calibration.labels is None


def test_evaluation_samples_that_cannot_be_read_are_said_and_functions_not_called(data, tmp_path):
    drawn = labelled(tmp_path, calibration=data, evaluation=str(tmp_path / "none.npz"))
    assert drawn.facts.labelled == "calibration"
    assert ["not looked at" in line for line in drawn.warnings] == [True]
    drawn = labelled(tmp_path, evaluation="nobody:samples")
    assert drawn.labelled is None and drawn.warnings == ()


def test_evaluation_samples_beyond_the_calibration_range_are_said(data, tmp_path):
    far = tmp_path / "far.npz"
    rng = np.random.default_rng(1)
    np.savez(far, x=rng.normal(5, 1, size=(40, 3)).astype(np.float32), y=np.arange(40) % 2)
    drawn = labelled(tmp_path, calibration=data, evaluation=str(far), calibrates=True)
    [said] = [note for note in drawn.warnings if "evaluation" in note]
    assert "evaluation samples go beyond its calibration range" in said
    drawn = labelled(tmp_path, calibration=data, evaluation=str(far))
    assert not any("beyond" in note for note in drawn.warnings)
