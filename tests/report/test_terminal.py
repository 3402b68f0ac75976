"""Tables of files and measurements, sizes, and a console that takes no commands."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from edgekit.core.records import (
    Kept,
    Metric,
    Skipped,
    Target,
    Verified,
)
from edgekit.report.advice import Advice, advise
from edgekit.report.terminal import (
    PlainConsole,
    artifacts_table,
    bytes_text,
    exceptions_table,
    measurements_table,
    metric_text,
    save_svg,
)
from tests.report.examples import KEPT, made, measured

REFERENCE = measured("f", top1_accuracy=0.98, size_bytes=400, latency_ratio=1.0)


def test_the_table_has_the_columns_that_were_measured():
    table = measurements_table([REFERENCE], {"litert": advise([REFERENCE], "f")})
    heads = [column.header for column in table.columns]
    assert "x float" in heads
    assert "SQNR dB" not in heads
    assert heads[-1] == "remark"


def test_an_interval_is_shown_with_its_value():
    assert metric_text(Metric(name="m", value=0.5, low=0.4, high=0.6), 2) == "0.50 [0.40 0.60]"
    assert metric_text(None) == "-"


def test_a_file_that_a_runtime_cannot_run_is_said_to_be_so():
    refused = replace(REFERENCE, metrics=(), failure="FULLY_CONNECTED version 12")
    table = measurements_table([REFERENCE, refused])
    assert "cannot run" in list(table.columns[3].cells)


def cells(table):
    return list(zip(*(column.cells for column in table.columns), strict=True))


def test_exceptions_of_one_reason_share_a_row():
    skipped = (Skipped(layer="spectrum", operator="RFFT2D", reason="LiteRT has no int8 kernel"),)
    drowned = tuple(
        Kept(
            layer="norm", operator="MUL", recipe="float32",
            reason=f"its error alone leaves the outputs at {db} dB",
        )
        for db in (3.1, 24.0)
    )  # fmt: skip
    static = made("static_wi8_ai8", skipped=skipped, kept=drowned)
    table = exceptions_table([made("float32", 400), static])
    assert cells(table) == [
        ("static_wi8_ai8", "float32", "RFFT2D (spectrum)", "LiteRT has no int8 kernel"),
        (
            "static_wi8_ai8", "float32", "MUL (norm) x2",
            "its error alone leaves the outputs at less than is allowed",
        ),
    ]  # fmt: skip
    assert exceptions_table([made("float32", 400), made("float16")]) is None


def test_the_table_of_files_says_how_near_each_is():
    verified = Verified(sqnr_db=30.04, agreement=1.0, num_samples=24, held_back=16)
    static = made("static_wi8_ai8", kept=KEPT, verified=verified)
    table = artifacts_table([made("float32", 400), static])
    first, second = cells(table)
    assert first[-3:] == ("-", "-", "-")
    assert second[-3:] == ("3", "30.0", "1.000")
    assert "24 samples, 16 of them held-out" in str(table.caption)


def test_the_worst_channel_is_named_and_agreement_stands_only_where_there_is_one():
    verified = Verified(sqnr_db=1.25, channel="det: scores", pooled_sqnr_db=49.04, num_samples=8)
    table = artifacts_table([made("float32", 400), made("static_wi8_ai8", verified=verified)])
    assert [column.header for column in table.columns][-3:] == ["kept", "SQNR dB", "pooled dB"]
    first, second = cells(table)
    assert first[-2:] == ("-", "-")
    assert second[-2:] == ("1.2 (det: scores)", "49.0")
    assert "agreement" not in str(table.caption)


def test_each_output_has_its_task_metric_and_fidelity_its_worst_channel():
    one = measured("a", **{"top1_accuracy@digit": 0.98, "mae@age": 2.5, "pooled_sqnr_db": 51.7})
    worst = Metric(name="sqnr_db", value=0.43, unit="dB", note="of age[4]")
    every = Metric(name="agreement_all", value=0.993)
    more = Metric(name="sqnr_db@age", value=0.43, unit="dB")
    table = measurements_table([replace(one, metrics=(*one.metrics, worst, every, more))])
    heads = [column.header for column in table.columns]
    assert heads[2:] == ["top1_accuracy@digit", "mae@age", "all agree", "SQNR dB", "pooled dB"]
    assert cells(table)[0][2:] == ("0.9800", "2.5000", "0.9930", "0.4 (age[4])", "51.7")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (318_144, "318.1 kB"), (5e6, "5.0 MB"),
     (999_999, "1000.0 kB"), (2.5e12, "2500.0 GB")],
)  # fmt: skip
def test_sizes(value, text):
    assert bytes_text(value) == text


def test_a_time_below_the_last_digit_is_not_zero():
    quick = measured("quick", latency_p50_ms=0.00123)
    slow = measured("slow", latency_p50_ms=12.3456)
    assert [row[2] for row in cells(measurements_table([quick, slow]))] == ["0.0012", "12.346"]


def test_each_runtime_has_its_section_and_the_file_to_ship_is_said():
    old = replace(REFERENCE, target=Target(runtime="tflite-runtime", version="2.14.0"))
    other = measured("g.tflite", top1_accuracy=0.9, size_bytes=100)
    advice = {"litert": Advice(ship="f", reason="", remarks={"g.tflite": "loses"})}
    table = measurements_table([REFERENCE, old, other], advice)
    assert [(row[0], row[1], row[-1]) for row in cells(table)] == [
        ("f", "litert", "ship this"),
        ("g", "litert", "loses"),
        ("f", "tflite-runtime==2.14.0", ""),
    ]


def test_only_the_first_of_many_names_are_shown():
    kept = tuple(replace(KEPT[0], layer=f"dense_{n}") for n in range(11))
    ((_, _, names, _),) = cells(exceptions_table([made("static_wi8_ai8", kept=kept)]))
    assert names.count("FULLY_CONNECTED") == 8
    assert names.endswith(" and 3 more")


def test_a_name_is_neither_markup_nor_a_command():
    out = io.StringIO()
    PlainConsole(out, width=100, force_terminal=True).print(
        "a[red]b :smile: \x1b[2J", highlight=False
    )
    assert out.getvalue() == "a[red]b :smile: \\x1b[2J\n"
    out = io.StringIO()
    PlainConsole(out, width=100).print("::error::no command of a CI system")
    assert not out.getvalue().startswith("::error")


def test_a_picture_needs_nothing_but_itself(tmp_path):
    path = tmp_path / "table.svg"
    save_svg(measurements_table([REFERENCE]), ["ship [this]"], path, width=80)
    svg = path.read_text()
    assert svg.lstrip().startswith("<svg")
    assert "@font-face" not in svg and "url(http" not in svg
    assert "ship&#160;[this]" in svg
