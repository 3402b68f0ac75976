"""Every model of the corpus: loaded, exported, compared with Keras, its accuracy measured.

`python benchmarks/corpus_table.py [--out DIR]`
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import corpus, results
from edgekit.errors import EdgekitError
from edgekit.pipeline.convert import convert
from edgekit.pipeline.validate import validate
from edgekit.records import ConvertOptions, Metric

STATIC = "static_wi8_ai8"


def measured(path: Path, prepared: corpus.Prepared) -> tuple[Metric | None, Metric | None, int]:
    """Task metric over evaluation and calibration samples together, SQNR, and their number.

    corpus.json's figures are over all samples; those that were drawn for calibration are
    added back where the metric is a mean over samples.
    """
    sets = [prepared.eval]
    with np.load(prepared.calib) as calibration:
        if "y" in calibration.files:
            sets.append(prepared.calib)
    found = [validate([path], data=str(data), metric=prepared.metric, jobs=2)[0] for data in sets]
    tasks = [next((m for m in one.metrics if m.name == prepared.metric), None) for one in found]
    sqnr = found[0].metric("sqnr_db")
    first = tasks[0]
    if first is None:
        return None, sqnr, found[0].num_samples
    if all(task is not None and task.raw for task in tasks):
        pooled = [value for task in tasks if task is not None for value in task.raw]
        value = sum(pooled) / len(pooled)
        return Metric(name=first.name, value=value), sqnr, len(pooled)
    return first, sqnr, found[0].num_samples


def row(item: str, out: Path, folder: Path) -> list[object]:
    prepared = corpus.prepare(item, out / item, folder)
    try:
        made = convert(
            prepared.model,
            output=out / item,
            calibration=str(prepared.calib),
            options=ConvertOptions(recipes=("float32", STATIC), force=True),
        )
    except EdgekitError as error:
        return [item, "-", "-", "-", "-", f"{error.rule} {error.received or ''}"]
    reference, static = made
    task, _, count = measured(Path(reference.path), prepared)
    quantized, sqnr, _ = measured(Path(static.path), prepared)
    expected = prepared.measured
    agreed = reference.reference_sqnr_db
    return [
        f"{item} ({count})",
        "-" if agreed is None else f"{agreed:.0f}",
        "-" if expected is None else f"{expected:.4g}",
        "-" if task is None else f"{task.value:.4g}",
        "-" if quantized is None else f"{quantized.value:.4g}",
        "-" if sqnr is None or math.isnan(sqnr.value) else f"{sqnr.value:.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/bench/corpus"))
    parser.add_argument("items", nargs="*", default=list(corpus.ITEMS))
    given = parser.parse_args()
    folder = corpus.find_corpus()
    rows = []
    for item in given.items:
        rows.append(row(item, given.out.resolve(), folder))
        print(rows[-1], flush=True)
    body = (
        "Float file against Keras on golden samples in dB, the task metric that corpus.json gives\n"
        "for Keras and the one measured here over the same samples (their number in\n"
        "parentheses), and plain int8 (true extremes, no weight optimisation) beside it.\n\n"
    )
    heads = (
        "item (samples)",
        "float vs Keras, dB",
        "corpus.json",
        "float32 here",
        STATIC,
        "its SQNR, dB",
    )
    if set(given.items) == set(corpus.ITEMS):
        results.write_section("Corpus", body + results.table(heads, rows))


if __name__ == "__main__":
    main()
