"""What the search within a budget is asked, and where its answer goes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from edgekit.cli.convert_command import convert as command
from edgekit.core import artifacts
from edgekit.core.errors import BudgetNotReached
from edgekit.core.records import Budget, BudgetPoint, ConvertOptions, Limits
from edgekit.data.export_messages import IMPORT
from edgekit.pipeline.convert import budget
from edgekit.quantize.quantize_messages import QUANTIZE
from edgekit.search.budgets.budget_messages import BUDGET, BudgetResult
from tests.fake_children import FakeChildren
from tests.pipeline.convert.steps import CONTRACT, EXPORTED, FLOAT, INT8, PRUNING, converted, job
from tests.quantize.tiny_models import RELU, Network, random

POINT = BudgetPoint(size_bytes=9, sqnr_db=20.0)
FOUND = Budget(
    to_bytes=10,
    size_bytes=9,
    sqnr_db=20.0,
    num_samples=5,
    operators={"float32": 1},
    recipe_alone=POINT,
    curve=(replace(POINT, chosen=True),),
)
OPTIONS = ConvertOptions(to_bytes=10, to_latency=0.5, seed=3, limits=Limits(seconds=7.0))


@pytest.mark.parametrize("prune", [None, PRUNING])
def test_the_search_is_asked_and_answers_one_file(tmp_path: Path, children: FakeChildren, prune):
    made = replace(job(tmp_path, (FLOAT, INT8), prune=prune), options=OPTIONS)
    quantized = converted(made, INT8).quantized
    children.answer(BUDGET, lambda request: BudgetResult(file=quantized, budget=FOUND))
    found = budget.search(made, EXPORTED)
    assert (found.recipe, found.quantized, found.budget) == (INT8, quantized, FOUND)
    [request] = children.requests(BUDGET)
    assert (request.to_bytes, request.to_latency, request.seed) == (10, 0.5, 3)
    assert (request.recipe, request.contract, request.device) == (INT8, CONTRACT, "cpu")
    assert request.float_file == made.float_file
    assert request.original == made.original  # what times are compared with
    assert (request.float_file == request.original) == (prune is None)
    assert request.file == made.work / "net.static_wi8_ai8.tflite"
    [call] = children.calls
    assert call.options["writable"] == [made.work]
    assert call.options["limits"] == Limits(seconds=7.0)


def test_a_budget_that_cannot_be_reached_is_a_verdict(tmp_path: Path, children: FakeChildren):
    def refuse(request):
        raise BudgetNotReached("No choice of precisions is as small.")

    children.answer(BUDGET, refuse)
    with pytest.raises(BudgetNotReached) as caught:
        budget.search(replace(job(tmp_path), options=OPTIONS), EXPORTED)
    assert caught.value.exit_code == 1


@pytest.fixture
def model(tmp_path: Path, children: FakeChildren, monkeypatch) -> Path:
    """Two dense layers with samples; every stage runs in this process, and nothing is timed."""
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    net = Network(shape=(32,))
    y = net.dense(net.x, random(64, 32, scale=0.3), random(64, seed=1), activation=RELU)
    path = tmp_path / "net.tflite"
    path.write_bytes(net.finish(y=net.dense(y, random(8, 64, seed=2), random(8, seed=3))))
    np.savez(tmp_path / "data.npz", x=random(60, 32, seed=4))
    children.run_here(IMPORT, QUANTIZE, BUDGET)
    return path


def run(model: Path, *arguments: str) -> Result:
    data, out = str(model.parent / "data.npz"), str(model.parent / "out")
    given = (str(model), "-c", data, "-o", out, "--for", "mcu", *arguments)
    return CliRunner().invoke(command, given)


def test_the_manifest_holds_the_budget_with_its_curve(model: Path):
    ended = run(model, "--to-bytes", "8kB")
    assert ended.exit_code == 0, ended.output
    out = model.parent / "out"
    said = json.loads((out / "net.static_wi4_ai8.json").read_text(encoding="utf-8"))
    found = said["budget"]
    assert found["to_bytes"] == 8_000 >= found["size_bytes"] == said["size_bytes"]
    assert said["size_bytes"] == (out / "net.static_wi4_ai8.tflite").stat().st_size
    assert sum(point.get("chosen", False) for point in found["curve"]) == 1
    assert all({"size_bytes", "sqnr_db"} <= set(point) for point in found["curve"])
    assert len(found["curve"]) >= 2
    assert artifacts.load(out / "net.static_wi4_ai8.tflite").budget is not None
    assert (out / "net.float32.tflite").is_file()
    assert "of 8,000 B; " in ended.output


def test_what_cannot_be_reached_ends_with_1_and_the_nearest(model: Path):
    ended = run(model, "--to-bytes", "1kB")
    assert ended.exit_code == 1
    nearest = re.search(r"the smallest that was found .* takes ([\d,]+) B", _error(ended))
    assert nearest, _error(ended)
    assert not (model.parent / "out").exists()
    assert run(model, "--to-bytes", nearest[1].replace(",", "")).exit_code == 0


def _error(ended: Result) -> str:
    return str(ended.exception)
