"""What a gate says in a pull request, read as a Markdown reader reads it."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from edgekit.core.baseline_record import Change
from edgekit.core.text import printable
from edgekit.report.gate_markdown import LIMIT, escape, markdown, marker
from tests.report import gate_results as made

ZERO_WIDTH = "\u200b"


def rendered(text: str) -> str:
    return MarkdownIt("commonmark").enable("table").render(text)


def plain(text: str) -> str:
    """What somebody reads: without tags, references resolved, invisible blanks gone."""
    return html.unescape(re.sub(r"<[^>]*>", "", text)).replace(ZERO_WIDTH, "")


def table(page: str) -> list[list[str]]:
    [found] = re.findall(r"<table>.*?</table>", page, flags=re.DOTALL)
    return [
        ["".join(cell.itertext()).replace(ZERO_WIDTH, "") for cell in row]
        for row in ElementTree.fromstring(found).iter("tr")
    ]


def test_a_page_begins_with_its_marker_and_says_first_what_does_not_hold():
    text = markdown(made.result(*made.ALL, notes=("float was rebuilt",), baseline="b.json"))
    lines = text.splitlines()
    assert lines[0] == "<!-- edgekit gate: digits.keras -->"
    assert lines[1] == "### ❌ edgekit gate failed: digits.keras"
    page = rendered(text)
    said = [plain(one) for one in re.findall(r"<li>(.*?)</li>", page)]
    assert said[:5] == [
        "fail static_wi8_ai8: The file has 120,001 bytes, 1 more than allowed.",
        "fail float16: ARG_MAX (top) is not among the allowed operators.",
        "error float16 on tflite-runtime==2.14.0: The worker died of signal 11.",
        "incomparable float16 on litert: The baseline was timed on another machine.",
        "inconclusive dynamic_wi8_afp32 on litert: It takes 0.79 of float's time. About 7 "
        "processes would decide; there are 3.",
    ]
    assert "failed: 2 of 5 rules broken, 2 not judged, 1 undecided" in plain(page)
    rows = table(page)
    assert rows[0] == [
        "verdict", "variant", "target", "metric", "old -> new", "estimate [low high]", "limit", "n"
    ]  # fmt: skip
    assert rows[1] == [
        "✅ pass", "static_wi8_ai8", "litert", "loss of top1_accuracy against baseline",
        "0.9722 -> 0.9708", "0.0014 [-0.0042 0.0071]", "at most 0.01", "720",
    ]  # fmt: skip
    assert len(rows) == 7
    order = [page.index(part) for part in ("<h3>", "<ul>", "<table>", "<details>", "</details>")]
    assert order == sorted(order)
    assert "float was rebuilt" in said and "baseline: b.json" in said


@pytest.mark.parametrize(
    ("verdicts", "fields", "heading"),
    [
        ((made.PASS,), {}, "### ✅ edgekit gate passed: digits.keras"),
        ((made.PASS, made.INCONCLUSIVE), {}, "### ❔ edgekit gate is inconclusive: digits.keras"),
        ((made.ERROR,), {}, "### ❗ edgekit gate could not judge: digits.keras"),
        ((), {"updated": True}, "### ✅ edgekit gate passed: digits.keras"),
    ],
)
def test_the_heading_is_the_outcome(verdicts, fields, heading):
    text = markdown(made.result(*verdicts, **fields))
    assert text.splitlines()[1] == heading
    assert ("| verdict |" in text) == bool(verdicts)


def test_a_changed_contract_and_a_baseline_that_was_not_written_stand_before_the_notes():
    known = {"baseline": "b.json", "changes": made.CHANGES, "refused": ("contract",)}
    page = rendered(markdown(made.result(made.CONTRACT, made.PASS, **known)))
    before, _, notes = page.partition("<details>")
    seen = plain(before)
    assert "fail contract: input image: std 255 -> 127.5; output digit: order of" in seen
    assert "edgekit gate --update-baseline --accept contract" in seen
    assert "The baseline, old -> new:" in seen
    assert "output digit: order of labels 3 three, 7 seven -> 3 seven, 7 three" in seen
    assert "not written" not in notes
    both = "; ".join(change.text for change in made.CHANGES)
    assert table(page)[1][:5] == ["❌ fail", "all", "-", "contract", both]
    many = replace(made.CONTRACT, changes=made.CHANGES * 2)
    assert table(rendered(markdown(made.result(many))))[1][4] == "4 changes"


EVIL = (
    "a|b",
    "`code` **bold** _it_ ~~no~~",
    "<script>alert(1)</script>",
    "</details><img src=x>",
    "one\ntwo\r\n| three |\n\n# four",
    "@octocat and a@b.example",
    "fixes #1, GH-7",
    "see https://example.org and www.example.org",
    "[link](https://example.org) ![image](x)",
    "$\\frac{1}{2}$",
    "&lt; &#64;octocat \\| \\",
    "--> <!-- x",
    "tab\there \x1b[2J\x00",
)


@pytest.mark.parametrize("name", EVIL)
def test_a_name_from_a_file_is_shown_as_it_is(name):
    evil = replace(made.FAIL, variant=name, target=name, sentence=name, note=name)
    change = Change(place=name, key=name, old=name, new=name, variants=(name,))
    known = {"model": name, "notes": (name,), "baseline": name, "changes": (change,)}
    text = markdown(made.result(evil, made.PASS, **known))
    page = rendered(text)
    shown = printable(" ".join(name.split()))
    rows = table(page)
    assert [len(row) for row in rows] == [8, 8, 8]
    assert " ".join(rows[1][1].split()) == shown
    assert " ".join(rows[1][2].split()) == shown
    tags = set(re.findall(r"<(/?\w+)", page))
    assert {tag.strip("/") for tag in tags} <= {
        "h3", "ul", "li", "strong", "p", "table", "thead", "tbody", "tr", "th", "td",
        "details", "summary", "span",
    }  # fmt: skip
    assert page.count("<details>") == page.count("</details>") == 1
    assert text.splitlines()[0].startswith("<!-- edgekit gate: ")
    assert text.count("-->") == 1 or "-->" in name
    seen = html.unescape(re.sub(r"<[^>]*>", " ", page))
    for pattern in (r"@\w", r"#\d", r"GH-\d", r"://", r"www\.", r"\$\S"):
        assert not re.search(pattern, seen), pattern


@given(st.text(max_size=60))
def test_any_text_survives_the_way_through_markdown(text):
    shown = printable(" ".join(text.split()))
    page = rendered(f"| a |\n| --- |\n| x{escape(text)}x |\n")
    [_, [cell]] = table(page)
    without = shown.replace(ZERO_WIDTH, "")
    assert " ".join(cell.split())[1:-1].strip() == without.strip()


def test_dollars_stand_alone_so_that_they_make_no_formula():
    assert escape("$x$") == "<span>$</span>x<span>$</span>"


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ("digits.keras", "<!-- edgekit gate: digits.keras -->"),
        ("a/b c.keras", "<!-- edgekit gate: a/b_c.keras -->"),
        ("x-->y\n<b>--", "<!-- edgekit gate: x-_y_b_ -->"),
        ("", "<!-- edgekit gate:  -->"),
    ],
)
def test_a_marker_is_one_comment_whatever_the_model_is_called(model, line):
    assert marker(model) == line


@pytest.mark.parametrize("character", ["x", "|", "$", "漢", "@a "])
@pytest.mark.parametrize("length", [1, 5_000])
def test_a_page_is_never_too_long_for_github(character, length):
    name = character * length
    bad = replace(made.FAIL, variant=name, sentence=name, note=name)
    result = made.result(*[bad] * 600, *[made.PASS] * 300, notes=(name,) * 300, model=name)
    text = markdown(result)
    assert len(text.encode()) < LIMIT
    assert re.search(r"\d+ more verdicts cut: edgekit gate --json has all\.", text)
    assert text.rstrip().endswith("</details>")
    assert {len(row) for row in table(rendered(text))} == {8}


def test_of_a_table_that_is_cut_the_worst_rows_stay():
    rows = [replace(made.PASS, variant=f"variant_{index}") for index in range(2_000)]
    text = markdown(made.result(*rows, made.FAIL))
    first = next(line for line in text.splitlines() if line.startswith("| ✅") or "❌ fail" in line)
    assert "❌ fail" in first
    kept = text.count("| ✅ pass")
    assert f"{2_001 - 1 - kept} more verdicts cut" in text
