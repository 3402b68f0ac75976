"""Files made by every method, each in processes of its own, and what each of them is worth.

A tool that fails or crashes is a result like any other: it becomes the outcome's `failure`.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks import watch
from benchmarks.quantization_bars import (
    DEFAULT,
    DEFAULT_INT4,
    DYNAMIC,
    DYNAMIC_INT4,
    FLOAT,
    INTEGERS,
    LITERT_INT4,
    LITERT_STATIC,
    PLAIN,
    REPAIRED,
    STATIC_INT4,
    STATIC_METHODS,
    TENSORFLOW,
    WITHIN_410_KB,
    Outcome,
)
from edgekit import tflite
from edgekit.core.errors import EXIT_GATE_FAILED, EXIT_INTERNAL, EdgekitError
from edgekit.core.records import BenchmarkOptions, Contract, Limits, Target
from edgekit.data import sources
from edgekit.data.samples import Samples
from edgekit.measure import accuracy, fidelity
from edgekit.pipeline.benchmark import benchmark
from edgekit.runtimes.parallel import ParallelSession

PEERS = Path(__file__).with_name("peers")
STATIC, INT4 = "static_wi8_ai8", "weight_only_wi4_afp32"
PLAIN_FLAGS = ("--rounding", "nearest", "--no-bias-correction")
REPAIR_FLAGS = ("--max-loss", "0.01")
# Recipe and further flags of edgekit's methods.
EDGEKIT: dict[str, tuple[str, ...]] = {
    PLAIN: (STATIC, *PLAIN_FLAGS),
    DEFAULT: (STATIC,),
    REPAIRED: (STATIC, *REPAIR_FLAGS),
    DEFAULT_INT4: (INT4,),
    STATIC_INT4: ("static_wi4_ai8",),
    WITHIN_410_KB: ("static_wi4_ai8", "--to-bytes", "410kB"),
    DYNAMIC: ("dynamic_wi8_afp32",),
    INTEGERS: (STATIC, "--for", "npu"),
    DYNAMIC_INT4: ("dynamic_wi4_afp32",),
}
LITERT = {LITERT_STATIC: STATIC, LITERT_INT4: INT4}
JOBS = 2
MAX_SECONDS = 3600.0  # of one command; none should come near


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One model with its samples, and the folder for all that is made of it."""

    item: str
    model: Path
    calib: Path
    eval: Path
    metric: str | None
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A file, or None where there is none, with what making it cost and said."""

    path: Path | None
    outcome: Outcome


def export(task: Task) -> Made:
    """The float file of edgekit: what both quantizers start from, and the reference of all."""
    out = _empty(task.folder / FLOAT)
    command = ["convert", str(task.model), "--recipe", "float32", "-o", str(out), "--name", "m"]
    return _edgekit(FLOAT, [*command, "--calibration", str(task.calib)], out)


def make(task: Task, method: str, float_file: Path) -> Made:
    """The file that `method` makes, in `task.folder/METHOD`."""
    out = _empty(task.folder / method)
    if method in EDGEKIT:
        recipe, *flags = EDGEKIT[method]
        command = ["convert", str(float_file), "--recipe", recipe, *flags, "-o", str(out)]
        return _edgekit(method, [*command, "--name", "m", "--calibration", str(task.calib)], out)
    path = out / f"{method}.tflite"
    if method == TENSORFLOW:
        command = [str(PEERS / "quantize_tensorflow.py"), str(task.model), str(task.calib)]
    else:
        command = [str(PEERS / "quantize_litert.py"), str(float_file), str(task.calib)]
        command.append(LITERT[method])
    return _peer(method, [*command, str(path)], path)


def _empty(folder: Path) -> Path:
    """A folder without files of an earlier run, which would pass for this one's."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.tflite"), *folder.glob("*.json"), *folder.glob("*.npz")]:
        old.unlink()
    return folder


def _edgekit(method: str, arguments: list[str], out: Path) -> Made:
    command = [sys.executable, "-m", "edgekit.cli.main", *arguments, "--force", "--json"]
    failure = ""
    try:
        cost = watch.run(command, timeout=MAX_SECONDS)
    except watch.Failed as failed:
        cost, failure = failed.cost, reason(failed)
        # With --max-loss, 1 means: here is the file, but the bound does not hold.
        if failed.code != EXIT_GATE_FAILED:
            return Made(path=None, outcome=_outcome(method, cost, {}, failure))
    made = [path for path in sorted(out.glob("*.tflite")) if not _is_float(path, method)]
    path = made[0] if len(made) == 1 else None
    if path is None:
        failure = failure or f"{len(made)} files instead of one"
    return Made(path=path, outcome=_outcome(method, cost, stages(cost), failure))


def _is_float(path: Path, method: str) -> bool:
    return method != FLOAT and path.name.endswith(".float32.tflite")


def _peer(method: str, arguments: list[str], path: Path) -> Made:
    try:
        cost = watch.run([sys.executable, *arguments], timeout=MAX_SECONDS)
    except watch.Failed as failed:
        return Made(path=None, outcome=_outcome(method, failed.cost, {}, reason(failed)))
    seconds: dict[str, float] = json.loads(cost.output.splitlines()[-1])
    return Made(path=path, outcome=_outcome(method, cost, seconds, ""))


def _outcome(method: str, cost: watch.Cost, seconds: Mapping[str, float], failure: str) -> Outcome:
    return Outcome(
        method=method,
        seconds=cost.seconds,
        peak_bytes=cost.peak_bytes,
        stages=dict(seconds),
        failure=failure,
    )


def reason(failed: watch.Failed) -> str:
    """Why a command failed, in a few words: how it crashed, or its own error."""
    if failed.code is None:
        return f"no answer in {failed.cost.seconds:.0f} s"
    if failed.code < 0:
        return f"crashes ({signal.Signals(-failed.code).name})"
    lines = [line.strip() for line in failed.errors.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("Error:")] or lines[-1:]
    if failed.code == EXIT_INTERNAL and len(lines) > 1:  # the reason is what Python said before
        said = lines[-2:-1]
    return f"fails: {said[0].removeprefix('Error:').strip()[:160]}" if said else "fails"


def stages(cost: watch.Cost) -> dict[str, float]:
    """Seconds of each step that `edgekit convert` told of; a step ends where the next begins.

    A step's name is the first word of its line: `calibrating on 192 samples` and
    `calibrating: ranges` are one.
    """
    told = [(at, line) for at, line in cost.said if line.startswith("edgekit: ")]
    found: dict[str, float] = {}
    for (at, line), (end, _) in pairwise((*told, (cost.seconds, ""))):
        name = line.removeprefix("edgekit: ").split()[0].rstrip(":")
        found[name] = found.get(name, 0.0) + end - at
    return found


class Judge:
    """Measures files of one task against its float file, all on the same samples.

    Args:
        task: The model and its evaluation samples.
        float_file: The reference.
        limit: Draw that many samples; all by default.

    Raises:
        EdgekitError: The float file itself cannot run.
    """

    def __init__(self, task: Task, float_file: Path, limit: int | None = None) -> None:
        self.contract: Contract = tflite.contract(float_file)
        self.samples: Samples = sources.load(
            str(task.eval), self.contract, purpose="evaluation", limit=limit
        )
        self.float_file, self.metric, self.quick = float_file, task.metric, limit is not None
        self.reference = self._run(float_file)

    def measure(self, made: Made) -> Outcome:
        """The outcome with metric, SQNR, size and latency, or with why it has none."""
        if made.path is None:
            return made.outcome
        outcome = replace(made.outcome, size_bytes=made.path.stat().st_size)
        try:
            if outcome.method in STATIC_METHODS[1:]:
                outcome = replace(outcome, left_float=left_float(made.path))
            is_float = made.path == self.float_file
            outputs = self.reference if is_float else self._run(made.path)
            compared = fidelity.compare(self.reference, outputs, self.contract)
            found = {metric.name: metric.value for metric in compared}
            if self.metric is None:
                value = None if is_float else found.get("agreement")
            else:
                value = accuracy.measure(self.metric, outputs, self.samples, self.contract).value
            outcome = replace(outcome, metric=value, sqnr_db=None if is_float else found["sqnr_db"])
            if not is_float:
                outcome = replace(outcome, latency_ratio=self._latency_ratio(made.path))
        except EdgekitError as error:
            said = f"{error.rule} {error.received or ''}".strip()[:160]
            outcome = replace(outcome, failure=f"{outcome.failure} does not run: {said}".strip())
        return outcome

    def _run(self, path: Path) -> dict[str, np.ndarray]:
        """Outputs by the float file's names, whatever the file calls its own."""
        contract = tflite.contract(path)
        given = renamed(self.samples.inputs, [spec.name for spec in contract.inputs])
        session = ParallelSession(path, Target(), JOBS, limits=Limits())
        try:
            outputs = session.run(given)
        finally:
            session.close()
        return renamed(outputs, [spec.name for spec in self.contract.outputs])

    def _latency_ratio(self, path: Path) -> float | None:
        options = BenchmarkOptions()
        if self.quick:
            options = BenchmarkOptions(warmup_runs=2, num_runs=10, num_processes=1, min_seconds=0.0)
        timed = benchmark([self.float_file, path], reference=self.float_file, options=options)
        ratio = timed[1].metric("latency_ratio")
        return ratio.value if ratio else None


def left_float(path: Path) -> tuple[int, int]:
    """How many operators give floats, of how many; bridges between types do not count."""
    every = [
        op
        for op in tflite.operators(tflite.read(path.read_bytes()))
        if op.name not in ("QUANTIZE", "DEQUANTIZE")
    ]
    floats = [op for op in every if any(out.dtype == "float32" for out in op.outputs)]
    return len(floats), len(every)


def renamed(arrays: Mapping[str, np.ndarray], names: list[str]) -> dict[str, np.ndarray]:
    """Arrays under other names, where there is one of both; else as they are."""
    if len(arrays) == len(names) == 1:
        return {names[0]: next(iter(arrays.values()))}
    return dict(arrays)
