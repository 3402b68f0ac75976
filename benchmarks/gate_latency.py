"""The gate's verdicts on latency beside a busy core, where the truth is known.

```
python benchmarks/gate_latency.py [--runs 200] [--slower-runs 60] [--out DIR] [--resume]
```

A chain of convolutions is judged against itself, and a chain of a tenth more of the same blocks
against it, with the gate's own defaults. Right after each gate the same two files are compared
the usual way. Every run is appended to `DIR/runs.jsonl` at once; `--resume` goes on from there.
The section "The gate: latency" of RESULTS.md is written at the end.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import results
from edgekit.core.gate_rules import TimingOptions
from edgekit.core.records import ConvertOptions, Target
from edgekit.pipeline.convert.conversion import convert
from edgekit.pipeline.timing import Pair, Timed, time_pairs
from edgekit.verdicts.evidence import LEVEL
from edgekit.verdicts.ratio import Ratio

FOLDER = Path(__file__).parent
PEER = FOLDER / "peers" / "one_after_the_other.py"
OUT = Path("out/bench/gate_latency")
LIMIT = 1.05
SLOWER, WITHIN = 1.10, 0.01
VERDICTS = ("pass", "inconclusive", "fail")
BLOCKS = 40
LONGER = (43, 44, 45)  # one of them takes 1.10 times as long; which one is measured
# Long enough to know the truth to a few thousandths.
LONG = TimingOptions(num_processes=30, max_processes=30, min_seconds=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One gate, and one usual comparison right after it.

    `kind` is `same` or `slower`; `usual` the ratio of medians, one file after the other.
    """

    kind: str
    verdict: str
    value: float
    low: float
    high: float
    self_test: float
    num_processes: int
    seconds: float
    usual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What is timed, and how many times as long the slower one truly takes."""

    same: Path
    slower: Path
    blocks: int
    truth: float
    low: float
    high: float
    num_processes: int


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(
    quick: bool,
    *,
    runs: int | None = None,
    slower_runs: int | None = None,
    out: Path = OUT,
    resume: bool = False,
) -> str:
    """Measure, and give the section's text. `quick` only shows that it works."""
    runs = runs if runs is not None else (6 if quick else 200)
    slower_runs = slower_runs if slower_runs is not None else (3 if quick else 60)
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    chains = make(out)
    log = out / "runs.jsonl"
    done = read(log) if resume else []
    if not done:
        log.write_text("")
    with busy() as load:
        files = calibrate(chains, out, TimingOptions() if quick else LONG, resume=bool(done))
        say(f"{files.blocks} blocks for {BLOCKS}: truly {files.truth:.3f}x")
        for number, kind in enumerate(spread_out(runs, slower_runs, done), start=len(done) + 1):
            one = measure(kind, files)
            with log.open("a") as file:
                file.write(json.dumps(asdict(one)) + "\n")
            done.append(one)
            say(
                f"{number} of {runs + slower_runs}: {kind} {one.verdict} {one.value:.3f} "
                f"[{one.low:.3f} {one.high:.3f}], {one.num_processes} processes, "
                f"{one.seconds:.1f} s; one after the other {one.usual:.3f}"
            )
    return describe(done, files, load)


def make(out: Path) -> dict[int, Path]:
    """Float files of the chains, by number of blocks; made once."""
    wanted = {blocks: out / f"chain{blocks}.float32.tflite" for blocks in (BLOCKS, *LONGER)}
    missing = [blocks for blocks, path in wanted.items() if not path.is_file()]
    if missing:
        say("making chains of convolutions")
        maker = [sys.executable, str(FOLDER / "make_chains.py"), str(out), *map(str, missing)]
        subprocess.run(maker, check=True, stderr=subprocess.DEVNULL)
    for blocks in missing:
        options = ConvertOptions(recipes=("float32",), force=True)
        convert(out / f"chain{blocks}.keras", output=out, options=options)
    return wanted


@contextmanager
def busy() -> Iterator[str]:
    """Another process that keeps the last core busy; gives how it is described."""
    core = (os.cpu_count() or 1) - 1
    pinned = hasattr(os, "sched_setaffinity") and core > 0
    command = [sys.executable, str(FOLDER / "busy.py"), *([str(core)] if pinned else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it is busy from here on
        where = f"pinned to core {core} of {core + 1}" if pinned else f"on {core + 1} cores, free"
        yield (
            f"one process, {where}, that multiplies matrices and copies 64 MB by turns of 0.05 to "
            "0.5 s; the gate's own processes are not pinned"
        )
    finally:
        process.kill()
        process.wait()


def calibrate(chains: dict[int, Path], out: Path, options: TimingOptions, *, resume: bool) -> Files:
    """Find the chain that takes 1.10 times as long, by a long measurement beside the load."""
    kept = out / "truth.json"
    if resume and kept.is_file():
        found = {int(k): tuple(v) for k, v in json.loads(kept.read_text()).items()}
    else:
        pairs = [(chains[blocks], chains[BLOCKS]) for blocks in LONGER]
        say("timing the chains for long")
        timed = time_pairs(pairs, Target(), options=options)
        if timed.self_test_failed is not None:
            raise SystemExit(timed.reason)
        found = {blocks: timed.ratios[pair] for blocks, pair in zip(LONGER, pairs, strict=True)}
        kept.write_text(json.dumps(found))
    evidence = {blocks: Ratio(ratios, looks=1) for blocks, ratios in found.items()}
    blocks = min(evidence, key=lambda b: abs(evidence[b].value - SLOWER))
    truth = evidence[blocks]
    if abs(truth.value - SLOWER) > WITHIN:
        raise SystemExit(
            f"No chain takes {SLOWER} +- {WITHIN} times as long here; change LONGER. Found: "
            + ", ".join(f"{b} blocks {e.value:.3f}x" for b, e in evidence.items())
        )
    return Files(
        same=chains[BLOCKS],
        slower=chains[blocks],
        blocks=blocks,
        truth=truth.value,
        low=truth.low,
        high=truth.high,
        num_processes=truth.n,
    )


def spread_out(runs: int, slower_runs: int, done: Sequence[Run]) -> list[str]:
    """What is left to run, both kinds evenly among each other."""
    counts = {"same": runs, "slower": slower_runs}
    at = sorted((i / count, kind) for kind, count in counts.items() for i in range(count))
    left = [kind for _, kind in at]
    for one in done:
        if one.kind in left:
            left.remove(one.kind)
    return left


def measure(kind: str, files: Files) -> Run:
    candidate = files.same if kind == "same" else files.slower
    pair = (candidate, files.same)
    started = time.monotonic()
    timed = time_pairs([pair], Target(), undecided=undecided(pair))
    seconds = time.monotonic() - started
    evidence = Ratio(timed.ratios[pair])
    usual = subprocess.run(
        [sys.executable, str(PEER), str(files.same), str(candidate)],
        check=True,
        capture_output=True,
        text=True,
    )
    return Run(
        kind=kind,
        verdict=verdict(timed, pair),
        value=evidence.value,
        low=evidence.low,
        high=evidence.high,
        self_test=statistics.median(timed.self_test),
        num_processes=timed.num_processes,
        seconds=seconds,
        usual=float(usual.stdout.split()[-1]),
    )


def undecided(pair: Pair) -> Callable[[Timed], bool]:
    return lambda timed: verdict(timed, pair) == "inconclusive"


def verdict(timed: Timed, pair: Pair) -> str:
    """What the gate says of this one rule."""
    if timed.self_test_failed is not None:
        return "inconclusive"
    evidence = Ratio(timed.ratios[pair])
    if evidence.p_above(LIMIT) < 1 - LEVEL:
        return "fail"
    return "pass" if evidence.p_below(LIMIT) < 1 - LEVEL else "inconclusive"


def read(log: Path) -> list[Run]:
    lines = log.read_text().splitlines() if log.is_file() else []
    return [Run(**json.loads(line)) for line in lines]


def describe(done: Sequence[Run], files: Files, load: str) -> str:
    options = TimingOptions()
    rows = []
    for kind, title, bar in (
        ("same", "A against A", "failed: 0"),
        ("slower", f"A against {files.truth:.2f}x", "failed: 95 %"),
    ):
        mine = [one for one in done if one.kind == kind]
        if not mine:
            continue
        counts = {v: sum(one.verdict == v for one in mine) for v in VERDICTS}
        over = sum(one.usual > LIMIT for one in mine)
        rows.append([f"{title}, `edgekit gate`", *cells(counts, len(mine)), bar])
        usual = {"pass": len(mine) - over, "inconclusive": None, "fail": over}
        rows.append([f"{title}, one after the other", *cells(usual, len(mine)), ""])
    same = [one for one in done if one.kind == "same"]
    extended = sum(one.num_processes > options.num_processes for one in done)
    figures = [
        [
            name,
            f"{spread(values):.2%}",
            f"{min(values):.3f}x to {max(values):.3f}x",
        ]
        for name, values in (
            ("`edgekit gate`", [one.value for one in same]),
            ("its self-test", [one.self_test for one in same]),
            ("one after the other", [one.usual for one in same]),
        )
        if len(values) > 1
    ]
    seconds = [one.seconds for one in done]
    asked = (
        f"Is a file more than {LIMIT}x as slow? Asked of a float chain of {BLOCKS} equal "
        f"convolutions against itself, and of one of {files.blocks} against it, which truly takes "
        f"**{files.truth:.3f}x** [{files.low:.3f} {files.high:.3f}] ({files.num_processes} "
        f"processes). Beside them runs {load}. One after the other: in one process, the median of "
        "100 runs of the one file, then of the other, and failed above the same limit; right "
        "after each gate."
    )
    cost = (
        f"A gate took {statistics.median(seconds):.1f} s (median; the longest "
        f"{max(seconds):.1f} s) for {options.num_processes} processes; {extended} of {len(done)} "
        f"gates went on to {options.max_processes}."
    )
    return "\n\n".join(
        (
            textwrap.fill(asked, 100),
            results.table(("", "runs", "passed", "inconclusive", "failed", "bar"), rows),
            "Of a file against itself, the ratios found:",
            results.table(("", "standard deviation", "range"), figures),
            textwrap.fill(cost, 100),
        )
    )


def cells(counts: Mapping[str, int | None], total: int) -> list[str]:
    """The number of runs, and how many had each verdict."""
    shown = [counts[v] for v in VERDICTS]
    return [
        str(total),
        *("-" if n is None else f"{n} ({n / total:.1%})" if n else "0" for n in shown),
    ]


def spread(ratios: Sequence[float]) -> float:
    """Standard deviation of the logarithms."""
    return statistics.stdev(math.log(ratio) for ratio in ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--slower-runs", type=int, default=60)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--resume", action="store_true", help="keep the runs that OUT holds")
    asked = parser.parse_args()
    body = run(
        False, runs=asked.runs, slower_runs=asked.slower_runs, out=asked.out, resume=asked.resume
    )
    results.write_section("The gate: latency", body)


if __name__ == "__main__":
    main()
