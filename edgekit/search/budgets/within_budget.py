"""The best precisions whose file is really within the budget: what was reckoned is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgekit.core.errors import BudgetNotReached
from edgekit.core.format import bytes_text, number_text
from edgekit.core.process import Progress
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.search.budgets.budget_files import BudgetFiles
from edgekit.search.budgets.budget_messages import BudgetRequest
from edgekit.search.budgets.knapsack import Assignment

# Files are made anew so often, until what they take is what was reckoned.
_CORRECTIONS = 8
_ALIGNMENT = 16
# What is aimed at: times vary from run to run.
_SURELY = 0.98
_SMALLER = "prune the model first (--prune structured --sparsity 0.5)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """A file within the budget, its precisions, and its time by float's where that is bounded."""

    prepared: Prepared
    content: bytes
    assignment: Assignment
    to_float: float | None = None


class Within:
    """The search of one file; `max_seconds` is what its operators may take, as far as is known.

    Args:
        files: What makes and times files.
        request: The budget.
        report: Takes one line of progress.
    """

    def __init__(self, files: BudgetFiles, request: BudgetRequest, report: Progress) -> None:
        self._files, self._request, self._report = files, request, report
        self.max_seconds: float | None = None
        self.bounds_bytes = request.to_bytes is not None
        smallest = files.knapsack.smallest()
        assert smallest is not None  # without limits there is always one
        self._smallest, plain = smallest, files.plain(smallest)
        self._offset = len(plain) - smallest.size_bytes  # all that is no operator's
        self._least_bytes, self._to_float = len(plain), math.inf
        if request.to_latency is not None:
            [timed] = files.times([plain])
            self._to_float, self._float_seconds = timed.to_float, timed.float_seconds
            # What all operators without a choice take, with what a sum of operators overlooks.
            self._other_seconds = timed.to_float * timed.float_seconds - smallest.seconds
            self._aim = request.to_latency
            self._set_seconds()

    def _set_seconds(self) -> None:
        self.max_seconds = max(
            1e-12, self._aim * _SURELY * self._float_seconds - self._other_seconds
        )

    def find(self) -> Assignment:
        """The precisions with the least noise.

        Raises:
            BudgetNotReached: There are none; the nearest is named.
        """
        to_bytes, to_latency = self._request.to_bytes, self._request.to_latency
        if to_bytes is not None and self._least_bytes > to_bytes:
            raise self._too_large(self._least_bytes)
        nearest = self._to_float
        fits = to_latency is None or nearest <= to_latency
        best = self._smallest if fits else None
        tried: list[Assignment] = []
        for _ in range(_CORRECTIONS):
            most = None if to_bytes is None else to_bytes - self._offset
            found = self._files.knapsack.solve(most, self.max_seconds)
            if found is None and to_latency is not None:
                found = self._files.knapsack.fastest(most)
            if found is None or _among(found, tried):
                break
            tried.append(found)
            content = self._files.plain(found)
            self._report(f"tried: {bytes_text(len(content))}")
            fits = to_bytes is None or len(content) <= to_bytes
            self._offset = len(content) - found.size_bytes + (0 if fits else _ALIGNMENT)
            if fits and to_latency is not None:
                [timed] = self._files.times([content])
                nearest = min(nearest, timed.to_float)
                fits = timed.to_float <= to_latency
                self._other_seconds = timed.to_float * self._float_seconds - found.seconds
                self._set_seconds()
            if fits and (best is None or found.noise < best.noise):
                best = found
        if best is None:
            raise self._too_slow(nearest)
        return best

    def final(self, found: Assignment) -> Final:
        """The file with everything chosen for these precisions; others where it is over.

        Raises:
            BudgetNotReached: All that were tried are over; the nearest is named.
        """
        to_bytes, to_latency = self._request.to_bytes, self._request.to_latency
        least, nearest = math.inf, math.inf
        chosen: Assignment | None = found
        tried: list[Assignment] = []
        while chosen is not None and len(tried) < _CORRECTIONS and not _among(chosen, tried):
            tried.append(chosen)
            prepared = self._files.best(chosen)
            content = self._files.content(prepared)
            made = Final(prepared=prepared, content=content, assignment=chosen)
            if to_bytes is not None and len(content) > to_bytes:
                least = min(least, len(content))
                self._offset = len(content) - chosen.size_bytes + _ALIGNMENT
            elif to_latency is None:
                return made
            else:
                [timed] = self._files.times([content])
                if timed.to_float <= to_latency:
                    return replace(made, to_float=timed.to_float)
                nearest = min(nearest, timed.to_float)
                self._aim *= to_latency / timed.to_float
                self._set_seconds()
            most = None if to_bytes is None else to_bytes - self._offset
            chosen = self._files.knapsack.solve(most, self.max_seconds)
        if nearest < math.inf:
            raise self._too_slow(nearest)
        raise self._too_large(int(least))

    def _too_large(self, least: int) -> BudgetNotReached:
        to_bytes = self._request.to_bytes
        assert to_bytes is not None
        return BudgetNotReached(
            f"No choice of precisions makes a file of at most {number_text(to_bytes, 'B')}.",
            received=f"the smallest that was found with {self._request.recipe.name} takes "
            f"{number_text(least, 'B')}",
            hint=f"nothing was written. Allow as much, or {_SMALLER}.",
        )

    def _too_slow(self, nearest: float) -> BudgetNotReached:
        return BudgetNotReached(
            "No choice of precisions makes a file that takes at most "
            f"{self._request.to_latency:g} of float's time on this machine.",
            received=f"the fastest that was found takes {nearest:.3f} of it",
            hint=f"nothing was written. Allow as much, or {_SMALLER}.",
        )


def _among(one: Assignment, others: Sequence[Assignment]) -> bool:
    return any(one.forms == other.forms for other in others)
