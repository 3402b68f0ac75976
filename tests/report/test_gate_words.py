"""Verdicts in words: subjects, limits, estimates, remarks and the closing line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgekit.core.gate_rules import Rule
from edgekit.report import gate_words as words
from tests.report import gate_results as made


@pytest.mark.parametrize(
    ("change", "end"),
    [
        ({"needed": 4947, "n": 720, "counted": "samples"}, "About 4,947 samples would decide; "
         "there are 720."),
        ({"needed": None}, "No number of processes would decide it."),
        ({"needed": 4947, "sentence": "4,947 samples would decide."}, "4,947 samples would "
         "decide."),
        ({"needed": 7, "sentence": "It takes 0.7 of float's time."}, "About 7 processes would "
         "decide; there are 3."),
    ],
)  # fmt: skip
def test_an_inconclusive_verdict_says_once_what_would_decide(change, end):
    said = words.remark(replace(made.INCONCLUSIVE, **change))
    assert said.endswith(end)
    assert said.count("decide") == 1


@pytest.mark.parametrize(
    ("rule", "fields", "text"),
    [
        (
            made.ACCURACY,
            {"limit": 0.01, "quantity": "loss"},
            "loss of top1_accuracy against baseline at most 0.01",
        ),
        # Before there is an estimate, a rule is told as it was written.
        (
            Rule(metric="latency_ratio", max_loss=0.05, against="baseline"),
            {},
            "loss of latency_ratio against baseline at most 0.05",
        ),
        (
            Rule(metric="latency_ratio", max_loss=0.05, against="baseline"),
            {"limit": 1.05, "unit": "x"},
            "latency_ratio against baseline at most 1.05x",
        ),
        (
            Rule(metric="mae", max_loss=0.05),
            {"limit": 0.05, "quantity": "loss", "unit": "m"},
            "loss of mae against float at most 0.05",
        ),
        (
            Rule(metric="top1_accuracy", at_least=0.97),
            {"limit": 0.97},
            "top1_accuracy at least 0.97",
        ),
        (
            Rule(metric="sqnr_db", at_least=30),
            {"limit": 30.0, "unit": "dB"},
            "sqnr_db at least 30 dB",
        ),
        (made.SIZE, {"unit": "bytes"}, "size_bytes at most 120,000 B"),
        (made.OPERATORS, {}, "operators: no others than CONV_2D, FULLY_CONNECTED"),
        (
            Rule(allowed_operators=tuple(f"OP_{i}" for i in range(11))),
            {},
            "operators: no others than OP_0, OP_1, OP_2, OP_3, OP_4, OP_5, OP_6, OP_7 and 3 more",
        ),
        (made.RUNTIME, {}, "oldest runtime: 2.14.0"),
        (Rule(fully_delegated=True), {}, "operators in accelerated kernels: all"),
    ],
)
def test_a_rule_in_words(rule, fields, text):
    blank = {"limit": None, "unit": "", "quantity": "value"}
    verdict = replace(made.PASS, rule=rule, metric="m", **{**blank, **fields})
    assert words.rule_text(verdict) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "", "0.0000"),
        (-0.0042, "", "-0.0042"),
        (0.00031, "", "0.00031"),
        (1234.56, "", "1,234.6"),
        (31.24, "dB", "31.2 dB"),
        (1.0234, "x", "1.023x"),
        (0.5, "m", "0.5000 m"),
        (12_345_678.0, "bytes", "12,345,678 B"),
        (float("nan"), "", "nan"),
        (float("inf"), "ms", "inf"),
    ],
)
def test_numbers(value, unit, text):
    assert words.number_text(value, unit) == text


def test_noise_is_not_mended_by_samples():
    noisy = replace(
        made.INCONCLUSIVE, estimate=None, needed=None, sentence="latency_ratio is undecided: noise."
    )
    assert words.remark(noisy) == "dynamic_wi8_afp32 on litert: latency_ratio is undecided: noise."


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, "0.790x [0.760 0.830]"),
        ({"low": None}, "0.790x"),
        ({"low": 0.79, "high": 0.79}, "0.790x"),  # chance has no part
        ({"estimate": None}, "-"),
        # A loss is a fraction, whatever unit its metric has.
        ({"quantity": "loss", "low": None}, "0.7900"),
    ],
)
def test_an_estimate_with_its_bounds(change, text):
    assert words.estimate_text(replace(made.INCONCLUSIVE, **change)) == text


def test_bounds_can_stand_on_a_line_of_their_own():
    assert words.estimate_text(made.INCONCLUSIVE, "\n") == "0.790x\n[0.760 0.830]"


def test_counts_say_what_they_count():
    assert words.count_text(replace(made.PASS, n=12_720)) == "12,720"
    assert words.count_text(made.INCONCLUSIVE) == "3 processes"
    assert words.count_text(made.FAIL) == "-"


def test_the_worst_comes_first_and_equals_keep_their_order():
    second = replace(made.FAIL, variant="float16")
    found = words.worst_first(made.result(made.PASS, made.FAIL, made.ERROR, second))
    assert found == [made.FAIL, second, made.ERROR, made.PASS]


def test_a_note_that_the_sentence_says_is_not_said_again():
    said = replace(made.FAIL, note="1 more than allowed")
    passed = replace(made.PASS, note="top1_accuracy lost")  # its sentence is not shown
    result = made.result(said, passed, passed, notes=("a", "a", "b\nc"))
    assert words.notes(result) == ["static_wi8_ai8 on litert: top1_accuracy lost", "a", "b c"]


def test_what_it_was_compared_with():
    assert words.baseline_line(made.result(made.PASS)) == ""
    known = {"baseline": "b.json", "baseline_created_at": "2026"}
    assert words.baseline_line(made.result(made.PASS, **known)) == "baseline: b.json of 2026"
    assert words.baseline_line(made.result(updated=True, **known)) == "baseline written: b.json"


def test_text_of_files_is_one_line_without_commands():
    assert words.one_line(" a\n\n b\tc\x1b[2J ") == "a b c\\x1b[2J"
    assert words.place_text(replace(made.FAIL, variant="a\nb")) == "a b"
