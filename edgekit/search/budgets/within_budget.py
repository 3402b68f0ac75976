"""The best precisions whose file is really within the budget: what was reckoned is measured."""

from __future__ import annotations

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
        plain = files.plain(smallest)
        self._offset = len(plain) - smallest.size_bytes  # all that is no operator's
        self._least_bytes = len(plain)
        if request.to_latency is not None:
            [timed] = files.times([plain])
            self._float_seconds = timed.float_seconds
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
            raise self._too_large()
        best: Assignment | None = None
        nearest = float("inf")
        tried: list[Assignment] = []
        for _ in range(_CORRECTIONS):
            most = None if to_bytes is None else to_bytes - self._offset
            found = self._files.knapsack.solve(most, self.max_seconds)
            if found is None and to_latency is not None:
                found = self._files.knapsack.fastest(most)
            if found is None or any(found.forms == one.forms for one in tried):
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
        if best is not None:
            return best
        if to_latency is not None and nearest < float("inf"):
            raise self._too_slow(nearest)
        raise self._too_large()

    def final(self, found: Assignment) -> tuple[Prepared, bytes, Assignment]:
        """The file with everything chosen for these precisions; others where it is too large."""
        for _ in range(_CORRECTIONS):
            prepared = self._files.best(found)
            content = self._files.content(prepared)
            to_bytes = self._request.to_bytes
            if to_bytes is None or len(content) <= to_bytes:
                return prepared, content, found
            self._offset += len(content) - to_bytes + _ALIGNMENT
            other = self._files.knapsack.solve(to_bytes - self._offset, self.max_seconds)
            if other is None:
                break
            found = other
        raise self._too_large()

    def _too_large(self) -> BudgetNotReached:
        to_bytes = self._request.to_bytes
        assert to_bytes is not None
        return BudgetNotReached(
            f"No choice of precisions makes a file of at most {number_text(to_bytes, 'B')}.",
            received=f"the smallest that {self._request.recipe.name} has takes "
            f"{number_text(self._least_bytes, 'B')}",
            hint=f"nothing was written. Allow as much, or {_SMALLER}.",
        )

    def _too_slow(self, nearest: float) -> BudgetNotReached:
        return BudgetNotReached(
            "No choice of precisions makes a file that takes at most "
            f"{self._request.to_latency:g} of float's time on this machine.",
            received=f"the fastest that was found takes {nearest:.3f} of it",
            hint=f"nothing was written. Allow as much, or {_SMALLER}.",
        )
