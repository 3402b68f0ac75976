"""What a gate says in a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from edgekit.report import gate_table
from edgekit.report.terminal import PlainConsole
from tests.report import gate_results as made


def shown(result, width=210, **options) -> str:
    out = io.StringIO()
    console = PlainConsole(out, width=width, **options)
    gate_table.show(result, console)
    return out.getvalue()


def test_a_table_has_a_row_for_each_verdict_and_a_sentence_for_each_that_does_not_pass():
    lines = shown(made.result(*made.ALL)).splitlines()
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    assert rows[0] == [
        "verdict", "variant", "target", "metric", "old -> new", "estimate", "limit", "n"
    ]  # fmt: skip
    assert rows[1] == [
        "pass",
        "static_wi8_ai8",
        "litert",
        "loss of top1_accuracy against baseline",
        "0.9722 -> 0.9708",
        "0.0014 [-0.0042 0.0071]",
        "at most 0.01",
        "720",
    ]
    assert rows[2][4:] == ["120,001 B", "120,001 B", "at most 120,000 B", "-"]
    assert rows[3][4:] == ["-", "0.790x [0.760 0.830]", "at most 0.8x", "3 processes"]
    assert rows[6][3:7] == ["operators", "-", "-", "no others than CONV_2D, FULLY_CONNECTED"]
    assert len(rows) == 7
    below = lines[lines.index(next(line for line in lines if line.startswith("fail"))) :]
    assert below == [
        "fail: static_wi8_ai8: The file has 120,001 bytes, 1 more than allowed.",
        "fail: float16: ARG_MAX (top) is not among the allowed operators.",
        "error: float16 on tflite-runtime==2.14.0: The worker died of signal 11.",
        "incomparable: float16 on litert: The baseline was timed on another machine.",
        "inconclusive: dynamic_wi8_afp32 on litert: It takes 0.79 of float's time. About 7 "
        "processes would decide; there are 3.",
        "failed: 2 of 5 rules broken, 2 not judged, 1 undecided",
    ]


def test_eighty_columns_hold_every_cell_and_a_sentence_stays_one_line():
    text = shown(made.result(*made.ALL), width=80)
    head, _, below = text.partition("[low high]: one-sided")
    table = head.splitlines()
    assert max(map(len, table)) <= 80
    assert "…" not in head
    joined = "".join(head.split())
    for whole in ("[-0.00420.0071]", "120,001B", "inconclusive", "incomparable", "processes"):
        assert whole in joined
    assert any("-> 0.9708" in line for line in table)
    for name in ("static_wi8_ai8", "top1_accuracy", "latency_p50_ms", "120,001 B", "720"):
        assert any(name in line for line in table), name
    assert "there are 3.\n" in below


def test_columns_that_would_be_empty_are_left_out():
    text = shown(made.result(made.FAIL, made.OPERATORS_FAIL))
    [head] = [line for line in text.splitlines() if "verdict" in line]
    names = [c.strip() for c in head.split("│")[1:-1]]
    assert names == ["verdict", "variant", "metric", "old -> new", "estimate", "limit"]
    [head] = [line for line in shown(made.result(made.OPERATORS_FAIL)).splitlines() if "│" in line][
        :1
    ]
    assert "old" not in head
    assert "one-sided" not in text


def test_statuses_have_colours_in_a_terminal_and_none_in_a_file():
    result = made.result(made.PASS, made.FAIL, made.INCONCLUSIVE)
    coloured = shown(result, force_terminal=True, color_system="standard")
    assert "\x1b[32m" in coloured and "\x1b[1;31m" in coloured and "\x1b[33m" in coloured
    assert "\x1b" not in shown(result)


def test_names_from_files_are_neither_markup_nor_commands_to_the_terminal():
    evil = replace(made.FAIL, variant="a[red]b\x1b[2J", sentence="one\ntwo\x07 [bold]x")
    text = shown(made.result(evil))
    assert "a[red]b\\x1b[2J" in text
    assert "fail: a[red]b\\x1b[2J: one two\\x07 [bold]x\n" in text
    assert "\x1b" not in text and "\x07" not in text


def test_baseline_and_notes_are_told():
    told = {"baseline": "baseline.json", "notes": ("float was rebuilt",)}
    noted = replace(made.PASS, note="no labels: agreement with float")
    text = shown(made.result(noted, **told, baseline_created_at="2026-11-01T10:00:00Z"))
    assert "note: static_wi8_ai8 on litert: no labels: agreement with float\n" in text
    assert "note: float was rebuilt\n" in text
    assert "baseline: baseline.json of 2026-11-01T10:00:00Z\n" in text
    assert "baseline written: baseline.json\n" in shown(made.result(**told, updated=True))


@pytest.mark.parametrize(
    ("verdicts", "fields", "line"),
    [
        ((), {}, "passed: no rules"),
        ((made.PASS,), {}, "passed: 1 rule held"),
        ((made.PASS, replace(made.PASS, variant="float16")), {}, "passed: 1 rule held"),
        ((made.PASS, replace(made.FAIL, status="pass")), {}, "passed: 2 rules held"),
        ((made.PASS, made.FAIL), {}, "failed: 1 of 2 rules broken"),
        # One rule, of which one variant holds and one cannot be judged, is a rule not judged.
        ((made.PASS, made.ERROR), {}, "unjudged: 1 of 1 rule not judged"),
        ((made.PASS, made.INCONCLUSIVE), {}, "inconclusive: 1 of 2 rules undecided"),
        ((made.PASS, made.CONTRACT), {}, "failed: the contract changed; 1 rule held"),
        (
            (made.PASS, replace(made.CONTRACT, status="accepted")),
            {},
            "passed: the contract changed, which is accepted; 1 rule held",
        ),
        ((made.CONTRACT,), {}, "failed: the contract changed"),
        ((made.PASS, replace(made.CONTRACT, status="pass")), {}, "passed: 1 rule held"),
        ((made.PASS, replace(made.FAIL, status="accepted")), {}, "passed: 1 of 2 rules accepted"),
        (
            (made.PASS, made.INCONCLUSIVE),
            {"exit_code": 0},
            "inconclusive: 1 of 2 rules undecided, which passes here",
        ),
    ],
)
def test_the_last_line_counts_rules(verdicts, fields, line):
    assert shown(made.result(*verdicts, **fields)).splitlines()[-1] == line


BOTH = "; ".join(change.text for change in made.CHANGES)


def test_a_changed_contract_has_a_row_of_its_own_and_a_sentence_with_both_values():
    text = shown(made.result(made.CONTRACT, made.PASS), 260)
    [row] = [line for line in text.splitlines() if "│ contract" in line]
    assert [c.strip() for c in row.split("│")[1:-1]] == [
        "fail", "all", "-", "contract", BOTH, "-", "as in the baseline", "-"
    ]  # fmt: skip
    assert "fail: contract: input image: std 255 -> 127.5; output digit: order of" in text
    head = shown(made.result(made.CONTRACT, made.PASS), 80).partition("[low high]")[0]
    assert max(map(len, head.splitlines())) <= 80 and "2 changes" in head


def test_a_baseline_is_shown_old_against_new_and_what_would_have_it_written():
    changes = (*made.CHANGES, replace(made.CHANGES[0], key="mean", old="0", new="1"))
    known = {"baseline": "baseline.json", "changes": changes}
    text = shown(made.result(made.CONTRACT, **known, refused=("contract", "worse")))
    assert "changed: input image: std 255 -> 127.5, mean 0 -> 1\n" in text
    assert "changed: output digit: order of labels 3 three, 7 seven -> 3 seven, 7 three\n" in text
    assert (
        "baseline not written: baseline.json is as it was; if that is meant: "
        "edgekit gate --update-baseline --accept contract --accept worse\n"
    ) in text
    assert "baseline written" in shown(made.result(**known, updated=True))


def test_a_sentence_that_says_its_place_and_note_says_them_once():
    said = "float16 on litert: mae lost 0.0700 against the float file; outliers count much."
    told = replace(
        made.FAIL, variant="float16", target="litert", sentence=said, note="outliers count much"
    )
    text = shown(made.result(told))
    assert f"fail: {said}\n" in text
    assert text.count("outliers") == 1 and "note:" not in text
