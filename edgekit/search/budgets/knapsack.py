"""The precisions with the least noise within bytes and within a time, found exactly.

Noises of single roundings add up, and so do bytes and times: a multiple-choice knapsack, with one
form for each operator (Sinha and Zoltners, 1979). An activation is rounded where any operator
beside it computes in integers, and cast where its neighbours differ: linear constraints too. It is
solved as a mixed-integer linear program by HiGHS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgekit.quantize.apart.counted_cost import Flow
from edgekit.search.budgets.isolated_noise import Noise
from edgekit.search.budgets.precision_forms import CAST_BYTES, Choice, Form

# So much more noise, a tenth of a decibel, is taken for what is not bounded: time, else bytes.
_TAKEN = 1.023
_NOTHING = 1e-9  # of the sum of all noises
_AS_LARGE = 0.995
_TIME_LIMIT_S = 5.0
_GAP = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What each operator takes in its forms.

    Attributes:
        seconds: By the operator's index: one for each of its forms, in their order; of those that
            are not there, none of it depends on the form.
        cast_seconds: Of an activation of so many values, that is cast.
    """

    seconds: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    cast_seconds: Callable[[int], float] = lambda _: 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A form for each operator, and what they come to.

    Attributes:
        forms: By the operator's index.
        noise: Over signal, at the outputs.
        size_bytes: Of weights and casts alone.
        seconds: Of operators with a choice, and casts.
    """

    forms: Mapping[int, Form]
    noise: float
    size_bytes: float
    seconds: float


class Knapsack:
    """One file's choices with their noises, bytes and times.

    Args:
        options: The operators with their forms.
        noise: Of each.
        flows: The activations between them.
        costs: Times.
    """

    def __init__(
        self, options: Sequence[Choice], noise: Noise, flows: Sequence[Flow], costs: Costs
    ) -> None:
        self._options = options
        self._first: dict[int, int] = {}  # an operator's first variable
        bytes_: list[float] = []
        seconds: list[float] = []
        noises: list[float] = []
        integer: list[bool] = []
        for choice in options:
            index = choice.op.index
            self._first[index] = len(bytes_)
            known = noise.weights.get(index, {})
            times = costs.seconds.get(index, (0.0,) * len(choice.forms))
            for form, taken in zip(choice.forms, times, strict=True):
                bytes_.append(form.size_bytes)
                seconds.append(taken)
                noises.append(known.get(form.weight_bits, 0.0))
                integer.append(form.is_integer)
        self._num_forms, self._integer = len(bytes_), integer
        rows: list[tuple[dict[int, float], float]] = []  # sums that are at least so much
        self._flows: list[tuple[int, list[list[int]]]] = []  # first variable; integers of each end
        for flow in flows:
            ends = [flow.maker, *flow.readers]
            parts = [self._integers(op) for op in ends]
            rounded, cast = len(bytes_), len(bytes_) + 1
            self._flows.append((rounded, parts))
            bytes_ += [0, CAST_BYTES]
            seconds += [0.0, costs.cast_seconds(flow.size)]
            noises += [noise.activations.get(flow.tensor, 0.0), 0.0]
            for part in parts:
                rows.append(({rounded: 1.0, **dict.fromkeys(part, -1.0)}, 0.0))
            for part in parts[1:]:
                for one, other in ((part, parts[0]), (parts[0], part)):
                    row = {cast: 1.0}
                    for variable in one:
                        row[variable] = row.get(variable, 0.0) - 1.0
                    for variable in other:
                        row[variable] = row.get(variable, 0.0) + 1.0
                    rows.append((row, 0.0))
        self._bytes, self._seconds = np.array(bytes_, float), np.array(seconds, float)
        self._noises, self._rows = _bounded(np.array(noises, float)), rows

    def _integers(self, op: int | None) -> list[int]:
        """The variables of an operator's forms in integers; whoever uses the file takes floats."""
        if op is None or op not in self._first:
            return []
        start = self._first[op]
        count = len(next(c for c in self._options if c.op.index == op).forms)
        return [i for i in range(start, start + count) if self._integer[i]]

    def solve(
        self, max_bytes: float | None = None, max_seconds: float | None = None
    ) -> Assignment | None:
        """The least noise within both; None where nothing is."""
        goal = _normal(self._noises)
        limits = {"bytes": (0.0, max_bytes), "seconds": (0.0, max_seconds)}
        best = self._solved(goal, **limits)
        if best is None or (max_bytes is not None and max_seconds is not None):
            return best
        limits["noise"] = (0.0, _TAKEN * best.noise + _NOTHING * float(self._noises.sum()))
        if max_bytes is None:
            return self._solved(_normal(self._bytes), **limits) or best
        limits["bytes"] = (_AS_LARGE * best.size_bytes, max_bytes)
        return self._solved(_normal(self._seconds), **limits) or best

    def fastest(self, max_bytes: float | None = None) -> Assignment | None:
        """The least time within bytes."""
        return self._solved(_normal(self._seconds), bytes=(0.0, max_bytes))

    def smallest(self, max_seconds: float | None = None) -> Assignment | None:
        """The fewest bytes within a time."""
        return self._solved(_normal(self._bytes), seconds=(0.0, max_seconds))

    def range_of_bytes(
        self, beyond: float, max_seconds: float | None = None
    ) -> tuple[float, float] | None:
        """From the smallest choice to `beyond` times int8 throughout; None if none is so fast."""
        least = self.smallest(max_seconds)
        if least is None:
            return None
        int8 = sum(
            max((f.size_bytes for f in one.forms if f.how is not None), default=0)
            for one in self._options
        )
        return least.size_bytes, beyond * max(least.size_bytes, int8)

    def range_of_seconds(self) -> tuple[float, float]:
        """From the fastest choice to that of the least noise."""
        fastest, best = self.fastest(), self._solved(_normal(self._noises))
        assert fastest is not None and best is not None  # without limits there is always one
        return fastest.seconds, max(fastest.seconds, best.seconds)

    def _solved(self, goal: np.ndarray, **limits: tuple[float, float | None]) -> Assignment | None:
        """The choice with the smallest `goal`; sums by their names have a least and a most."""
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import coo_array

        count = len(goal)
        entries: list[tuple[int, int, float]] = []
        low: list[float] = []
        high: list[float] = []
        for choice in self._options:
            start = self._first[choice.op.index]
            entries += [(len(low), start + i, 1.0) for i in range(len(choice.forms))]
            low.append(1.0)
            high.append(1.0)
        for row, least in self._rows:
            entries += [(len(low), variable, value) for variable, value in row.items()]
            low.append(least)
            high.append(np.inf)
        sums = {"bytes": self._bytes, "seconds": self._seconds, "noise": self._noises}
        for name, (least, most) in limits.items():
            values = sums[name]
            if most is None or not values.any():
                continue
            if most <= 0:
                return None
            entries += [(len(low), int(i), float(values[i] / most)) for i in np.flatnonzero(values)]
            low.append(least / most)
            high.append(1.0)
        rows, columns, data = zip(*entries, strict=True)
        matrix = coo_array((data, (rows, columns)), shape=(len(low), count)).tocsr()
        whole = np.zeros(count)
        whole[: self._num_forms] = 1
        result = milp(
            goal,
            integrality=whole,
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix, np.array(low), np.array(high)),
            options={"time_limit": _TIME_LIMIT_S, "mip_rel_gap": _GAP},
        )
        if result.x is None:
            return None
        taken, forms = np.zeros(count), {}
        for choice in self._options:
            start = self._first[choice.op.index]
            picked = int(np.argmax(result.x[start : start + len(choice.forms)]))
            forms[choice.op.index] = choice.forms[picked]
            taken[start + picked] = 1
        for rounded, parts in self._flows:  # what no limit keeps small may be larger than it is
            ends = {bool(taken[part].any()) for part in parts}
            taken[rounded], taken[rounded + 1] = any(ends), len(ends) > 1
        return Assignment(
            forms=forms,
            noise=float(self._noises @ taken),
            size_bytes=float(self._bytes @ taken),
            seconds=float(self._seconds @ taken),
        )


def _bounded(noises: np.ndarray) -> np.ndarray:
    """What is not finite, of activations that are infinite, as more than all others together."""
    finite = np.isfinite(noises)
    return np.where(finite, noises, 10 * max(float(noises[finite].sum()), 1e-3))


def _normal(values: np.ndarray) -> np.ndarray:
    """Of the size of one, whatever the unit: a solver's tolerances are absolute."""
    return values / (float(np.abs(values).sum()) or 1.0)
