"""Validation: edgekit beside a bare interpreter loop, and two processes beside one.

`python benchmarks/validation.py [--out DIR]`. Whole commands on both sides: 5,000 CIFAR-10
images through ResNet8, float and int8, accuracy and agreement.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import corpus, results, watch
from edgekit.core.records import ConvertOptions, Limits, Target
from edgekit.pipeline.convert.conversion import convert
from edgekit.runtimes.parallel import ParallelSession

PEER = Path(__file__).with_name("peers") / "bare_loop.py"
REPEATS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/bench/resnet8"))
    out = parser.parse_args().out.resolve()
    prepared = corpus.prepare("resnet8_cifar10", out, corpus.find_corpus())
    made = convert(
        prepared.model,
        output=out,
        calibration=str(prepared.calib),
        options=ConvertOptions(recipes=("static_wi8_ai8",), force=True),
    )
    reference, candidate = (artifact.path for artifact in made)
    bare = [sys.executable, str(PEER), reference, candidate, str(prepared.eval)]
    ours = [sys.executable, "-m", "edgekit.cli.main", "validate", candidate]
    ours += ["--data", str(prepared.eval), "--json"]
    files = [Path(reference), Path(candidate)]
    with np.load(prepared.eval) as data:
        samples = {made[0].contract.inputs[0].name: data["x"]}
    whole: dict[str, list[float]] = {"bare": [], "one": [], "two": []}
    loops: dict[str, list[float]] = {"bare": [], "one": [], "two": []}
    for _ in range(REPEATS):
        cost = watch.run(bare)
        whole["bare"].append(cost.seconds)
        loops["bare"].append(float(cost.output.split()[-1]))
        for jobs, name in ((1, "one"), (2, "two")):
            whole[name].append(watch.run([*ours, "--jobs", str(jobs)]).seconds)
            loops[name].append(sum(loop_seconds(path, samples, jobs) for path in files))
    heads = ("", "bare", "one process", "two", "one / bare (1.10x)", "one / two (1.7x)")
    rows = [
        [
            what,
            *(f"{statistics.median(costs[name]):.2f} s" for name in ("bare", "one", "two")),
            f"**{ratio(costs, 'one', 'bare'):.2f}x**",
            f"**{ratio(costs, 'one', 'two'):.2f}x**",
        ]
        for what, costs in (("running the samples", loops), ("whole commands", whole))
    ]
    body = (
        "Int8 ResNet8 on 5,000 CIFAR-10 images, and its float file as the reference, by `edgekit\n"
        "validate` and by a script that loops over both files with a bare interpreter. The first\n"
        "row is from samples in memory to outputs in memory, with the workers started; the second\n"
        "adds starting everything: the command, Python, NumPy and the runtime in two workers one\n"
        "after the other, which a loop in one process does once, and the hashes of the samples.\n"
        f"Medians of {REPEATS} alternating runs; in parentheses: the bar.\n\n"
    )
    results.write_section("Validation", body + results.table(heads, rows))


def loop_seconds(path: Path, samples: dict[str, np.ndarray], jobs: int) -> float:
    """Seconds to run all samples through open workers, their exchange included."""
    with ParallelSession(path, Target(), jobs, limits=Limits()) as session:
        session.wait_until_open()
        started = time.perf_counter()
        session.run(samples)
        return time.perf_counter() - started


def ratio(costs: dict[str, list[float]], a: str, b: str) -> float:
    """Median over the alternating runs."""
    return statistics.median(x / y for x, y in zip(costs[a], costs[b], strict=True))


if __name__ == "__main__":
    main()
