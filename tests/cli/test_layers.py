"""`edgekit validate --layers` and `--overlay`, through the real command."""

import json
import math
import statistics

import pytest

from edgekit import tflite

pytestmark = pytest.mark.convert


def test_errors_by_layer_are_a_table_and_json(edgekit, made, digits):
    files = [made.tflite(name) for name in ("float32", "static_wi8_ai8", "weight_only_wi4_afp32")]
    options = ["--data", digits / "data.npz", "--layers", "--limit", "80"]
    shown = edgekit("validate", *files, *options)
    assert shown.code == 0, shown.err
    for file in files[1:]:
        assert f"{file.name}: errors by operator" in shown.out
    assert f"{files[0].name} is the float file" in shown.err
    assert "LiteRT's kernels, on 64 of 80 samples, drawn with seed 0" in shown.err
    first = shown.out.index("static_wi8_ai8.tflite: errors")
    rows = [line for line in shown.out[first:].splitlines() if "conv1" in line]
    assert any("CONV_2D" in row for row in rows)
    assert "To blame most" in shown.out[first:] or "No layer stands out" in shown.out[first:]

    float_file, static, narrow = edgekit("validate", *files, *options, "--json").json()
    assert "layers" not in float_file
    names = [op.layer for op in tflite.operators(tflite.read(files[0]))]
    for one, scheme in ((static, "int8"), (narrow, "int4 weights")):
        assert [error["layer"] for error in one["layers"]] == names
        assert scheme in [error["scheme"] for error in one["layers"]]
        for error in one["layers"]:
            assert float(error["local_sqnr_db"]) > 10
            assert float(error["cumulative_sqnr_db"]) > 10
    # Four bits are worse than eight, and where nothing is stored in integers nothing is lost.
    place = next(i for i, e in enumerate(narrow["layers"]) if e["scheme"] == "int4 weights")
    few, many = (one["layers"][place]["local_sqnr_db"] for one in (narrow, static))
    assert few < many - 5
    for one in (static, narrow):  # small operators keep int8: all shares come to the whole
        assert math.fsum(error["blame"] for error in one["layers"]) == pytest.approx(1)
    exact = [e for e in narrow["layers"] if e["scheme"] == "float"]
    assert exact and all(float(e["local_sqnr_db"]) == math.inf for e in exact)


def test_the_same_seed_gives_the_same_errors(edgekit, made, digits):
    command = ["validate", made.tflite("static_wi8_ai8"), "--data", digits / "data.npz"]
    command += ["--layers", "--limit", "90", "--json"]
    one, same, other = (
        edgekit(*command, *extra).json()[0]["layers"]
        for extra in ((), ("--seed", "0"), ("--seed", "1"))
    )
    assert one == same != other


def test_an_overlay_names_tensors_of_the_file(edgekit, made, digits, tmp_path):
    file, overlay = made.tflite("static_wi8_ai8"), tmp_path / "overlay.json"
    command = ["validate", file, "--data", digits / "data.npz", "--limit", "20"]
    command += ["--overlay", overlay]
    done = edgekit(*command, "--json")
    assert done.json()[0]["layers"]
    [(graph, data)] = json.loads(overlay.read_text(encoding="utf-8")).items()
    assert graph == "main"
    computed = {t.name for op in tflite.operators(tflite.read(file)) for t in op.outputs}
    assert data["results"]
    assert set(data["results"]) <= computed

    before = overlay.read_bytes()
    assert "--force" in edgekit(*command).refused()
    assert overlay.read_bytes() == before
    assert edgekit(*command, "--force").code == 0


def test_what_cannot_be_told_is_said_first(edgekit, made, digits, tmp_path):
    data = ["--data", digits / "data.npz"]
    lone = tmp_path / "lone.tflite"
    lone.write_bytes(made.tflite("static_wi8_ai8").read_bytes())
    assert "--reference" in edgekit("validate", lone, *data, "--layers").refused()
    two = [made.tflite("float16"), made.tflite("static_wi8_ai8")]
    said = edgekit("validate", *two, *data, "--overlay", tmp_path / "o.json").refused()
    assert "several files" in said
    assert not (tmp_path / "o.json").exists()
    named = edgekit(
        "validate", lone, *data, "--limit", "20", "--layers", "--json",
        "--reference", made.tflite("float32"),
    )  # fmt: skip
    assert named.json()[0]["layers"]


@pytest.mark.corpus
def test_errors_of_a_file_with_equalized_channels_are_in_the_float_files_units(
    edgekit, corpus, tmp_path
):
    from benchmarks.corpus import prepare

    item = prepare("kws_dscnn", tmp_path, corpus)
    done = edgekit(
        "convert", item.model, "-o", tmp_path, "--name", "kws", "--recipe", "static_wi8_ai8",
        "--calibration", item.calib, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    path = tmp_path / "kws.static_wi8_ai8.tflite"
    equalized = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["equalized"]
    assert len(equalized) >= 6
    command = ["validate", path, "--data", item.eval, "--limit", "64", "--layers", "--json"]
    errors = edgekit(*command).json()[0]["layers"]
    others = [error for error in errors if error["tensor"] not in equalized]
    usual = statistics.median(error["local_sqnr_db"] for error in others)
    named = [error for error in errors if error["tensor"] in equalized]
    assert len(named) == len(equalized)
    for error in named:
        assert error["local_sqnr_db"] > max(22, usual - 15)
        assert error["cumulative_sqnr_db"] > 20
        assert error["output_sqnr_db"] > 30

    # A file that was moved without its manifest: its weights tell the same.
    lone = tmp_path / "lone.tflite"
    lone.write_bytes(path.read_bytes())
    command[1:2] = [lone, "--reference", tmp_path / "kws.float32.tflite"]
    assert edgekit(*command).json()[0]["layers"] == errors
