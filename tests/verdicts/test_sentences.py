"""What a verdict says, for each kind of rule and each outcome."""

from __future__ import annotations

from typing import Any

import pytest

from edgekit.core.gate_rules import Rule, Verdict
from edgekit.verdicts.sentences import sentence

LOSS = Rule(metric="top1_accuracy", max_loss=0.01)


def said(reason: str = "", **fields: Any) -> str:
    base: dict[str, Any] = {
        "variant": "int8",
        "metric": "top1_accuracy",
        "rule": LOSS,
        "status": "pass",
        "sentence": "",
    }
    return sentence(Verdict(**base | fields), reason)


LOST: dict[str, Any] = {
    "quantity": "loss",
    "estimate": 0.004,
    "low": 0.001,
    "high": 0.008,
    "limit": 0.01,
    "n": 5000,
    "counted": "samples",
}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        (
            LOST,
            "int8: top1_accuracy lost 0.0040 against the float file, 95 % sure of less than "
            "0.0080 (at most 0.01 allowed; 5,000 samples).",
        ),
        (
            {**LOST, "status": "fail", "low": 0.02, "estimate": 0.03, "high": 0.04},
            "int8: top1_accuracy lost 0.0300 against the float file, 95 % sure of more than "
            "0.0200 (at most 0.01 allowed; 5,000 samples).",
        ),
        (
            {**LOST, "status": "inconclusive", "high": 0.02, "needed": 12000},
            "int8: top1_accuracy lost 0.0040 against the float file, somewhere from 0.0010 to "
            "0.0200 (at most 0.01 allowed; 5,000 samples); about 12,000 samples would decide.",
        ),
        (
            {**LOST, "estimate": -0.004, "low": -0.01, "high": 0.001, "target": "litert"},
            "int8 on litert: top1_accuracy gained 0.0040 against the float file, 95 % sure of "
            "less than 0.0010 (at most 0.01 allowed; 5,000 samples).",
        ),
        (
            {**LOST, "estimate": 0.0, "note": "a release ago"},
            "int8: top1_accuracy lost nothing against the float file, 95 % sure of less than "
            "0.0080 (at most 0.01 allowed; 5,000 samples); a release ago.",
        ),
        (
            {
                "rule": Rule(metric="latency_ratio", at_most=0.8, against="baseline"),
                "metric": "latency_ratio",
                "unit": "x",
                "estimate": 0.7,
                "low": 0.65,
                "high": 0.75,
                "limit": 0.8,
                "n": 5,
                "counted": "processes",
            },
            "int8: latency is 0.700x that of the baseline, 95 % sure of less than 0.750x "
            "(at most 0.8x allowed; 5 processes).",
        ),
        (
            {
                "rule": Rule(metric="size_bytes", max_loss=0.0, against="baseline"),
                "metric": "size_bytes",
                "quantity": "loss",
                "estimate": 0.05,
                "limit": 0.0,
                "status": "fail",
            },
            "int8: size_bytes grew by 0.0500 against the baseline (at most 0 allowed).",
        ),
        (
            {
                "rule": Rule(metric="sqnr_db", at_least=30.0),
                "metric": "sqnr_db",
                "unit": "dB",
                "estimate": 35.0,
                "low": 34.0,
                "high": 36.0,
                "limit": 30.0,
                "n": 100,
                "counted": "samples",
            },
            "int8: sqnr_db is 35.0 dB, 95 % sure of more than 34.0 dB "
            "(at least 30 dB allowed; 100 samples).",
        ),
    ],
)
def test_what_by_how_much_and_how_sure(fields: dict[str, Any], wanted: str) -> None:
    assert said(**fields) == wanted


def test_more_samples_that_would_not_decide_are_not_asked_for() -> None:
    text = said(**{**LOST, "status": "inconclusive", "needed": None})
    assert text.endswith("; more samples would not decide it soon.")


@pytest.mark.parametrize(
    ("status", "words"),
    [("inconclusive", "undecided"), ("incomparable", "cannot be compared"), ("error", "judged")],
)
def test_without_an_estimate_there_is_a_reason(status: str, words: str) -> None:
    text = said("the files differ", status=status)
    assert words in text
    assert text.endswith(": the files differ.")
