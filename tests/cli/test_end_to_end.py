"""From a Keras file to proven TFLite files, through the real command."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import edgekit as public
from edgekit.core import project as projects
from edgekit.core import serde

pytestmark = pytest.mark.convert

# What the sample asks for; a recipe that it leaves out has tests of its own.
PROJECT = Path(__file__).parents[2] / "sample_models" / "digits" / "edgekit.toml"
RECIPES = projects.load(PROJECT).recipes
VARIANTS = [name for name in RECIPES if name != "float32"]
STATIC = [name for name in RECIPES if name.startswith("static")]
# tflite-runtime 2.14 loads their weights and computes garbage, or does not load them.
TOO_NEW = {"dynamic_wi8_afp32", "weight_only_wi4_afp32"}
LABELS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def metrics(measurement):
    return {metric["name"]: metric for metric in measurement.get("metrics", [])}


def notes(ended):
    return [line for line in ended.err.splitlines() if line.startswith("Note: ")]


def test_convert_says_what_it_wrote(made):
    artifacts = made.ended.json()
    assert [one["recipe"]["name"] for one in artifacts] == list(RECIPES)
    assert [one["path"] for one in artifacts] == [str(made.tflite(name)) for name in RECIPES]
    endings = {"tflite", "json"}
    assert {path.name for path in made.folder.iterdir()} == {
        "digits.golden.npz",
        *(f"digits.{name}.{ending}" for name in RECIPES for ending in endings),
    }


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_manifest_describes_its_file(made, recipe, digits):
    manifest, content = made.manifest(recipe), made.tflite(recipe).read_bytes()
    assert manifest["path"] == made.tflite(recipe).name
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["size_bytes"] == len(content)
    assert 0 < manifest["compressed_bytes"] < len(content)
    assert manifest["float_sha256"] == serde.sha256(made.tflite("float32"))
    assert manifest["source_sha256"] == serde.sha256(digits / "digits.keras")
    assert manifest["reference_sqnr_db"] >= 80
    assert manifest["golden"] == "data"
    assert {"tensorflow", "keras", "edgekit"} <= set(manifest["tool_versions"])


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_contract_says_what_an_app_must_feed_and_read(made, recipe):
    [image] = made.manifest(recipe)["contract"]["inputs"]
    [digit] = made.manifest(recipe)["contract"]["outputs"]
    assert (image["name"], image["shape"], image["dtype"]) == ("image", [1, 8, 8, 1], "float32")
    assert image["preprocessing"]["channels"] == "gray"
    assert image["preprocessing"]["std"] == [255.0]
    assert (digit["name"], digit["shape"]) == ("digit", [1, 10])
    assert (digit["labels"], digit["activation"]) == (LABELS, "softmax")


def test_golden_samples_hold_what_keras_answered(made):
    with np.load(made.folder / "digits.golden.npz", allow_pickle=False) as golden:
        inputs, outputs = golden["input/image"], golden["output/digit"]
    assert inputs.shape[1:] == (8, 8, 1)
    assert outputs.shape == (len(inputs), 10)
    assert np.allclose(outputs.sum(axis=1), 1, atol=1e-5)


def test_every_variant_is_smaller_than_float(made):
    sizes = {name: made.tflite(name).stat().st_size for name in RECIPES}
    assert all(sizes[name] < 0.6 * sizes["float32"] for name in VARIANTS)
    assert sizes["weight_only_wi4_afp32"] == min(sizes.values())


@pytest.fixture(scope="module")
def validated(edgekit, made, digits):
    files = [made.tflite(name) for name in RECIPES]
    ended = edgekit("validate", *files, "--data", digits / "data.npz", "--json")
    assert ended.code == 0, ended.err
    return ended


def test_accuracy_survives_every_recipe(validated):
    measured = dict(zip(RECIPES, validated.json(), strict=True))
    floats = metrics(measured["float32"])
    assert floats["top1_accuracy"]["value"] > 0.98
    assert floats["agreement"]["value"] == 1
    assert floats["sqnr_db"]["value"] == "inf"
    for name in VARIANTS:
        got = metrics(measured[name])
        accuracy = got["top1_accuracy"]
        assert measured[name]["num_samples"] == 720
        assert accuracy["value"] >= floats["top1_accuracy"]["value"] - 0.02, name
        assert accuracy["low"] < accuracy["value"] < accuracy["high"]
        assert got["agreement"]["value"] > 0.98, name
        assert 10 < got["sqnr_db"]["value"] < 100, name


def test_good_calibration_samples_bring_no_warning(made):
    assert notes(made.ended) == []
    # Pixels 0 to 255, divided by 255.
    assert made.manifest("static_wi8_ai8")["calibration_ranges"] == {"image": [0, 1]}


def test_drawn_apart_samples_bring_no_warning(validated):
    assert notes(validated) == []


def test_evaluating_on_calibration_samples_is_noticed(edgekit, made, digits, tmp_path):
    with np.load(digits / "data.npz") as data:
        x, y = data["calibration_x"], data["calibration_y"]
    np.savez(tmp_path / "same.npz", x=x, y=y)
    file = made.tflite("static_wi8_ai8")
    ended = edgekit("validate", file, "--data", tmp_path / "same.npz", "--json")
    [note] = notes(ended)
    assert "used for calibration" in note
    assert ended.json()[0]["notes"] == [note.removeprefix("Note: ")]


@pytest.mark.tflite_runtime
def test_the_old_runtime_computes_the_same_or_refuses(
    edgekit, made, digits, old_runtime, validated
):
    files = [made.tflite(name) for name in RECIPES]
    ended = edgekit(
        "validate", *files, "--data", digits / "data.npz", "--runtime", old_runtime, "--json"
    )
    error = ended.refused()
    new = dict(zip(RECIPES, validated.json(), strict=True))
    old = dict(zip(RECIPES, ended.json(), strict=True))
    assert {name for name in RECIPES if old[name].get("failure")} == TOO_NEW
    for name in TOO_NEW:
        assert f"digits.{name}.tflite on {old_runtime}" in error
        assert "version" in old[name]["failure"]
        assert old[name]["metrics"] == []
    for name in set(RECIPES) - TOO_NEW:
        assert old[name]["target"]["version"] == "2.14.0"
        here, there = metrics(old[name]), metrics(new[name])
        assert here["top1_accuracy"]["value"] == pytest.approx(
            there["top1_accuracy"]["value"], abs=0.005
        )
        assert here["agreement"]["value"] == pytest.approx(there["agreement"]["value"], abs=0.005)


QUICK = ("--num-runs", 10, "--num-processes", 1, "--warmup-runs", 2)


def test_benchmark_compares_two_files(edgekit, made):
    files = [made.tflite("static_wi8_ai8"), made.tflite("float32")]
    first, second = edgekit("benchmark", *files, *QUICK, "--json").json()
    assert [first["artifact"], second["artifact"]] == [path.name for path in files]
    got = metrics(first)
    order = [got[f"latency_p{percent}_ms"]["value"] for percent in (50, 90, 99)]
    assert 0 < order[0] <= order[1] <= order[2]
    assert got["latency_ratio"]["value"] > 0
    assert got["latency_ratio"]["low"] <= got["latency_ratio"]["high"]
    assert got["peak_rss_bytes"]["value"] > 1e7
    assert got["size_bytes"]["value"] == files[0].stat().st_size
    assert got["compressed_bytes"]["value"] < got["size_bytes"]["value"]
    assert metrics(second)["latency_ratio"]["value"] == 1  # float is the reference
    assert first["target"]["num_threads"] == 1


def test_a_file_against_itself_is_one_name_twice(edgekit, made):
    file = made.tflite("float32")
    measured = edgekit("benchmark", file, file, *QUICK, "--json").json()
    assert [one["artifact"] for one in measured] == [file.name] * 2
    assert all("latency_ratio" in metrics(one) for one in measured)


def test_two_files_of_one_name_are_told_apart(edgekit, made, tmp_path):
    (tmp_path / "old").mkdir()
    shutil.copy(made.tflite("float32"), tmp_path / "old" / "digits.float32.tflite")
    shutil.copy(made.tflite("float16"), tmp_path / "digits.float32.tflite")
    names = ["digits.float32.tflite", "old/digits.float32.tflite"]
    measured = edgekit("benchmark", *names, *QUICK, "--json", cwd=tmp_path).json()
    assert [one["artifact"] for one in measured] == names


def test_inspect_shows_tensors_and_operators(edgekit, made):
    said = edgekit("inspect", made.tflite("static_wi8_ai8"), "--json").json()
    assert {op["name"] for op in said["file"]["operators"]} >= {"CONV_2D", "FULLY_CONNECTED"}
    assert [spec["name"] for spec in said["file"]["inputs"]] == ["image"]
    assert said["file"]["size_bytes"] == made.tflite("static_wi8_ai8").stat().st_size
    assert said["delegation"]["partitions"] >= 1


def test_doctor_finds_what_the_other_tests_need(edgekit):
    findings = {one["what"]: one for one in edgekit("doctor", "--json").json()}
    for what in ("python", "numpy", "tensorflow", "litert"):
        assert findings[what]["ok"], findings[what]
    assert all(one["ok"] or one["mend"] for one in findings.values())


def test_runtime_list_is_empty_at_first(edgekit, tmp_path):
    assert edgekit("runtime", "list", "--json", env={"EDGEKIT_HOME": str(tmp_path)}).json() == []


@pytest.mark.tflite_runtime
def test_runtime_list_names_what_was_added(edgekit, old_runtime):
    listed = edgekit("runtime", "list", "--json").json()
    assert old_runtime in [f"{one['runtime']}=={one['version']}" for one in listed]
    assert old_runtime in edgekit("runtime", "list").out


def test_demo_proves_the_sample_and_conversion_repeats_itself(edgekit, made, digits, tmp_path):
    folder = tmp_path / "demo"
    svg = tmp_path / "demo.svg"
    ended = edgekit(
        "demo", "-o", folder, "--runtime", "litert", "--svg", svg, "--json", cwd=digits.parents[1]
    )
    assert ended.code == 0, ended.err
    assert "ship this" in svg.read_text(encoding="utf-8").replace("&#160;", " ")
    said = ended.json()
    assert [one["artifact"] for one in said["measurements"]] == [
        f"digits.{name}.tflite" for name in RECIPES
    ]
    for one in said["measurements"]:
        assert {"top1_accuracy", "latency_p50_ms", "peak_rss_bytes"} <= set(metrics(one))
    assert said["advice"]["litert"]["ship"] in {f"digits.{name}.tflite" for name in RECIPES}
    # Two conversions on one machine: equal files, byte for byte, and equal manifests.
    for path in made.folder.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.fixture(scope="module")
def from_tflite(edgekit, made, digits, tmp_path_factory):
    """The variants made again, from the float file in place of Keras."""
    folder = tmp_path_factory.mktemp("again")
    toml = digits / "edgekit.toml"
    ended = edgekit("convert", made.tflite("float32"), "--project", toml, "-o", folder, "--json")
    assert ended.code == 0, ended.err
    return folder


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_float_tflite_gives_the_same_files_as_keras(made, from_tflite, recipe):
    again = from_tflite / made.tflite(recipe).name
    assert again.read_bytes() == made.tflite(recipe).read_bytes()


def test_the_public_functions_do_what_the_commands_do(made, from_tflite, digits, tmp_path):
    artifacts = public.convert(
        made.tflite("float32"), output=tmp_path, project=projects.load(digits / "edgekit.toml")
    )
    assert [one.recipe.name for one in artifacts] == list(RECIPES)
    for path in from_tflite.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
    [measured] = public.validate(
        [artifacts[1].path],
        data=str(digits / "data.npz"),
        options=public.ValidateOptions(limit=50),
    )
    assert measured.num_samples == 50
    assert measured.metric("agreement").value > 0.9
    options = public.BenchmarkOptions(num_runs=5, num_processes=1, warmup_runs=1)
    [timed] = public.benchmark([artifacts[1].path], options=options)
    assert timed.metric("latency_p50_ms").value > 0
    inspection, delegation = public.inspect(artifacts[1].path)
    assert inspection.size_bytes == artifacts[1].size_bytes
    assert delegation.failure is None
    assert any(finding.what == "litert" and finding.ok for finding in public.doctor())
    assert "tensorflow" not in sys.modules


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_integer_inputs_and_outputs(edgekit, made, digits, tmp_path, dtype):
    ended = edgekit(
        "convert", made.tflite("float32"), "-r", "static_wi8_ai8", "--io", dtype,
        "--project", digits / "edgekit.toml", "-o", tmp_path, "--json",
    )  # fmt: skip
    contract = ended.json()[1]["contract"]
    for spec in (*contract["inputs"], *contract["outputs"]):
        assert spec["dtype"] == dtype
        assert len(spec["scale"]) == len(spec["zero_point"]) == 1
    assert contract["outputs"][0]["labels"] == LABELS
    file = tmp_path / "digits.static_wi8_ai8.tflite"
    [measured] = edgekit("validate", file, "--data", digits / "data.npz", "--json").json()
    assert metrics(measured)["top1_accuracy"]["value"] > 0.97


def test_calibration_that_nothing_needs_is_accepted_with_a_note(edgekit, made, digits, tmp_path):
    ended = edgekit(
        "convert", made.tflite("float32"), "-r", "float16", "-c", digits / "data.npz",
        "--project", digits / "edgekit.toml", "-o", tmp_path, "--json",
    )  # fmt: skip
    [note] = notes(ended)
    assert "needs calibration" in note
    assert [one["golden"] for one in ended.json()] == ["data", "data"]


def test_outputs_are_replaced_by_force_only(edgekit, made, tmp_path):
    convert = ("convert", made.tflite("float32"), "-r", "float16", "-o", tmp_path)
    assert edgekit(*convert).code == 0
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert "--force" in edgekit(*convert).refused()
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert edgekit(*convert, "--force").code == 0
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert set(after) == set(before)
    assert all(after[name] > before[name] for name in before)


def test_standard_output_has_the_result_and_standard_error_the_rest(edgekit, made):
    assert all(line.startswith("edgekit: ") for line in made.ended.err.splitlines())
    assert "edgekit: quantizing: float16" in made.ended.err
    plain = edgekit("benchmark", made.tflite("float32"), *QUICK)
    assert "edgekit:" not in plain.out
    assert "p50 ms" in plain.out
    assert json.loads(made.ended.out)
