"""Results as Python shows them: one line for `repr`, a table for a notebook.

Names come from files, so every cell is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from edgekit.core.format import bytes_text, number_text
from edgekit.core.gate_rules import GateResult
from edgekit.core.records import Artifact, Measurement
from edgekit.core.text import printable

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


def artifact_text(artifact: Artifact) -> str:
    """A file on one line."""
    said = [artifact.recipe.label, bytes_text(artifact.size_bytes), *_fidelity(artifact)]
    if artifact.wrecked:
        said.append("wrecked")
    return f"<Artifact {printable(PurePath(artifact.path).name)}: {', '.join(said)}>"


def _fidelity(artifact: Artifact) -> list[str]:
    near = artifact.verified
    if near is None:
        return []
    agreed = [] if near.agreement is None else [f"agreement {near.agreement:.4f}"]
    return [number_text(near.sqnr_db, "dB"), *agreed]


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


def measurement_text(measured: Measurement) -> str:
    """A measurement on one line: the metrics of its task, fidelity and latency."""
    said = [measured.target.title]
    if measured.failure:
        said.append(f"failed: {printable(measured.failure)}")
    for name in _shown([measured]):
        metric = measured.metric(name)
        if metric is not None:
            said.append(f"{printable(name)} {number_text(metric.value, metric.unit)}")
    return f"<Measurement {printable(measured.artifact)}: {', '.join(said)}>"


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


def gate_text(result: GateResult) -> str:
    """The result of a gate on one line."""
    passed = sum(one.status == "pass" for one in result.verdicts)
    return (
        f"<GateResult {printable(result.model)}: {result.outcome}, {passed} of "
        f"{len(result.verdicts)} verdicts pass>"
    )


def gate_html(result: GateResult) -> str:
    """A table of verdicts."""
    rows = [[one.status, one.variant, one.target, one.sentence] for one in result.verdicts]
    return html_table(["verdict", "variant", "target", "why"], rows, gate_text(result)[1:-1])


def html_table(heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table in HTML; every text is escaped.

    >>> html_table(["a"], [["<b>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    title = f"<caption>{_safe(caption)}</caption>" if caption else ""
    head = "".join(f"<th>{_safe(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{_safe(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _safe(text: str) -> str:
    return html.escape(printable(text))
