"""Quantized files: edgekit beside TensorFlow's converter and the LiteRT quantizer.

```
python benchmarks/quantization.py [--items ITEM ...] [--out DIR] [--limit N]
```

Everything is made and measured in one run; each tool runs in processes of its own, with the
same calibration samples. What each file scores is also kept in `DIR/ITEM/measured.json`.
Without `--items` and `--limit` it writes the section "Quantization" of RESULTS.md. `--limit`
is for trials: so many evaluation samples, and latencies from a few runs only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import corpus, results, watch
from benchmarks import quantization_bars as bars
from benchmarks import quantization_runs as runs
from benchmarks import quantization_tables as tables
from benchmarks.quantization_bars import Outcome
from edgekit.core import serde
from edgekit.core.errors import EdgekitError, InternalError

REPAIRED_ITEMS = ("magika_bytes_v1",)


def methods_of(item: str) -> tuple[str, ...]:
    """What is done to an item, in the order of the tables."""
    if item == tables.BILSTM:
        return tables.BILSTM_METHODS
    attention = bars.ATTENTION_METHODS if item in bars.ATTENTION else ()
    if item not in tables.BESIDE_PEERS:
        return tuple(dict.fromkeys((*tables.OTHER_METHODS, *attention)))
    fast = [method for method in bars.FAST_INT4_METHODS if bars.bars_of(item, (method,))]
    every = dict.fromkeys((*bars.STATIC_METHODS, *bars.INT4_METHODS, *fast, *attention))
    return tuple(m for m in every if m != bars.REPAIRED or item in REPAIRED_ITEMS)


def task_of(item: str, out: Path, folder: Path | None) -> runs.Task:
    """Prepare an item's samples; the bidirectional LSTM is trained first, if need be."""
    if item == tables.BILSTM:
        if not (out / item / "eval.npz").exists():
            maker = Path(__file__).with_name("make_bilstm.py")
            watch.run([sys.executable, str(maker), str(out / item)])
        metric: str | None = "top1_accuracy"
        model = out / item / "bilstm.keras"
        calib, evaluation = (out / item / f"{name}.npz" for name in ("calib", "eval"))
    else:
        prepared = corpus.prepare(item, out / item, corpus.find_corpus(folder))
        model, metric = prepared.model, prepared.metric
        calib, evaluation = prepared.calib, prepared.eval
    return runs.Task(
        item=item, model=model, calib=calib, eval=evaluation, metric=metric, folder=out / item
    )


def measure(item: str, out: Path, folder: Path | None, limit: int | None) -> tables.Row:
    """Make and measure all files of one item, and keep what came out.

    A tool's failure is one of the outcomes; what keeps the item from being measured at all
    is the row's. Neither ends a run of hours.
    """
    failure, counts, metric = "", (0, 0), None
    outcomes: dict[str, Outcome] = {}
    try:
        task = task_of(item, out, folder)
        metric, counts = task.metric, (_count(task.calib), 0)
        exported = runs.export(task)
        outcomes[bars.FLOAT] = exported.outcome
        if exported.path is None:
            failure = f"no float file: {exported.outcome.failure}"
        else:
            judge = runs.Judge(task, exported.path, limit)
            counts = (counts[0], len(judge.samples))
            outcomes[bars.FLOAT] = judge.measure(exported)
            for method in methods_of(item)[1:]:
                outcomes[method] = judge.measure(runs.make(task, method, exported.path))
                print(f"{item} {method}: {tables.cell(outcomes[method])}", flush=True)
    except (EdgekitError, InternalError, watch.Failed) as error:
        failure = " ".join(str(error).split())[:300]
    row = tables.Row(
        item=item,
        metric=metric,
        calibration=counts[0],
        evaluation=counts[1],
        outcomes=outcomes,
        failure=failure,
    )
    serde.write_atomic(out / item / "measured.json", serde.dumps(row))
    return row


def _count(path: Path) -> int:
    with np.load(path) as data:
        return len(data[data.files[0]])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    every = (*corpus.ITEMS, tables.BILSTM)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", nargs="+", choices=every, default=list(every), metavar="ITEM")
    parser.add_argument("--out", type=Path, default=Path("out/quantization"))
    parser.add_argument("--corpus", type=Path, help="folder that holds corpus.json")
    parser.add_argument("--limit", type=int, metavar="N", help="evaluation samples, for trials")
    given = parser.parse_args(arguments)
    out = given.out.resolve()
    try:
        folder = None if given.items == [tables.BILSTM] else corpus.find_corpus(given.corpus)
    except EdgekitError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    rows = [measure(item, out, folder, given.limit) for item in given.items]
    if set(given.items) == set(every) and given.limit is None:
        results.write_section("Quantization", tables.body(rows))
    else:
        print(tables.body(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
