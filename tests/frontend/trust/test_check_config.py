"""No text of a model file reaches code or another file; whatever is plain arithmetic loads."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.errors import ModelError, UnsafeModelError
from edgekit.frontend.load.keras_config import by_given_name
from edgekit.frontend.trust.check_config import check
from tests.frontend.trust.configs import Config, gadgets, layer, nobody, refusal

HERE = Path(__file__).parent


# Every public symbol of TensorFlow and both Keras.


# Files: each way to code, by each container.


WAYS = sorted(gadgets(Path("/touched")))
BASES = ("k2_conv.h5", "k2_conv.keras", "k3_conv.keras", "k3_conv.h5", "tfjs", "folder")


def planted(base: str, models: Path, target: Path, gadget: Config) -> Path:
    """A copy of an honest model with one more layer."""

    def plant(text: str | bytes) -> str:
        payload = json.loads(text)
        config = payload.get("modelTopology", payload)
        config = config.get("model_config", config)
        config["config"]["layers"].append(gadget)
        return json.dumps(payload)

    target.mkdir()
    if base == "tfjs":
        shutil.copytree(models / "tfjs", target, dirs_exist_ok=True)
        (target / "model.json").write_text(plant((target / "model.json").read_text()))
    elif base == "folder":
        with zipfile.ZipFile(models / "k3_conv.keras") as archive:
            archive.extractall(target)
        (target / "config.json").write_text(plant((target / "config.json").read_text()))
    elif base.endswith(".keras"):
        target = target / base
        with zipfile.ZipFile(models / base) as old, zipfile.ZipFile(target, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                new.writestr(name, plant(content) if name == "config.json" else content)
    else:
        import h5py

        target = Path(shutil.copy(models / base, target))
        with h5py.File(target, "r+") as file:
            file.attrs["model_config"] = plant(file.attrs["model_config"]).encode()
    return target


@pytest.mark.convert
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("way", WAYS)
def test_no_container_reaches_code(
    way: str, base: str, tmp_path: Path, keras_models: Path, load_in_child: Any
):
    touched = tmp_path / "touched"
    touched.mkdir()
    gadget = gadgets(touched)[way]
    path = planted(base, keras_models, tmp_path / "model", gadget)
    with pytest.raises(ModelError) as caught:
        load_in_child(path)
    said = str(caught.value)
    assert "--unsafe" in said, said
    assert "'z'" in said or "layer" in said, said
    assert not list(touched.iterdir())


@pytest.mark.convert
def test_the_gadgets_are_real(tmp_path: Path, keras_models: Path, load_in_child: Any):
    touched = tmp_path / "touched"
    touched.mkdir()
    gadget = gadgets(touched)["class_method"]
    path = planted("k2_conv.h5", keras_models, tmp_path / "model", gadget)
    with pytest.raises(ModelError):
        load_in_child(path, unsafe=True)
    assert [file.name for file in touched.iterdir()] == ["written"]


# TensorFlow reads the one in bytes: that is done in children only, as the tests above do.
@settings(max_examples=300)
@given(
    way=st.sampled_from([way for way in WAYS if way != "operator_bytes"]),
    outer=st.lists(st.sampled_from(["wrapper", "model", "list", "option"]), max_size=6),
)
def test_however_deep_a_gadget_lies_it_is_refused(way: str, outer: list[str]):
    config: Any = gadgets(Path("/touched"))[way]
    for kind in outer:
        if kind == "wrapper":
            config = layer("TimeDistributed", {"layer": config})
        elif kind == "model":
            config = layer("Functional", {"layers": [layer("Dense", {"units": 1}), config]})
        elif kind == "list":
            config = {"class_name": "Sequential", "config": [config]}
        else:
            config = layer("Dense", {"anything": {"else": [1, config]}})
    refusal(config)


# The person's own code.


def test_what_the_person_gives_is_known_by_name_only():
    def mine(name: str) -> str | None:
        return "pack>Scale" if name in ("Scale", "pack>Scale", "triple") else None

    scale = layer("Scale", {}, module="os", registered_name="system")
    check(scale, mine)
    # Keras 2 would import the module, and take the registered name from it.
    assert by_given_name(scale, mine)["registered_name"] == "pack>Scale"
    named = {"class_name": "function", "module": "os", "config": "triple"}
    assert by_given_name(named, mine)["config"] == "pack>Scale"
    function = {"function": "triple", "function_type": "function"}
    check(layer("Lambda", function), mine)
    for more in (
        {"output_shape": ["code"], "output_shape_type": "lambda"},
        {"mask": ["code"], "mask_type": "lambda"},
        {"function_type": "lambda"},
    ):
        refusal(layer("Lambda", {**function, **more}), mine)


def test_texts_that_arithmetic_takes():
    def call(symbol: str, *texts: str) -> Config:
        return layer("TFOpLambda", {"function": symbol}, [["x", 0, 0, {"a": list(texts)}]])

    for config in (
        call("cast", "float32"),
        call("nn.conv2d", "SAME", "NHWC"),
        call("einsum", "bij,bjk->bik"),
        call("__operators__.eq", "any text at all"),
        layer("TFOpLambda", {"function": "nn.relu"}, [["x", 0, 0, {"name": "a/b"}]]),
        layer(
            "SlicingOpLambda",
            {"function": "__operators__.getitem"},
            [["x", 0, 0, {"slice_spec": {"class_name": "__tuple__", "items": [1, 2]}}]],
        ),
    ):
        check(config, nobody)
    for text in ("/etc/passwd", "file.txt", "http://z.example", "float32/.."):
        refusal(call("cast", text))


# Orders, depths.


# Honest models.


@pytest.mark.convert
@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_arithmetic_between_layers_loads(ending: str, tmp_path: Path, case: Any):
    errors = {
        name: case("loads", name=name, ending=ending, folder=str(tmp_path))
        for name in case("expressions")
    }
    compared = {name: error for name, error in errors.items() if error is not None}
    assert len(compared) > 33
    assert max(compared.values()) < 1e-4, compared


def test_an_unsafe_error_is_one():
    with pytest.raises(UnsafeModelError):
        check(layer("TFOpLambda", {"function": "io.write_file"}), nobody)


@pytest.mark.parametrize(
    ("options", "way"),
    [
        (
            {"registered_name": "keras_hub>BertBackbone"},
            "--custom-objects keras_hub.models:Backbone",
        ),
        ({"module": "keras_hub.src.models.backbone"}, "pip install keras-hub"),
        ({"registered_name": "mine>BertBackbone"}, "--custom-objects module:BertBackbone"),
        ({"module": "mine.layers"}, "--custom-objects module:BertBackbone"),
    ],
)
def test_what_a_package_registers_is_told_by_the_package(options: Config, way: str):
    assert way in refusal(layer("BertBackbone", {}, **options))


def test_a_name_with_its_package_is_given_without_it():
    said = refusal(layer("Addons>InstanceNormalization", {}))
    assert "--custom-objects module:InstanceNormalization" in said


def test_classes_of_tfmot_are_known_under_their_own_modules_only():
    wrapper = layer("QuantizeWrapperV2", {"layer": layer("Dense", {})})
    check(wrapper, nobody)
    check({**wrapper, "module": "tensorflow_model_optimization.python.core.a"}, nobody)
    refusal({**wrapper, "module": "os"})
    refusal({**wrapper, "registered_name": "os>system"})
    refusal(layer("QuantizeWrapperV2", {"layer": layer("Unknown", {})}))
    activation = {"class_name": "QuantizeAwareActivation", "config": {"activation": "load_model"}}
    refusal(layer("QuantizeWrapperV2", {"layer": layer("Dense", {"activation": activation})}))
