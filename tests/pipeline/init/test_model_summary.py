"""What a model says of itself, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core.errors import ModelError
from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract, Limits, TensorSpec
from edgekit.frontend.describe import DESCRIBE, Description, Scaling, Source
from edgekit.frontend.load.recognise import Recognised
from edgekit.pipeline.init import model_summary
from tests.pipeline.init.descriptions import described

MODELS = Path(__file__).parents[2] / "models"
IMAGE = TensorSpec(name="image", shape=(1, 8, 9, 3), dtype="float32")
CLASSES = TensorSpec(name="kind", shape=(1, 3), dtype="float32")


def summary(path: Path, format: str = "tflite") -> model_summary.Described:
    recognised = Recognised(format=format, written_by="Keras 3", path=path)
    source = Source(model=path, unsafe=True)
    return model_summary.describe(recognised, source, limits=Limits(), on_progress=lambda _: None)


def test_a_float_file_tells_its_activation():
    found = summary(MODELS / "softmax.float32.tflite")
    assert [spec.activation for spec in found.contract.outputs] == ["softmax"]
    assert found.contract.inputs[0].shape[0] == 1
    [spec] = summary(MODELS / "fully_connected.float32.tflite").contract.outputs
    assert spec.activation is None


def test_a_quantized_file_is_refused():
    with pytest.raises(ModelError):
        summary(MODELS / "softmax.int8.tflite")


def test_a_keras_model_is_described_in_a_child_with_its_notes(monkeypatch):
    scaling = {"image": Scaling(layer="scale", does="value / 255", takes_pixels=True)}
    contract = Contract(inputs=(IMAGE,), outputs=(replace(CLASSES, activation="softmax"),))

    def child(stage: object, request: Source, *, notes: list[str], **how: object) -> Description:
        assert (stage, request.model, how["own_code"]) == (DESCRIBE, Path("m.keras"), True)
        notes.append("It ran without oneDNN.")
        return Description(contract=contract, scaling=scaling, notes=("It has a dropout.",))

    monkeypatch.setattr(model_summary.onednn, "call", child)
    found = summary(Path("m.keras"), "keras3")
    assert (found.contract, found.scaling) == (contract, scaling)
    assert found.notes == ("It ran without oneDNN.", "It has a dropout.")


@pytest.mark.parametrize(
    ("shape", "image"),
    [
        ((1, 8, 9, 3), True),
        ((1, 28, 28, 1), True),
        ((1, -1, -1, 3), True),
        ((1, 7, 28, 1), False),  # a spectrogram, or a window
        ((1, 28, 28, 4), False),
        ((1, 28, 28), False),
    ],
)
def test_images_are_told_by_their_shape(shape, image):
    assert model_summary.is_image(replace(IMAGE, shape=shape)) == image


@pytest.mark.parametrize(
    ("changes", "takes_pixels", "kind"),
    [
        ({}, True, "image"),
        ({}, False, None),
        ({"dtype": "uint8"}, False, "image"),
        ({"dtype": "uint8", "scale": (0.5,)}, False, None),  # quantized: real values go in
        ({"shape": (1, -1, -1, 3)}, True, None),
        ({"shape": (1, 12)}, True, None),
    ],
)
def test_preprocessing_is_stated_where_there_is_no_doubt(changes, takes_pixels, kind):
    scaling = Scaling(layer="scale", does="value / 255", takes_pixels=takes_pixels)
    found = model_summary.certain(replace(IMAGE, **changes), scaling)
    assert (found and found.kind) == kind
    if found:
        assert (found.size, found.channels) == ((8, 9), "rgb")


def test_the_contract_states_it_too():
    [spec] = model_summary.stated(described(replace(IMAGE, dtype="uint8"), IMAGE)).inputs[:1]
    assert spec.preprocessing.kind == "image"


@pytest.mark.parametrize(
    ("outputs", "lines", "output"),
    [
        ((3,), "a\nb\nc", "out0"),
        ((3, 2), "a\nb", "out1"),
        ((3, 3), "a\nb\nc", None),  # either
        ((3,), "a\nb", None),
        ((3,), "a\n\nc", None),
        ((1,), "a", None),
    ],
)
def test_labels_are_of_the_one_output_that_has_as_many(outputs, lines, output, tmp_path):
    specs = tuple(replace(CLASSES, name=f"out{i}", shape=(1, n)) for i, n in enumerate(outputs))
    contract = Contract(inputs=(IMAGE,), outputs=specs)
    (tmp_path / "labels.txt").write_text(lines, encoding="utf-8")
    labels, notes = model_summary.labels_beside(tmp_path, contract)
    assert (labels and labels.output) == output
    if labels is None:
        assert "was left out" in notes[0]
        assert model_summary.with_labels(contract, labels) == contract
    else:
        assert labels.names == tuple(lines.split("\n")) and not notes
        stated = model_summary.with_labels(contract, labels)
        assert [bool(spec.labels) for spec in stated.outputs] == [
            spec.name == output for spec in specs
        ]


def test_labels_that_are_no_text_are_named(tmp_path):
    contract = Contract(inputs=(IMAGE,), outputs=(CLASSES,))
    assert model_summary.labels_beside(tmp_path, contract) == (None, [])
    (tmp_path / "classes.txt").write_bytes(b"\xff\xfe\xff")
    labels, [note] = model_summary.labels_beside(tmp_path, contract)
    assert labels is None and note.startswith("classes.txt cannot be read as UTF-8")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "classes"),
        ({"activation": "softmax"}, "classes"),
        ({"activation": "sigmoid"}, "tags"),
        ({"kind": "values"}, "values"),
    ],
)
def test_labels_tell_what_an_output_is_unless_the_model_does(changes, kind):
    spec = replace(CLASSES, **{"labels": (), **changes})
    contract = Contract(inputs=(IMAGE,), outputs=(spec,))
    labels = model_summary.Labels(output=spec.name, names=("a", "b", "c"))
    [named] = model_summary.with_labels(contract, labels).outputs
    assert (named.kind, named.labels) == (kind, ("a", "b", "c"))


@pytest.mark.parametrize(
    ("changes", "metrics", "kind"),
    [
        ({}, ("mae",), "values"),
        ({}, ("top1_accuracy",), None),
        ({}, (), None),
        ({"kind": "tags"}, ("mae",), "tags"),
        ({"shape": (1, 8, 8, 3)}, ("mae",), None),
    ],
)
def test_numbers_as_labels_make_values(changes, metrics, kind):
    contract = Contract(inputs=(IMAGE,), outputs=(replace(CLASSES, **changes),))
    assert model_summary.with_values(contract, metrics).outputs[0].kind == kind


def test_columns_that_the_exported_graph_tells_are_taken_where_nothing_is_known():
    columns = (Columns(kind="boxes", start=0, stop=2), Columns(kind="scores", start=2, stop=3))
    exported = Contract(inputs=(), outputs=(replace(CLASSES, columns=columns),))
    for spec, taken in ((CLASSES, columns), (replace(CLASSES, kind="classes"), ())):
        contract = Contract(inputs=(), outputs=(spec,))
        assert model_summary.with_columns(contract, exported).outputs[0].columns == taken
