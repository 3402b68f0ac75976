"""What a conversion refuses before anything slow begins."""

import importlib.util
from pathlib import Path

import pytest

from edgekit.core.artifacts import labels
from edgekit.core.errors import OutputError, UsageError
from edgekit.core.project import Data, Project
from edgekit.core.records import ConvertOptions
from edgekit.pipeline.convert.plan import check_name, default_name, plan


def settle(tmp_path, calibration=None, project=None, name=None, **options):
    return plan(
        Path("nets/digits.keras"),
        output=tmp_path,
        name=name,
        calibration=calibration,
        project=project or Project(),
        options=ConvertOptions(**options),
    )


def names(settled):
    return [recipe.name for recipe in settled.recipes]


def test_the_float_file_is_always_made_and_first(tmp_path):
    assert names(settle(tmp_path, recipes=("float16",))) == ["float32", "float16"]
    assert names(settle(tmp_path, recipes=("float16", "float32"))) == ["float32", "float16"]


def test_without_a_recipe_data_decides(tmp_path):
    assert "static_wi8_ai8" not in names(settle(tmp_path))
    assert "static_wi8_ai8" in names(settle(tmp_path, calibration="data.npz"))


def test_the_project_names_recipes_and_data(tmp_path):
    project = Project(recipes=("static_wi8_ai8",), data=Data(calibration="a.module:function"))
    settled = settle(tmp_path, project=project)
    assert names(settled) == ["float32", "static_wi8_ai8"]
    assert settled.calibration == "a.module:function"


def test_an_unknown_recipe_is_refused_and_the_nearest_named(tmp_path):
    with pytest.raises(UsageError) as caught:
        settle(tmp_path, recipes=("static_wi8_ai",))
    assert "static_wi8_ai8" in caught.value.hint


def test_a_static_recipe_without_samples_is_refused(tmp_path):
    with pytest.raises(UsageError, match="needs calibration samples"):
        settle(tmp_path, recipes=("static_wi8_ai16",))


def test_samples_that_no_recipe_needs_are_accepted_with_a_note(tmp_path):
    [note] = settle(tmp_path, recipes=("float16",), calibration="data.npz").notes
    assert "needs calibration" in note


def test_fewer_bits_reach_the_recipes_that_take_them(tmp_path):
    settled = settle(tmp_path, calibration="d.npz", storage_bits=6)
    bits = {
        recipe.name: recipe.quantize and recipe.quantize.storage_bits for recipe in settled.recipes
    }
    assert bits == {
        "float32": None,
        "float16": None,
        "dynamic_wi8_afp32": 6,
        "static_wi8_ai8": 6,
    }


def test_fewer_bits_need_samples_and_a_recipe_of_int8(tmp_path):
    with pytest.raises(UsageError) as caught:
        settle(tmp_path, recipes=("dynamic_wi8_afp32",), storage_bits=5)
    assert "leave --storage-bits out" in caught.value.hint
    with pytest.raises(UsageError, match="int8 weights"):
        settle(tmp_path, recipes=("float16",), calibration="d.npz", storage_bits=5)


@pytest.mark.parametrize("recipes", [("float16",), ("static_wi8_ai16",)])
def test_integer_inputs_need_int8_activations(tmp_path, recipes):
    with pytest.raises(UsageError):
        settle(tmp_path, recipes=recipes, calibration="data.npz", io_dtype="int8")


def test_an_existing_output_is_replaced_only_by_force(tmp_path):
    (tmp_path / "digits.float32.tflite").touch()
    with pytest.raises(UsageError, match="--force"):
        settle(tmp_path)
    assert settle(tmp_path, force=True).name == "digits"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("nets/digits.keras", "digits"),
        ("nets/digits.float32.tflite", "digits"),
        ("nets/mobilenet_v1_0.25_224.h5", "mobilenet_v1_0.25_224"),
        ("doodle/model.json", "doodle"),
        ("kws/saved_model", "kws"),
        ("kws_ref_model", "kws_ref_model"),
        ("my net (1).keras", "my_net_1"),
        ("größe/saved_model", "größe"),
        ("[].keras", "model"),
        ("a" * 250 + ".h5", "a" * 180),
    ],
)
def test_names_come_from_the_file_or_its_folder(path, name):
    assert default_name(Path(path)) == name


@pytest.mark.parametrize("name", ["a/b", "", "..", "a b", "a" * 181, "é" * 100])
def test_a_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(UsageError) as caught:
        check_name(name)
    advised = caught.value.hint.removeprefix("--name ")
    assert check_name(advised) == advised


@pytest.mark.parametrize("output", ["digits.float16.json", "digits.golden.npz"])
def test_every_kind_of_output_is_protected(tmp_path, output):
    (tmp_path / output).touch()
    with pytest.raises(UsageError, match="--force") as caught:
        settle(tmp_path)
    assert output in caught.value.received


def test_a_place_that_cannot_take_the_files_is_refused_first(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="must be a folder"):
            settle(place)
    (tmp_path / "digits.float32.tflite").mkdir()
    with pytest.raises(OutputError, match="cannot replace a folder"):
        settle(tmp_path, force=True)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"calibration_samples": 0}, {"golden_samples": 0}])
def test_numbers_out_of_range_are_refused(tmp_path, wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        settle(tmp_path, **wrong)


def test_files_of_one_name_are_called_by_their_paths():
    one, other, alone = Path("a/net.tflite"), Path("b/net.tflite"), Path("a/x.tflite")
    assert labels([one, alone, one]) == ["net.tflite", "x.tflite", "net.tflite"]
    assert labels([one, other, alone]) == ["a/net.tflite", "b/net.tflite", "x.tflite"]


def test_high_effort_without_tensorflow_is_refused_at_once(tmp_path, monkeypatch):
    asked = {"calibration": "data.npz", "recipes": ("static_wi4_ai8",), "effort": "high"}
    assert settle(tmp_path, **asked).recipes[-1].learns_rounding
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="TensorFlow") as caught:
        settle(tmp_path, **asked)
    assert "pip install" in caught.value.hint
