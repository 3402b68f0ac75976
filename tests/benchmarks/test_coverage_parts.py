"""Parts of the sweep that need more than Keras, and conversions that write a model of their own."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import coverage, coverage_hub, sweep_run
from benchmarks.sweep import Skipped


class Child:
    """In place of `sweep_run.Worker`: pruning writes a model of so many bytes, which is right."""

    def __init__(self, written_bytes: int) -> None:
        self.written_bytes = written_bytes
        self.source = self.judged = ""

    def do(self, do: str, /, **arguments: Any) -> Any:
        if do == "names":
            return [_CASE]
        if do == "make":
            path = Path(arguments["folder"]) / "model.keras"
            path.write_bytes(bytes(100))
            return {"model": str(path), "samples": "s.npz", "expected": None}
        if do == "convert":
            words: Sequence[str] = arguments["words"]
            out = Path(words[words.index("-o") + 1])
            out.mkdir()
            (out / "m.pruned.keras").write_bytes(bytes(self.written_bytes))
            return {"code": 0}
        if do == "expect":
            self.source = arguments["source"]["model"]
            return None
        self.judged = Path(arguments["file"]).name
        return 120.0

    def next_case(self) -> None:
        pass

    def close(self) -> None:
        pass


_CASE = {
    "name": "a",
    "recipes": ["float32"],
    "options": ["--prune", "structured"],
    "peer": False,
    "written_model": "m.pruned.keras",
}


def test_a_model_that_the_conversion_writes_is_smaller_and_stands_for_the_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    child = Child(60)
    monkeypatch.setattr(sweep_run, "Worker", lambda: child)
    (found,) = coverage.sweep(["pruned"], tmp_path)
    assert found.verdict == "right"
    assert child.source.endswith("m.pruned.keras")
    assert child.judged == "m.pruned.float32.tflite"

    child = Child(100)
    (found,) = coverage.sweep(["larger"], tmp_path)
    assert found.verdict == "failed"
    assert "m.pruned.keras has 100 bytes, the source model 100" in (
        found.edgekit["float32"].message
    )


def test_a_part_without_what_it_needs_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Skipped, match=r"keras_hub is not installed: pip install -r requirements/"):
        coverage_hub.cases()

    class Lacking(Child):
        def do(self, do: str, /, **arguments: Any) -> Any:
            assert do == "names"
            return "it is not installed"

    monkeypatch.setattr(sweep_run, "Worker", lambda: Lacking(1))
    assert coverage.sweep(["hub"], tmp_path) == []
    assert capsys.readouterr().out == "hub: SKIPPED: it is not installed\n"


@pytest.mark.convert
@pytest.mark.slow
def test_an_architecture_is_right_and_right_when_pruned(tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'edgekit-tflite[convert]'")
    found = coverage.sweep(["applications"], tmp_path, only=r"^MobileNet\b", float_only=True)
    assert [(o.case, o.verdict) for o in found] == [
        ("MobileNet", "right"),
        ("MobileNet, pruned", "right"),
    ]


@pytest.mark.convert
@pytest.mark.slow
def test_a_family_of_keras_hub_is_right(tmp_path: Path) -> None:
    if importlib.util.find_spec("keras_hub") is None:
        pytest.skip("keras_hub is not installed: pip install -r requirements/hub.txt")
    found = coverage.sweep(["hub"], tmp_path, only="^DistilBERT", float_only=True)
    assert [o.verdict for o in found] == ["right"]
