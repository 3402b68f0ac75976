from __future__ import annotations

import importlib.util
import itertools
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edgekit.core import project, recipes
from edgekit.core.records import Contract, TensorSpec

PURPOSES = ("training", "calibration", "evaluation")


@pytest.fixture(scope="module")
def arrays(digits: Path) -> dict[str, np.ndarray]:
    with np.load(digits / "data.npz", allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


@pytest.fixture(scope="module")
def train(digits: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("digits_train", digits / "train.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_data_has_the_arrays_of_each_purpose_and_no_more(arrays: dict[str, np.ndarray]) -> None:
    assert sorted(arrays) == sorted(f"{p}_{a}" for p in PURPOSES for a in "xy")
    sizes = {p: len(arrays[f"{p}_x"]) for p in PURPOSES}
    assert sizes == {"training": 877, "calibration": 200, "evaluation": 720}
    for purpose in PURPOSES:
        x, y = arrays[f"{purpose}_x"], arrays[f"{purpose}_y"]
        assert x.dtype == np.uint8 and x.shape == (sizes[purpose], 8, 8, 1)
        assert y.dtype == np.int64 and y.shape == (sizes[purpose],)
        assert x.min() == 0 and x.max() == 255


def test_no_image_is_used_for_two_purposes(arrays: dict[str, np.ndarray]) -> None:
    images = {p: {image.tobytes() for image in arrays[f"{p}_x"]} for p in PURPOSES}
    for one, other in itertools.combinations(PURPOSES, 2):
        assert not images[one] & images[other], f"{one} and {other} share images"
    assert sum(map(len, images.values())) == 1797  # nor twice for one


def test_every_split_is_shuffled_and_holds_every_class_in_proportion(
    arrays: dict[str, np.ndarray],
) -> None:
    for purpose in PURPOSES:
        y = arrays[f"{purpose}_y"]
        fractions = np.bincount(y, minlength=10) / len(y)
        assert len(fractions) == 10
        np.testing.assert_allclose(fractions, 0.1, atol=0.015)
        assert np.count_nonzero(np.diff(y)) > 0.8 * len(y)  # ordered by class would be 9 changes


def test_splits_are_what_the_script_makes(train: ModuleType, arrays: dict[str, np.ndarray]) -> None:
    pytest.importorskip("sklearn", reason="train.py alone needs scikit-learn")
    made = train.load_splits()
    for name, array in made.items():
        np.testing.assert_array_equal(array, arrays[name], err_msg=name)


def test_augmentation_moves_a_digit_and_keeps_its_ink(
    train: ModuleType, arrays: dict[str, np.ndarray]
) -> None:
    x = arrays["training_x"].astype(np.float32) / 255
    moved = train.augment(x, np.random.default_rng(0))
    assert moved.shape == x.shape and moved.dtype == np.float32
    assert moved.min() >= 0 and moved.max() <= 1
    assert np.abs(moved - x).mean() > 0.02
    assert moved.sum() == pytest.approx(x.sum(), rel=0.05)
    assert np.corrcoef(moved.ravel(), x.ravel())[0, 1] > 0.7
    again = train.augment(x, np.random.default_rng(0))
    np.testing.assert_array_equal(again, moved)


def test_project_file_says_everything_a_command_needs(digits: Path) -> None:
    loaded = project.load(digits / "edgekit.toml")
    assert loaded.model == "digits.keras" and (digits / loaded.model).is_file()
    # Three are for large dense layers and convolutions of one pixel, of which this model has none.
    others = {"dynamic_wi4b32_afp32", "dynamic_wi4_afp32", "static_wi4_ai8"}
    assert loaded.recipes == tuple(one for one in recipes.RECIPES if one not in others)
    assert loaded.metric == ("top1_accuracy",)
    for source in (loaded.data.calibration, loaded.data.evaluation, loaded.data.training):
        assert source is not None and Path(loaded.resolve(source)).is_file()
    described = loaded.describe(
        Contract(
            inputs=(TensorSpec(name="image", shape=(1, 8, 8, 1), dtype="float32"),),
            outputs=(TensorSpec(name="digit", shape=(1, 10), dtype="float32"),),
        )
    )
    image, digit = described.inputs[0].preprocessing, described.outputs[0]
    assert (image.kind, image.size, image.channels) == ("image", (8, 8), "gray")
    assert (image.mean, image.std) == ((0.0,), (255.0,))
    assert digit.labels == tuple("zero one two three four five six seven eight nine".split())
    assert digit.activation == "softmax"


def test_model_archive_is_small_bare_and_free_of_clock_and_memory(digits: Path) -> None:
    path = digits / "digits.keras"
    assert path.stat().st_size < 2**20
    with zipfile.ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        metadata = json.loads(archive.read("metadata.json"))
        config = json.loads(archive.read("config.json"))
    assert list(metadata) == ["keras_version"]
    assert not config.get("compile_config")
    layers = {layer["config"]["name"]: layer for layer in config["config"]["layers"]}
    assert layers["image"]["config"]["batch_shape"] == [None, 8, 8, 1]
    assert layers["digit"]["config"]["units"] == 10
    kinds = {layer["class_name"] for layer in layers.values()}
    assert {"BatchNormalization", "DepthwiseConv2D", "Add"} <= kinds
    widths = [n["config"]["filters"] for n in layers.values() if "filters" in n["config"]]
    assert sorted(widths) == [32, 64, 64, 64]
    shared = [
        int(part.split(b"}")[0].split(b",")[0])
        for part in json.dumps(config).encode().split(b'"shared_object_id": ')[1:]
    ]
    assert max(shared) <= len(shared)  # counted, not memory addresses


@pytest.mark.convert
def test_model_reads_evaluation_digits_as_the_readme_says(digits: Path) -> None:
    keras_run = """
import json, sys, numpy as np, keras
model = keras.models.load_model(sys.argv[1] + "/digits.keras")
data = np.load(sys.argv[1] + "/data.npz", allow_pickle=False)
out = model.predict(data["evaluation_x"].astype("float32") / 255, batch_size=256, verbose=0)
right = float(np.mean(out.argmax(1) == data["evaluation_y"]))
print(json.dumps([[i.name for i in model.inputs], model.output_names, model.count_params(), right]))
"""
    answer = _child(keras_run, str(digits))
    names_in, names_out, parameters, right = json.loads(answer.splitlines()[-1])
    assert (names_in, names_out) == (["image"], ["digit"])
    readme = (digits / "README.md").read_text(encoding="utf-8")
    said = re.search(r"(0\.\d{4}) \(([\d,]+) parameters\)", readme)
    assert said is not None and said.group(2) == f"{parameters:,}"
    # Of 720 digits, two near ties may go the other way on another processor.
    assert right >= 0.98 and abs(right - float(said.group(1))) <= 2.5 / 720


def _child(code: str, *arguments: str) -> str:

    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
