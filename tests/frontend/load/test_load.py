"""Every kind of model that Keras writes loads, and computes what Keras computed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import DataError, ModelError

pytestmark = pytest.mark.convert

# File -> kind, input names, output names.
MODELS: dict[str, tuple[str, list[str], list[str]]] = {
    f"{prefix}_{name}{ending}": (kind, inputs, outputs)
    for prefix, kind in (("k3", "keras3"), ("k2", "keras2"))
    for ending in (".keras", ".h5")
    for name, inputs, outputs in (
        ("conv", ["image"], ["scores"]),
        ("nested", ["tall"], ["probabilities"]),
        ("heads", ["zebra", "ant"], ["head", "head_1"]),
        ("text", ["ids"], ["sentiment"]),
        ("sequential", ["features"], ["out"]),
        ("mixed", ["image"], ["scores"]),
    )
}
MODELS |= {
    "k3_dict.keras": ("keras3", ["x"], ["angle", "digit"]),
    "k3_masked.h5": ("keras3", ["ids"], ["state"]),
    "k3_unzipped.keras_folder": ("keras3", ["image"], ["scores"]),
    "k3_export": ("saved_model", ["image"], ["output_0"]),
    "k2_saved": ("saved_model", ["image"], ["scores"]),
    "fixed": ("saved_model", ["ids"], ["found"]),
    "tfjs": ("keras2", ["image"], ["scores"]),
    "tfjs_uint8": ("keras2", ["image"], ["scores"]),
    "tfjs_float16": ("keras2", ["image"], ["scores"]),
}


def samples_of(path: Path) -> str:
    return str(path.with_name(path.name.split(".")[0] + ".npz"))


@pytest.mark.parametrize("file", MODELS)
def test_a_model_computes_what_keras_computed(file: str, keras_models: Path, load_in_child: Any):
    path = keras_models / file
    result = load_in_child(path, samples=samples_of(path))
    kind, inputs, outputs = MODELS[file]
    assert result["kind"] == kind
    assert [spec["name"] for spec in result["inputs"]] == inputs
    assert [spec["name"] for spec in result["outputs"]] == outputs
    assert set(result["errors"]) == set(outputs)
    assert max(result["errors"].values()) < 1e-5


@pytest.mark.parametrize(
    "file",
    [
        "k3_conv.keras",
        "k3_heads.keras",
        "k3_text.keras",
        "k3_mixed.keras",
        "k3_dict.keras",
        "k3_export",
        "k2_mixed.h5",
        "k2_heads.keras",
        "k2_text.h5",
        "k2_saved",
        "fixed",
        "tfjs_uint8",
    ],
)
def test_call_and_trackable_convert_to_the_same_outputs(
    file: str, keras_models: Path, load_in_child: Any
):
    errors = load_in_child(keras_models / file, convert=True)["export_errors"]
    assert set(errors) == set(MODELS[file][2])
    assert max(errors.values()) < 1e-5


def test_shapes_say_which_sizes_are_free(keras_models: Path, load_in_child: Any):
    free = load_in_child(keras_models / "k3_conv.keras")
    assert free["inputs"][0]["shape"] == [-1, 8, 8, 3]
    assert free["outputs"][0]["shape"] == [-1, 3]
    fixed = load_in_child(keras_models / "fixed")
    assert fixed["inputs"][0]["shape"] == [4, 3]
    assert fixed["inputs"][0]["dtype"] == "int64"


@pytest.mark.parametrize(
    ("file", "name", "limit"),
    [
        ("k3_text.keras", "ids", 11),
        ("k2_text.h5", "ids", 11),
        ("fixed", "ids", 9),
    ],
)
def test_ids_are_bounded_by_the_table_that_they_index(
    file: str, name: str, limit: int, keras_models: Path, load_in_child: Any
):
    assert load_in_child(keras_models / file)["id_limits"] == {name: limit}


def test_a_model_without_a_table_bounds_nothing(keras_models: Path, load_in_child: Any):
    assert load_in_child(keras_models / "k3_conv.keras")["id_limits"] == {}


def test_layers_of_nested_models_are_named(keras_models: Path, load_in_child: Any):
    layers = load_in_child(keras_models / "k2_nested.h5")["layers"]
    assert {"crop", "conv_net", "conv", "depthwise", "probabilities"} <= set(layers)


def test_mixed_precision_is_noted(keras_models: Path, load_in_child: Any):
    for file in ("k3_mixed.keras", "k2_mixed.h5"):
        result = load_in_child(keras_models / file)
        assert any("float32" in note for note in result["notes"])
        assert result["outputs"][0]["dtype"] == "float32"


def test_quantized_tfjs_weights_are_noted(keras_models: Path, load_in_child: Any):
    assert any("quantized" in note for note in load_in_child(keras_models / "tfjs_uint8")["notes"])
    assert not any("quantized" in note for note in load_in_child(keras_models / "tfjs")["notes"])


def test_the_ending_does_not_matter(tmp_path: Path, keras_models: Path, load_in_child: Any):
    for file in ("k3_conv.keras", "k3_conv.h5", "k2_conv.keras", "k2_conv.h5"):
        copy = tmp_path / file.replace(".", "_")
        shutil.copyfile(keras_models / file, copy)
        result = load_in_child(copy, samples=samples_of(keras_models / file))
        assert max(result["errors"].values()) < 1e-5


def test_a_read_only_file_loads_and_stays_as_it_was(
    tmp_path: Path, keras_models: Path, load_in_child: Any
):
    for file in ("k2_mixed.keras", "k2_mixed.h5", "k3_mixed.keras"):
        copy = tmp_path / file
        shutil.copyfile(keras_models / file, copy)
        copy.chmod(0o444)
        before = copy.read_bytes()
        load_in_child(copy)
        assert copy.read_bytes() == before


@pytest.mark.parametrize("batch_size", [1, 4, 32])
def test_the_batch_size_changes_nothing(batch_size: int, keras_models: Path, load_in_child: Any):
    path = keras_models / "k3_conv.keras"
    errors = load_in_child(path, samples=samples_of(path), batch_size=batch_size)["errors"]
    assert max(errors.values()) < 1e-5


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"imgae": [[0.0]]}, "did you mean 'image'?"),
        ({}, "no input 'image'"),
        ({"image": [[0.0]]}, "shape (1, 1)"),
    ],
)
def test_predict_refuses_inputs_of_another_model(
    inputs: dict[str, Any], said: str, keras_models: Path, load_in_child: Any
):
    with pytest.raises(DataError) as caught:
        load_in_child(keras_models / "k3_conv.keras", predict=inputs)
    assert said in str(caught.value)


# What needs the person's own code.


@pytest.mark.parametrize(
    ("file", "objects"),
    [
        (f"{prefix}_{name}{ending}", f"my_layers{prefix[1]}:{given}")
        for prefix in ("k3", "k2")
        for ending in (".keras", ".h5")
        for name, given in (("custom", "Scale"), ("custom", "OBJECTS"), ("activation", "triple"))
    ]
    + [("k3_subclassed.keras", "my_layers3:Net"), ("k2_subclassed.keras", "my_layers2:Net")],
)
def test_custom_objects_make_a_model_loadable(
    file: str, objects: str, keras_models: Path, load_in_child: Any
):
    path = keras_models / file
    result = load_in_child(path, custom_objects=objects, samples=samples_of(path))
    assert max(result["errors"].values()) < 1e-5


@pytest.mark.parametrize("prefix", ["k3", "k2"])
def test_a_subclassed_model_has_named_inputs_and_outputs(
    prefix: str, keras_models: Path, load_in_child: Any
):
    path = keras_models / f"{prefix}_subclassed.keras"
    result = load_in_child(path, custom_objects=f"my_layers{prefix[1]}:Net", convert=True)
    assert [(s["name"], s["shape"]) for s in result["inputs"]] == [("x", [-1, 4])]
    assert [(s["name"], s["shape"]) for s in result["outputs"]] == [("output", [-1, 3])]
    assert result["export_errors"]["output"] < 1e-5


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("prefix", ["k3", "k2"])
def test_a_lambda_runs_only_when_allowed(
    prefix: str, ending: str, keras_models: Path, load_in_child: Any
):
    path = keras_models / f"{prefix}_lambda{ending}"
    result = load_in_child(path, unsafe=True, samples=samples_of(path))
    assert max(result["errors"].values()) < 1e-5


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_lambda_of_a_given_function_is_no_stored_code(
    ending: str, keras_models: Path, load_in_child: Any
):
    path = keras_models / f"k3_named{ending}"
    result = load_in_child(path, custom_objects="my_layers3:triple", samples=samples_of(path))
    assert max(result["errors"].values()) < 1e-5


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("prefix", ["k3", "k2"])
def test_a_sequential_built_by_a_call_keeps_its_batch_free(
    prefix: str, ending: str, keras_models: Path, load_in_child: Any
):
    result = load_in_child(keras_models / f"{prefix}_called{ending}", convert=True)
    assert [spec["shape"] for spec in result["inputs"]] == [[-1, 4]]
    assert [spec["shape"] for spec in result["outputs"]] == [[-1, 2]]
    assert result["export_errors"]["y"] < 1e-5
    assert any("batch size" in note for note in result["notes"])


def test_a_subclassed_model_of_a_dictionary(keras_models: Path, load_in_child: Any):
    path = keras_models / "k3_pair.keras"
    result = load_in_child(path, custom_objects="my_layers3:Pair", samples=samples_of(path))
    assert [spec["name"] for spec in result["inputs"]] == ["u", "v"]
    assert [spec["name"] for spec in result["outputs"]] == ["sum", "v"]
    assert max(result["errors"].values()) < 1e-5


def test_a_subclassed_model_whose_second_input_was_not_recorded(
    keras_models: Path, load_in_child: Any
):
    path = keras_models / "k3_two_arguments.keras"
    with pytest.raises(ModelError, match="without the shape of 'b'"):
        load_in_child(path, custom_objects="my_layers3:TwoArguments")


def test_a_tflite_file_is_not_converted_again(tmp_path: Path, load_in_child: Any):
    path = tmp_path / "done.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(64))
    with pytest.raises(ModelError, match="must be a Keras model"):
        load_in_child(path)
