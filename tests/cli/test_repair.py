"""Bounds on what may be lost, and layers treated otherwise, through the real command."""

import json

import numpy as np
import pytest

from edgekit import tflite

pytestmark = pytest.mark.convert


@pytest.fixture(scope="module")
def again(edgekit, made, digits, tmp_path_factory):
    """Convert the digits float file once more: `again("-r", NAME, ...)` -> (ended, folder)."""

    def run(*arguments):
        folder = tmp_path_factory.mktemp("again")
        ended = edgekit(
            "convert", made.tflite("float32"), "--project", digits / "edgekit.toml",
            "-o", folder, "--name", "digits", *arguments,
        )  # fmt: skip
        return ended, folder

    return run


def manifest(folder, recipe):
    return json.loads((folder / f"digits.{recipe}.json").read_text(encoding="utf-8"))


def operators(path):
    return {(op.layer, op.name): op for op in tflite.operators(tflite.read(path))}


def beyond(made, recipe, by=9):
    """An SQNR that a recipe reaches with help only."""
    return round(made.manifest(recipe)["verified"]["sqnr_db"] + by)


@pytest.fixture(scope="module")
def repaired(again, made):
    """Static int8 that comes nearer to float than it does by itself."""
    ended, folder = again("-r", "static_wi8_ai8", "--min-sqnr", beyond(made, "static_wi8_ai8"))
    assert ended.code == 0, ended.err
    return ended, folder


def test_the_fewest_operators_are_kept_until_the_bound_holds(repaired, made):
    _, folder = repaired
    said = manifest(folder, "static_wi8_ai8")
    repair = said["repair"]
    assert repair["quantity"] == "sqnr_db"
    assert repair["unrepaired"] < repair["limit"] <= repair["value"]
    assert 0 < len(repair["kept"]) < repair["num_operators"]
    assert repair["num_samples"] == 64
    layers = {entry["layer"] for entry in said["kept"]}
    assert {entry["layer"] for entry in repair["kept"]} <= layers
    before = made.tflite("static_wi8_ai8").stat().st_size
    assert repair["added_bytes"] == said["size_bytes"] - before
    assert repair["latency_to_float"] > 0
    for layer in layers:  # they are what the manifest says: not int8 through and through
        changed = [
            op for (name, _), op in operators(folder / said["path"]).items() if name == layer
        ]
        assert any("float32" in {t.dtype for t in op.outputs} for op in changed), layer


def test_what_was_kept_why_and_the_price_are_said(repaired):
    ended, folder = repaired
    [line] = [line for line in ended.out.splitlines() if line.startswith("static_wi8_ai8: kept")]
    repair = manifest(folder, "static_wi8_ai8")["repair"]
    assert f"kept {len(repair['kept'])} of {repair['num_operators']} operators" in line
    assert f"{repair['value']:.1f} dB on 64 held-out samples" in line
    assert "x of float's time" in line
    assert "its error alone" in ended.out
    assert "edgekit: static_wi8_ai8: looking for the operators to blame" in ended.err


def test_nothing_is_kept_where_the_bound_holds_at_once(again):
    ended, folder = again("-r", "static_wi8_ai8", "--max-loss", 0.05)
    assert ended.code == 0, ended.err
    said = manifest(folder, "static_wi8_ai8")
    assert "kept" not in said
    assert "kept" not in said["repair"]
    assert said["repair"]["quantity"] == "top1_accuracy"
    assert said["repair"]["value"] <= 0.05
    assert "nothing kept, the bound holds at once" in ended.out


def test_a_bound_that_cannot_be_held_writes_nothing_and_exits_with_1(again):
    ended, folder = again("-r", "static_wi8_ai8", "--min-sqnr", 500)
    assert ended.code == 1
    assert "at best" in ended.err
    assert "Traceback" not in ended.err
    assert list(folder.iterdir()) == []


def test_int4_is_repaired_by_int8_weights(again, made):
    recipe = "weight_only_wi4_afp32"
    ended, folder = again("-r", recipe, "--min-sqnr", beyond(made, recipe))
    assert ended.code == 0, ended.err
    repair = manifest(folder, "weight_only_wi4_afp32")["repair"]
    assert {entry["recipe"] for entry in repair["kept"]} == {"weight_only_wi8_afp32"}
    assert repair["added_bytes"] > 0


def test_blocks_of_int4_are_told_from_the_rest_and_kept(again):
    ended, folder = again("-r", "dynamic_wi4b32_afp32", "--min-sqnr", 50)
    assert ended.code == 0, ended.err
    repair = manifest(folder, "dynamic_wi4b32_afp32")["repair"]
    layers = {entry["layer"] for entry in repair["kept"]}
    assert "digit" in layers and len(layers) < repair["num_operators"] / 2


def test_an_accelerator_gets_int16_activations(again, made):
    recipe = "static_wi8_ai8"
    ended, folder = again("-r", recipe, "--min-sqnr", beyond(made, recipe, -2), "--for", "npu")
    assert ended.code == 0, ended.err
    repair = manifest(folder, "static_wi8_ai8")["repair"]
    assert {entry["recipe"] for entry in repair["kept"]} == {"static_wi8_ai16"}
    assert "latency_to_float" not in repair  # this machine is no NPU


def test_layers_are_kept_float_or_quantized_otherwise_by_name(again):
    ended, folder = again(
        "-r", "static_wi8_ai8", "--keep-float", "digit",
        "--override", "conv[12]=weight_only_wi8_afp32",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    said = manifest(folder, "static_wi8_ai8")
    has = {entry["layer"]: entry["recipe"] for entry in said["kept"]}
    assert has["conv1"] == has["conv2"] == "weight_only_wi8_afp32"
    assert has["digit"] == "float32"
    assert all(entry["reason"].startswith("asked for") for entry in said["kept"])
    made_of = operators(folder / said["path"])
    assert made_of["digit", "FULLY_CONNECTED"].inputs[1].dtype == "float32"
    assert made_of["conv1", "CONV_2D"].outputs[0].dtype == "float32"
    assert made_of["conv3", "CONV_2D"].outputs[0].dtype == "int8"
    assert "asked for: digit=float32" in ended.out


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (("--keep-float", "digits"), "The selector matches no layer"),
        (("--keep-float", "("), "regular expression"),
        (("--override", "conv1"), "--override must be LAYER=RECIPE"),
        (("--override", "conv1=int8"), "A recipe must be one of"),
        (("--override", "flatten=weight_only_wi8_afp32"), "cannot be applied to any operator"),
        (("--override", "depthwise=weight_only_wi4_afp32"), "cannot be applied to any operator"),
    ],
)
def test_an_exception_that_would_do_nothing_is_refused(again, options, rule):
    ended, folder = again("-r", "static_wi8_ai8", *options)
    assert rule in ended.refused()
    assert list(folder.iterdir()) == []


def test_plain_rounding_gives_what_the_quantizer_gives(again, made):
    ended, folder = again(
        "-r", "weight_only_wi4_afp32", "--rounding", "nearest", "--no-bias-correction"
    )
    assert ended.code == 0, ended.err
    said = manifest(folder, "weight_only_wi4_afp32")
    assert said["recipe"]["quantize"]["rounding"] == "nearest"
    assert "candidates" not in said
    refined = made.manifest("weight_only_wi4_afp32")
    assert said["verified"]["sqnr_db"] < refined["verified"]["sqnr_db"]


def test_int4_without_samples_says_both_ways_out(edgekit, made, tmp_path):
    convert = ("convert", made.tflite("float32"), "-r", "weight_only_wi4_afp32", "-o", tmp_path)
    error = edgekit(*convert).refused()
    assert "--calibration" in error
    assert "--rounding nearest --no-bias-correction" in error
    plain = edgekit(*convert, "--rounding", "nearest", "--no-bias-correction")
    assert plain.code == 0, plain.err


def test_a_bound_needs_samples_and_something_that_quantizes(edgekit, made, tmp_path):
    float_file = made.tflite("float32")
    error = edgekit("convert", float_file, "-o", tmp_path, "--max-loss", 0.01).refused()
    assert "a third of them" in error
    np.savez(tmp_path / "data.npz", np.zeros((20, 8, 8, 1), np.float32))
    error = edgekit(
        "convert", float_file, "-r", "float32", "-c", tmp_path / "data.npz", "--max-loss", 0.01
    ).refused()
    assert "recipe that quantizes" in error


def test_every_file_was_run_against_the_float_one(made):
    assert "verified" not in made.manifest("float32")
    for recipe, least in {"float16": 60, "static_wi8_ai8": 25, "weight_only_wi4_afp32": 20}.items():
        verified = made.manifest(recipe)["verified"]
        assert verified["sqnr_db"] > least
        assert verified["agreement"] == 1
        assert verified["held_back"] == 16
        assert verified["num_samples"] == 24
