"""Every model of the corpus: loaded, exported, compared with Keras, its accuracy measured.

`python benchmarks/corpus_table.py [--out DIR] [ITEM ...]`. Without items it does all of
them and writes the section "Corpus" of RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import corpus, results
from benchmarks import corpus_dtln as dtln
from edgekit.core import artifacts
from edgekit.core.errors import DataError, EdgekitError
from edgekit.core.records import ConvertOptions, Metric
from edgekit.measure import fidelity
from edgekit.pipeline.convert.conversion import convert
from edgekit.pipeline.validate import ValidateOptions, validate

STATIC = "static_wi8_ai8"
DYNAMIC = "dynamic_wi8_afp32"
CORES = ("speech_dtln_lstm_states", "speech_dtln_lstm_states_2")
STREAM = "speech_dtln, both cores"

HEADS = (
    "item (samples)",
    "metric",
    "corpus.json",
    "float32 here",
    "static int8 here",
    "SQNR of int8, dB",
    "float vs Keras, dB",
)
METRICS: dict[str | None, str] = {
    None: "agreement with float",
    "top1_accuracy": "top-1 accuracy",
    "benchmarks.corpus:within_50_cents": "within 50 cents",
    "benchmarks.corpus:masked_si_sdr_db": "SI-SDR of core 1 alone, dB",
    "benchmarks.corpus:frames_si_sdr_db": "SI-SDR of core 2 alone, dB",
    "benchmarks.corpus:max_abs_difference": "largest difference to the official file (lower is "
    "better)",
    "benchmarks.corpus:psnr_db": "PSNR, dB",
}
# Why a float file's figure is not the one that corpus.json gives for Keras.
REASONS = {
    "basic_pitch_savedmodel": "the official file is a .tflite too, and runs on the same kernels "
    "as the float file here; corpus.json's figure is TensorFlow against the official file.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table, as numbers; None where there is no figure."""

    item: str
    samples: str = "-"
    metric: str = "-"
    stated: float | None = None
    reference: float | None = None
    static: float | None = None
    sqnr_db: float | None = None
    keras_sqnr_db: float | None = None
    failure: str = ""

    @property
    def differs(self) -> bool:
        """Whether the float file's figure is another one than corpus.json's, as shown."""
        return self.stated is not None and _shown(self.stated) != _shown(self.reference)

    def cells(self) -> list[str]:
        """The line as it is shown, in the order of `HEADS`."""
        return [
            f"{self.item} ({self.samples})",
            self.failure or self.metric,
            _shown(self.stated),
            _shown(self.reference),
            _shown(self.static),
            _shown(self.sqnr_db, ".1f"),
            _shown(self.keras_sqnr_db, ".0f"),
        ]


def _shown(value: float | None, form: str = ".4g") -> str:
    return "-" if value is None or math.isnan(value) else format(value, form)


def measured(path: Path, prepared: corpus.Prepared) -> tuple[Metric | None, Metric | None, int]:
    """Task metric over evaluation and calibration samples together, SQNR, and their number.

    corpus.json's figures are over all samples; those that were drawn for calibration are
    added back where the metric has a value for each sample. SQNR is over the evaluation
    samples alone. Without labels the metric is the agreement with the float file.
    """
    sets = [prepared.eval]
    with np.load(prepared.calib) as calibration:
        if "y" in calibration.files:
            sets.append(prepared.calib)
    found = [
        validate([path], data=str(data), metric=prepared.metric, options=ValidateOptions(jobs=2))[0]
        for data in sets
    ]
    tasks = [one.metric(prepared.metric or "agreement") for one in found]
    sqnr = found[0].metric("sqnr_db")
    first = tasks[0]
    if first is None:
        return None, sqnr, found[0].num_samples
    if all(task is not None and task.raw for task in tasks):
        pooled = [value for task in tasks if task is not None for value in task.raw]
        # The largest difference of all samples is the largest, not the mean, of theirs.
        largest = prepared.metric == "benchmarks.corpus:max_abs_difference"
        value = max(pooled) if largest else sum(pooled) / len(pooled)
        return Metric(name=first.name, value=value), sqnr, len(pooled)
    return first, sqnr, found[0].num_samples


def row(item: str, out: Path, folder: Path) -> Row:
    """Prepare, convert and measure one item; its files stay in `out/ITEM`."""
    prepared = corpus.prepare(item, out / item, folder)
    recipes = ("float32", STATIC, DYNAMIC) if item in CORES else ("float32", STATIC)
    try:
        made = convert(
            prepared.model,
            output=out / item,
            calibration=str(prepared.calib),
            options=ConvertOptions(recipes=recipes, force=True),
        )
    except EdgekitError as error:
        return Row(item=item, failure=f"{error.rule} {error.received or ''}")
    reference, static = made[:2]
    task, _, count = measured(Path(reference.path), prepared)
    quantized, sqnr, _ = measured(Path(static.path), prepared)
    return Row(
        item=item,
        samples=f"{count} blocks" if item in CORES else str(count),
        metric=METRICS[prepared.metric],
        stated=prepared.measured,
        # A file agrees with itself: no figure.
        reference=task.value if task and prepared.metric else None,
        static=quantized.value if quantized else None,
        sqnr_db=sqnr.value if sqnr else None,
        keras_sqnr_db=reference.reference_sqnr_db,
    )


def stream(cores: Sequence[Path], folder: Path) -> tuple[float, np.ndarray]:
    """Denoise all clips with two `.tflite` cores: mean SI-SDR in dB, and the sound."""
    with np.load(folder / CORES[0] / "data.npz", allow_pickle=False) as data:
        noisy, clean = (data[name].astype(np.float32) / 32768 for name in ("noisy", "clean"))
    steps = []
    for core in cores:
        manifest = artifacts.load(core)
        if manifest is None:
            raise DataError(
                "A core's manifest lies beside it: it knows the order of the outputs.",
                received=core.name,
            )
        steps.append(dtln.litert_core(core, [spec.name for spec in manifest.contract.outputs]))
    first, second = steps
    heard = np.concatenate([dtln.denoise(first, second, clip[np.newaxis]) for clip in noisy])
    return dtln.mean_si_sdr_db(heard, clean), heard


def stream_row(out: Path, folder: Path) -> tuple[Row, str]:
    """The whole denoiser on the cores that `row` left in `out`, and what to say below it."""
    stated = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))[CORES[0]]["measured"]
    found = {}
    for recipe in ("float32", STATIC, DYNAMIC):
        pair = [_only(out / core, f"*.{recipe}.tflite") for core in CORES]
        found[recipe] = stream(pair, folder)
    reference, static = found["float32"], found[STATIC]
    line = Row(
        item=STREAM,
        samples=f"{len(static[1])} clips",
        metric="mean SI-SDR, dB",
        stated=stated["keras"],
        reference=reference[0],
        static=static[0],
        sqnr_db=fidelity.sqnr_db(reference[1], static[1]),
    )
    side = "below" if static[0] < stated["noisy"] else "above"
    note = (
        f"{STREAM}: all clips through the streaming pipeline, block by block, each core's own "
        f"states carried on; SQNR of the sound. {DYNAMIC} of both cores gives "
        f"{_shown(found[DYNAMIC][0])} dB (corpus.json: {_shown(stated['official_dynamic'])} for "
        f"the official dynamic files). Static int8 ends {side} the noisy sound, which has "
        f"{stated['noisy']:.1f} in corpus.json. The rows of single cores feed each block the "
        "states of the float run, so no error is carried on, over the 8 clips that are not used "
        "for calibration; corpus.json has no figure for that."
    )
    return line, note


def _only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def weights_only_note(out: Path, folder: Path) -> str:
    """What the command line says to CREPE's other file, which holds weights alone."""
    name = "crepe_tiny_pitch/model-tiny.h5"
    done = subprocess.run(
        [sys.executable, "-m", "edgekit.cli.main", "convert", str(folder / name), "-o", str(out)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    said = (done.stderr.strip() or done.stdout.strip()).partition("\n")[0]
    return f"{name} holds weights alone: `edgekit convert` exits with {done.returncode}, `{said}`"


def difference_notes(rows: Sequence[Row]) -> list[str]:
    """A line for each float file whose figure is not corpus.json's."""
    return [
        f"{one.item}: {one.failure or REASONS.get(one.item, 'differs; the reason is not known.')}"
        for one in rows
        if one.differs
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/bench/corpus"))
    parser.add_argument("items", nargs="*", default=list(corpus.ITEMS))
    given = parser.parse_args()
    folder, out = corpus.find_corpus(), given.out.resolve()
    rows, notes = [], []
    for item in given.items:
        rows.append(row(item, out, folder))
        print(rows[-1].cells(), flush=True)
        if item == CORES[1] and not any(one.failure for one in rows if one.item in CORES):
            line, note = stream_row(out, folder)
            rows.append(line)
            notes.append(note)
            print(line.cells(), flush=True)
    notes += [*difference_notes(rows), weights_only_note(out / "weights_only", folder)]
    print("\n".join(notes))
    body = (
        "What corpus.json says Keras scored, and the same metric of edgekit's float file and of\n"
        "static int8, as edgekit makes it by default, over the same samples, those that were\n"
        "drawn for calibration included. SQNR is int8 against float, over the worst output,\n"
        "on samples not used for calibration; float against Keras is on golden samples.\n\n"
    )
    below = "\n".join(
        textwrap.fill(f"- {note}", 96, subsequent_indent="  ", break_on_hyphens=False)
        for note in notes
    )
    if set(given.items) == set(corpus.ITEMS):
        table = results.table(HEADS, [one.cells() for one in rows])
        results.write_section("Corpus", f"{body}{table}\n\n{below}")


if __name__ == "__main__":
    main()
