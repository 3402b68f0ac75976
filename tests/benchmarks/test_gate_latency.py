from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks import gate_latency
from benchmarks.gate_latency import Files, Run
from edgekit.pipeline.timing import Timed

A = Path("a.tflite")
SAME = Run(
    kind="same",
    verdict="pass",
    value=1.0,
    low=0.99,
    high=1.01,
    self_test=1.0,
    num_processes=5,
    seconds=4.0,
    usual=1.02,
)
SLOWER = replace(SAME, kind="slower", verdict="fail", value=1.1, usual=1.01, num_processes=15)
FILES = Files(same=A, slower=A, blocks=44, truth=1.098, low=1.097, high=1.1, num_processes=30)


def timed(*ratios: float, self_test_failed: float | None = None) -> Timed:
    return Timed(
        ratios={(A, A): ratios},
        p50_ms={},
        self_test=(1.0,) * len(ratios),
        self_test_failed=self_test_failed,
        num_processes=len(ratios),
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (timed(1.0, 1.001, 0.999), "pass"),
        (timed(1.1, 1.101, 1.099), "fail"),
        (timed(1.0, 1.1, 1.05), "inconclusive"),
        (timed(1.0, 1.001, 0.999, self_test_failed=1.03), "inconclusive"),
    ],
)
def test_the_verdict_is_the_gate_s(found: Timed, expected: str) -> None:
    assert gate_latency.verdict(found, (A, A)) == expected
    assert gate_latency.undecided((A, A))(found) == (expected == "inconclusive")


def test_both_kinds_are_spread_over_the_whole_time_and_resumed() -> None:
    kinds = gate_latency.spread_out(200, 60, [])
    assert Counter(kinds) == {"same": 200, "slower": 60}
    for quarter in range(4):
        assert 14 <= kinds[65 * quarter : 65 * (quarter + 1)].count("slower") <= 16
    left = gate_latency.spread_out(200, 60, [SAME] * 150 + [SLOWER] * 60)
    assert left == ["same"] * 50
    assert gate_latency.spread_out(2, 0, [SAME] * 3) == []


def test_runs_that_were_kept_are_read_again(tmp_path: Path) -> None:
    log = tmp_path / "runs.jsonl"
    assert gate_latency.read(log) == []
    log.write_text("".join(json.dumps(asdict(one)) + "\n" for one in (SAME, SLOWER)))
    assert gate_latency.read(log) == [SAME, SLOWER]


def test_the_text_counts_verdicts_and_what_is_usual() -> None:
    false = replace(SAME, usual=1.2)
    text = gate_latency.describe([SAME, SAME, SAME, false, SLOWER, SLOWER], FILES, "one process")
    rows = [line for line in text.splitlines() if line.startswith("| A against")]
    assert rows == [
        "| A against A, `edgekit gate` | 4 | 4 (100.0%) | 0 | 0 | failed: 0 |",
        "| A against A, one after the other | 4 | 3 (75.0%) | - | 1 (25.0%) |  |",
        "| A against 1.10x, `edgekit gate` | 2 | 0 | 0 | 2 (100.0%) | failed: 95 % |",
        "| A against 1.10x, one after the other | 2 | 2 (100.0%) | - | 0 |  |",
    ]
    assert (
        "(30 processes)" in text
        and "2 of 6 gates went on" in text
        and "**1.098x** [1.097 1.100]" in text
    )
