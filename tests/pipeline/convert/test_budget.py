"""What the search within a budget is asked, and where its answer goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core.errors import BudgetNotReached
from edgekit.core.records import Budget, BudgetPoint, ConvertOptions, Limits
from edgekit.pipeline.convert import budget
from edgekit.search.budgets.budget_messages import BUDGET, BudgetResult
from tests.fake_children import FakeChildren
from tests.pipeline.convert.steps import CONTRACT, EXPORTED, FLOAT, INT8, PRUNING, converted, job

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
