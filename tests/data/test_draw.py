"""Samples that judge are never trained on, wherever they come from."""

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.core.records import Contract, TensorSpec
from edgekit.data import draw, split
from edgekit.data.samples import Samples

CONTRACT = Contract(
    inputs=(TensorSpec(name="x", shape=(1, 3), dtype="float32"),),
    outputs=(TensorSpec(name="y", shape=(1, 2), dtype="float32"),),
)


def request(**changes):
    return {
        "calibration": None,
        "golden_samples": 4,
        "calibration_samples": 30,
        "seed": 0,
        "calibrates": False,
        "judges": 6,
        **changes,
    }


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "data.npz"
    np.savez(path, x=rng.normal(size=(60, 3)).astype(np.float32), y=np.arange(60) % 2)
    return str(path)


def rows(samples):
    return set(samples.digests())


def test_one_source_serves_all_and_what_judges_is_not_trained_on(data, tmp_path):
    asked = request(
        calibration=data,
        training=data,
        calibration_out=tmp_path / "c.npz",
        training_out=tmp_path / "t.npz",
    )
    drawn = draw.draw(CONTRACT, asked, {})
    fit, held = split.held_back(drawn.calibration, 0)
    judges = held.take(range(6))
    assert len(drawn.training) == 60 - len(drawn.golden) - 6
    assert not rows(drawn.training) & (rows(drawn.golden) | rows(judges))
    assert rows(fit) <= rows(drawn.training)
    drawn.save(asked)
    stored = Samples.load(tmp_path / "t.npz")
    assert stored.sha256 == drawn.training.sha256 == drawn.answer()["training_sha256"]
    assert stored.labels is not None


def test_without_training_nothing_is_drawn_for_it(data, tmp_path):
    asked = request(calibration=data, calibration_out=tmp_path / "c.npz")
    drawn = draw.draw(CONTRACT, asked, {})
    drawn.save(asked)
    assert drawn.training is None
    assert [path.name for path in tmp_path.glob("?.npz")] == ["c.npz"]


def test_a_source_that_leaves_nothing_to_train_on_is_refused(tmp_path):
    path = tmp_path / "few.npz"
    np.savez(path, x=np.arange(15, dtype=np.float32).reshape(5, 3))
    with pytest.raises(DataError, match="Training needs at least") as caught:
        draw.draw(CONTRACT, request(calibration=str(path), training=str(path)), {})
    assert str(path) in caught.value.received
