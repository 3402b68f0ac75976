"""Models of every kind through edgekit, and through TensorFlow's converter beside it.

`python benchmarks/coverage.py --part layers --part ops --part applications --part hub --part
fixtures`. A part is a module `coverage_NAME.py` beside this one, with `cases() -> list[Case]` (see
`sweep`). A case is *right* where the float file is within 80 dB of the source model and every
quantized one is finite and about as near as TensorFlow's, *refused* where edgekit ends with exit
code 2, and *failed* where anything else happened. Outcomes are kept in --work, one JSON each, and
not computed again; delete one to have it anew. With --write the table goes to RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import queue
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks import results, sweep_run, sweep_table
from benchmarks.sweep import Judged, Outcome
from edgekit.core import serde
from edgekit.core.errors import RunError

PARTS = ("layers", "ops", "applications", "hub", "fixtures", "refusals")


def sweep(
    parts: Sequence[str],
    work: Path,
    *,
    every: int = 1,
    only: str = "",
    limit_seconds: float | None = None,
    jobs: int = 1,
    keep: bool = False,
    float_only: bool = False,
) -> list[Outcome]:
    """Run what is not known yet, and return all that is known, in the parts' order.

    Args:
        parts: Names of modules `coverage_NAME.py`.
        work: Where outcomes are kept, in a folder for each part.
        every: Only each so many-th case, from the first.
        only: A regular expression that a case's name must hold.
        limit_seconds: Begin no further case after this time.
        jobs: Children at once.
        keep: Leave the models and files of the cases there.
        float_only: Make float files only, with TensorFlow's beside where one is not right.

    Raises:
        sweep_run.MakeError: A case's own `make` failed; the others have been run.
    """
    deadline = time.monotonic() + (limit_seconds or float("inf"))
    workers = [sweep_run.Worker() for _ in range(jobs)]
    faults: list[str] = []
    try:
        wanted: list[tuple[str, dict[str, Any]]] = []
        for part in parts:
            named = workers[0].do("names", part=part)
            if isinstance(named, str):
                print(f"{part}: SKIPPED: {named}", flush=True)
                continue
            wanted += [(part, case) for case in named[::every] if re.search(only, case["name"])]
        waiting: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        for part, case in wanted:
            if not _file(work, part, case["name"]).exists():
                plain = {"recipes": case["recipes"][:1], "sparing": True} if float_only else {}
                waiting.put((part, {**case, **plain}))

        def serve(worker: sweep_run.Worker) -> None:
            while time.monotonic() < deadline and not waiting.empty():
                with suppress(queue.Empty):
                    part, case = waiting.get_nowait()
                    try:
                        _one(worker, part, case, work, keep)
                    except (sweep_run.MakeError, RunError) as error:
                        faults.append(f"{part}/{case['name']}: {error}")

        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(serve, workers))
    finally:
        for worker in workers:
            worker.close()
    outcomes = list(_known(work, wanted))
    if faults:
        error = sweep_run.MakeError("\n".join(faults))
        error.outcomes = tuple(outcomes)
        raise error
    return outcomes


def _one(worker: sweep_run.Worker, part: str, case: dict[str, Any], work: Path, keep: bool) -> None:
    folder = work / part / _safe(case["name"])
    shutil.rmtree(folder, ignore_errors=True)
    outcome = sweep_run.run(worker, part, case, folder)
    if not keep:
        sweep_run.remove(folder)
    serde.write_atomic(_file(work, part, case["name"]), json.dumps(asdict(outcome), indent=1))
    said = ", ".join(f"{r} {j.verdict} {_db(j)}" for r, j in outcome.edgekit.items())
    peers = ", ".join(f"{j.verdict} {_db(j)}" for j in outcome.tensorflow.values())
    print(f"{part}/{case['name']}: {said} | {peers} | {outcome.seconds:.1f} s", flush=True)


def _db(judged: Judged) -> str:
    return "" if judged.db is None else f"{judged.db:.0f} dB"


def _file(work: Path, part: str, case: str) -> Path:
    return work / part / f"{_safe(case)}.json"


def _safe(name: str) -> str:
    return re.sub(r"[^\w.\-]", "_", name)


def _known(work: Path, wanted: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[Outcome]:
    for part, case in wanted:
        file = _file(work, part, case["name"])
        if file.exists():
            fields = json.loads(file.read_text(encoding="utf-8"))
            for side in ("edgekit", "tensorflow"):
                fields[side] = {r: Judged(**j) for r, j in fields[side].items()}
            yield Outcome(**fields)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 1 where a case failed, or could not be made."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", action="append", help=f"repeatable [default: {', '.join(PARTS)}]")
    parser.add_argument("--work", type=Path, default=Path("out/coverage"))
    parser.add_argument("--every", type=int, default=1, help="each so many-th case only")
    parser.add_argument("--only", default="", help="a regular expression for names of cases")
    parser.add_argument("--limit-seconds", type=float, help="begin no case after this time")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--float-only",
        action="store_true",
        help="float files alone; TensorFlow's where one is not right",
    )
    parser.add_argument("--keep", action="store_true", help="leave models and files in --work")
    parser.add_argument("--write", action="store_true", help="write the table to RESULTS.md")
    asked = parser.parse_args(arguments)
    parts = asked.part or list(PARTS)
    for part in parts:
        if not Path(__file__).with_name(f"coverage_{part}.py").exists():
            parser.error(f"there is no part {part}: coverage_{part}.py is missing")
    broken = ""
    try:
        outcomes = sweep(
            parts,
            asked.work.resolve(),
            every=asked.every,
            only=asked.only,
            limit_seconds=asked.limit_seconds,
            jobs=asked.jobs,
            keep=asked.keep,
            float_only=asked.float_only,
        )
    except sweep_run.MakeError as error:
        outcomes, broken = list(error.outcomes), str(error)
    text = sweep_table.report(outcomes)
    print(text)
    if asked.write:
        results.write_section("Coverage", f"{_INTRODUCTION}\n\n{text}")
    if broken:
        print(f"Cases that could not be made:\n{broken}", file=sys.stderr)
    return int(bool(broken) or any(outcome.verdict == "failed" for outcome in outcomes))


_INTRODUCTION = (
    "Models of every kind through `edgekit convert` (benchmarks/coverage.py). Right: the float "
    "file is within 80 dB of the source model, and each quantized file is finite and no more than "
    "3 dB behind TensorFlow's, or has 30 dB. Refused: exit code 2. Failed: anything else. "
    "TensorFlow: its own converter on a concrete function with a batch of 1, or by `ExportArchive`."
)

if __name__ == "__main__":
    sys.exit(main())
