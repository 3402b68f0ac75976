"""The pytest plugin, in a pytest of its own whose gate is a stub."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONFTEST = f"""
import sys, types
sys.path.insert(0, {str(ROOT)!r})
from dataclasses import replace
from edgekit.core.errors import ProjectError
from tests.report import gate_results as made

calls = []

def gate(project, **options):
    calls.append((project, options))
    name = project.name
    if name == "broken":
        raise ProjectError("The project file exists.", received="broken", hint="edgekit init")
    found = {{
        "good": (made.PASS,),
        "bad": (made.PASS, made.FAIL, made.INCONCLUSIVE),
        "open": (made.PASS, made.INCONCLUSIVE),
        "unjudged": (made.ERROR,),
        "changed": (made.PASS, made.CONTRACT),
        "accepted": (made.PASS, replace(made.CONTRACT, status="accepted")),
        "both": (made.PASS, replace(made.PASS, rule=replace(made.ACCURACY, against="float"))),
    }}[name]
    told = made.result(*found)
    policy = {{"pass": 0, "fail": 1, "exit3": 3}}[options.get("on_inconclusive", "exit3")]
    return replace(told, exit_code=policy) if told.outcome == "inconclusive" else told

stub = types.ModuleType("edgekit.pipeline.gate.gate")
stub.gate = gate
sys.modules["edgekit.pipeline.gate.gate"] = stub
"""


@pytest.fixture
def project(
    request: pytest.FixtureRequest, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    # The stub takes the gate's place in this process too: put back what was there.
    name = "edgekit.pipeline.gate.gate"
    monkeypatch.setitem(sys.modules, name, sys.modules.get(name, pytest))
    pytester.makeconftest(CONFTEST)
    if not request.config.pluginmanager.has_plugin("edgekit"):  # installed before it had one
        pytester.makeini("[pytest]\naddopts = -p edgekit.pytest_plugin")
    return pytester


def run(project: pytest.Pytester, source: str) -> pytest.RunResult:
    project.makepyfile(source)
    return project.runpytest_inprocess()


def test_a_gate_that_passes_lets_a_test_pass_and_tells_its_numbers(project):
    done = run(
        project,
        """
        def test_all(edgekit_gate):
            assert edgekit_gate("good")
            assert edgekit_gate("good").check().outcome == "passed"

        def test_one(edgekit_gate):
            gate = edgekit_gate("good")
            verdict = gate.check("top1_accuracy", variant="static_wi8_ai8").verdict("top1_accuracy")
            assert verdict.high < 0.01
            assert gate.exit_code == 0 and gate.result.model == "digits.keras"
        """,
    )
    done.assert_outcomes(passed=2)


def test_a_gate_runs_once_for_the_same_arguments_and_paths_begin_at_the_root(project):
    done = run(
        project,
        """
        import conftest, os, pathlib

        def test_first(edgekit_gate, request, monkeypatch, tmp_path):
            monkeypatch.chdir(tmp_path)
            root = request.config.rootpath
            first = edgekit_gate("good")
            assert edgekit_gate(pathlib.Path("good")) is first
            assert edgekit_gate(root / "good") is first
            assert edgekit_gate("good", fresh=True) is not first

        def test_second(edgekit_gate, request):
            edgekit_gate("good", fresh=True)
            root = request.config.rootpath
            assert [path for path, _ in conftest.calls] == [root / "good"] * 2
            assert [how["options"].fresh for _, how in conftest.calls] == [False, True]
        """,
    )
    done.assert_outcomes(passed=2)


def test_a_failed_check_shows_sentences_and_no_traceback(project):
    done = run(
        project,
        """
        def test_it(edgekit_gate):
            edgekit_gate("bad").check()
        """,
    )
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        [
            "edgekit gate failed: 1 of 3 rules broken, 1 undecided",
            "  fail: static_wi8_ai8: The file has 120,001 bytes, 1 more than allowed.",
            "  inconclusive: dynamic_wi8_afp32 on litert: It takes 0.79 of float's time. About 7 "
            "processes would decide; there are 3.",
        ],
        consecutive=True,
    )
    done.stdout.no_fnmatch_line("*def test_it*")
    done.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_a_failed_assert_shows_the_outcome(project):
    done = run(
        project,
        """
        def test_it(edgekit_gate):
            assert edgekit_gate("bad")
        """,
    )
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["E*<edgekit gate failed: 1 of 3 rules broken, 1 undecided; fail:*"])


def test_a_check_can_ask_for_less(project):
    done = run(
        project,
        """
        def test_accuracy(edgekit_gate):
            edgekit_gate("bad").check("top1_accuracy")

        def test_variant(edgekit_gate):
            edgekit_gate("bad").check(variant="static_wi8_ai8")

        def test_target(edgekit_gate):
            edgekit_gate("bad").check("top1_accuracy", target="litert")

        def test_unknown(edgekit_gate):
            edgekit_gate("bad").check("top1_acuracy", variant="float16")
        """,
    )
    done.assert_outcomes(passed=2, failed=2)
    done.stdout.fnmatch_lines(
        [
            "*verdict on top1_acuracy of float16 on a target.",
            "  It has: latency_ratio of dynamic_wi8_afp32, size_bytes of static_wi8_ai8, "
            "top1_accuracy of static_wi8_ai8",
        ]
    )


def test_a_verdict_is_told_apart_by_what_it_is_compared_with(project):
    done = run(
        project,
        """
        def test_one(edgekit_gate):
            gate = edgekit_gate("both")
            for against in ("float", "baseline"):
                verdict = gate.verdict("top1_accuracy", "static_wi8_ai8", against=against)
                assert verdict.rule.against == against
                gate.check("top1_accuracy", against=against)

        def test_several(edgekit_gate):
            edgekit_gate("both").verdict("top1_accuracy", variant="static_wi8_ai8")

        def test_none(edgekit_gate):
            edgekit_gate("both").verdict("agreement")
        """,
    )
    done.assert_outcomes(passed=1, failed=2)
    done.stdout.fnmatch_lines(
        [
            "edgekit gate: One verdict must be meant.",
            "  Received: 2 verdicts on top1_accuracy of static_wi8_ai8",
            "  Hint: the gate has: top1_accuracy of static_wi8_ai8 on litert against baseline; "
            "top1_accuracy of static_wi8_ai8 on litert against float",
            "  Received: 0 verdicts on agreement of any variant",
            "  Hint: the gate has: top1_accuracy of static_wi8_ai8 on litert against baseline; "
            "top1_accuracy of static_wi8_ai8 on litert against float",
        ]
    )
    done.stdout.no_fnmatch_line("*Traceback*")


def test_an_inconclusive_gate_is_what_the_option_says(project):
    done = run(
        project,
        """
        import pytest

        @pytest.mark.parametrize("policy", ["pass", "fail", "exit3"])
        def test_all(edgekit_gate, policy):
            edgekit_gate("open", on_inconclusive=policy).check()

        @pytest.mark.parametrize("policy", ["pass", "fail", "exit3"])
        def test_one(edgekit_gate, policy):
            edgekit_gate("bad", on_inconclusive=policy).check("latency_ratio")

        def test_default(edgekit_gate):
            assert not edgekit_gate("open")

        def test_unjudged(edgekit_gate):
            edgekit_gate("unjudged", on_inconclusive="pass").check()
        """,
    )
    done.assert_outcomes(passed=3, failed=5)
    done.stdout.fnmatch_lines(["edgekit gate unjudged: 1 of 1 rule not judged"])


def test_a_project_that_cannot_be_judged_fails_each_test_with_the_reason_and_runs_once(project):
    done = run(
        project,
        """
        import conftest

        def test_first(edgekit_gate):
            edgekit_gate("broken")

        def test_second(edgekit_gate):
            edgekit_gate("broken").check()

        def test_third():
            assert len(conftest.calls) == 1
        """,
    )
    done.assert_outcomes(failed=2, passed=1)
    done.stdout.fnmatch_lines(
        ["edgekit gate: The project file exists.", "  Received: broken", "  Hint: edgekit init"]
    )
    done.stdout.no_fnmatch_line("*Traceback*")


def test_a_changed_contract_fails_with_both_values_unless_it_is_accepted(project):
    done = run(
        project,
        """
        def test_changed(edgekit_gate):
            edgekit_gate("changed").check()

        def test_contract(edgekit_gate):
            edgekit_gate("changed").check("contract")

        def test_accepted(edgekit_gate):
            gate = edgekit_gate("accepted", accept="contract")
            assert gate.check() and gate.check("contract")
            assert gate.verdict("contract").changes[0].old == "255"

        def test_options(edgekit_gate):
            import conftest
            assert conftest.calls[-1][1]["options"].accept == ("contract",)

        def test_unknown(edgekit_gate):
            edgekit_gate("good", accept="contracts")
        """,
    )
    done.assert_outcomes(passed=2, failed=3)
    done.stdout.fnmatch_lines(
        ["*fail: contract: input image: std 255 -> 127.5; output digit: order of labels 3 three*"]
    )
    done.stdout.fnmatch_lines(["*--accept must be one of contract, worse.*"])
    done.stdout.fnmatch_lines(["*did you mean 'contract'?*"])


def test_the_fixture_is_listed_with_its_use(project):
    done = project.runpytest_inprocess("--fixtures")
    done.stdout.fnmatch_lines(["edgekit_gate *session scope*", "*Run `edgekit gate` once*"])


def test_loading_the_plugin_loads_nothing_heavy():
    program = (
        "import sys, pytest; before = set(sys.modules); import edgekit.pytest_plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["edgekit", "edgekit.pytest_plugin"]


def test_the_project_names_the_plugin():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert told["project"]["entry-points"]["pytest11"] == {"edgekit": "edgekit.pytest_plugin"}
