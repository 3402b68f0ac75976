from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.compress.compress_messages import Checkpoint, TrainRequest
from edgekit.core import recipes, serde
from edgekit.core.errors import DataError, ModelError
from edgekit.core.records import Training
from edgekit.data.samples import Samples
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.trained.apply_trained import apply_trained
from edgekit.quantize.trained.grid import grid
from edgekit.tflite.quantized_weights import Grid
from tests.compress.qat.test_fake_quant import KERNELS
from tests.quantize import tiny_models as tiny

pytestmark = pytest.mark.convert
INT4 = recipes.get("weight_only_wi4_afp32")
STATIC = recipes.get("static_wi8_ai8")
X = tiny.correlated(96, 7, 7, 3)


def request(prepared: Prepared, recipe, stored, folder: Path, x=X, **how) -> dict[str, object]:
    """What the pipeline would ask for."""
    content = prepared.float_model
    (folder / "float.tflite").write_bytes(content)
    grid(prepared, recipe).save(folder / "grid.npz")
    Samples(inputs={"x": x}).save(folder / "samples.npz")
    check = X[:4]
    Samples(inputs={"x": check}, reference=stored(content, {"x": check})).save(folder / "check.npz")
    training = Training(
        data="x", distill=True, quantization_aware=True, augment=False, **{"epochs": 4, **how}
    )
    asked = TrainRequest(
        float_file=folder / "float.tflite",
        teacher=folder / "float.tflite",
        grid=folder / "grid.npz",
        training=training,
        samples=folder / "samples.npz",
        check=folder / "check.npz",
        checkpoint=Checkpoint(folder=folder / "checkpoint", key="key"),
        out=folder / "out.npz",
    )
    return {"asked": serde.to_dict(asked)}


def noise(content: bytes, expected: np.ndarray, stored, kernels: str = "AUTO") -> float:
    return float(np.square(stored(content, {"x": X}, kernels)["y"] - expected).mean())


@pytest.mark.parametrize(("recipe", "most"), [(INT4, 0.6), (STATIC, 1.0)], ids=["int4", "int8"])
def test_training_brings_the_file_nearer_to_float(ask, stored, tmp_path, recipe, most):
    content = tiny.picture_net(final=1)
    expected = stored(content, {"x": X})["y"]
    before = Prepared(float_model=content, ranges=tiny.extremes(content, {"x": X}))
    asked = request(before, recipe, stored, tmp_path, epochs=12, patience=12, learning_rate=1e-3)
    answer = ask("train", **asked)
    numbers = answer["done"]["step"]["numbers"]
    assert numbers["epochs"] == 12
    assert numbers["samples"] + numbers["validation_samples"] == len(X)
    assert numbers["validation_loss"] < numbers["validation_loss_before"]
    trained = Grid.load(tmp_path / "out.npz")
    assert all(np.abs(one.integers).max() <= one.largest for one in trained.weights.values())
    after = apply_trained(before, trained)
    files = [tflite.to_bytes(one.apply(recipe)) for one in (before, after)]
    got = [noise(content, expected, stored) for content in files]
    if recipe is STATIC:  # its gain is small: no more can be asked than kernels agree on one file
        each = [noise(files[0], expected, stored, kernels) for kernels in KERNELS]
        most *= max(each) / min(each)
        assert most < 1.5
    assert got[1] < most * got[0]


def test_a_finished_training_is_taken_from_its_checkpoint(ask, stored, tmp_path):
    content = tiny.picture_net(final=1)
    before = Prepared(float_model=content, ranges=tiny.extremes(content, {"x": X}))
    asked = request(before, STATIC, stored, tmp_path, patience=4, learning_rate=1e-3)
    first = ask("train", **asked)["done"]["step"]
    once = Grid.load(tmp_path / "out.npz")
    again = ask("train", **asked)["done"]["step"]
    twice = Grid.load(tmp_path / "out.npz")
    assert "resumed" not in first["summary"]
    assert "resumed after epoch 4" in again["summary"]
    assert twice.groups == once.groups
    for index, one in once.weights.items():
        np.testing.assert_array_equal(twice.weights[index].integers, one.integers)
        np.testing.assert_array_equal(twice.weights[index].bias, one.bias)


def test_samples_of_another_shape_are_refused(ask, stored, tmp_path):
    before = Prepared(float_model=tiny.picture_net(final=1))
    asked = request(before, INT4, stored, tmp_path, x=tiny.random(20, 5, 5, 3))
    with pytest.raises(DataError):
        ask("train", **asked)
    assert not (tmp_path / "out.npz").exists()


def test_a_reference_that_is_not_this_file_is_refused(ask, stored, tmp_path):
    before = Prepared(float_model=tiny.picture_net(final=1))
    asked = request(before, INT4, stored, tmp_path)
    wrong = np.roll(stored(before.float_model, {"x": X[:4]})["y"], 1, axis=1)
    Samples(inputs={"x": X[:4]}, reference={"y": wrong}).save(tmp_path / "check.npz")
    with pytest.raises(ModelError, match="80 dB"):
        ask("train", **asked)
