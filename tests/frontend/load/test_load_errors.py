"""What cannot be loaded says why, and what to do; what holds code is refused."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import EdgekitError, ModelError, UnsafeModelError

pytestmark = pytest.mark.convert

BOTH = pytest.mark.parametrize("prefix", ["k3", "k2"])
ENDINGS = pytest.mark.parametrize("ending", [".keras", ".h5"])


def refused(load: Any, kind: type[EdgekitError], path: Path, **request: Any) -> str:
    with pytest.raises(kind) as caught:
        load(path, **request)
    assert type(caught.value) is kind
    assert caught.value.hint, "every refusal says the next step"
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


def edited(source: Path, target: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of a `.keras` file with another configuration."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                edit(config)
                content = json.dumps(config).encode()
            new.writestr(name, content)
    return target


def layer(config: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        item for item in config["config"]["layers"] if item["config"]["name"] == name
    )
    return found


@BOTH
@ENDINGS
def test_a_lambda_in_a_nested_model_is_refused_by_name(
    prefix: str, ending: str, keras_models: Path, load_in_child: Any
):
    said = refused(load_in_child, UnsafeModelError, keras_models / f"{prefix}_lambda{ending}")
    assert "Lambda layer 'twice'" in said
    assert "--unsafe" in said


@ENDINGS
def test_a_lambda_of_a_named_function_asks_for_it(
    ending: str, keras_models: Path, load_in_child: Any
):
    said = refused(load_in_child, UnsafeModelError, keras_models / f"k3_named{ending}")
    assert "--custom-objects module:triple" in said


@BOTH
@ENDINGS
@pytest.mark.parametrize(("model", "name"), [("custom", "Scale"), ("activation", "triple")])
def test_unknown_code_is_named_with_the_option_that_gives_it(
    prefix: str, ending: str, model: str, name: str, keras_models: Path, load_in_child: Any
):
    said = refused(load_in_child, ModelError, keras_models / f"{prefix}_{model}{ending}")
    assert f"code of '{name}'" in said
    assert f"--custom-objects module:{name}" in said


@BOTH
def test_a_configuration_far_larger_than_its_weights(
    prefix: str, tmp_path: Path, keras_models: Path, load_in_child: Any
):
    def enlarge(config: dict[str, Any]) -> None:
        layer(config, "scores")["config"]["units"] = 900_000_000

    path = edited(keras_models / f"{prefix}_conv.keras", tmp_path / "huge.keras", enlarge)
    said = refused(load_in_child, ModelError, path)
    assert "at least 90000000" in said.replace(",", "")


@BOTH
def test_weights_of_another_shape(
    prefix: str, tmp_path: Path, keras_models: Path, load_in_child: Any
):
    def widen(config: dict[str, Any]) -> None:
        layer(config, "scores")["config"]["units"] = 5

    path = edited(keras_models / f"{prefix}_conv.keras", tmp_path / "wide.keras", widen)
    assert "could not be loaded" in refused(load_in_child, ModelError, path)


@BOTH
def test_missing_weights(prefix: str, tmp_path: Path, keras_models: Path, load_in_child: Any):
    import h5py

    with zipfile.ZipFile(keras_models / f"{prefix}_conv.keras") as old:
        old.extractall(tmp_path)
    with h5py.File(tmp_path / "model.weights.h5", "r+") as file:
        name = next(key for key in file["layers"] if "dense" in key)
        del file["layers"][name]
    path = tmp_path / "missing.keras"
    with zipfile.ZipFile(path, "w") as new:
        for entry in ("metadata.json", "config.json", "model.weights.h5"):
            new.write(tmp_path / entry, entry)
    assert "'scores' expected 2 variables" in refused(load_in_child, ModelError, path)


@ENDINGS
@BOTH
def test_an_unknown_option_of_a_layer_is_told_in_keras_words(
    prefix: str, ending: str, tmp_path: Path, keras_models: Path, load_in_child: Any
):
    path = tmp_path / f"option{ending}"

    def add(config: dict[str, Any]) -> None:
        layer(config, "conv")["config"]["colour"] = "red"

    if ending == ".keras":
        edited(keras_models / f"{prefix}_conv.keras", path, add)
    else:
        import h5py

        shutil.copyfile(keras_models / f"{prefix}_conv.h5", path)
        with h5py.File(path, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            add(config)
            file.attrs["model_config"] = json.dumps(config).encode()
    said = refused(load_in_child, ModelError, path)
    assert "colour" in said
    assert len(said) < 900


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"module": "os", "class_name": "system"}, "code of 'system'"),
        ({"module": "keras.utils", "class_name": "get_file"}, "code of 'get_file'"),
        ({"class_name": "TFSMLayer"}, "loads another SavedModel"),
    ],
)
@BOTH
def test_a_configuration_cannot_name_any_code(
    prefix: str,
    change: dict[str, str],
    said: str,
    tmp_path: Path,
    keras_models: Path,
    load_in_child: Any,
):
    path = edited(
        keras_models / f"{prefix}_conv.keras",
        tmp_path / "evil.keras",
        lambda config: layer(config, "conv").update(change),
    )
    kind = UnsafeModelError if "TFSMLayer" in str(change) else ModelError
    assert said in refused(load_in_child, kind, path)


def test_a_layer_may_not_write_files(tmp_path: Path, keras_models: Path, load_in_child: Any):
    def write(config: dict[str, Any]) -> None:
        layer(config, "act").update(
            class_name="TFOpLambda", config={"name": "act", "function": "io.write_file"}
        )

    path = edited(keras_models / "k2_conv.keras", tmp_path / "writes.keras", write)
    assert "tf.io.write_file" in refused(load_in_child, UnsafeModelError, path)


@BOTH
def test_a_flipped_byte_in_the_weights(
    prefix: str, tmp_path: Path, keras_models: Path, load_in_child: Any
):
    source = keras_models / f"{prefix}_conv.keras"
    content = bytearray(source.read_bytes())
    with zipfile.ZipFile(source) as archive:
        start = archive.getinfo("model.weights.h5").header_offset
    content[start + 600] ^= 0xFF
    path = tmp_path / "flipped.keras"
    path.write_bytes(content)
    assert "Bad CRC-32" in refused(load_in_child, ModelError, path)


# TensorFlow.js


@pytest.fixture
def tfjs_copy(tmp_path: Path, keras_models: Path) -> Path:
    return shutil.copytree(keras_models / "tfjs_uint8", tmp_path / "tfjs")


def change_json(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    payload = json.loads((folder / "model.json").read_text())
    edit(payload)
    (folder / "model.json").write_text(json.dumps(payload))


def test_a_tfjs_shard_that_is_missing(tfjs_copy: Path, load_in_child: Any):
    (tfjs_copy / "group1-shard2of2.bin").unlink()
    said = refused(load_in_child, ModelError, tfjs_copy)
    assert "group1-shard2of2.bin: No such file" in said


@pytest.mark.parametrize("change", [b"", b"more"])
def test_a_tfjs_shard_of_the_wrong_length(change: bytes, tfjs_copy: Path, load_in_child: Any):
    shard = tfjs_copy / "group1-shard2of2.bin"
    shard.write_bytes(shard.read_bytes() + change if change else shard.read_bytes()[:-3])
    assert "hold exactly its weights" in refused(load_in_child, ModelError, tfjs_copy)


@pytest.mark.parametrize("name", ["../group1.bin", "/etc/hostname", "https://example.org/x.bin"])
def test_a_tfjs_shard_outside_the_folder(name: str, tfjs_copy: Path, load_in_child: Any):
    def point(payload: dict[str, Any]) -> None:
        payload["weightsManifest"][0]["paths"][0] = name

    change_json(tfjs_copy, point)
    said = refused(load_in_child, ModelError, tfjs_copy)
    assert "lie in its folder" in said
    assert name in said


def test_tfjs_weights_of_another_architecture(tfjs_copy: Path, load_in_child: Any):
    def rename(payload: dict[str, Any]) -> None:
        weights = payload["weightsManifest"][0]["weights"]
        first, last = weights[0]["name"], weights[-1]["name"]
        weights[0]["name"], weights[-1]["name"] = last, first

    change_json(tfjs_copy, rename)
    assert "must have the shape of its variable" in refused(load_in_child, ModelError, tfjs_copy)


def test_tfjs_topology_that_asks_for_too_much(tfjs_copy: Path, load_in_child: Any):
    def enlarge(payload: dict[str, Any]) -> None:
        layer(payload["modelTopology"]["model_config"], "scores")["config"]["units"] = 900_000_000

    change_json(tfjs_copy, enlarge)
    assert "at least 900000" in refused(load_in_child, ModelError, tfjs_copy)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"dtype": "string"}, "a dtype of"), ({"shape": [-3]}, "a shape")],
)
def test_tfjs_weights_that_cannot_be_read(
    change: dict[str, Any], said: str, tfjs_copy: Path, load_in_child: Any
):
    def spoil(payload: dict[str, Any]) -> None:
        entry = payload["weightsManifest"][0]["weights"][0]
        entry.pop("quantization")
        entry.update(change)

    change_json(tfjs_copy, spoil)
    assert said in refused(load_in_child, ModelError, tfjs_copy)
