"""What a gate found, as JUnit XML: what CI systems show as tests.

The shape is the one that Jenkins and Maven's Surefire share: `testsuites` of one `testsuite`, whose
`testcase`s hold at most one of `skipped`, `error` and `failure`.
"""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

from edgekit.core.gate_rules import GateResult, OnInconclusive, Status, Verdict
from edgekit.core.text import printable_lines
from edgekit.report import gate_words as words

_ELEMENTS: dict[Status, str] = {
    "pass": "",
    "accepted": "",
    "fail": "failure",
    "error": "error",
    "incomparable": "error",
}
_INCONCLUSIVE: dict[OnInconclusive, str] = {"fail": "failure", "pass": "skipped", "exit3": "error"}
_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def junit_xml(result: GateResult, on_inconclusive: OnInconclusive = "exit3") -> str:
    """One test suite, one test case for each verdict.

    Args:
        result: What was found.
        on_inconclusive: What an inconclusive verdict is: `fail` a failure, `pass` a skipped test
            with its sentence, `exit3` an error.

    Returns:
        An XML document as text, with its declaration (UTF-8). What XML forbids, and all else that
        is not printable, is there as its escape.
    """
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        suites, "testsuite", name=printable_lines(f"edgekit gate {result.model}")
    )
    _add_properties(suite, result)
    names: Counter[tuple[str, str]] = Counter()
    found: Counter[str] = Counter()
    for verdict in result.verdicts:
        group, name = _class_name(verdict), words.rule_text(verdict)
        names[group, name] += 1
        if (count := names[group, name]) > 1:
            name += f" ({count})"  # two of one name are one test to most readers
        case = ElementTree.SubElement(
            suite,
            "testcase",
            name=printable_lines(name),
            classname=printable_lines(group),
            time="0",
        )
        found[_add_status(case, verdict, on_inconclusive)] += 1
        ElementTree.SubElement(case, "system-out").text = printable_lines(_details(verdict))
    for element, attribute in _COUNTED.items():
        suite.set(attribute, str(found[element]))
    suite.set("tests", str(len(result.verdicts)))
    suite.set("time", f"{result.seconds:.3f}")
    lines = [
        words.closing_line(result),
        words.baseline_line(result),
        *(f"changed: {line}" for line in words.change_lines(result)),
        *result.notes,
    ]
    ElementTree.SubElement(suite, "system-out").text = printable_lines(
        "\n".join(filter(None, lines))
    )
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_properties(suite: ElementTree.Element, result: GateResult) -> None:
    properties = ElementTree.SubElement(suite, "properties")
    values = {
        "edgekit": result.edgekit,
        "model": result.model,
        "outcome": result.outcome,
        "baseline": result.baseline,
        "cpu": result.host.cpu,
        "system": result.host.system,
        "python": result.host.python,
    }
    for name, value in values.items():
        if value:
            ElementTree.SubElement(properties, "property", name=name, value=printable_lines(value))


def _add_status(
    case: ElementTree.Element, verdict: Verdict, on_inconclusive: OnInconclusive
) -> str:
    """The element that says that a test did not pass; its name, empty where it passed."""
    name = _ELEMENTS.get(verdict.status, _INCONCLUSIVE[on_inconclusive])
    if not name:
        return ""
    message = words.remark(verdict)
    element = ElementTree.SubElement(case, name, message=printable_lines(message))
    if name != "skipped":  # Surefire allows skipped tests a message only
        element.set("type", verdict.status)
        element.text = printable_lines(f"{words.rule_text(verdict)}\n{message}")
    return name


def _class_name(verdict: Verdict) -> str:
    """`static_wi8_ai8 on litert`; dots would become packages in a CI system's tree."""
    return words.place_text(verdict).replace(".", "_")


def _details(verdict: Verdict) -> str:
    values = words.values_text(verdict)
    lines = [
        f"status: {verdict.status}",
        *([f"{words.VALUES}: {values}"] if values != "-" else []),
        f"estimate: {words.estimate_text(verdict)}",
        f"limit: {words.limit_text(verdict)}",
        f"n: {words.count_text(verdict)}",
    ]
    if verdict.needed is not None:
        lines.append(f"needed: {verdict.needed:,}")
    lines.append(words.one_line(verdict.sentence))
    if verdict.note and words.one_line(verdict.note) not in lines[-1]:
        lines.append(f"note: {words.one_line(verdict.note)}")
    return "\n".join(lines)
