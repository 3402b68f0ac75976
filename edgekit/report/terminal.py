"""Tables for a terminal, drawn by rich."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from edgekit.core import serde
from edgekit.core.format import bytes_text as bytes_text
from edgekit.core.records import Artifact, Measurement, Metric, Verified
from edgekit.core.text import printable, without_commands
from edgekit.report.advice import Advice

# Metrics that have columns of their own; the rest of a measurement is its task metric.
_KNOWN = (
    "agreement",
    "agreement_all",
    "sqnr_db",
    "pooled_sqnr_db",
    "cosine",
    "size_bytes",
    "compressed_bytes",
    "latency_p50_ms",
    "latency_p90_ms",
    "latency_p99_ms",
    "latency_ratio",
    "peak_rss_bytes",
)

# The SQNR of the channel that is farthest off, with its name, and of a whole output.
_WORST, _POOLED = "SQNR dB", "pooled dB"

# In one cell; the manifest names all.
_MOST_NAMED = 8
# Columns where there is no terminal to fit: a log shows whole rows.
_NO_TERMINAL = 210


def metric_text(metric: Metric | None, digits: int = 4) -> str:
    """A value with its interval, or a dash where it was not measured."""
    if metric is None:
        return "-"
    text = f"{metric.value:.{digits}f}"
    if metric.low is not None and metric.high is not None:
        text += f" [{metric.low:.{digits}f} {metric.high:.{digits}f}]"
    return text


def artifacts_table(artifacts: Sequence[Artifact]) -> Table:
    """What `convert` wrote."""
    table = Table(title=None)
    for column in ("recipe", "file"):
        table.add_column(column, overflow="fold")
    near = [artifact.verified for artifact in artifacts if artifact.verified]
    heads = [
        "size",
        "compressed",
        "oldest runtime",
        "left float",
        "kept",
        _WORST,
        _POOLED,
        "agreed",
    ]
    if not any(one.pooled_sqnr_db is not None for one in near):
        heads.remove(_POOLED)
    if near and not any(one.agreement is not None for one in near):
        heads.remove("agreed")
    for column in heads:
        table.add_column(column, justify="right", overflow="fold")
    for artifact in artifacts:
        table.add_row(
            artifact.recipe.label,
            artifact.path,
            bytes_text(artifact.size_bytes),
            bytes_text(artifact.compressed_bytes),
            artifact.oldest_runtime,
            str(len(artifact.skipped)) if artifact.recipe.quantize else "-",
            str(len(artifact.kept)) if artifact.recipe.quantize else "-",
            *_verified_cells(artifact.verified, heads),
        )
    if near:
        verified = near[0]
        agreed = " and agreement" if "agreed" in heads else ""
        held = (
            f", {verified.held_back} of them held-out calibration samples"
            if verified.held_back
            else ""
        )
        table.caption = (
            f"SQNR of the worst channel{agreed} with the float file on {verified.num_samples} "
            f"samples{held}"
        )
    return table


def _verified_cells(verified: Verified | None, heads: Sequence[str]) -> list[str]:
    """How near a file came, under those of the heads that are about it."""
    found: dict[str, str] = {}
    if verified is not None:
        found[_WORST] = _of_channel(f"{verified.sqnr_db:.1f}", verified.channel)
        if verified.pooled_sqnr_db is not None:
            found[_POOLED] = f"{verified.pooled_sqnr_db:.1f}"
        if verified.agreement is not None:
            found["agreed"] = f"{verified.agreement:.3f}"
    return [found.get(head, "-") for head in heads if head in (_WORST, _POOLED, "agreed")]


def _of_channel(text: str, channel: str) -> str:
    return f"{text} ({channel})" if channel else text


# What an operator by itself would lose, where a budget is spent elsewhere.
_ALONE = re.compile(r" \(-?[\d.]+ dB alone\)")


def exceptions_table(artifacts: Sequence[Artifact]) -> Table | None:
    """The operators that a recipe left float or that were kept, and why; None without any.

    Those of one reason share a row.
    """
    groups: dict[tuple[str, str, str], dict[str, int]] = {}
    for artifact in artifacts:
        name = artifact.recipe.label
        entries = [(name, "float32", s.reason, s.operator, s.layer) for s in artifact.skipped]
        entries += [(name, k.recipe, k.reason, k.operator, k.layer) for k in artifact.kept]
        for recipe, instead, reason, operator, layer in entries:
            counts = groups.setdefault((recipe, instead, _without_numbers(reason)), {})
            what = f"{operator} ({layer})"
            counts[what] = counts.get(what, 0) + 1
    if not groups:
        return None
    table = Table(title="operators that have another precision than their recipe's")
    for column in ("recipe", "has", "operators", "why"):
        table.add_column(column, overflow="fold")
    for (recipe, instead, reason), counts in groups.items():
        names = [what + (f" x{count}" if count > 1 else "") for what, count in counts.items()]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        table.add_row(recipe, instead, ", ".join(names[:_MOST_NAMED]) + more, reason)
    return table


def _without_numbers(reason: str) -> str:
    """Reasons that differ by how many dB, as one."""
    return re.sub(r"at -?[\d.]+ dB", "at less than is allowed", _ALONE.sub("", reason))


def measurements_table(
    measurements: Sequence[Measurement],
    advice: Mapping[str, Advice] | None = None,
    title: str | None = None,
) -> Table:
    """One row for each file, one section for each runtime, with what was measured.

    Args:
        measurements: What to show.
        advice: By runtime label: remarks on its files, and which one to ship.
        title: Above the table.
    """
    table = Table(title=title, caption="[...] 95 % interval; times hold on this machine only")
    columns = [
        column
        for column in _columns(measurements)
        if any(column.text(m) != "-" for m in measurements)
    ]
    for column in columns:
        table.add_column(column.head, justify="left" if column.left else "right", overflow="fold")
    if advice:
        table.add_column("remark", overflow="fold")
    for target in dict.fromkeys(one.target for one in measurements):
        for one in (m for m in measurements if m.target == target):
            cells = [column.text(one) for column in columns]
            advised = (advice or {}).get(target.label)
            ship = advised is not None and one.artifact == advised.ship
            if advice:
                remark = advised.remarks.get(one.artifact, "") if advised else ""
                cells.append("ship this" if ship else remark)
            table.add_row(*cells, style="bold green" if ship else None)
        table.add_section()
    return table


@dataclass(frozen=True, slots=True)
class _Column:
    head: str
    metric: str
    digits: int = 4
    left: bool = False
    is_size: bool = False
    has_interval: bool = True
    is_task: bool = False

    def text(self, measurement: Measurement) -> str:
        """One cell; a dash where nothing was measured."""
        if self.metric == "artifact":
            return measurement.artifact.removesuffix(".tflite")
        if self.metric == "runtime":
            return measurement.target.title
        if self.is_task and measurement.failure:
            return "cannot run"
        metric = measurement.metric(self.metric)
        if self.is_size:
            return "-" if metric is None else bytes_text(metric.value)
        if metric is not None and self.metric == "latency_p50_ms" and 0 < metric.value < 0.01:
            return f"{metric.value:.2g}"  # a tiny model takes less than the last digit
        if metric is not None and not self.has_interval:
            metric = replace(metric, low=None, high=None)
        text = metric_text(metric, self.digits)
        is_worst = metric is not None and self.metric == "sqnr_db"
        return _of_channel(text, metric.note.removeprefix("of ")) if metric and is_worst else text


def _task_metrics(measurement: Measurement) -> list[Metric]:
    return [m for m in measurement.metrics if m.name.split("@")[0] not in _KNOWN]


def _columns(measurements: Sequence[Measurement]) -> Iterator[_Column]:
    """Those of a table, with one for each task metric: a model may have several outputs."""
    for column in _COLUMNS:
        if not column.is_task:
            yield column
            continue
        names = dict.fromkeys(m.name for one in measurements for m in _task_metrics(one))
        yield from (replace(column, head=name, metric=name) for name in names or ("task",))


_COLUMNS = (
    _Column("file", "artifact", left=True),
    _Column("runtime", "runtime", left=True),
    _Column("size", "size_bytes", is_size=True),
    _Column("compressed", "compressed_bytes", is_size=True),
    _Column("task", "task", is_task=True),
    _Column("agreement", "agreement", has_interval=False),
    _Column("all agree", "agreement_all", has_interval=False),
    _Column(_WORST, "sqnr_db", 1),
    _Column(_POOLED, "pooled_sqnr_db", 1),
    _Column("p50 ms", "latency_p50_ms", 3, has_interval=False),
    _Column("x float", "latency_ratio", 2),
    _Column("memory", "peak_rss_bytes", is_size=True),
)


class PlainConsole(Console):
    """Prints names of files as they are: `model[final]` is no markup, `:x:` no picture.

    No name is a command either: control characters are escaped where rich takes a string, and what
    a CI system would read as its own where lines are complete. Tables that break lines
    themselves do so in a `Text`.
    """

    def __init__(self, file: IO[str] | None = None, **options: Any) -> None:
        out = cast(IO[str], _Uncommanding(file or sys.stdout))
        super().__init__(file=out, markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """A string as text of one line; rich calls this for each one that it prints."""
        return super().render_str(printable(text), **options)


class _Uncommanding:
    """A file to which rich writes whole lines; the rest of it is the wrapped one's."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(without_commands(text))

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def console() -> Console:
    """Standard output, unclipped where that is no terminal."""
    out = PlainConsole()
    return out if out.is_terminal else PlainConsole(width=_NO_TERMINAL)


def save_svg(table: Table, closing: Sequence[str], path: Path, width: int = _NO_TERMINAL) -> None:
    """The table and the lines below it as an SVG picture of a terminal."""
    picture = PlainConsole(io.StringIO(), record=True, width=width, force_terminal=True)
    picture.print(table)
    for line in closing:
        picture.print(line, highlight=False)
    svg = picture.export_svg(title="edgekit demo", unique_id="edgekit")
    # rich names a web font; the picture shall need nothing but itself.
    serde.write_atomic(path, re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))
