"""The whole search on a small network: the file that is written, and the curve beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from edgekit import tflite
from edgekit.core import serde
from edgekit.core.errors import BudgetNotReached, UsageError
from edgekit.core.records import Override
from edgekit.data.samples import Samples
from edgekit.quantize.quantize_messages import QuantizedFile
from edgekit.search.budgets import budget_search, operator_times
from edgekit.search.budgets.budget_files import BudgetFiles, Timed
from edgekit.search.budgets.budget_messages import BudgetRequest, BudgetResult
from edgekit.search.budgets.knapsack import Costs
from tests.search.budgets.budget_models import FLOAT, INPUTS, STATIC4

Search = Callable[..., BudgetResult]
CAST = 0.05


def clock(content: bytes) -> float:
    """How long a file takes, for tests: a second for an operator on integers, two on floats."""
    operators = tflite.main_operators(tflite.read(content))
    casts = sum(op.facts.is_cast for op in operators)
    floats = sum(op.outputs[0].dtype == "float32" and not op.facts.is_cast for op in operators)
    return CAST * casts + (len(operators) - casts) + floats


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    """`search(to_bytes=..., ...)`, on a machine whose clock is `clock`."""

    def times(self, contents):
        whole = clock(FLOAT)
        return [Timed(to_float=clock(one) / whole, float_seconds=whole) for one in contents]

    def operators(before, narrow, wide, options):
        seconds = {one.op.index: (1.0,) * (len(one.forms) - 1) + (2.0,) for one in options}
        return Costs(seconds=seconds, cast_seconds=lambda size: CAST)

    folder = tmp_path_factory.mktemp("search")
    path = folder / "float.tflite"
    path.write_bytes(FLOAT)
    Samples(inputs=INPUTS).save(folder / "calibration.npz")

    def run(**asked) -> BudgetResult:
        return budget_search.run(
            BudgetRequest(
                **{
                    "float_file": path,
                    "original": path,
                    "file": folder / f"{len(list(folder.iterdir()))}.tflite",
                    "name": "net",
                    "contract": tflite.contract(path),
                    "recipe": STATIC4,
                    "calibration": folder / "calibration.npz",
                    **asked,
                }
            ),
            lambda line: None,
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BudgetFiles, "times", times)
        patch.setattr(operator_times, "measure", operators)
        patch.setattr(budget_search, "_MOST_POINTS", 3)  # they are what takes longest
        yield run


@pytest.fixture(scope="module")
def small(search: Search) -> BudgetResult:
    """The file of 11 kB."""
    return search(to_bytes=11_000)


def precisions(file: QuantizedFile) -> Counter[str]:
    """How many operators of a written file compute in floats, and have int4 or int8 weights."""
    found: Counter[str] = Counter()
    for op in tflite.main_operators(tflite.read(file.written.path)):
        if not op.facts.is_cast:
            weight = op.weight.dtype if op.weight is not None else op.outputs[0].dtype
            found["float32" if op.outputs[0].dtype == "float32" else weight] += 1
    return found


def test_the_file_is_within_the_bytes_and_what_is_said_of_it_is_so(small):
    budget, written = small.budget, small.file.written
    assert written.size_bytes == written.path.stat().st_size == budget.size_bytes <= 11_000
    assert written.sha256 == serde.sha256(written.path)
    assert (budget.to_bytes, budget.to_latency, budget.num_samples) == (11_000, None, 20)
    names = {"float32": "float32", "int4": "static_wi4_ai8", "int8": "static_wi8_ai8"}
    found = precisions(small.file)
    assert budget.operators == {names[dtype]: count for dtype, count in found.items()}
    assert len(found) >= 2  # neither the recipe nor all in floats
    assert all(one.reason for one in written.kept)
    assert any("lose more here for what they save" in one.reason for one in written.kept)


def test_the_curve_holds_the_file_and_others(small):
    budget = small.budget
    [chosen] = [point for point in budget.curve if point.chosen]
    assert (chosen.size_bytes, chosen.sqnr_db) == (budget.size_bytes, budget.sqnr_db)
    taken = clock(small.file.written.path.read_bytes()) / clock(FLOAT)
    assert budget.latency_to_float == chosen.latency_to_float == pytest.approx(taken, abs=1e-3)
    sizes = [point.size_bytes for point in budget.curve]
    assert sizes == sorted(set(sizes)) and len(sizes) >= 3
    assert budget.recipe_alone.size_bytes < budget.size_bytes
    assert budget.recipe_alone.sqnr_db < budget.sqnr_db < budget.curve[-1].sqnr_db


def test_more_bytes_lose_less_and_what_was_asked_for_by_hand_stays(search, small):
    by_hand = Override(layers="fully_connected_0", recipe="float32")
    how = replace(STATIC4.quantize, overrides=(by_hand,))
    recipe = replace(STATIC4, quantize=how)
    budget = search(to_bytes=15_000, recipe=recipe, device="mcu").budget
    assert small.budget.size_bytes < budget.size_bytes <= 15_000
    assert small.budget.sqnr_db + 3 < budget.sqnr_db
    assert budget.operators["float32"] >= 1
    assert budget.latency_to_float is None  # another machine's


def test_a_time_is_held_with_as_few_roundings_as_it_takes(search, small):
    result = search(to_latency=0.75)
    taken = clock(result.file.written.path.read_bytes()) / clock(FLOAT)
    assert result.budget.latency_to_float == pytest.approx(taken, abs=1e-3)
    assert taken <= 0.75
    assert precisions(result.file)["float32"] >= 1


def test_what_cannot_be_reached_is_a_verdict_and_nothing_is_written(search, tmp_path):
    with pytest.raises(BudgetNotReached, match="at most 2,000 B") as caught:
        search(to_bytes=2_000, file=tmp_path / "net.tflite")
    assert "the smallest" in caught.value.received
    assert list(tmp_path.iterdir()) == []


def test_the_float_files_own_size_is_no_budget(search):
    with pytest.raises(UsageError, match="--recipe float32"):
        search(to_bytes=len(FLOAT))
