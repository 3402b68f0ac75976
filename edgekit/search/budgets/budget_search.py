"""One file within bytes or within a time, with the least noise that such a file can have.

The recipe's own file is made first, for its ranges. What each rounding by itself does to the
outputs is measured on calibration samples (`isolated_noise`), what each operator takes on this
machine (`operator_times`), and the best precisions within the budget are found exactly
(`knapsack`). Files are then made for real: their size and their time are measured and, where the
sums were wrong, corrected. Weights are chosen for the precisions that they end with.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edgekit import tflite
from edgekit.core import scratch
from edgekit.core.errors import UsageError
from edgekit.core.format import number_text
from edgekit.core.process import Progress
from edgekit.core.records import Budget, BudgetPoint
from edgekit.quantize import stage
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.quantize_messages import QuantizedFile
from edgekit.search.budgets.budget_files import BudgetFiles
from edgekit.search.budgets.budget_messages import BudgetRequest, BudgetResult
from edgekit.search.budgets.knapsack import Assignment
from edgekit.search.budgets.within_budget import Within
from edgekit.tflite.trained_ranges import plain

# Numbers read and written while weights are chosen for one point of the curve, and its points.
_CURVE_WORK, _FEWEST_POINTS, _MOST_POINTS = 1e9, 3, 8
# The curve ends a little above the largest file that is of interest.
_BEYOND = 1.1
# Of the least that there is, a solver's tolerance.
_ROUNDED_UP = 1 + 1e-6


def run(request: BudgetRequest, report: Progress) -> BudgetResult:
    """Find the precisions, make the file and write it.

    Raises:
        BudgetNotReached: No choice of precisions is as small, or as fast.
        QuantizeError: The quantizer refused the file.
        UsageError: The float file is within the budget.
    """
    started = time.perf_counter()
    _refuse_float_sizes(request)
    with scratch.folder() as folder:
        files = BudgetFiles(request, folder, report)
        within = Within(files, request, report)
        final = within.final(within.find())
        found, content = final.assignment, final.content
        report("the curve: other budgets")
        others = [files.content(files.refined(one)) for one in _others(files, within, found)]
        contents = [files.content(files.alone), content, *others]
        ratios: list[float | None] = [None] * len(contents)
        if request.device == "cpu":
            ratios = [timed.to_float for timed in files.times(contents)]
        alone, chosen, *rest = [
            BudgetPoint(
                size_bytes=len(one),
                sqnr_db=round(files.held_sqnr_db(one), 2),
                latency_to_float=None if ratio is None else round(ratio, 3),
            )
            for one, ratio in zip(contents, ratios, strict=True)
        ]
    chosen = replace(chosen, chosen=True)
    if final.to_float is not None:  # what was held against the budget
        chosen = replace(chosen, latency_to_float=round(final.to_float, 3))
    budget = Budget(
        to_bytes=request.to_bytes,
        to_latency=request.to_latency,
        size_bytes=chosen.size_bytes,
        latency_to_float=chosen.latency_to_float,
        sqnr_db=chosen.sqnr_db,
        num_samples=files.num_held,
        operators=dict(Counter(form.recipe for form in found.forms.values())),
        recipe_alone=alone,
        curve=tuple(sorted((chosen, *rest), key=lambda point: point.size_bytes)),
    )
    file = _written(files, request, final.prepared)
    seconds = round(time.perf_counter() - started, 2)
    return BudgetResult(file=replace(file, seconds=seconds), budget=budget)


def _refuse_float_sizes(request: BudgetRequest) -> None:
    size = request.float_file.stat().st_size
    if request.to_bytes is not None and request.to_latency is None and request.to_bytes >= size:
        raise UsageError(
            "A budget must be smaller than the float file, which loses nothing.",
            received=f"--to-bytes {request.to_bytes} for a float file of {number_text(size, 'B')}",
            hint="take that file: --recipe float32.",
        )


def _written(files: BudgetFiles, request: BudgetRequest, prepared: Prepared) -> QuantizedFile:
    before = tflite.read(plain(request.float_file.read_bytes())[0])
    spec = stage.FileSpec(
        path=request.file, recipe=request.recipe, contract=request.contract, name=request.name
    )
    return stage.written(prepared, before, spec, files.by_hand)


def _others(files: BudgetFiles, within: Within, found: Assignment) -> list[Assignment]:
    """What other budgets would have given, each once."""
    result: list[Assignment] = []
    known = [found.forms]
    for other in _swept(files, within):
        if other is not None and other.forms not in known:
            known.append(other.forms)
            result.append(other)
    return result


def _swept(files: BudgetFiles, within: Within) -> Iterator[Assignment | None]:
    sums, known = (
        files.knapsack,
        tflite.tensors(files.before, tflite.binding(files.before).subgraph),
    )
    one_run = sum(math.prod(map(abs, t.shape)) + t.weight_bytes // 4 for t in known)
    count = int(_CURVE_WORK / max(1, one_run * files.num_fitted))
    count = min(max(count, _FEWEST_POINTS), _MOST_POINTS)
    if within.bounds_bytes:
        sizes = sums.range_of_bytes(_BEYOND, within.max_seconds)
        for size in np.linspace(*sizes, count) if sizes is not None else ():
            yield sums.solve(float(size) * _ROUNDED_UP, within.max_seconds)
        return
    low, high = sums.range_of_seconds()
    for seconds in np.linspace(low, high, count):
        yield sums.solve(None, float(seconds) * _ROUNDED_UP)
