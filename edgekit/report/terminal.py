"""Tables for a terminal, drawn by rich."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from edgekit import serde
from edgekit.records import Artifact, Measurement, Metric
from edgekit.report.advice import Advice

# Metrics that have columns of their own; the rest of a measurement is its task metric.
_KNOWN = (
    "agreement",
    "sqnr_db",
    "cosine",
    "size_bytes",
    "compressed_bytes",
    "latency_p50_ms",
    "latency_p90_ms",
    "latency_p99_ms",
    "latency_ratio",
    "peak_rss_bytes",
)


def bytes_text(value: float) -> str:
    """A size as people read it: 1 kB is 1,000 bytes.

    >>> bytes_text(318144)
    '318.1 kB'
    """
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def metric_text(metric: Metric | None, digits: int = 4) -> str:
    """A value with its interval, or a dash where it was not measured."""
    if metric is None:
        return "-"
    text = f"{metric.value:.{digits}f}"
    if metric.low is not None and metric.high is not None:
        text += f" [{metric.low:.{digits}f}, {metric.high:.{digits}f}]"
    return text


def artifacts_table(artifacts: Sequence[Artifact]) -> Table:
    """What `convert` wrote."""
    table = Table(title=None)
    for column, justify in (
        ("recipe", "left"),
        ("file", "left"),
        ("size", "right"),
        ("compressed", "right"),
        ("oldest runtime", "right"),
        ("left float", "right"),
    ):
        table.add_column(column, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for one in artifacts:
        table.add_row(
            one.recipe.name,
            one.path,
            bytes_text(one.size_bytes),
            bytes_text(one.compressed_bytes),
            one.oldest_runtime,
            str(len(one.skipped)) if one.recipe.quantize else "-",
        )
    return table


def measurements_table(
    measurements: Sequence[Measurement], advice: Advice | None = None, title: str | None = None
) -> Table:
    """One row for each file and runtime, with the columns that were measured."""
    table = Table(title=title)
    columns = [column for column in _COLUMNS if any(column.text(m) != "-" for m in measurements)]
    for column in columns:
        table.add_column(column.head, justify="left" if column.left else "right", overflow="fold")
    if advice:
        table.add_column("remark", overflow="fold")
    for one in measurements:
        cells = [column.text(one) for column in columns]
        ship = advice is not None and one.artifact == advice.ship
        if advice:
            cells.append("ship this" if ship else advice.remarks.get(one.artifact, ""))
        table.add_row(*cells, style="bold green" if ship else None)
    return table


class _Column:
    def __init__(
        self,
        head: str,
        metric: str = "",
        digits: int = 4,
        *,
        left: bool = False,
        size: bool = False,
    ) -> None:
        self.head, self.metric, self.digits = head, metric, digits
        self.left, self.size = left, size

    def text(self, one: Measurement) -> str:
        if self.metric == "artifact":
            return one.artifact.removesuffix(".tflite")
        if self.metric == "runtime":
            return f"{one.target.label} ({one.target.num_threads} thr.)"
        if self.metric == "task":
            return (
                " ".join(f"{m.name} {metric_text(m, 4)}" for m in one.metrics if _is_task(m.name))
                or "-"
            )
        metric = one.metric(self.metric)
        if self.size:
            return "-" if metric is None else bytes_text(metric.value)
        return metric_text(metric, self.digits)


def _is_task(name: str) -> bool:
    return name.split("@")[0] not in _KNOWN


_COLUMNS = (
    _Column("file", "artifact", left=True),
    _Column("runtime", "runtime", left=True),
    _Column("size", "size_bytes", size=True),
    _Column("compressed", "compressed_bytes", size=True),
    _Column("task metric [95 %]", "task"),
    _Column("agreement [95 %]", "agreement"),
    _Column("SQNR dB", "sqnr_db", 1),
    _Column("p50 ms", "latency_p50_ms", 3),
    _Column("p90 ms", "latency_p90_ms", 3),
    _Column("x float [95 %]", "latency_ratio", 2),
    _Column("peak memory", "peak_rss_bytes", size=True),
)


def console() -> Console:
    """Standard output, unclipped where that is no terminal."""
    out = Console()
    return out if out.is_terminal else Console(width=200)


def save_svg(table: Table, closing: Sequence[str], path: Path, width: int = 190) -> None:
    """The table and the lines below it as an SVG picture of a terminal."""
    picture = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    picture.print(table)
    for line in closing:
        picture.print(line, highlight=False)
    serde.write_atomic(path, picture.export_svg(title="edgekit demo", unique_id="edgekit"))
