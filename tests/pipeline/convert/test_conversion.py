"""A whole conversion through its stages, of which the test answers those that need TensorFlow."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import artifacts, serde
from edgekit.core.errors import (
    BoundNotHeld,
    FidelityError,
    QuantizeError,
    UsageError,
)
from edgekit.core.project import Data, Project
from edgekit.core.records import ConvertOptions, Pruning, Repair
from edgekit.data.export_messages import EXPORT, IMPORT
from edgekit.data.samples import Samples
from edgekit.frontend.load import recognise
from edgekit.frontend.load.recognise import Recognised
from edgekit.pipeline.convert.conversion import convert
from edgekit.pipeline.convert.output_claim import claim
from edgekit.pipeline.convert.plan import Plan
from edgekit.quantize.quantize_messages import QUANTIZE
from edgekit.search.search_messages import KEEP, HeldFile, KeepResult
from tests.fake_children import FakeChildren
from tests.pipeline.convert.steps import (
    FLOAT,
    INPUT,
    NET,
    OUTPUT,
    exported_net,
    inputs,
    with_weights,
)

FLOAT16 = ConvertOptions(recipes=("float16",))


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A `.tflite` in a folder of its own."""
    folder = tmp_path / "model"
    folder.mkdir()
    return Path(shutil.copy(NET, folder / "net.tflite"))


@pytest.fixture
def imported(children: FakeChildren) -> FakeChildren:
    """The importer and the quantizer in this process: neither needs TensorFlow."""
    children.run_here(IMPORT, QUANTIZE)
    return children


@pytest.fixture
def keras(tmp_path: Path, children: FakeChildren, monkeypatch) -> Path:
    """A model that is recognised as Keras'; the exporter is `export`."""
    path = tmp_path / "net.keras"
    path.write_bytes(b"not looked at")
    recognised = Recognised(format="keras3", written_by="Keras 3.12.0", path=path)
    monkeypatch.setattr(recognise, "recognise_apart", lambda model, limits: recognised)
    children.answer(EXPORT, exported_net)
    children.run_here(QUANTIZE)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_tflite_becomes_proven_files(model, tmp_path, imported):
    lines: list[str] = []
    out = tmp_path / "out"
    made = convert(model, output=out, options=FLOAT16, on_progress=lines.append)
    assert names(out) == [
        "net.float16.json",
        "net.float16.tflite",
        "net.float32.json",
        "net.float32.tflite",
        "net.golden.npz",
    ]
    first, second = made
    for artifact in made:
        assert artifact.sha256 == serde.sha256(Path(artifact.path))
        assert artifacts.load(Path(artifact.path)) == artifact
        assert artifact.float_sha256 == first.sha256
        assert artifact.source_sha256 == serde.sha256(model)
        assert artifact.golden == "synthetic"
    assert first.verified is None
    assert second.verified is not None
    assert 40 < second.verified.sqnr_db < 100
    assert second.size_bytes < first.size_bytes
    assert set(Samples.load(out / "net.golden.npz").reference) == {OUTPUT.name}
    assert lines[-1] == "running every file, to compare it with the float one"
    assert [call.stage for call in imported.calls] == [IMPORT, QUANTIZE]


def test_what_the_exporter_measured_stands_in_every_manifest(keras, tmp_path):
    made = convert(keras, output=tmp_path / "out", options=FLOAT16)
    for artifact in made:
        assert artifact.reference_sqnr_db is not None
        assert artifact.reference_sqnr_db > 100
        assert artifact.notes == ("a note of the exporter",)
        assert artifact.tool_versions["model"] == "Keras 3.12.0"


def test_a_float_file_that_is_not_the_model_is_never_written(keras, tmp_path, children):
    def wrong(request):
        exported = exported_net(request)
        golden = Samples.load(request.draw.golden_out)
        reference = {name: values * 1.1 for name, values in golden.reference.items()}
        replace(golden, reference=reference).save(request.draw.golden_out)
        return exported

    children.answer(EXPORT, wrong)
    with pytest.raises(FidelityError):
        convert(keras, output=tmp_path / "out", options=FLOAT16)
    assert names(tmp_path / "out") == []


def test_a_file_that_does_not_pass_its_proof_takes_all_others_with_it(keras, tmp_path, children):
    from edgekit.quantize import stage

    def broken(request):
        result = stage.run(request, print)
        with_weights(result.files[-1].written.path, np.inf)
        return result

    children.answer(QUANTIZE, broken)
    with pytest.raises(QuantizeError, match="not finite"):
        convert(keras, output=tmp_path / "out", options=FLOAT16)
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize("stage", [EXPORT, QUANTIZE])
def test_the_error_of_a_stage_is_the_error_and_nothing_is_left(keras, tmp_path, children, stage):
    folders = []

    def refuse(request):
        folders.append((request.out if stage is EXPORT else request.float_file).parent)
        raise QuantizeError("The stage refused.")

    children.answer(stage, refuse)
    with pytest.raises(QuantizeError, match="The stage refused"):
        convert(keras, output=tmp_path / "out", options=FLOAT16)
    assert names(tmp_path / "out") == []
    [folder] = folders
    assert not folder.exists()


def test_a_bound_that_cannot_be_held_writes_nothing(model, tmp_path, imported):
    np.savez(tmp_path / "data.npz", x=inputs(40)[INPUT.name])
    options = replace(FLOAT16, min_sqnr_db=200.0)

    def refuse(request):
        raise BoundNotHeld("No choice of precisions holds it.")

    imported.answer(KEEP, refuse)
    with pytest.raises(BoundNotHeld):
        convert(
            model, output=tmp_path / "out", calibration=str(tmp_path / "data.npz"), options=options
        )
    assert names(tmp_path / "out") == []


def test_what_it_took_to_hold_a_bound_is_in_the_manifest(model, tmp_path, imported):
    np.savez(tmp_path / "data.npz", x=inputs(40)[INPUT.name])
    repair = Repair(
        quantity="sqnr_db", limit=20, value=60, unrepaired=60, num_samples=10, num_operators=1
    )
    imported.answer(KEEP, lambda request: KeepResult(files=(HeldFile(repair=repair),)))
    first, second = convert(
        model,
        output=tmp_path / "out",
        calibration=str(tmp_path / "data.npz"),
        options=replace(FLOAT16, min_sqnr_db=20.0),
    )
    assert (first.repair, second.repair) == (None, repair)
    assert first.golden == "data"
    assert len(first.calibration_digests.split()) == 36  # a tenth is golden
    [request] = imported.requests(QUANTIZE)
    assert request.bounded
    assert request.calibration is not None


def test_the_names_are_claimed_while_it_works(keras, tmp_path, children):
    out = tmp_path / "out"
    planned = Plan(recipes=(FLOAT,), folder=out, name="net", calibration=None, notes=())

    def answer(request):
        with (
            pytest.raises(UsageError, match="Another conversion"),
            claim(planned, keras, False, print),
        ):
            pass
        return exported_net(request)

    children.answer(EXPORT, answer)
    convert(keras, output=out, options=FLOAT16)
    with pytest.raises(UsageError, match="exists already"):
        convert(keras, output=out, options=FLOAT16)
    before = json.loads((out / "net.float16.json").read_text())
    convert(keras, output=out, options=replace(FLOAT16, force=True))
    assert json.loads((out / "net.float16.json").read_text()) == before


def test_the_project_says_what_keywords_do_not(keras, tmp_path, children):
    project = Project(
        file=tmp_path / "edgekit.toml",
        name="theirs",
        input_shapes={"x": (1, 5)},
        custom_objects="layers:OURS",
        data=Data(seed=7),
    )
    convert(keras, output=tmp_path / "a", project=project)
    convert(
        keras,
        output=tmp_path / "b",
        project=project,
        name="mine",
        input_shapes={"x": [1, 9]},
        custom_objects="layers:MINE",
    )
    first, second = children.requests(EXPORT)
    assert first.model == keras.absolute()
    assert first.project == tmp_path / "edgekit.toml"
    assert (first.input_shapes, first.custom_objects) == ({"x": (1, 5)}, "layers:OURS")
    assert (second.input_shapes, second.custom_objects) == ({"x": (1, 9)}, "layers:MINE")
    assert first.draw.seed == 7
    assert "theirs.float32.tflite" in names(tmp_path / "a")
    assert "mine.float32.tflite" in names(tmp_path / "b")


@pytest.mark.parametrize(
    ("changes", "own_code"),
    [
        ({}, False),
        ({"options": replace(FLOAT16, unsafe=True)}, True),
        ({"custom_objects": "layers:MINE"}, True),
        ({"builder": "nets:build"}, True),
        ({"calibration": "my_data:draw"}, True),
    ],
)
def test_a_child_that_runs_the_persons_code_is_told_so(
    keras, tmp_path, children, changes, own_code
):
    convert(keras, **{"output": tmp_path / "out", "options": FLOAT16, **changes})
    exporting, quantizing = children.calls
    assert exporting.options["own_code"] is own_code
    assert "own_code" not in quantizing.options
    folder = exporting.request.out.parent
    assert exporting.options["writable"] == quantizing.options["writable"] == [folder]


def test_a_tflite_has_no_channels_to_remove(model, tmp_path, children):
    options = ConvertOptions(recipes=("float32",), prune=Pruning(sparsity=0.5))
    with pytest.raises(UsageError, match="Pruning needs a Keras model"):
        convert(model, output=tmp_path / "out", options=options)
    assert children.calls == []


def test_an_unknown_keyword_is_refused(model):
    with pytest.raises(TypeError, match="convert has no argument 'recipes'"):
        convert(model, recipes=("float16",))


def test_the_scratch_folder_is_given_up(keras, tmp_path, children):
    convert(keras, output=tmp_path / "out", options=FLOAT16)
    [request] = children.requests(EXPORT)
    assert not request.out.parent.exists()
