"""A file that has lost what the model computes is written, named and marked: scripts stop."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edgekit import tflite
from edgekit.cli.convert_command import convert as command
from edgekit.core import artifacts, recipes, serde
from edgekit.core.records import ConvertOptions, Pruning, Repair, Training, Verified
from edgekit.data.export_messages import IMPORT
from edgekit.pipeline.convert import wrecked
from edgekit.pipeline.convert.conversion import convert
from edgekit.quantize import stage
from edgekit.quantize.quantize_messages import QUANTIZE, QuantizedFile
from edgekit.tflite import Model
from tests.fake_children import FakeChildren
from tests.pipeline.convert.steps import FLOAT16, INT8, converted, job
from tests.quantize.tiny_models import Network, random

OPTIONS = ConvertOptions(recipes=("static_wi8_ai8", "float16"))
LOST = "the SQNR of 'y[1]' is 2.0 dB, less than 10 dB"


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def model(tmp_path: Path, children: FakeChildren) -> Path:
    """Three tags of four numbers; the quantizer zeroes all weights of the static file's layer."""
    net = Network(shape=(4,))
    dense = net.dense(net.x, random(3, 4, scale=4.0), np.zeros(3, np.float32))
    path = tmp_path / "net.tflite"
    path.write_bytes(net.finish(y=net.unary("LOGISTIC", dense)))
    np.savez(tmp_path / "data.npz", x=random(80, 4))
    children.run_here(IMPORT)
    children.answer(QUANTIZE, _wrecking)
    return path


def _wrecking(request, which: str = "static"):
    result = stage.run(request, lambda line: None)
    return replace(result, files=tuple(_without(file, which) for file in result.files))


def _without(file: QuantizedFile, which: str) -> QuantizedFile:
    """The file, its weights zeroed where its name holds `which`."""
    path = file.written.path
    if which not in path.name:
        return file
    content = tflite.read(path)
    _zero(content)
    path.write_bytes(tflite.to_bytes(content))
    return replace(file, written=replace(file.written, sha256=serde.sha256(path)))


def _zero(content: Model) -> None:
    for tensor in tflite.tensors(content):
        if tensor.is_constant and len(tensor.shape) == 2:
            buffer = content.buffers[content.subgraphs[0].tensors[tensor.index].buffer]
            buffer.data = np.zeros_like(buffer.data)


def written(folder: Path, recipe: str) -> dict:
    return json.loads((folder / f"net.{recipe}.json").read_text(encoding="utf-8"))


def test_it_is_written_under_its_name_and_says_what_it_lost(model: Path, tmp_path: Path):
    out = tmp_path / "out"
    made = convert(model, output=out, calibration=str(tmp_path / "data.npz"), options=OPTIONS)
    by_recipe = {artifact.recipe.name: artifact for artifact in made}
    assert by_recipe["float32"].wrecked == by_recipe["float16"].wrecked == ""
    said = by_recipe["static_wi8_ai8"].wrecked
    assert said.startswith("static_wi8_ai8 has lost what the model computes: ")
    assert "'y" in said
    assert "--min-sqnr" in said
    assert written(out, "static_wi8_ai8")["wrecked"] == said
    assert artifacts.load(out / "net.static_wi8_ai8.tflite") == by_recipe["static_wi8_ai8"]


def test_the_command_says_so_first_and_ends_with_1(model: Path, tmp_path: Path):
    data, out = str(tmp_path / "data.npz"), str(tmp_path / "out")
    arguments = [str(model), "-c", data, "-o", out, "-r", "static_wi8_ai8"]
    ended = CliRunner().invoke(command, arguments)
    assert ended.exit_code == 1, ended.output
    assert ended.stdout.splitlines()[0].startswith("Wrecked: static_wi8_ai8 has lost what ")
    as_json = CliRunner().invoke(command, [*arguments, "--force", "--json"])
    assert as_json.exit_code == 1
    assert ["wrecked" in one for one in json.loads(as_json.stdout)] == [False, True]
    assert "Wrecked: static_wi8_ai8" in as_json.stderr
    fine = CliRunner().invoke(
        command, [str(model), "-c", data, "-o", out, "-r", "float16", "--force"]
    )
    assert fine.exit_code == 0, fine.output
    assert "Wrecked" not in fine.output


def test_made_up_samples_judge_nothing(model: Path, tmp_path: Path, children: FakeChildren):
    children.answer(QUANTIZE, lambda request: _wrecking(request, "weight_only"))
    arguments = [str(model), "-o", str(tmp_path / "out"), "-r", "weight_only_wi8_afp32"]
    ended = CliRunner().invoke(command, arguments)
    assert ended.exit_code == 0, ended.output
    assert "was not judged: synthetic samples" in ended.stdout
    assert written(tmp_path / "out", "weight_only_wi8_afp32").get("wrecked") is None


def verified(lost: str = LOST) -> Verified:
    return Verified(sqnr_db=2.0, num_samples=9, lost=lost)


@pytest.mark.parametrize(
    ("prune", "training", "hint"),
    [
        (None, None, "--min-sqnr 20"),
        (
            Pruning(sparsity=0.5),
            None,
            "--finetune DATA --distill), or prune less (--sparsity 0.25)",
        ),
        (Pruning(to_size=0.5), Training(data="d"), "Train for longer (--epochs), or prune less."),
        (None, Training(data="d", quantization_aware=True), "--epochs"),
    ],
)
def test_the_way_out_is_that_of_the_step_that_lost_it(tmp_path: Path, prune, training, hint):
    recipe = replace(recipes.get("static_wi8_ai8"), prune=prune, training=training)
    made = job(tmp_path)
    files = [replace(converted(made, recipe), verified=verified())]
    if prune is not None:
        floats = replace(recipes.get("float32"), prune=prune, training=training)
        files.insert(0, replace(converted(made, floats), verified=verified()))
    options = ConvertOptions(prune=prune, training=training)
    for file in wrecked.judged(files, options):
        assert file.wrecked.startswith(f"{file.recipe.label} has lost what the model computes: ")
        assert LOST in file.wrecked
        assert hint in file.wrecked


def test_what_holds_a_bound_that_was_asked_for_is_not_wrecked(tmp_path: Path):
    made = job(tmp_path)
    repair = Repair(
        quantity="sqnr_db", limit=1, value=2, unrepaired=2, num_samples=9, num_operators=1
    )
    held = replace(converted(made, INT8), verified=verified(), repair=repair)
    fine = replace(converted(made, FLOAT16), verified=verified(""))
    assert [file.wrecked for file in wrecked.judged([held, fine], ConvertOptions())] == ["", ""]


def test_where_pruning_is_fine_quantizing_is_to_blame(tmp_path: Path):
    made = job(tmp_path)
    pruning = Pruning(sparsity=0.5)
    floats, static = (
        replace(recipes.get(name), prune=pruning) for name in ("float32", "static_wi8_ai8")
    )
    files = [
        replace(converted(made, floats), verified=verified("")),
        replace(converted(made, static), verified=verified()),
    ]
    first, second = wrecked.judged(files, ConvertOptions(prune=pruning))
    assert first.wrecked == ""
    assert "--min-sqnr 20" in second.wrecked
    assert "--finetune" not in second.wrecked


def test_within_a_budget_the_way_out_is_a_larger_one(tmp_path: Path):
    made = job(tmp_path, (INT8,))
    lost = Verified(sqnr_db=2.0, num_samples=5, held_back=5, lost=LOST)
    file = replace(converted(made, INT8), verified=lost)
    [judged] = wrecked.judged([file], ConvertOptions(to_bytes=10_000))
    assert "Allow more: the curve in its manifest (budget)" in judged.wrecked
