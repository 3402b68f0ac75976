"""What is measured of one file, and what must be said beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import artifacts, recipes
from edgekit.core.errors import DataError, ModelError
from edgekit.core.project import OutputSpec, Project
from edgekit.core.records import Artifact, Contract, Pruning, TensorSpec
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


HEADS = Contract(
    inputs=(X,),
    outputs=(
        replace(Y, name="gender", kind="classes"),
        TensorSpec(name="age", shape=(1, 1), dtype="float32"),
    ),
)
TWO = {"gender": EXPECTED["y"], "age": np.array([[20.0], [30.0], [40.0]], np.float32)}
GENDER, AGE = np.array([0, 1, 1]), np.array([21.0, 31.5, 41.0])


def two_heads(asked=(), ignored=(), labels=None, **heads):
    judged = replace(samples(labels), head_labels=heads, ignored=ignored)
    of = replace(candidate(), contract=HEADS)
    metrics, notes = evaluate.measure(of, judged, TWO, TWO, asked)
    return {metric.name: metric.value for metric in metrics}, notes


def test_two_heads_are_judged_at_once():
    metrics, notes = two_heads(gender=GENDER, age=AGE)
    assert metrics["top1_accuracy@gender"] == 1.0
    assert metrics["mae@age"] == pytest.approx(3.5 / 3)
    assert notes == ()
    metrics, _ = two_heads(["mae@age", "auc@gender"], gender=GENDER, age=AGE)
    assert list(metrics)[:2] == ["mae@age", "auc@gender"]


def test_a_head_without_labels_is_named_with_the_way_to_give_them():
    metrics, notes = two_heads(gender=GENDER, ignored=("ages",))
    assert "top1_accuracy@gender" in metrics and "mae@age" not in metrics
    assert notes[0].startswith("no labels of output 'age': no accuracy of it; name an array")
    assert "the data holds ages besides: did you mean 'ages'?" in notes[0]
    _, notes = two_heads()
    assert notes[0].startswith("no labels in the data") and "as the output: gender." in notes[0]
    with pytest.raises(DataError, match="mae needs labels of output 'age'") as caught:
        two_heads(["mae@age"], gender=GENDER, ignored=("ages",))
    assert "did you mean 'ages'?" in caught.value.hint


def test_labels_without_a_metric_of_their_own_are_named():
    _, notes = two_heads(gender=GENDER, age=np.zeros((3, 2)))
    assert "no metric of output 'age' by itself, whose labels have the shape (3, 2)" in notes[0]
    assert "--metric NAME@age" in notes[0]


@pytest.mark.parametrize(
    ("labels", "rule"),
    [
        ({"gender": np.array([0, 1, 2])}, "Class ids of output 'gender' must be from 0 to 1"),
        ({"gender": np.eye(3)}, "Labels must be ids of shape"),
    ],
)
def test_labels_of_another_number_of_classes_are_refused(labels, rule):
    with pytest.raises(DataError, match=rule):
        two_heads(**labels)


def test_an_output_that_nobody_knows_is_said_to_be_taken_as_values():
    _, notes = evaluate.measure(candidate(), samples(None), OUTPUTS, EXPECTED)
    [note] = [note for note in notes if "taken as values" in note]
    assert '[output.y] kind = "classes", or "values".' in note
    described = replace(CONTRACT, outputs=(replace(Y, kind="values"),))
    known = replace(candidate(), contract=described)
    _, notes = evaluate.measure(known, samples(None), OUTPUTS, EXPECTED)
    assert not any("taken as values" in note for note in notes)


def test_a_yes_or_no_without_labels_agrees_at_the_threshold():
    yes = Contract(inputs=(X,), outputs=(replace(Y, shape=(1, 1), kind="binary"),))
    outputs = [{"y": np.array(values)[:, None]} for values in ([0.6, 0.2, 0.7], [0.9, 0.1, 0.4])]
    metrics, _ = evaluate.measure(replace(candidate(), contract=yes), samples(None), *outputs)
    [agreement] = [metric for metric in metrics if metric.name == "agreement"]
    assert agreement.raw == (1.0, 1.0, 0.0)


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


def test_manifests_of_the_helper_are_what_is_read(tmp_path):
    made = converted(tmp_path)["float32"]
    text = artifacts.manifest_path(Path(made.path)).read_text(encoding="utf-8")
    assert json.loads(text)["path"] == "net.float32.tflite"


def test_what_a_file_is_known_to_have_lost_is_said_first(tmp_path):
    made = manifest(tmp_path, "static_wi8_ai8", wrecked="it has lost y.", calibration_digests="a")
    lost, seen = evaluate.sample_notes(made, samples(None), ["a", "b", "c"])
    assert lost == "wrecked: it has lost y."
    assert "calibration" in seen
