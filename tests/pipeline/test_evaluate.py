"""What is measured of one file, and what must be said beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import artifacts, recipes
from edgekit.core.errors import ModelError
from edgekit.core.project import OutputSpec, Project
from edgekit.core.records import Artifact, Contract, Pruning
from edgekit.data.samples import Samples
from edgekit.pipeline import evaluate
from tests.pipeline.files import MODELS, X, Y, converted

DENSE = MODELS / "fully_connected.float32.tflite"


def test_a_converted_file_knows_its_float_file(tmp_path):
    made = converted(tmp_path, "static_wi8_ai8")
    found = evaluate.candidate(Path(made["static_wi8_ai8"].path))
    floating = Path(made["float32"].path)
    assert (found.reference, found.origin) == (floating, floating)
    assert found.manifest == made["static_wi8_ai8"]
    assert found.contract == found.manifest.contract


def test_a_float_file_that_changed_is_no_reference(tmp_path):
    made = converted(tmp_path, "static_wi8_ai8")
    floating = Path(made["float32"].path)
    floating.write_bytes(floating.read_bytes() + b"\0")
    found = evaluate.candidate(Path(made["static_wi8_ai8"].path))
    assert (found.reference, found.origin) == (None, None)


def test_a_pruned_file_is_compared_with_one_and_derives_from_another(tmp_path):
    made = converted(tmp_path)["float32"]
    pruned = replace(recipes.get("static_wi8_ai8"), prune=Pruning(sparsity=0.5))
    path = artifacts.tflite_path(tmp_path, "net", pruned)
    path.write_bytes((MODELS / "fully_connected.int8.tflite").read_bytes())
    artifact = replace(made, path=str(path), recipe=pruned, sha256=evaluate.serde.sha256(path))
    artifacts.manifest_path(path).write_text(artifacts.manifest_text(artifact), encoding="utf-8")
    (tmp_path / "net.pruned.float32.tflite").write_bytes(DENSE.read_bytes())
    found = evaluate.candidate(path)
    assert found.reference == tmp_path / "net.float32.tflite"
    assert found.origin == tmp_path / "net.pruned.float32.tflite"


def test_a_foreign_file_is_described_by_the_project(tmp_path):
    project = Project(output={"y": OutputSpec(activation="softmax")})
    found = evaluate.candidate(DENSE, project=project)
    assert (found.manifest, found.reference, found.origin) == (None, None, None)
    assert found.contract.inputs == tflite.contract(DENSE).inputs
    assert found.contract.outputs[0].activation == "softmax"


CONTRACT = Contract(inputs=(X,), outputs=(Y,))
EXPECTED = {"y": np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]], np.float32)}
OUTPUTS = {"y": np.array([[0.8, 0.2], [0.1, 0.9], [0.7, 0.3]], np.float32)}


def samples(labels: np.ndarray | None) -> Samples:
    return Samples(inputs={"x": np.zeros((3, 2), np.float32)}, labels=labels)


def candidate(path: Path = DENSE) -> evaluate.Candidate:
    return evaluate.Candidate(
        path=path, contract=CONTRACT, manifest=None, reference=None, origin=None
    )


def test_labels_give_accuracy_and_the_float_file_fidelity():
    metrics, notes = evaluate.measure(candidate(), samples(np.array([0, 1, 1])), OUTPUTS, EXPECTED)
    by_name = {metric.name: metric.value for metric in metrics}
    assert by_name["top1_accuracy"] == pytest.approx(2 / 3)
    assert by_name["agreement"] == pytest.approx(2 / 3)
    assert by_name["size_bytes"] == DENSE.stat().st_size > by_name["compressed_bytes"]
    assert "sqnr_db" in by_name and notes == ()


@pytest.mark.parametrize(
    ("labels", "words"),
    [(None, "no labels in the data"), (np.zeros((3, 7)), "labels of shape (3, 7)")],
)
def test_what_could_not_be_measured_is_said(labels, words):
    metrics, notes = evaluate.measure(candidate(), samples(labels), OUTPUTS, None)
    assert [metric.name for metric in metrics] == ["size_bytes", "compressed_bytes"]
    assert words in notes[0] and "no fidelity" in notes[1]


def test_a_metric_that_is_named_is_taken():
    metrics, _ = evaluate.measure(
        candidate(), samples(np.zeros((3, 2))), OUTPUTS, EXPECTED, ["mae"]
    )
    assert metrics[0].name == "mae"
    assert metrics[0].value == pytest.approx(0.5)


def test_a_file_that_cannot_be_read_has_no_size(tmp_path):
    with pytest.raises(ModelError, match=r"none\.tflite|can be read|not"):
        evaluate.sizes(tmp_path / "none.tflite")


def manifest(tmp_path: Path, recipe: str, **fields: object) -> Artifact:
    return converted(tmp_path, "static_wi8_ai8", **fields)[recipe]


def test_samples_that_made_the_file_are_counted(tmp_path):
    judged = samples(None)
    made = manifest(tmp_path, "static_wi8_ai8", calibration_digests="a b", training_digests="c")
    calibration, training = evaluate.sample_notes(made, judged, ["a", "c", "d"])
    assert calibration.startswith("1 of 3 evaluation samples were used for calibration")
    assert training.startswith("1 of 3 evaluation samples were used for training")
    assert evaluate.sample_notes(made, judged, ["d", "e", "f"]) == ()
    assert evaluate.sample_notes(None, judged, ["a"]) == ()


def test_only_what_was_calibrated_is_held_against_its_ranges(tmp_path):
    judged = Samples(inputs={"x": np.full((3, 2), 9.0, np.float32)})
    ranges = {"x": (0.0, 1.0)}
    static = manifest(tmp_path, "static_wi8_ai8", calibration_ranges=ranges)
    [note] = evaluate.sample_notes(static, judged, [])
    assert "3 of 3 evaluation samples go beyond its calibration range" in note
    floating = manifest(tmp_path, "float32", calibration_ranges=ranges)
    assert evaluate.sample_notes(floating, judged, []) == ()


def test_manifests_of_the_helper_are_what_is_read(tmp_path):
    made = converted(tmp_path)["float32"]
    text = artifacts.manifest_path(Path(made.path)).read_text(encoding="utf-8")
    assert json.loads(text)["path"] == "net.float32.tflite"
