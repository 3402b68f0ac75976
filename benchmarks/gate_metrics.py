"""What the gate's verdicts on tags, masks, detections and two heads are worth: the truth is known.

`python benchmarks/gate.py --metrics`

The metric of a whole population (see `gate_populations`) is the truth; samples drawn from it are
what the gate sees.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # processes share the cores instead

import numpy as np

from benchmarks import results
from benchmarks.gate_populations import HARMS, MAKERS, RESAMPLES, SAMPLES, known, population
from edgekit.verdicts.evidence import LEVEL

SECTION = "The gate: tags, masks, detections, two heads"
# Numbers of samples, and what share of the runs each has: larger ones take longer.
SIZES = {50: 0.6, 100: 0.6, 200: 1.0, 500: 0.4, 1000: 0.15}
HEADS = ("F1, macro", "mean IoU")
ALPHA = 1 - LEVEL
_JOBS, _PIECES = 2, 8
_SLOW = ("mAP at 0.5", "average precision")


@dataclass(frozen=True)
class Cell:
    """Rules that are asked of the same samples, each with its margin.

    Attributes:
        heads: Name and harm of each.
        margins: As many.
        n: Samples.
    """

    heads: tuple[tuple[str, float], ...]
    margins: tuple[float, ...]
    n: int


def passes(cell: Cell, runs: range) -> tuple[int, int]:
    """How often all rules pass, and how often the first fails, each run with its own samples."""
    passed = failed = 0
    for run in runs:
        sample = np.random.default_rng([2, cell.n, run]).integers(0, SAMPLES, cell.n)
        found = [population(*head).evidence(sample, run) for head in cell.heads]
        passed += all(
            evidence.p_below(margin) <= ALPHA
            for evidence, margin in zip(found, cell.margins, strict=True)
        )
        failed += found[0].p_above(cell.margins[0]) <= ALPHA
    return passed, failed


def shares(cells: Sequence[Cell], runs: int) -> list[tuple[float, float]]:
    """Of each cell, which share of its runs passes, and fails; slow ones have fewer runs."""
    with ProcessPoolExecutor(_JOBS) as pool:
        found = []
        for cell in cells:
            slow = any(name in _SLOW for name, _ in cell.heads)
            count = max(1, int(runs * SIZES[cell.n] * (0.5 if slow else 1)))
            step = max(1, count // _PIECES)
            pieces = [range(at, min(at + step, count)) for at in range(0, count, step)]
            found.append((count, [pool.submit(passes, cell, piece) for piece in pieces]))
        sums = [np.sum([one.result() for one in of], axis=0) / count for count, of in found]
    return [(float(passed), float(failed)) for passed, failed in sums]


def at_the_margin(runs: int) -> str:
    """How often a loss of exactly the margin passes."""
    keys = [(name, harm) for name in known() for harm in HARMS[name]]
    found = {
        n: shares([Cell((key,), (population(*key).loss,), n) for key in keys], runs) for n in SIZES
    }
    rows = [
        [
            name,
            f"{100 * population(name, harm).loss:.2f}",
            *(f"{100 * found[n][place][0]:.1f}" for n in SIZES),
            *(f"{100 * found[n][place][1]:.1f}" for n in SIZES),
        ]
        for place, (name, harm) in enumerate(keys)
    ]
    heads = ("", "margin", *(f"passes, n {n}" for n in SIZES), *(f"fails, n {n}" for n in SIZES))
    return (
        "**A true loss of exactly the margin: how often it passes, and fails**, in %; the bar is "
        "5.5 from n 200 on.\n"
        f"{_counted(runs)}\n\n{results.table(heads, rows)}"
    )


def _counted(runs: int) -> str:
    """How many runs there are, and how far chance moves a share of 5 %."""
    counts = ", ".join(
        f"{int(runs * share):,} (+-{100 * (ALPHA * LEVEL / (runs * share)) ** 0.5:.1f}) for n {n}"
        for n, share in SIZES.items()
    )
    return (
        f"Runs, with the standard error: {counts};\nhalf as many of {' and '.join(_SLOW)}. "
        f"{RESAMPLES} draws each."
    )


def without_loss(runs: int) -> str:
    """How often a candidate that is as noisy as the reference, and no worse, passes."""
    keys = [(name, margin) for name in known() for margin in (0.01, 0.02)]
    found = {
        n: shares([Cell(((name, 0.0),), (margin,), n) for name, margin in keys], runs)
        for n in SIZES
    }
    rows = [
        [name, f"{100 * margin:g}", *(f"{100 * found[n][place][0]:.0f}" for n in SIZES)]
        for place, (name, margin) in enumerate(keys)
    ]
    return (
        "**No true loss: how often it passes**, in %. The candidate's scores are as noisy as the "
        "reference's, and it loses\nother objects, as many.\n\n"
        + results.table(("", "margin", *(f"n {n}" for n in SIZES)), rows)
    )


def two_heads(runs: int) -> str:
    """How often a model of two heads passes that loses the margin in one of them, or both."""
    first, second = ((name, HARMS[name][1]) for name in HEADS)
    whole = ((HEADS[0], 0.0), (HEADS[1], 0.0))
    lost = population(*first).loss, population(*second).loss
    cases = {
        f"{HEADS[0]} loses its margin, {HEADS[1]} nothing": ((first, whole[1]), (lost[0], 0.05)),
        f"{HEADS[1]} loses its margin, {HEADS[0]} nothing": ((whole[0], second), (0.05, lost[1])),
        "both lose their margins": ((first, second), lost),
        "neither loses anything, margins of 2 %": (whole, (0.02, 0.02)),
    }
    found = {
        n: shares([Cell(heads, margins, n) for heads, margins in cases.values()], runs)
        for n in SIZES
    }
    rows = [
        [name, *(f"{100 * found[n][place][0]:.1f}" for n in SIZES)]
        for place, name in enumerate(cases)
    ]
    return (
        "**Two heads of one model, both rules at once: how often both pass**, in %; the bar is 5.5 "
        "from n 200 on where one\nloses its margin; what loses nothing has one of 5 % there. The "
        "heads share their samples, and which of these are hard.\n\n"
        + results.table(("", *(f"n {n}" for n in SIZES)), rows)
    )


def run(quick: bool) -> str:
    """The section's Markdown; `quick` draws less and decides nothing."""
    absent = [name for name in MAKERS if name not in known()]
    parts = (
        at_the_margin(40 if quick else 1200),
        without_loss(20 if quick else 240),
        two_heads(20 if quick else 600),
        *(
            f"Not here, since `verdicts.recompute` has no such statistic: {name}."
            for name in absent
        ),
    )
    return "\n\n".join(parts)


def main() -> None:
    results.write_section(SECTION, run(quick=False))


if __name__ == "__main__":
    main()
