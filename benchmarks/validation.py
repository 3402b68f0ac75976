"""Validation: edgekit beside a bare interpreter loop, and two processes beside one.

`python benchmarks/validation.py [--out DIR]`. Whole commands on both sides: 5,000 CIFAR-10
images through ResNet8, float and int8, accuracy and agreement.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import corpus, results, watch
from edgekit.pipeline.convert import convert
from edgekit.records import ConvertOptions

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
    costs: dict[str, list[float]] = {"bare": [], "one": [], "two": []}
    for _ in range(REPEATS):
        costs["bare"].append(watch.run(bare).seconds)
        costs["one"].append(watch.run(ours).seconds)
        costs["two"].append(watch.run([*ours, "--jobs", "2"]).seconds)

    def ratio(a: str, b: str) -> float:
        return statistics.median(x / y for x, y in zip(costs[a], costs[b], strict=True))

    rows = [
        [
            "one process / bare loop",
            f"{statistics.median(costs['one']):.2f} / {statistics.median(costs['bare']):.2f} s",
            f"**{ratio('one', 'bare'):.2f}x**",
            "at most 1.10x",
        ],
        [
            "one process / two",
            f"{statistics.median(costs['one']):.2f} / {statistics.median(costs['two']):.2f} s",
            f"**{ratio('one', 'two'):.2f}x**",
            "at least 1.7x",
        ],
    ]
    body = (
        "`edgekit validate` of int8 ResNet8 on 5,000 CIFAR-10 images, with its float file run as\n"
        "the reference, against a script that loops over both files with a bare interpreter.\n"
        f"Whole commands, imports included; medians of {REPEATS} alternating runs.\n\n"
    )
    results.write_section("Validation", body + results.table(("", "seconds", "ratio", "bar"), rows))


if __name__ == "__main__":
    main()
