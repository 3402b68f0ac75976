"""What the search for a file that holds a bound is asked, and what becomes of its answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core.errors import BoundNotHeld
from edgekit.core.project import Project
from edgekit.core.records import ConvertOptions, Limits, Repair
from edgekit.pipeline.convert import repair
from edgekit.pipeline.convert.job import Source
from edgekit.search.search_messages import KEEP, HeldFile, KeepResult, LossLimits
from tests.fake_children import FakeChildren
from tests.pipeline.convert.steps import (
    CONTRACT,
    EXPORTED,
    FLOAT,
    FLOAT16,
    INT8,
    PRUNING,
    converted,
    job,
)

REPAIR = Repair(
    quantity="agreement", limit=0.01, value=0.0, unrepaired=0.1, num_samples=5, num_operators=3
)


def bounded(tmp_path: Path, *metrics: str, **plan):
    made = job(tmp_path, (FLOAT, FLOAT16, INT8), bounded=True, **plan)
    options = ConvertOptions(max_loss=0.01, device="npu", seed=3, limits=Limits(seconds=7.0))
    source = Source(model=made.source.model, project=Project(metric=metrics))
    return replace(made, options=options, source=source)


def test_files_that_quantize_are_searched_and_replaced(tmp_path, children: FakeChildren):
    made = bounded(tmp_path)
    files = [converted(made, recipe) for recipe in made.plan.recipes]
    written = replace(files[2].quantized.written, sha256="new", size_bytes=11)
    unchanged = replace(REPAIR, unrepaired=0.0)
    children.answer(
        KEEP,
        lambda request: KeepResult(
            files=(HeldFile(repair=unchanged), HeldFile(repair=REPAIR, written=written))
        ),
    )
    found = repair.hold(made, EXPORTED, files)
    [request] = children.requests(KEEP)
    assert [file.recipe for file in request.files] == [FLOAT16, INT8]
    assert [file.path for file in request.files] == [file.path for file in files[1:]]
    assert request.loss == LossLimits(max_loss=0.01)
    assert (request.device, request.seed, request.name) == ("npu", 3, "net")
    assert (request.contract, request.limits) == (CONTRACT, Limits(seconds=7.0))
    assert request.float_file == request.original == made.original
    [call] = children.calls
    assert call.options["own_code"] is False
    assert call.options["writable"] == [made.work]
    assert found[0] == files[0]
    assert found[1] == replace(files[1], repair=unchanged)
    assert found[2].quantized == replace(files[2].quantized, written=written)
    assert found[2].repair == REPAIR


def test_of_a_pruned_model_the_original_is_what_losses_are_measured_against(
    tmp_path, children: FakeChildren
):
    made = bounded(tmp_path, prune=PRUNING)
    children.answer(KEEP, lambda request: KeepResult(files=(HeldFile(repair=REPAIR),)))
    repair.hold(made, EXPORTED, [converted(made, FLOAT16)])
    [request] = children.requests(KEEP)
    assert request.float_file == made.work / "pruned.tflite"
    assert request.original == made.work / "float.tflite"


def test_a_metric_of_the_persons_own_runs_as_own_code(tmp_path, children: FakeChildren):
    made = bounded(tmp_path, "my_metrics:kappa")
    children.answer(KEEP, lambda request: KeepResult(files=(HeldFile(repair=REPAIR),)))
    repair.hold(made, EXPORTED, [converted(made, FLOAT16)])
    [call] = children.calls
    assert call.request.loss.metric == ("my_metrics:kappa",)
    assert call.options["own_code"] is True


def test_a_bound_that_cannot_be_held_ends_the_conversion(tmp_path, children: FakeChildren):
    made = bounded(tmp_path)

    def refuse(request):
        raise BoundNotHeld("No choice of precisions holds it.")

    children.answer(KEEP, refuse)
    with pytest.raises(BoundNotHeld):
        repair.hold(made, EXPORTED, [converted(made, FLOAT16)])
