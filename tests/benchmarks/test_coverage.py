"""The sweep's frame, with a child that is a function of the test; and a tenth of the layers."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import coverage, sweep_files, sweep_hints, sweep_run, sweep_table
from benchmarks.sweep import Judged, Outcome
from edgekit.core.errors import WorkerCrashed

BOTH = ["float32", "static_wi8_ai8"]
_NO_PEER = {"tensorflow": {"db": -300.0, "why": "no"}}
REFUSAL = {"type": "FlexError", "rule": "It must not.", "received": "Sinh", "hint": "leave it out."}


class FakeChild:
    """In place of `sweep_run.Worker`: answers by a case's name."""

    def __init__(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self.answers, self.done = answers, []
        self.case = ""

    def do(self, do: str, /, **arguments: Any) -> Any:
        self.done.append(do)
        if do == "names":
            return [
                {"name": n, "recipes": a.get("recipes", BOTH), "options": [], "peer": True}
                for n, a in self.answers.items()
            ]
        if do == "make":
            self.case = arguments["case"]
            return {"model": "m.keras", "samples": "s.npz", "expected": None}
        if do == "expect":
            return None
        value = self.answers[self.case].get(do)
        value = value(arguments) if callable(value) else value
        if isinstance(value, Exception):
            raise value
        return value

    def next_case(self) -> None:
        self.case = ""

    def close(self) -> None:
        self.done.append("close")


def decibels(**by_recipe: float) -> Callable[[dict[str, Any]], float]:
    return lambda arguments: by_recipe[Path(arguments["file"]).name.split(".")[1]]


@pytest.fixture
def sweep_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[Outcome]]:
    def run(answers: Mapping[str, Mapping[str, Any]], **options: Any) -> list[Outcome]:
        monkeypatch.setattr(sweep_run, "Worker", lambda: FakeChild(answers))
        return coverage.sweep(["fake"], tmp_path, **options)

    return run


def outcome(case: str, **edgekit: Judged) -> Outcome:
    return Outcome(part="fake", case=case, edgekit=edgekit)


def test_near_files_are_right_and_far_ones_failed(sweep_of: Any) -> None:
    right = {"convert": {"code": 0}, "tensorflow": {"db": 120.0, "why": ""}}
    near, far, poor = sweep_of(
        {
            "near": {**right, "judge": decibels(float32=81.0, static_wi8_ai8=31.0)},
            "far": {**right, "judge": decibels(float32=79.0, static_wi8_ai8=31.0)},
            "poor": {**right, "judge": decibels(float32=81.0, static_wi8_ai8=29.0)},
        }
    )
    assert (near.verdict, far.verdict, poor.verdict) == ("right", "failed", "failed")
    assert far.behind == ("float32",)
    assert poor.behind == ("static_wi8_ai8",)
    # TensorFlow's quantized file is asked for where ours is poor.
    assert list(near.tensorflow) == ["float32"]
    assert list(poor.tensorflow) == BOTH


def test_a_static_file_about_as_near_as_tensorflow_s_is_right(sweep_of: Any) -> None:
    def case(peer_db: float, own_db: float) -> dict[str, Any]:
        return {
            "convert": {"code": 0},
            "judge": decibels(float32=100.0, static_wi8_ai8=own_db),
            "tensorflow": {"db": peer_db, "why": ""},
        }

    verdicts = [o.verdict for o in sweep_of({"a": case(8, 5), "b": case(8, 4), "c": case(-300, 9)})]
    assert verdicts == ["right", "failed", "failed"]


def test_a_refusal_has_its_message_and_what_its_hint_came_to(sweep_of: Any) -> None:
    (refused,) = sweep_of(
        {
            "sinh": {
                "convert": {"code": 2, "error": REFUSAL},
                "tensorflow": {"db": 95.0, "why": ""},
                "carry_out": "no such option",
            }
        }
    )
    float_file = refused.edgekit["float32"]
    assert refused.verdict == "refused"
    assert float_file.message == "It must not. Sinh"
    assert (float_file.hint, float_file.hint_kept) == ("leave it out.", "no such option")
    # The same hint is carried out once.
    assert refused.edgekit["static_wi8_ai8"].hint_kept == ""
    report = sweep_table.report([refused])
    assert "| fake | 1 | 0 | 1 | 0 | 1 of 1 | 1 |" in report
    assert "fake/sinh (float32, static_wi8_ai8)" in report
    assert "false 1" in report and "'leave it out.' came to: no such option" in report


def test_what_crashes_in_the_shared_child_is_tried_by_the_command(
    sweep_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_run, "command", lambda words: {"code": 70, "said": "Traceback"})
    (crashed,) = sweep_of(
        {"x": {"recipes": ["float32"], "convert": WorkerCrashed("It died."), **_NO_PEER}}
    )
    assert crashed.verdict == "failed"
    assert "exit 70: Traceback" in crashed.edgekit["float32"].message


def test_outcomes_are_kept_and_not_computed_again(sweep_of: Any, tmp_path: Path) -> None:
    fine = {
        "convert": {"code": 0},
        "judge": decibels(float32=99.0, static_wi8_ai8=40.0),
        "tensorflow": {"db": 99.0, "why": ""},
    }
    first = sweep_of({"a": fine, "b": fine, "c": fine}, every=2)
    assert [o.case for o in first] == ["a", "c"]
    kept = json.loads((tmp_path / "fake" / "a.json").read_text())
    assert kept["edgekit"]["float32"]["db"] == 99.0
    broken = {"convert": ValueError("must not be called again")}
    again = sweep_of({"a": broken, "b": fine, "c": broken})
    assert [o.verdict for o in again] == ["right"] * 3
    assert sweep_of({"a": broken, "d": fine}, limit_seconds=1e-9) == again[:1]


def test_a_case_that_cannot_be_made_is_a_mistake_of_the_sweep(sweep_of: Any) -> None:
    fine = {"convert": {"code": 0}, "judge": decibels(float32=99.0, static_wi8_ai8=40.0)}
    odd = {**fine, "tensorflow": _broken}
    with pytest.raises(sweep_run.MakeError, match="fake/odd: no such layer") as caught:
        sweep_of({"odd": odd, "even": {**fine, **_NO_PEER}})
    assert [o.case for o in caught.value.outcomes] == ["even"]


def _broken(arguments: dict[str, Any]) -> Any:
    raise sweep_run.MakeError("no such layer")


def test_a_part_without_a_module_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        coverage.main(["--part", "nothing"])
    assert "there is no part nothing: coverage_nothing.py is missing" in capsys.readouterr().err


def test_nearness_is_about_zero_of_the_worst_output() -> None:
    a = {"p": np.ones((4, 2)), "q": np.ones((4, 2))}
    b = {"p": np.ones((4, 2)), "q": np.ones((4, 2)) * 1.01}
    assert sweep_files.nearness_db(a, b) == pytest.approx(40.0)
    assert sweep_files.nearness_db(a, a) == sweep_files.EQUAL_DB
    # Other names: by order.
    assert sweep_files.nearness_db(a, {"x": b["p"], "y": b["q"]}) == pytest.approx(40.0)
    nan = {"p": np.array([np.nan, 1.0])}
    assert sweep_files.nearness_db(nan, nan) == sweep_files.EQUAL_DB
    assert sweep_files.nearness_db({"p": np.array([0.0, 1.0])}, nan) == sweep_files.WRONG_DB
    assert sweep_files.nearness_db({"p": np.ones(3)}, {"p": np.ones(2)}) == sweep_files.WRONG_DB
    texts = {"p": np.array(["a", "b"])}
    assert sweep_files.nearness_db(texts, {"p": np.array([b"a", b"b"])}) == sweep_files.EQUAL_DB
    assert sweep_files.nearness_db(texts, {"p": np.array([b"a", b"c"])}) == sweep_files.WRONG_DB


def test_files_are_run_by_sample_and_compared() -> None:
    models = Path(__file__).parents[1] / "models"
    x = np.random.default_rng(0).uniform(-1, 1, (4, 6, 6, 4)).astype("float32")
    exact = sweep_files.run(models / "conv_2d.float32.tflite", {"x": x})
    assert {len(values) for values in exact.values()} == {4}
    # Whatever the samples are called; from a path or from its content.
    content = (models / "conv_2d.int8.tflite").read_bytes()
    rounded = sweep_files.run(content, {"other": x})
    assert 20 < sweep_files.nearness_db(exact, rounded) < 60


def test_hints_are_carried_out_as_far_as_a_program_can() -> None:
    asked: list[list[str]] = []

    def convert(words: list[str]) -> dict[str, Any]:
        asked.append(words)
        fine = words[-1] == "float16" or "--unsafe" in words or "--io" not in words
        return {"code": 0} if fine else {"code": 2, "error": {"rule": "No."}}

    io = ["--io", "int8"]
    refused = sweep_hints.Refused(Path("m.keras"), "float32", io, samples=Path("s.npz"))

    def came(hint: str) -> str:
        asked.clear()
        return sweep_hints.carry_out(hint, refused, convert)

    assert came("look at the model.") == sweep_hints.ADVICE
    assert came("try --recipe float16, or leave --io out.") == sweep_hints.KEPT
    assert asked == [["m.keras", *io, "-r", "float16"], ["m.keras", "-r", "float32"]]
    assert came("pass --unsafe if you trust it.") == sweep_hints.KEPT
    assert came("pass --calibration DATA.npz (100 samples).").endswith("exit 2, No.")
    assert asked == [["m.keras", *io, "--calibration", "s.npz", "-r", "float32"]]
    assert came("--sparsity 0.5 removes half.").endswith("--sparsity 0.5 -r float32: exit 2, No.")
    # Every recipe that is named has to work.
    said = came("float16 and weight_only_wi8_afp32 ask the least.")
    assert said.endswith("-r weight_only_wi8_afp32: exit 2, No.")


@pytest.mark.convert
@pytest.mark.slow
def test_a_tenth_of_the_layers_is_right_or_refused_truly(tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'edgekit-tflite[convert]'")
    found = coverage.sweep(["layers"], tmp_path, every=10, float_only=True)
    assert len(found) >= 30
    assert [o for o in found if o.verdict == "failed" or o.behind] == []
    assert sum(o.verdict == "right" for o in found) > 0.75 * len(found)
    hints = {judged.hint_kept for o in found for judged in o.edgekit.values()}
    assert hints <= {"", sweep_hints.KEPT, sweep_hints.ADVICE}
