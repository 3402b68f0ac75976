"""What every call costs: `--help`, commands that only read records; and A against A.

`python benchmarks/startup.py`
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import subprocess

from benchmarks import results
from edgekit.cli.main import VERBS
from edgekit.core.records import ConvertOptions
from edgekit.pipeline.benchmark import benchmark
from edgekit.pipeline.convert.conversion import convert
from edgekit.pipeline.demo import sample_model

REPEATS = 15
AA_RUNS = 5


def seconds(commands: Sequence[Sequence[str]]) -> list[float]:
    """Median seconds of each command, the commands taking turns."""
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(REPEATS):
        for command, kept in zip(commands, times, strict=True):
            started = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            kept.append(time.perf_counter() - started)
    return [statistics.median(kept) for kept in times]


def main() -> None:
    edgekit = str(Path(sys.executable).with_name("edgekit"))
    helps = [[edgekit, "--help"], *([edgekit, verb, "--help"] for verb in VERBS)]
    records = [[edgekit, "runtime", "list", "--json"], [edgekit, "--version"]]
    base, *rest = seconds([[sys.executable, "-c", "import click"], *helps, *records])
    slowest = max(rest[: len(helps)])
    reading = max(rest[len(helps) :])
    with tempfile.TemporaryDirectory() as folder:
        [made] = convert(
            sample_model(), output=Path(folder), options=ConvertOptions(recipes=("float32",))
        )
        path = Path(made.path)
        ratios = []
        for _ in range(AA_RUNS):
            second = benchmark([path, path])[1].metric("latency_ratio")
            assert second is not None
            ratios.append(second.value)
    worst = max(ratios, key=lambda value: abs(value - 1))
    rows = [
        [
            "slowest `--help`",
            f"{slowest * 1000:.0f} ms, **{slowest / base:.2f}x** `import click`",
            "at most 2.5x, 150 ms",
        ],
        ["slowest command that reads records", f"**{reading * 1000:.0f} ms**", "at most 250 ms"],
        [f"A against A, worst of {AA_RUNS} runs", f"**{worst:.4f}**", "within 1 %"],
    ]
    results.write_section("Start-up, and A against A", results.table(("", "measured", "bar"), rows))


if __name__ == "__main__":
    main()
