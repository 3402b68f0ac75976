"""Results in a notebook: short lines, and tables in which nothing of a name is HTML."""

from __future__ import annotations

from html.parser import HTMLParser

from edgekit.core import recipes
from edgekit.core.gate_rules import GateResult
from edgekit.core.records import (
    Artifact,
    Contract,
    Host,
    Measurement,
    Metric,
    Target,
    Verified,
)
from edgekit.core.result_tables import Artifacts, Measurements

HOST = Host(machine="x86_64", system="Linux", cpu="", cores=2, python="3.11")


def artifact(path: str, agreement: float | None = 0.9875, wrecked: str = "") -> Artifact:
    return Artifact(
        path=path,
        sha256="0" * 64,
        size_bytes=23_456,
        compressed_bytes=20_000,
        recipe=recipes.get("static_wi8_ai8"),
        contract=Contract(inputs=(), outputs=()),
        source_sha256="",
        float_sha256="",
        verified=Verified(sqnr_db=34.56, agreement=agreement, num_samples=8),
        wrecked=wrecked,
    )


def measurement(failure: str | None = None) -> Measurement:
    metrics = (
        Metric(name="top1_accuracy", value=0.97, low=0.95, high=0.98, raw=(1.0,) * 1000),
        Metric(name="sqnr_db", value=30.0, unit="dB"),
        Metric(name="cosine", value=0.99),
        Metric(name="size_bytes", value=23_456, unit="bytes", better="lower"),
        Metric(name="latency_p50_ms", value=1.25, unit="ms", better="lower"),
    )
    return Measurement(
        artifact="m.static_wi8_ai8",
        artifact_sha256="",
        samples_sha256="",
        num_samples=1000,
        target=Target(),
        host=HOST,
        metrics=() if failure else metrics,
        failure=failure,
    )


class Cells(HTMLParser):
    """The texts of a table; every tag must be one of a table's."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("table", "thead", "tbody", "tr", "th", "td", "caption") and not attrs
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1].append(data)


def test_files_are_one_line_each():
    made = Artifacts([artifact("out/m.static_wi8_ai8.tflite"), artifact("a.tflite", wrecked="x")])
    assert repr(made).splitlines() == [
        "<Artifacts: 2>",
        "  <Artifact m.static_wi8_ai8.tflite: static_wi8_ai8, 23,456 B, 34.6 dB, agreement 0.9875>",
        "  <Artifact a.tflite: static_wi8_ai8, 23,456 B, 34.6 dB, agreement 0.9875, wrecked>",
    ]
    assert made == tuple(made) and isinstance(made, tuple)


def test_files_are_a_table():
    rows = Cells(Artifacts([artifact("m.tflite"), artifact("n.tflite", None)])._repr_html_()).rows
    assert rows == [
        ["variant", "file", "size", "SQNR", "agreement"],
        ["static_wi8_ai8", "m.tflite", "23.5 kB", "34.6 dB", "0.9875"],
        ["static_wi8_ai8", "n.tflite", "23.5 kB", "34.6 dB", "-"],
    ]
    made = Artifacts([artifact("m.tflite", None, wrecked="all is lost")])
    [heads, row] = Cells(made._repr_html_()).rows
    assert heads == ["variant", "file", "size", "SQNR", "wrecked"] and row[-1] == "all is lost"


def test_a_name_is_no_html():
    text = Artifacts([artifact("<script>alert(1)</script>\x1b[31m.tflite")])._repr_html_()
    assert "<script>" not in text and "\x1b" not in text
    assert "&lt;script&gt;" in text


def test_measurements_show_what_was_measured():
    measured = Measurements([measurement(), measurement(failure="no <operator>")])
    first, good, bad = repr(measured).splitlines()
    assert first == "<Measurements: 2>" and len(good) < 200
    assert "top1_accuracy 0.97" in good and "latency_p50_ms 1.25 ms" in good
    assert "litert, failed: no <operator>" in bad
    heads, row, failed = Cells(measured._repr_html_()).rows
    assert heads == [
        *("variant", "target", "size", "top1_accuracy", "sqnr_db", "latency_p50_ms", "failure")
    ]
    assert row[2:6] == ["23.5 kB", "0.9700 [0.9500 0.9800]", "30.0 dB", "1.250 ms"]
    assert failed[2:] == ["-"] * 4 + ["no <operator>"]


def test_a_gate_shows_its_verdicts():
    result = GateResult(
        edgekit="0",
        model="m<b>",
        outcome="pass",
        exit_code=0,
        verdicts=(),
        measurements=(measurement(),),
        host=HOST,
    )
    assert repr(result) == "<GateResult m<b>: pass, 0 of 0 verdicts pass>"
    assert Cells(result._repr_html_()).rows == [["verdict", "variant", "target", "why"]]
