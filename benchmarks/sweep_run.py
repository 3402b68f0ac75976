"""One case of a sweep: made, converted and judged in children with limits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.sweep import (
    FLOAT,
    GOOD_DB,
    LEAST_FLOAT_DB,
    LESS_THAN_PEER_DB,
    Judged,
    Outcome,
)
from benchmarks.sweep_files import WRONG_DB
from edgekit.core.errors import EXIT_WRECKED, EdgekitError, RunError
from edgekit.core.process import Process
from edgekit.core.records import Limits

ROOT = Path(__file__).resolve().parents[1]
# TensorFlow forgets less than it makes: a new child after so many cases.
_CASES_A_CHILD = 50
_COMMAND_S = 600
# The recipes that TensorFlow's converter has a counterpart of, and what is better than nothing.
_PEER_RECIPES = ("float32", "float16", "dynamic_wi8_afp32", "static_wi8_ai8")
_LEAST_PEER_DB = 10.0
# The end of what is said of a file that was written and is no good: the way out.
_LOST = re.compile(r"has lost what the model computes: .*?\. (\S.*)")
_LIMITS = Limits(seconds=180, memory_bytes=6 << 30)
_ENVIRONMENT = {
    **os.environ,
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
}


class MakeError(Exception):
    """A case's own `make` failed: a mistake of the sweep.

    Attributes:
        outcomes: What is known of the others, where all of them were run.
    """

    outcomes: tuple[Outcome, ...] = ()


class Worker:
    """A child that does many cases (`sweep_worker.py`), started anew when it dies."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._cases = 0

    def do(self, do: str, /, **arguments: Any) -> Any:
        """One request.

        Raises:
            RunError: The child died or passed a limit; the next request gets a new one.
            MakeError: The request failed in Python.
        """
        if self._process is None:
            self._process = Process(
                [sys.executable, str(Path(__file__).with_name("sweep_worker.py"))],
                name="The sweep's child",
                limits=_LIMITS,
                env=_ENVIRONMENT,
            )
        try:
            answer: Any = self._process.request({"do": do, **arguments})
        except RunError:
            self.close()
            raise
        if "error" in answer:
            raise MakeError(answer["error"])
        return answer["value"]

    def next_case(self) -> None:
        """A new child from time to time."""
        self._cases += 1
        if self._cases % _CASES_A_CHILD == 0:
            self.close()

    def close(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.close()
            self._process = None


def run(worker: Worker, part: str, case: Mapping[str, Any], folder: Path) -> Outcome:
    """Everything of one case.

    Args:
        worker: Does it.
        part: The case's part.
        case: As `sweep_worker.names` gives it.
        folder: The case's own, which does not exist yet.

    Raises:
        MakeError: The case's model could not be made.
        RunError: Likewise, or the child died while the source model ran.
    """
    started = time.perf_counter()
    folder.mkdir(parents=True)
    source = worker.do("make", part=part, case=case["name"], folder=str(folder))
    recipes = list(case["recipes"])
    words = [*case["options"], *(["-c", source["samples"]] if source["samples"] else [])]
    files = _convert_all(worker, source["model"], recipes, words, folder)
    if case.get("written_model"):
        source, files = _written(source, files, case["written_model"])
    expected = _expect(worker, source, folder, files)
    judged: dict[str, Judged] = {}
    peers: dict[str, Judged] = {}
    for recipe in recipes:
        result = _judged(worker, recipe, files[recipe], folder, expected)
        if source["model"].endswith(".tflite"):
            result = _without_peer(recipe, result)
        asks = case["peer"] and not (case.get("sparing") and result.verdict == "right")
        if asks and expected and _needs_peer(recipe, result, source):
            peers[recipe] = _peer(worker, source, recipe, folder)
            result = _beside(result, peers[recipe])
        if result.hint and not any(result.hint == other.hint for other in judged.values()):
            asked = {"model": source["model"], "recipe": recipe, "words": words}
            done = _carry_out(worker, result, asked, folder)
            result = replace(result, hint_kept=done)
        judged[recipe] = result
    worker.next_case()
    return Outcome(
        part=part,
        case=case["name"],
        edgekit=judged,
        tensorflow=peers,
        seconds=round(time.perf_counter() - started, 1),
    )


def _written(
    source: dict[str, Any], files: dict[str, Any], name: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model that the conversion wrote in place of the source model, if any, and its files."""
    path = Path(files[FLOAT]["out"]) / name
    if not path.exists():
        return source, files
    files = {recipe: {**done, "stem": path.stem} for recipe, done in files.items()}
    before, after = Path(source["model"]).stat().st_size, path.stat().st_size
    if after >= before:
        said = f"{name} has {after} bytes, the source model {before}"
        files = {recipe: {"code": -1, "said": said} for recipe in files}
    return {**source, "model": str(path)}, files


def _expect(worker: Worker, source: dict[str, Any], folder: Path, files: dict[str, Any]) -> bool:
    """Whether there is something to compare with: samples, and what the model computes."""
    golden = next(folder.glob("*/m.golden.npz"), None)
    if source["samples"] is None and golden is None:
        return False
    try:
        worker.do("expect", source=source, golden=golden and str(golden), out=str(folder))
    except MakeError as error:
        print(f"{folder.name}: the source model does not run: {str(error)[-400:]}", flush=True)
        return False
    return True


def _carry_out(worker: Worker, refused: Judged, asked: dict[str, Any], folder: Path) -> str:
    say = {"hint": refused.hint, "received": refused.message, "folder": str(folder)}
    try:
        return str(worker.do("carry_out", **asked, **say))
    except (MakeError, RunError) as error:
        return str(error)[-300:]


def _convert_all(
    worker: Worker, model: str, recipes: list[str], words: list[str], folder: Path
) -> dict[str, Any]:
    """By recipe: the answer of `convert`, in the way a person gets it."""
    together = _convert(worker, model, recipes, words, folder / "out")
    if together["code"] in (0, EXIT_WRECKED) or len(recipes) == 1:
        return dict.fromkeys(recipes, together)
    return {
        recipe: _convert(worker, model, [recipe], words, folder / f"out-{recipe}")
        for recipe in recipes
    }


def _convert(
    worker: Worker, model: str, recipes: list[str], words: list[str], out: Path
) -> dict[str, Any]:
    arguments = ["-o", str(out), "--name", "m", model, *words]
    for recipe in recipes:
        arguments += ["-r", recipe]
    try:
        answer = dict(worker.do("convert", words=arguments))
    except RunError as error:
        answer = {"code": -1, "said": error.brief}
    if answer["code"] not in (0, EXIT_WRECKED, EdgekitError.exit_code):
        shutil.rmtree(out, ignore_errors=True)
        answer = command(arguments)
    return {**answer, "out": str(out)}


def command(arguments: list[str]) -> dict[str, Any]:
    """`edgekit convert` in a process of its own; like `sweep_worker.convert`."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "edgekit", "convert", *arguments],
            env=_ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMAND_S,
        )
    except subprocess.TimeoutExpired:
        return {"code": -1, "said": f"no end after {_COMMAND_S} s"}
    answer: dict[str, Any] = {"code": done.returncode, "said": done.stderr[-3000:]}
    if done.returncode == EdgekitError.exit_code:
        answer["error"] = _parsed(done.stderr)
    return answer


def _parsed(errors: str) -> dict[str, str]:
    fields = {"type": "EdgekitError", "rule": "", "received": "", "hint": ""}
    for line in errors.splitlines():
        for start, name in (
            ("Error: ", "rule"),
            ("  Received: ", "received"),
            ("  Hint: ", "hint"),
        ):
            if line.startswith(start):
                fields[name] = line.removeprefix(start)
    return fields


def _judged(
    worker: Worker, recipe: str, answer: dict[str, Any], folder: Path, expected: bool
) -> Judged:
    """What edgekit came to; a quantized file with `GOOD_DB` is right whatever others make of it."""
    if answer["code"] == EdgekitError.exit_code and "error" in answer:
        error = answer["error"]
        message = " ".join(filter(None, (error["rule"], error["received"])))
        return Judged(
            verdict="refused", message=message, hint=error["hint"] or "", kind=error["type"]
        )
    said = answer.get("said", "")[-1500:]
    if answer["code"] not in (0, EXIT_WRECKED):
        return Judged(verdict="failed", message=f"exit {answer['code']}: {said}")
    if not expected:
        return Judged(verdict="failed", message="the source model does not run, or has no samples")
    file = Path(answer["out"]) / f"{answer.get('stem', 'm')}.{recipe}.tflite"
    try:
        db = worker.do("judge", file=str(file), folder=str(folder))
    except (MakeError, RunError) as error:
        return Judged(verdict="failed", message=f"the file does not run: {str(error)[-600:]}")
    if db >= (LEAST_FLOAT_DB if recipe == FLOAT else GOOD_DB):
        return Judged(verdict="right", db=db)
    if answer["code"] == EXIT_WRECKED and recipe in said:
        lost = _LOST.search(said)
        hint = lost.group(1) if lost else ""
        return Judged(verdict="refused", db=db, message=said, hint=hint, kind="wrecked")
    return Judged(verdict="failed", db=db, message=f"{db:.1f} dB from the source model")


def _without_peer(recipe: str, judged: Judged) -> Judged:
    """Of a `.tflite` TensorFlow makes no file: a quantized one is held to what TensorFlow's is."""
    if recipe == FLOAT or judged.verdict != "failed" or judged.db is None:
        return judged
    return replace(judged, verdict="right", message="") if judged.db >= _LEAST_PEER_DB else judged


def _needs_peer(recipe: str, judged: Judged, source: dict[str, Any]) -> bool:
    """TensorFlow's float file is always asked for, a quantized one where edgekit's is poor."""
    if source["model"].endswith(".tflite") or recipe not in _PEER_RECIPES:
        return False
    if recipe == "static_wi8_ai8" and source["samples"] is None:
        return False
    return recipe == FLOAT or judged.verdict != "right"


def _peer(worker: Worker, source: dict[str, Any], recipe: str, folder: Path) -> Judged:
    try:
        result = worker.do("tensorflow", source=source, recipe=recipe, folder=str(folder))
    except RunError as error:
        return Judged(verdict="failed", message=error.brief)
    right = result["db"] >= (LEAST_FLOAT_DB if recipe == FLOAT else _LEAST_PEER_DB)
    return Judged(verdict="right" if right else "failed", db=result["db"], message=result["why"])


def _beside(judged: Judged, peer: Judged) -> Judged:
    """A quantized file that is about as near as TensorFlow's is right: rounding costs no less."""
    if judged.verdict != "failed" or judged.db is None or peer.db is None:
        return judged
    least = peer.db - LESS_THAN_PEER_DB if peer.db > WRONG_DB else _LEAST_PEER_DB
    return replace(judged, verdict="right", message="") if judged.db >= least else judged


def remove(folder: Path) -> None:
    """Delete what a case has written."""
    with suppress(OSError):
        shutil.rmtree(folder)
