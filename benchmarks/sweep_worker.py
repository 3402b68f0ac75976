"""The child of a sweep: makes models, runs edgekit and TensorFlow's converter on them.

`python sweep_worker.py` speaks the line protocol of `edgekit.core.process`. TensorFlow is imported
once for many cases. edgekit's own command line is called in here, with one difference: its stages
run in this process in place of a child each, which would import TensorFlow anew. What goes wrong
here is tried again by the command itself (`coverage.py`), so that this difference decides nothing.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import itertools
import json
import os
import sys
import traceback
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks import sweep_files, sweep_hints
from benchmarks.sweep import LEAST_FLOAT_DB, Case, Skipped, Source

# Samples on which files are judged.
_JUDGED = 12


@cache
def _cases(part: str) -> dict[str, Case]:
    found = importlib.import_module(f"benchmarks.coverage_{part}").cases()
    named = {case.name: case for case in found}
    assert len(named) == len(found), f"two cases of {part} have one name"
    return named


def names(part: str) -> list[dict[str, Any]] | str:
    """The cases of a part, without what makes them; or the reason why the part is skipped."""
    try:
        found = _cases(part)
    except Skipped as reason:
        return str(reason)
    fields = ("name", "recipes", "options", "peer", "written_model")
    return [{field: getattr(case, field) for field in fields} for case in found.values()]


def make(part: str, case: str, folder: str) -> dict[str, Any]:
    """Write a case's model."""
    source = _cases(part)[case].make(Path(folder))
    return {k: None if v is None else str(v) for k, v in asdict(source).items()}


def convert(words: list[str]) -> dict[str, Any]:
    """`edgekit convert` with these words: its exit code, and the error as a dictionary."""
    from edgekit.cli.main import cli
    from edgekit.core import isolate
    from edgekit.core.errors import EdgekitError

    isolate.call = _call_here  # type: ignore[assignment]
    told = io.StringIO()
    try:
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            code = cli.main(["convert", *words], prog_name="edgekit", standalone_mode=False)
        return {"code": int(code or 0), "said": told.getvalue()}
    except EdgekitError as error:
        return {"code": error.exit_code, "error": error.to_dict()}
    except Exception:
        return {"code": 70, "said": traceback.format_exc()}
    finally:
        _forget()


def _call_here(stage: Any, request: Any, *, on_progress: Any = None, **options: Any) -> Any:
    """In place of `isolate.call`: the stage's own function, in this process."""
    from edgekit.core import serde
    from edgekit.core.process import silent

    module, _, name = stage.target.partition(":")
    work = getattr(importlib.import_module(module), name)
    sent = serde.from_dict(stage.request, json.loads(json.dumps(serde.to_dict(request))))
    result = work(sent, on_progress or silent)
    return serde.from_dict(stage.result, json.loads(json.dumps(serde.to_dict(result))))


def expect(source: dict[str, str | None], golden: str | None, out: str) -> None:
    """Put samples, and what the source model computes for them, where `judge` looks for them."""
    found = Source(**{k: None if v is None else Path(v) for k, v in source.items()})
    samples = _samples(found.samples or Path(str(golden)))
    if found.expected is not None:
        expected = {n: v[:_JUDGED] for n, v in np.load(found.expected).items()}
    else:
        expected = _source_outputs(found.model, samples)
    np.savez(Path(out) / "samples.npz", **samples)
    np.savez(Path(out) / "expected.npz", **expected)


def _source_outputs(model: Path, samples: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if model.suffix == ".tflite":
        return sweep_files.run(model, samples)
    from benchmarks import sweep_peer

    return sweep_peer.Model(model).outputs(samples)


def judge(file: str, folder: str) -> float:
    """How near a file's outputs are to what `expect` found, in decibels."""
    samples = dict(np.load(Path(folder) / "samples.npz"))
    expected = dict(np.load(Path(folder) / "expected.npz"))
    return sweep_files.nearness_db(expected, sweep_files.run(Path(file), samples))


def tensorflow(source: dict[str, str | None], recipe: str, folder: str) -> dict[str, Any]:
    """What TensorFlow's converter comes to: `db`, or `failed` with the reason of its last way."""
    from benchmarks import sweep_peer

    samples = dict(np.load(Path(folder) / "samples.npz"))
    expected = dict(np.load(Path(folder) / "expected.npz"))
    calibration = dict(np.load(str(source["samples"]))) if source["samples"] else None
    best, why = sweep_files.WRONG_DB, ""
    try:
        model = sweep_peer.Model(Path(str(source["model"])))
        for way in model.converters():
            try:
                content, outputs = model.convert(way, recipe, calibration)
                found = sweep_files.run(content, model.by_place(samples))
                named = {outputs[int(n.rpartition("_")[2])]: v for n, v in found.items()}
                best = max(best, sweep_files.nearness_db(expected, named))
            except Exception as error:
                why = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            if best >= LEAST_FLOAT_DB:
                break
    except Exception as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    finally:
        _forget()
    return {"db": best, "why": why}


def _samples(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        # Golden samples of edgekit hold outputs as well.
        golden = [name for name in file.files if name.startswith("input/")]
        names = golden or file.files
        return {name.removeprefix("input/"): file[name][:_JUDGED] for name in names}


def _forget() -> None:
    import keras

    keras.backend.clear_session()
    gc.collect()


def carry_out(
    model: str, recipe: str, words: list[str], hint: str, received: str, folder: str
) -> str:
    """What doing as the hint of a refusal says came to (see `sweep_hints`)."""
    tries = itertools.count()

    def again(arguments: list[str]) -> dict[str, Any]:
        out = Path(folder) / f"hint-{next(tries)}"
        return convert(["-o", str(out), "--name", "m", *arguments])

    samples = next(Path(folder).glob("samples*.npz"), None)
    refused = sweep_hints.Refused(Path(model), recipe, words, received, samples)
    return sweep_hints.carry_out(hint, refused, again)


_JOBS = {f.__name__: f for f in (names, make, convert, expect, judge, tensorflow, carry_out)}


def main() -> None:
    """Serve until standard input closes."""
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        try:
            payload = {"value": _JOBS[request.pop("do")](**request)}
        except Exception:
            payload = {"error": traceback.format_exc()}
        answers.write(json.dumps({"result": payload}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
