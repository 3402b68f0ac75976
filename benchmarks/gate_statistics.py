"""What the gate's verdicts on samples are worth, where the truth is known.

`python benchmarks/gate_statistics.py`
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import gate_bootstrap, results
from edgekit.verdicts.evidence import LEVEL
from edgekit.verdicts.paired import Paired

SECTION = "The gate: accuracy"
ALPHA = 1 - LEVEL
SIZES = (100, 200, 300, 500, 1000, 2000, 5000)
DISCORDANCES = (0.01, 0.02, 0.05, 0.10, 0.20)
MARGINS = (0.005, 0.01, 0.02)
PILOT = 300
_DEVIATIONS = 8  # of the counts that are summed over: what lies beyond is below 1e-13


@dataclass(frozen=True)
class Cell:
    """Samples that differ by chance: `discordance` of them, of which more are lost than won."""

    n: int
    discordance: float
    loss: float

    @property
    def shares(self) -> tuple[float, float]:
        """Of samples that are lost, and won."""
        return (self.discordance + self.loss) / 2, (self.discordance - self.loss) / 2


def cells() -> list[tuple[int, float, float]]:
    """All `(n, discordance, margin)` in which the margin can be lost."""
    return [
        (n, discordance, margin)
        for n in SIZES
        for margin in MARGINS
        for discordance in DISCORDANCES
        if discordance >= margin
    ]


@cache
def passes(b: int, c: int, n: int, margin: float) -> bool:
    return Paired(b, c, n).p_below(margin) <= ALPHA


@cache
def fails(b: int, c: int, n: int, margin: float) -> bool:
    return Paired(b, c, n).p_above(margin) <= ALPHA


def naive(b: int, c: int, n: int, margin: float) -> bool:
    """The drop is at most the margin."""
    return b - c <= n * margin + 1e-9


def span(mean: float, n: int) -> range:
    width = _DEVIATIONS * np.sqrt(mean) + 20
    return range(max(0, int(mean - width)), min(n, int(mean + width)) + 1)


def most_lost(rule: Callable[[int, int, int, float], bool], c: int, n: int, margin: float) -> int:
    """The largest b that the rule lets pass, -1 for none."""
    low, high = -1, n - c
    while low < high:
        middle = (low + high + 1) // 2
        if rule(middle, c, n, margin):
            low = middle
        else:
            high = middle - 1
    return low


@cache
def exactly(
    rule: Callable[[int, int, int, float], bool], cell: Cell, margin: float, up_to: bool = True
) -> float:
    """Probability that a rule holds, for all b up to some b (or from it on), for each c."""
    from scipy.stats import binom

    p_b, p_c = cell.shares
    n = cell.n
    cs = np.array(span(n * p_c, n))

    def against(b: int, c: int, n: int, margin: float) -> bool:
        return not rule(b, c, n, margin)

    bounded = rule if up_to else against
    most = np.array([most_lost(bounded, c, n, margin) for c in cs.tolist()])
    below = np.where(most >= 0, binom.cdf(most, n - cs, p_b / (1 - p_c)), 0.0)
    return float(np.sum(binom.pmf(cs, n, p_c) * (below if up_to else 1 - below)))


def not_significant(cell: Cell) -> float:
    """Probability that McNemar's exact test finds no difference at 0.05, two-sided."""
    from scipy.stats import binom

    p_b, p_c = cell.shares
    n = cell.n
    total = 0.0
    for s in span(n * cell.discordance, n):
        few = int(binom.ppf(0.025, s, 0.5))
        few -= int(2 * binom.cdf(few, s, 0.5) > ALPHA)  # significant at b or c up to this
        share = p_b / (p_b + p_c)
        kept = binom.cdf(s - few - 1, s, share) - binom.cdf(few, s, share)
        total += float(binom.pmf(s, n, cell.discordance) * kept)
    return total


def simulated(cell: Cell, margin: float, runs: int, rng: np.random.Generator) -> float:
    """Share of runs that pass, each its own samples."""
    p_b, p_c = cell.shares
    drawn = rng.multinomial(cell.n, [p_b, p_c, 1 - p_b - p_c], size=runs)
    return sum(passes(b, c, cell.n, margin) for b, c, _ in drawn.tolist()) / runs


def percent(value: float) -> str:
    return f"{100 * value:.2f}"


def sizes(runs: int) -> str:
    """How often a loss of exactly the margin passes."""
    rng = np.random.default_rng(1)
    exact, tried, simple, tests = {}, {}, {}, {}
    for key in cells():
        n, discordance, margin = key
        cell = Cell(n, discordance, margin)
        exact[key] = exactly(passes, cell, margin)
        tried[key] = simulated(cell, margin, runs, rng)
        simple[key] = exactly(naive, cell, margin)
        tests[key] = not_significant(cell)
    rows = []
    for n in SIZES:
        for margin in MARGINS:
            keys = [key for key in exact if key[0] == n and key[2] == margin]
            by_discordance = {key[1]: key for key in keys}
            row: list[object] = [n, f"{100 * margin:g}"]
            for discordance in DISCORDANCES:
                key = by_discordance.get(discordance)
                row.append(f"{percent(exact[key])} ({percent(tried[key])})" if key else "")
            for found in (simple, tests):
                values = [found[key] for key in keys]
                row.append(f"{100 * min(values):.0f} to {100 * max(values):.0f}")
            rows.append(row)
    heads = ("n", "margin", *(f"{100 * d:g} % differ" for d in DISCORDANCES), "drop", "McNemar")
    worst = max(exact, key=lambda key: exact[key])
    above = sum(value > ALPHA for value in exact.values())
    text = (
        "**A true loss of exactly the margin: how often it passes**, in %, the bar being 5.5 in "
        f"every cell.\nExact, by enumeration, and in parentheses of {runs:,} simulated runs, both "
        "through the gate's own code.\n'drop' is the rule that the accuracy falls by at most the "
        "margin, 'McNemar' that its exact test finds no\nsignificant difference, on the same "
        "distribution: the lowest and the highest of the row.\n\n"
    )
    summary = (
        f"\n\nWorst of {len(exact)} cells: **{percent(exact[worst])}** exact (n {worst[0]}, "
        f"{100 * worst[1]:g} % differ, margin {100 * worst[2]:g}), **"
        f"{percent(max(tried.values()))}** simulated (its standard error "
        f"{100 * (ALPHA * (1 - ALPHA) / runs) ** 0.5:.2f}); {above} cells above 5, "
        f"{sum(value > 0.055 for value in exact.values())} above 5.5. The same cells by drop: "
        f"up to {percent(max(simple.values()))}, by McNemar: up to {percent(max(tests.values()))}."
    )
    return text + results.table(heads, rows) + summary


def powers(pilots: int) -> str:
    """How often harmless changes pass with the samples that were asked for, and harmful ones."""
    rng = np.random.default_rng(2)
    rows = []
    least, most = [1.0, 1.0], [0.0, 0.0]
    for margin in MARGINS:
        for discordance in DISCORDANCES:
            if discordance < 2 * margin:
                continue
            known = samples_with(discordance, margin)
            asked = ask(discordance, margin, pilots, rng)
            counts = np.array(list(asked.values())) / sum(asked.values())
            harmless = [exactly(passes, Cell(n, discordance, 0.0), margin) for n in asked]
            harmful = [exactly(passes, Cell(n, discordance, 2 * margin), margin) for n in asked]
            found = [
                (
                    exactly(passes, Cell(known, discordance, 0.0), margin),
                    exactly(passes, Cell(known, discordance, 2 * margin), margin),
                ),
                (float(counts @ harmless), float(counts @ harmful)),
            ]
            for place, (good, bad) in enumerate(found):
                least[place], most[place] = min(least[place], good), max(most[place], bad)
            ns = np.repeat(list(asked), list(asked.values()))
            rows.append(
                [
                    f"{100 * discordance:g} %",
                    f"{100 * margin:g}",
                    f"{known:,}",
                    *(percent(value) for value in found[0]),
                    f"{int(np.quantile(ns, 0.1)):,} to {int(np.quantile(ns, 0.9)):,}",
                    *(percent(value) for value in found[1]),
                ]
            )
    heads = (
        "differ",
        "margin",
        "n asked",
        "no loss passes",
        "twice the margin passes",
        f"n asked from {PILOT}",
        "no loss passes",
        "twice the margin passes",
    )
    text = (
        "**With the number of samples that the gate asked for**: a true loss of zero passes (the "
        "bar: at least 80 %),\na true loss of twice the margin does not (at most 1 %). First with "
        f"the true discordance known, then with what\nthe gate asked for after {pilots} runs of "
        f"{PILOT} samples without true loss (the middle 80 % of its answers).\n\n"
    )
    summary = (
        f"\n\nLeast power: **{percent(least[0])}** known, **{percent(least[1])}** from {PILOT} "
        f"samples; most passes at twice the margin: **{percent(most[0])}** and "
        f"**{percent(most[1])}**."
    )
    return text + results.table(heads, rows) + summary


def samples_with(discordance: float, margin: float) -> int:
    from edgekit.verdicts.paired import samples_needed

    wanted = samples_needed(discordance, margin)
    assert wanted is not None
    return wanted


def ask(discordance: float, margin: float, pilots: int, rng: np.random.Generator) -> dict[int, int]:
    """Numbers of samples asked for after inconclusive pilots without loss, and how often."""
    half = discordance / 2
    asked: dict[int, int] = {}
    for b, c, _ in rng.multinomial(PILOT, [half, half, 1 - discordance], size=pilots).tolist():
        if passes(b, c, PILOT, margin) or fails(b, c, PILOT, margin):
            continue
        wanted = Paired(b, c, PILOT).needed(margin)
        if wanted is not None:
            asked[wanted] = asked.get(wanted, 0) + 1
    return asked


def false_fails() -> str:
    """How often a loss of at most the margin fails."""
    rows = []
    for share, name in ((1.0, "the margin"), (0.8, "0.8 of it"), (0.5, "half of it"), (0.0, "0")):
        found = {
            (n, d, m): exactly(fails, Cell(n, d, share * m), m, up_to=False) for n, d, m in cells()
        }
        worst = max(found, key=lambda key: found[key])
        rows.append(
            [
                name,
                percent(found[worst]),
                f"n {worst[0]}, {100 * worst[1]:g} % differ, margin {100 * worst[2]:g}",
                percent(float(np.mean(list(found.values())))),
            ]
        )
    text = "**False failures**, in % of runs, exact, over the same cells.\n\n"
    return text + results.table(("true loss", "worst cell", "which", "mean of cells"), rows)


def run(quick: bool) -> str:
    """The section's Markdown; `quick` draws less and decides nothing."""
    parts: Sequence[str] = (
        sizes(500 if quick else 20_000),
        powers(30 if quick else 300),
        false_fails(),
        gate_bootstrap.coverage(40 if quick else 1000),
    )
    return "\n\n".join(parts)


def main() -> None:
    results.write_section(SECTION, run(quick=False))


if __name__ == "__main__":
    main()
