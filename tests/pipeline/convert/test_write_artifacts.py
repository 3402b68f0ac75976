"""Manifests and files: all of them in their places, or none."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import edgekit
from edgekit.core import artifacts, serde
from edgekit.core.errors import OutputError
from edgekit.core.records import Artifact, Repair, Step, Verified
from edgekit.data.samples import Samples
from edgekit.pipeline.convert import write_artifacts
from tests.pipeline.convert.steps import (
    FLOAT,
    FLOAT16,
    INT8,
    PRUNING,
    converted,
    inputs,
    job,
    trained,
)

FACTS = write_artifacts.Facts(
    source_sha256="source",
    float_sha256="float",
    calibration_sha256="calibration",
    calibration_ranges={"x": (-1.0, 2.0)},
    calibration_digests="a b",
    training_digests="c d",
    reference_sqnr_db=120.5,
    golden="data",
    tool_versions={"edgekit": "1"},
    notes=("a note",),
)
PRUNED = Step(name="prune", summary="half", seconds=1.0)
ROUNDED = Step(name="quantize", summary="gptq", seconds=2.0)
REPAIR = Repair(
    quantity="sqnr_db", limit=20, value=21, unrepaired=10, num_samples=5, num_operators=3
)


def made(tmp_path, *which):
    """Manifests of files in the scratch folder, and those files."""
    conversion = job(tmp_path)
    files = [converted(conversion, recipe) for recipe in which]
    manifests = [
        write_artifacts.artifact(conversion.plan, file, (PRUNED,), FACTS) for file in files
    ]
    return conversion, manifests, [file.path for file in files]


def test_a_manifest_holds_what_each_step_said(tmp_path):
    conversion = job(tmp_path)
    recipe = trained(replace(INT8, prune=PRUNING))
    verified = Verified(sqnr_db=30.0, num_samples=7)
    file = replace(
        converted(conversion, recipe), steps=(ROUNDED,), repair=REPAIR, verified=verified
    )
    manifest = write_artifacts.artifact(conversion.plan, file, (PRUNED,), FACTS)
    assert manifest.path == str(tmp_path / "out" / "net.pruned.qat.static_wi8_ai8.tflite")
    assert (manifest.sha256, manifest.size_bytes, manifest.compressed_bytes) == (
        f"of {recipe.label}",
        10,
        5,
    )
    assert manifest.steps == (PRUNED, ROUNDED)
    assert manifest.training_digests == "c d"
    assert (manifest.repair, manifest.verified) == (REPAIR, verified)
    assert manifest.calibration_ranges == {"x": (-1.0, 2.0)}
    assert manifest.reference_sqnr_db == 120.5
    assert serde.loads(Artifact, artifacts.manifest_text(manifest)) == replace(
        manifest, path="net.pruned.qat.static_wi8_ai8.tflite"
    )


def test_a_file_that_was_neither_pruned_nor_trained_says_nothing_of_it(tmp_path):
    _, [manifest], _ = made(tmp_path, FLOAT16)
    assert manifest.steps == ()
    assert manifest.training_digests == ""


def test_everything_is_written(tmp_path):
    conversion, manifests, files = made(tmp_path, FLOAT, FLOAT16)
    golden = tmp_path / "out" / "net.golden.npz"
    write_artifacts.write(manifests, files, {conversion.golden: golden})
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "net.float16.json",
        "net.float16.tflite",
        "net.float32.json",
        "net.float32.tflite",
        "net.golden.npz",
    ]
    written = json.loads((tmp_path / "out" / "net.float16.json").read_text())
    assert written["path"] == "net.float16.tflite"
    assert golden.read_bytes() == conversion.golden.read_bytes()


@pytest.mark.parametrize("missing", ["first", "last", "golden"])
def test_where_one_cannot_be_written_none_is(tmp_path, missing):
    conversion, manifests, files = made(tmp_path, FLOAT, FLOAT16)
    out = tmp_path / "out"
    out.mkdir()
    before = {"net.float32.tflite": "old", "net.float32.json": "{}", "net.golden.npz": "older"}
    for name, text in before.items():
        (out / name).write_text(text)
    {"first": files[0], "last": files[-1], "golden": conversion.golden}[missing].unlink()
    with pytest.raises(OutputError):
        write_artifacts.write(manifests, files, {conversion.golden: out / "net.golden.npz"})
    assert {path.name: path.read_text() for path in out.iterdir()} == before


def test_an_old_manifest_never_stands_beside_a_new_file(tmp_path, monkeypatch):
    """Somebody ends us while the files are moved into their places."""
    conversion, manifests, files = made(tmp_path, FLOAT16)
    out = tmp_path / "out"
    out.mkdir()
    (out / "net.float16.tflite").write_text("old")
    (out / "net.float16.json").write_text("{}")
    replaced = type(out).replace

    def end(self, target):
        replaced(self, target)
        if target.suffix == ".tflite":
            raise KeyboardInterrupt

    monkeypatch.setattr(type(out), "replace", end)
    with pytest.raises(KeyboardInterrupt):
        write_artifacts.write(manifests, files, {})
    assert (out / "net.float16.tflite").read_bytes() == files[0].read_bytes()
    assert not (out / "net.float16.json").exists()
    assert conversion.golden.exists()


def test_digests_are_of_the_first_samples(tmp_path):
    path = tmp_path / "s.npz"
    samples = Samples(inputs=inputs(5))
    samples.save(path)
    assert write_artifacts.digests(path).split() == list(samples.digests())
    assert write_artifacts.digests(path, 2).split() == list(samples.digests()[:2])
    assert write_artifacts.digests(tmp_path / "none.npz") == ""


def test_versions_are_of_what_took_part():
    versions = write_artifacts.tool_versions("Keras 2.15.0")
    assert versions["model"] == "Keras 2.15.0"
    assert versions["edgekit"] == edgekit.__version__
    assert "numpy" in versions
