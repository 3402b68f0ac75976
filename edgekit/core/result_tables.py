"""Results as Python shows them: one line for `repr`, a table for a notebook.

A single record shows a line (`Artifact.__repr__`); several are a table.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.core.format import bytes_text, number_text
from edgekit.core.html_table import html_table
from edgekit.core.records import Artifact, Measurement

_SIZES = ("size_bytes", "compressed_bytes")
# The metrics of a file that a line names: what it is right in, and how long it takes.
_LATENCY = "latency_p50_ms"
_FIDELITY = ("agreement", "agreement_all", "sqnr_db", "pooled_sqnr_db", "cosine")
_ABSENT = "-"


class Artifacts(tuple[Artifact, ...]):
    """The files of one conversion, the float one first."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _lines("Artifacts", self)

    def _repr_html_(self) -> str:
        return artifacts_html(self)


class Measurements(list[Measurement]):
    """What files did on targets, in the order that they were asked for."""

    def __repr__(self) -> str:
        return _lines("Measurements", self)

    def _repr_html_(self) -> str:
        return measurements_html(self)


def _lines(name: str, results: Sequence[object]) -> str:
    rows = "".join(f"\n  {result!r}" for result in results)
    return f"<{name}: {len(results)}>{rows}"


def artifacts_html(artifacts: Sequence[Artifact]) -> str:
    """A table of files: variant, size, SQNR of the worst channel, agreement with float."""
    wrecked = any(artifact.wrecked for artifact in artifacts)
    near = [artifact.verified for artifact in artifacts]
    agreed = any(one is not None and one.agreement is not None for one in near)
    heads = ["variant", "file", "size", "SQNR", *(["agreement"] if agreed else [])]
    rows = []
    for artifact, one in zip(artifacts, near, strict=True):
        agreement = _ABSENT if one is None or one.agreement is None else f"{one.agreement:.4f}"
        row = [
            artifact.recipe.label,
            artifact.path,
            bytes_text(artifact.size_bytes),
            _ABSENT if one is None else number_text(one.sqnr_db, "dB"),
            *([agreement] if agreed else []),
            *([artifact.wrecked] if wrecked else []),
        ]
        rows.append(row)
    return html_table([*heads, *(["wrecked"] if wrecked else [])], rows)


def _shown(measurements: Sequence[Measurement]) -> list[str]:
    """The metrics that are worth a column: those of the task, two of fidelity, and a latency."""
    names = dict.fromkeys(metric.name for one in measurements for metric in one.metrics)
    own = [n for n in names if not n.startswith("latency_") and n not in (*_FIDELITY, *_SIZES)]
    own = [name for name in own if name != "peak_rss_bytes"]
    near = [name for name in ("sqnr_db", "agreement") if name in names]
    times = [name for name in (_LATENCY, "latency_ratio") if name in names]
    return [*own, *near, *times]


def measurements_html(measurements: Sequence[Measurement]) -> str:
    """A table of measurements: file, target, size, and the metrics that were measured."""
    names = _shown(measurements)
    failed = any(one.failure for one in measurements)
    rows = [
        [
            one.artifact,
            one.target.title,
            *(_metric(one, name) for name in ("size_bytes", *names)),
            *([one.failure or ""] if failed else []),
        ]
        for one in measurements
    ]
    return html_table(["variant", "target", "size", *names, *(["failure"] if failed else [])], rows)


def _metric(measured: Measurement, name: str) -> str:
    metric = measured.metric(name)
    if metric is None:
        return _ABSENT
    if name in _SIZES:
        return bytes_text(metric.value)
    text = number_text(metric.value, metric.unit)
    if metric.low is not None and metric.high is not None:
        text += f" [{number_text(metric.low)} {number_text(metric.high)}]"
    return text
