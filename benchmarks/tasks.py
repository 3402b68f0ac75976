"""What static files lose on tasks of every kind: edgekit beside TensorFlow and LiteRT's quantizer.

```
python benchmarks/tasks.py [--items ITEM ...] [--out DIR]
```

Every file is made from the same calibration samples, each tool in a process of its own, and scored
on the item's evaluation samples by the item's own `score.py`. Without `--items` it writes the
section "Tasks of every kind" of RESULTS.md.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import corpus, results, watch
from benchmarks import quantization_runs as runs
from benchmarks.task_items import ITEMS, Arrays, Scores
from edgekit import tflite
from edgekit.core.errors import EXIT_GATE_FAILED, EdgekitError
from edgekit.core.records import BenchmarkOptions, Limits, Target
from edgekit.pipeline.benchmark import benchmark
from edgekit.runtimes.parallel import ParallelSession

STATIC, DYNAMIC = "static_wi8_ai8", "dynamic_wi8_afp32"
_PEER_SECONDS = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One file of one method: what it scores, how large it is, its time as a part of float's."""

    method: str
    scores: Scores
    size_bytes: int = 0
    latency_ratio: float | None = None
    note: str = ""


def measure(name: str, out: Path, folder: Path) -> list[Scored]:
    """All files of one item, the float one first."""
    item, place = ITEMS[name], folder / name
    data = dict(np.load(place / "data.npz", allow_pickle=False))
    evaluation = {given: item.prepare(data[stored]) for given, stored in item.inputs.items()}
    calibration = {
        given: item.prepare(data[f"calib_{stored}"]) for given, stored in item.inputs.items()
    }
    calib = out / "calib.npz"
    np.savez(calib, **calibration)
    files, notes = _convert(place / item.model, calib, out)
    notes |= _peers(place / item.model, files["float"], calib, out, files)
    expected = run(files["float"], evaluation)
    found = []
    for method, path in files.items():
        try:
            outputs = expected if method == "float" else _aligned(run(path, evaluation), expected)
            scores = item.score(place, outputs, expected, data)
            ratio = None if method == "float" else _latency_ratio(files["float"], path)
        except EdgekitError as error:
            found.append(Scored(method=method, scores={}, note=f"does not run: {error.rule[:80]}"))
            continue
        size = path.stat().st_size
        found.append(
            Scored(
                method=method,
                scores=scores,
                size_bytes=size,
                latency_ratio=ratio,
                note=notes.get(method, ""),
            )
        )
    said = {scored.method for scored in found}
    found += [Scored(method=m, scores={}, note=n) for m, n in notes.items() if m not in said]
    return found


def _convert(model: Path, calib: Path, out: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The files of edgekit, and what it said of one that it calls wrecked."""
    command = [
        sys.executable,
        "-m",
        "edgekit",
        "convert",
        str(model),
        "-o",
        str(out),
        "--name",
        "m",
    ]
    command += ["-c", str(calib), "-r", STATIC, "-r", DYNAMIC, "--force"]
    notes = {}
    try:
        watch.run(command)
    except watch.Failed as failed:
        if failed.code != EXIT_GATE_FAILED:
            raise
        notes["edgekit static"] = runs.reason(failed)
    paths = {"float": "float32", "edgekit static": STATIC, "edgekit dynamic": DYNAMIC}
    return {method: out / f"m.{recipe}.tflite" for method, recipe in paths.items()}, notes


def _peers(
    model: Path, float_file: Path, calib: Path, out: Path, files: dict[str, Path]
) -> dict[str, str]:
    """The other tools' files are added to `files`; what failed is told."""
    folder = runs.PEERS
    commands = {
        "TensorFlow": [folder / "quantize_tensorflow.py", model, calib],
        "LiteRT quantizer": [folder / "quantize_litert.py", float_file, calib, STATIC],
    }
    failures = {}
    for method, command in commands.items():
        path = out / f"{method.split()[0]}.tflite"
        try:
            watch.run([sys.executable, *map(str, command), str(path)], timeout=_PEER_SECONDS)
            files[method] = path
        except watch.Failed as failed:
            failures[method] = runs.reason(failed)
    return failures


def run(path: Path, inputs: Arrays) -> dict[str, np.ndarray]:
    """Outputs of a file for samples, whatever it calls its only input."""
    contract = tflite.contract(path)
    names = [spec.name for spec in contract.inputs]
    given = runs.renamed(inputs, names) if len(names) == 1 else _by_suffix(inputs, names)
    session = ParallelSession(path, Target(), runs.JOBS, limits=Limits())
    try:
        return session.run(given)
    finally:
        session.close()


def _by_suffix(inputs: Arrays, names: list[str]) -> dict[str, np.ndarray]:
    """TensorFlow calls `input_1` `serving_default_input_1:0`, or just so."""
    return {name: next(v for k, v in inputs.items() if k in name) for name in names}


def _aligned(outputs: Arrays, expected: Arrays) -> dict[str, np.ndarray]:
    """Outputs under the float file's names: in the order that comes nearest to its values."""
    if set(outputs) == set(expected):
        return {name: outputs[name] for name in expected}

    def error(order: tuple[str, ...]) -> float:
        pairs = [
            (outputs[mine], expected[name]) for mine, name in zip(order, expected, strict=True)
        ]
        if any(a.shape != b.shape for a, b in pairs):
            return float("inf")
        return sum(float(np.square(a - b).mean() / np.square(b).mean()) for a, b in pairs)

    best = min(itertools.permutations(outputs), key=error)
    return {name: outputs[mine] for mine, name in zip(best, expected, strict=True)}


def _latency_ratio(float_file: Path, path: Path) -> float | None:
    timed = benchmark([float_file, path], reference=float_file, options=BenchmarkOptions())
    ratio = timed[1].metric("latency_ratio")
    return ratio.value if ratio else None


def lines(name: str, scored: list[Scored]) -> list[list[str]]:
    """Rows of the table."""
    rows = []
    for one in scored:
        figures = ", ".join(f"{key} {value:.4g}" for key, value in one.scores.items())
        ratio = "" if one.latency_ratio is None else f"{one.latency_ratio:.2f}x"
        size = f"{one.size_bytes:,}" if one.size_bytes else ""
        rows.append([name, one.method, figures or one.note, size, ratio])
        name = ""
    return rows


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", nargs="+", choices=ITEMS, default=list(ITEMS), metavar="ITEM")
    parser.add_argument("--corpus", type=Path, help="folder that holds corpus.json")
    given = parser.parse_args(arguments)
    try:
        folder = corpus.find_corpus(given.corpus)
    except EdgekitError as error:
        print(f"SKIPPED tasks: {error.received}; {error.hint}")
        return 0
    rows = []
    for name in given.items:
        with tempfile.TemporaryDirectory() as out:
            some = lines(name, measure(name, Path(out), folder))
        print("\n".join(" | ".join(row) for row in some), flush=True)
        rows += some
    table = results.table(("item", "file", "score", "bytes", "time / float"), rows)
    if set(given.items) == set(ITEMS):
        results.write_section("Tasks of every kind", f"{_INTRODUCTION}\n\n{table}")
    return 0


_INTRODUCTION = """Trained models of the corpus, on evaluation samples, scored by their own \
`score.py`: mAP at 0.5, mean absolute errors of both heads (dollars and points), agreement of \
decisions with the float file, mean IoU, mean average precision and micro F1, top 1. All files of \
an item are made from the same calibration samples."""

if __name__ == "__main__":
    sys.exit(main())
