"""What a gate says to a CI system that shows tests."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.report.junit import junit_xml
from tests.report import gate_results as made

# What Jenkins' and Surefire's schemas allow: attributes that must be there, and children in order.
REQUIRED = {
    "testsuites": set(),
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"name", "classname", "time"},
    "property": {"name", "value"},
    "properties": set(),
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase", "system-out"],
    "properties": ["property"],
    "testcase": ["skipped", "error", "failure", "system-out"],
}


def parsed(result, *policy) -> ElementTree.Element:
    text = junit_xml(result, *policy)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ElementTree.fromstring(text.encode())
    check(root)
    [suite] = root
    cases = suite.findall("testcase")
    assert int(suite.get("tests")) == len(cases)
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(attribute)) == len(suite.findall(f"testcase/{tag}"))
    return suite


def check(element: ElementTree.Element) -> None:
    assert set(element.attrib) == REQUIRED[element.tag]
    allowed = CHILDREN.get(element.tag, [])
    order = [allowed.index(child.tag) for child in element]
    assert order == sorted(order)
    if element.tag == "testcase":
        assert [child.tag for child in element].count("system-out") == 1
        assert len(element) <= 2
    for child in element:
        check(child)


def test_one_suite_has_a_case_for_each_verdict():
    suite = parsed(made.result(*made.ALL, baseline="b.json", notes=("rebuilt",)))
    assert suite.get("name") == "edgekit gate digits.keras"
    assert suite.get("time") == "12.500"
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["6", "2", "3", "0"]
    told = [
        (case.get("classname"), case.get("name"), case[0].tag) for case in suite.iter("testcase")
    ]
    accuracy = "loss of top1_accuracy against baseline at most 0.01"
    assert told == [
        ("static_wi8_ai8 on litert", accuracy, "system-out"),
        ("static_wi8_ai8", "size_bytes at most 120,000 B", "failure"),
        ("dynamic_wi8_afp32 on litert", "latency_ratio against float at most 0.8x", "error"),
        ("float16 on tflite-runtime==2_14_0", accuracy, "error"),
        ("float16 on litert", "loss of latency_p50_ms against baseline at most 0.05", "error"),
        ("float16", "operators: no others than CONV_2D, FULLY_CONNECTED", "failure"),
    ]
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["outcome"] == "failed" and properties["baseline"] == "b.json"
    assert suite.find("system-out").text.splitlines() == [
        "failed: 2 of 5 rules broken, 2 not judged, 1 undecided", "baseline: b.json", "rebuilt"
    ]  # fmt: skip


def test_a_case_tells_estimate_bounds_and_number():
    noted = replace(made.INCONCLUSIVE, note="one core was busy")
    [case] = parsed(made.result(noted)).iter("testcase")
    assert case.find("system-out").text.splitlines() == [
        "status: inconclusive",
        "estimate: 0.790x [0.760 0.830]",
        "limit: at most 0.8x",
        "n: 3 processes",
        "needed: 7",
        "It takes 0.79 of float's time.",
        "note: one core was busy",
    ]


def test_a_case_has_the_old_and_the_new_value():
    cases = list(
        parsed(made.result(made.PASS, made.CONTRACT, changes=made.CHANGES)).iter("testcase")
    )
    lines = [case.find("system-out").text.splitlines() for case in cases]
    assert lines[0][1] == "old -> new: 0.9722 -> 0.9708"
    assert lines[1][1].startswith("old -> new: input image: std 255 -> 127.5; output digit: order")
    assert (cases[1].get("classname"), cases[1].get("name")) == (
        "contract", "contract: as in the baseline"
    )  # fmt: skip
    assert "std 255 -> 127.5" in cases[1].find("failure").get("message")
    accepted = replace(made.CONTRACT, status="accepted")
    [case] = parsed(made.result(accepted)).iter("testcase")
    assert [element.tag for element in case] == ["system-out"]


@pytest.mark.parametrize(
    ("policy", "tag"), [("fail", "failure"), ("pass", "skipped"), ("exit3", "error")]
)
def test_an_inconclusive_verdict_is_what_the_policy_says(policy, tag):
    suite = parsed(made.result(made.PASS, made.INCONCLUSIVE, made.FAIL), policy)
    first, second, third = suite.findall("testcase")
    assert first[0].tag == "system-out" and third[0].tag == "failure"
    assert second[0].tag == tag
    assert second[0].get("message").endswith("About 7 processes would decide; there are 3.")


def test_cases_of_one_name_are_told_apart():
    cases = parsed(made.result(made.PASS, made.PASS, made.PASS)).findall("testcase")
    names = [case.get("name") for case in cases]
    assert names[1:] == [f"{names[0]} (2)", f"{names[0]} (3)"]


def test_no_verdicts_are_an_empty_suite():
    suite = parsed(made.result())
    assert suite.get("tests") == "0"
    assert suite.find("system-out").text == "passed: no rules"


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=40))
def test_any_text_is_legal_xml(text):
    evil = replace(made.FAIL, variant=text, sentence=text, note=text)
    suite = parsed(made.result(evil, model=text, notes=(text,), baseline=text))
    [case] = suite.findall("testcase")
    assert case.find("system-out").text.startswith("status: fail")


def test_what_xml_forbids_is_escaped_and_the_rest_kept():
    evil = replace(made.FAIL, sentence="a\x00b\x1bc\ud800d\ufffee <&\"'> 漢 \U0001f600")
    [failure] = parsed(made.result(evil)).iter("failure")
    assert failure.get("message") == (
        "static_wi8_ai8: a\\x00b\\x1bc\\ud800d\\ufffee <&\"'> 漢 \U0001f600"
    )
