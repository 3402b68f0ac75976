"""The tables of quantization, from measured outcomes alone; nothing is measured here."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks import quantization_bars as bars
from benchmarks import results
from benchmarks.corpus_table import METRICS
from benchmarks.quantization_bars import Bar, Outcome
from benchmarks.quantization_runs import EDGEKIT, INT4, PLAIN_FLAGS, STATIC
from edgekit.report.terminal import bytes_text

BILSTM = "bilstm"
BESIDE_PEERS = tuple(bars.BARS)
# The evaluation samples behind the figures of the issue that set the bars.
SAMPLES_OF_THE_BARS = {
    "resnet8_cifar10": 2000,
    "kws_dscnn": 800,
    "imagenet_mobilenetv1_025": 400,
    "imagenet_efficientnet_lite0": 400,
    "har_st_cnn1d": 3296,
    "magika_bytes_v1": 87,
}
BILSTM_METHODS = (bars.FLOAT, bars.TENSORFLOW, bars.LITERT_STATIC, bars.DEFAULT)
OTHER_METHODS = (bars.FLOAT, bars.PLAIN, bars.DEFAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All outcomes of one item, by method, and how many samples they stand for."""

    item: str
    metric: str | None
    calibration: int
    evaluation: int
    outcomes: Mapping[str, Outcome]
    failure: str = ""


def cell(outcome: Outcome | None) -> str:
    """`0.8765, 22.6 dB, 95.7 kB, 0.31x`: metric, SQNR, size, latency / float."""
    if outcome is None:
        return "-"
    said = [
        "" if (value := outcome.value("metric")) is None else f"{value:.4f}",
        "" if (value := outcome.value("sqnr_db")) is None else f"{value:.1f} dB",
        "" if outcome.size_bytes is None else bytes_text(outcome.size_bytes),
        "" if (value := outcome.value("latency_ratio")) is None else f"{value:.2f}x",
        _left_float(outcome),
    ]
    return ", ".join(part for part in (*said, _failure(outcome)) if part) or "-"


def _left_float(outcome: Outcome) -> str:
    count, every = outcome.left_float or (0, 0)
    return f"{count} of {every} operators float" if count else ""


def _failure(outcome: Outcome) -> str:
    """On one line, and without what ends a cell."""
    return " ".join(outcome.failure.split()).replace("|", "/")


def judged(row: Row, method: str, wanted: Sequence[Bar]) -> str:
    """A method's cell, and below it each bar of it that is missed or exceeded by far."""
    words = [bar.judge(row.outcomes) for bar in wanted if bar.method == method]
    return "<br>".join([cell(row.outcomes.get(method)), *(_loud(word) for word in words if word)])


def _loud(word: str) -> str:
    return f"**{word}**" if word.startswith("missed") else word


def beside_peers(rows: Sequence[Row], methods: Sequence[str]) -> str:
    """One line an item, one column a method; bars of these methods."""
    lines = []
    for row in rows:
        wanted = bars.bars_of(row.item, methods)
        cells = [judged(row, method, wanted) for method in methods]
        if row.failure:
            cells[0] = row.failure
        lines.append([_label(row), *cells, "<br>".join(bar.wanted() for bar in wanted) or "-"])
    heads = ["item (samples)", *(bars.HEADS[method] for method in methods), "to reach"]
    return results.table(heads, lines)


def of_attention(rows: Sequence[Row]) -> str:
    """All integers beside what a CPU is given, and the dynamic file."""
    lines = []
    for row in rows:
        cells = [judged(row, method, bars.ATTENTION_BARS) for method in bars.ATTENTION_METHODS]
        lines.append([_label(row), *cells])
    wanted = ", ".join(bar.wanted() for bar in bars.ATTENTION_BARS)
    heads = ["item (samples)", *(bars.HEADS[method] for method in bars.ATTENTION_METHODS)]
    return f"To reach by edgekit's: {wanted}.\n\n{results.table(heads, lines)}"


def _label(row: Row) -> str:
    return f"{row.item} ({row.evaluation:,})"


def beside_plain(rows: Sequence[Row]) -> str:
    """One line for each other item: what is on by default against plain rounding."""
    lines = []
    for row in rows:
        shown = [_two(row.outcomes.get(method)) for method in OTHER_METHODS[1:]]
        verdict = row.failure or _loud(bars.NEVER_HURTS.judge(row.outcomes)) or "no worse"
        exported = row.outcomes.get(bars.FLOAT)
        reference = exported.value("metric") if exported else None
        lines.append(
            [
                _label(row),
                METRICS.get(row.metric, row.metric),
                "-" if reference is None else f"{reference:.4g}",
                *shown,
                verdict,
            ]
        )
    heads = ("item (samples)", "metric", "float", "edgekit plain", "edgekit")
    return results.table([*heads, bars.NEVER_HURTS.wanted()], lines)


def _two(outcome: Outcome | None) -> str:
    if outcome is None:
        return "-"
    metric, sqnr = outcome.value("metric"), outcome.value("sqnr_db")
    said = ["" if metric is None else f"{metric:.4g}", "" if sqnr is None else f"{sqnr:.1f} dB"]
    return ", ".join(part for part in (*said, _failure(outcome)) if part) or "-"


COUNTED = (
    "Calibrating is collecting the extremes, on both sides. What edgekit searches beyond them\n"
    "counts to its weight methods: the whole command by default less the plain one."
)


def costs(rows: Sequence[Row]) -> str:
    """Seconds of calibrating and of the weight methods, and peak memory."""
    heads = (
        "item (calibration samples)",
        "calibrating: edgekit / TensorFlow",
        f"ratio ({bars.CALIBRATION_RATIO:g}x)",
        "LiteRT quantizer's",
        "weight methods, static",
        "int4",
        f"peak: edgekit ({bytes_text(bars.PEAK_BYTES)}) / TensorFlow",
    )
    return results.table(heads, [_cost_cells(row) for row in rows])


def _cost_cells(row: Row) -> list[str]:
    ours, theirs = calibration_seconds(row)
    litert = _stage(row, bars.LITERT_STATIC, "calibration")
    ratio = "-"
    if ours is not None and theirs is not None:
        # A conversion of a small model varies by more than its calibration takes.
        if theirs <= (_stage(row, bars.TENSORFLOW, "spread") or 0.0):
            ratio = "not judged: within the noise of TensorFlow's conversions"
        else:
            ratio = f"{ours / theirs:.2f}x"
            limit = bars.CALIBRATION_RATIO
            if missed := bars.verdict("ratio", ours / theirs, limit, "at_most", 2, "x"):
                ratio = f"{ratio}<br>{_loud(missed)}"
    peak = peak_bytes(row)
    memory = "-" if peak is None else bytes_text(peak)
    if peak is not None and peak > bars.PEAK_BYTES:
        memory += f" **missed: {bytes_text(peak)} > {bytes_text(bars.PEAK_BYTES)}**"
    tensorflow = row.outcomes.get(bars.TENSORFLOW)
    other = tensorflow.peak_bytes if tensorflow else None
    return [
        f"{row.item} ({row.calibration})",
        f"{_seconds(ours)} / {_seconds(theirs)}",
        ratio,
        _seconds(litert),
        _methods_cell(row, bars.DEFAULT),
        _methods_cell(row, bars.DEFAULT_INT4),
        f"{memory} / {'-' if other is None else bytes_text(other)}",
    ]


def calibration_seconds(row: Row) -> tuple[float | None, float | None]:
    """Of edgekit's plain way, which takes the extremes as TensorFlow does: the step `calibrating`.

    Of TensorFlow: int8 less float conversion. What edgekit searches beyond the extremes belongs
    to its weight methods.
    """
    integer, floating = (_stage(row, bars.TENSORFLOW, name) for name in ("int8", "float"))
    theirs = None if integer is None or floating is None else integer - floating
    return _stage(row, bars.PLAIN, "calibrating"), theirs


def methods_seconds(row: Row, method: str) -> float | None:
    """What a whole command takes longer than edgekit's plain one, which calibrates too."""
    with_methods, plain = row.outcomes.get(method), row.outcomes.get(bars.PLAIN)
    if not with_methods or not plain or with_methods.size_bytes is None:
        return None
    if plain.size_bytes is None or with_methods.seconds is None or plain.seconds is None:
        return None
    return with_methods.seconds - plain.seconds


def peak_bytes(row: Row) -> float | None:
    """Most resident memory of any of edgekit's commands, export included."""
    ours = [row.outcomes.get(method) for method in (bars.FLOAT, *EDGEKIT)]
    found = [one.peak_bytes for one in ours if one and one.peak_bytes]
    return max(found, default=None)


def _methods_cell(row: Row, method: str) -> str:
    seconds = methods_seconds(row, method)
    if seconds is None:
        return "-"
    limit = bars.METHODS_SECONDS.get(row.item)
    missed = bars.verdict("seconds", seconds, limit, "at_most", 1, " s") if limit else ""
    known = f" ({limit:g} s)" if limit else ""
    return f"{_seconds(seconds)}{known}" + (f"<br>{_loud(missed)}" if missed else "")


def _stage(row: Row, method: str, name: str) -> float | None:
    outcome = row.outcomes.get(method)
    return (outcome.stages or {}).get(name) if outcome else None


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def note_on_samples(rows: Sequence[Row]) -> str:
    """Where the samples are not those that the bars were set on."""
    other = [
        f"{row.item} {row.evaluation:,} (there {SAMPLES_OF_THE_BARS[row.item]:,})"
        for row in rows
        if row.evaluation != SAMPLES_OF_THE_BARS[row.item]
    ]
    counts = f" Evaluation samples that are not as many: {', '.join(other)}." if other else ""
    return (
        "Samples are those that `benchmarks/corpus.py` prepares: calibration samples of resnet8 "
        "are the first 200 of calib_x; all others are drawn with a fixed seed over the whole set, "
        "where the figures that set the bars took the first 200 (100 images) except for har and "
        f"magika.{counts} Every tool gets the same calibration file; edgekit keeps up to 8 samples "
        "of it as golden samples and calibrates on the rest. Samples keep the order of the whole "
        "set, in har by class: of the three only the LiteRT quantizer depends on it, by its moving "
        "average of ranges."
    )


def body(rows: Sequence[Row]) -> str:
    """The whole section, of those items that are there."""
    known = [row for row in rows if row.item in BESIDE_PEERS]
    others = [row for row in rows if row.item not in BESIDE_PEERS and row.item != BILSTM]
    lstm = [row for row in rows if row.item == BILSTM]
    parts = [
        "Cells are the task metric (top-1 accuracy, a fraction), SQNR against the float file, "
        "size, and latency as a ratio to the float file's, timed in interleaved pairs on one "
        "thread; for static files also how many operators stayed float. TensorFlow converts the "
        "trained model with a representative dataset; the LiteRT quantizer takes edgekit's float "
        f"file with its recommended recipe; edgekit plain is `{' '.join(PLAIN_FLAGS)}`, edgekit "
        "what it does by default. Where a bar is missed the cell says so; in parentheses behind a "
        "bar: the stretch.",
    ]
    parts = ["\n".join(textwrap.wrap(part, 96, break_on_hyphens=False)) for part in parts]
    if known:
        parts += [
            f"### `{STATIC}`",
            beside_peers(known, bars.STATIC_METHODS),
            f"### `{INT4}`",
            beside_peers(known, bars.INT4_METHODS),
        ]
    fast = [row for row in known if bars.bars_of(row.item, bars.FAST_INT4_METHODS)]
    if fast:
        methods = (bars.FLOAT, bars.DEFAULT, bars.DEFAULT_INT4, *bars.FAST_INT4_METHODS)
        shown = [row for row in fast if any(m in row.outcomes for m in bars.FAST_INT4_METHODS)]
        parts += ["### int4 at int8's speed", beside_peers(shown, methods)]
    attention = [row for row in rows if bars.INTEGERS in row.outcomes]
    if attention:
        parts += ["### Attention, `static_wi8_ai8`", of_attention(attention)]
    if lstm:
        parts += [
            "### A bidirectional LSTM, `static_wi8_ai8`",
            beside_peers(lstm, BILSTM_METHODS),
        ]
    if others:
        parts += ["### Every other model, `static_wi8_ai8`", beside_plain(others)]
    if known:
        note = textwrap.wrap(note_on_samples(known), 96, break_on_hyphens=False)
        parts += ["### Seconds and memory", COUNTED, costs(known), "\n".join(note)]
    return "\n\n".join(parts)
