"""Damaged files of every format: each is read or refused, and none ends in a traceback.

`EDGEKIT_FUZZ_FILES` of each format, 100 by default; `make fuzz` draws 1,000.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgekit.core import isolate
from edgekit.core.errors import RunError
from edgekit.core.isolate import Stage
from edgekit.core.records import Limits
from tests.fuzz import doors, honest, honest_models

_FILES = int(os.environ.get("EDGEKIT_FUZZ_FILES", "100"))
# A fresh child now and then: what a library leaks or keeps of one file shall not hide the next.
_BATCH = 200
_LIMITS = Limits(seconds=20, memory_bytes=3 * 2**30)

pytestmark = [pytest.mark.convert, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def honest_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("honest")
    for name, make in honest.MAKERS.items():
        (folder / name).mkdir()
        make(folder / name)
    shutil.copytree(honest.SINGLE_OPERATORS, folder / "tflite")
    isolate.call(
        Stage("tests.fuzz.honest_models:make", dict, object),
        {"folder": str(folder)},
        name="The maker of models",
        writable=[folder],
        limits=Limits(),
    )
    return folder


def test_there_are_honest_files_of_every_format(honest_files: Path) -> None:
    made = {folder.name for folder in honest_files.iterdir()}
    assert made == {form.honest for form in doors.FORMATS.values()}
    assert made == {*honest.MAKERS, *honest_models.FORMATS, "tflite"}


@pytest.mark.parametrize("name", doors.FORMATS)
def test_damaged_files_are_read_or_refused(name: str, honest_files: Path) -> None:
    outcomes: Counter[str] = Counter()
    wrong = []
    for number, outcome in _outcomes(name, honest_files):
        outcomes[outcome if outcome in ("read", "refused", "stopped") else "wrong"] += 1
        if outcome not in ("read", "refused", "stopped"):
            wrong.append(f"{name} {number}: {outcome}")
    print(
        f"fuzz | {name} | {_FILES} | {outcomes['refused']} | {outcomes['read']} | "
        f"{outcomes['stopped']} | {outcomes['wrong']}"
    )
    assert not wrong, "\n".join(wrong[:5])
    assert outcomes["refused"], "no damage was seen at all"
    if doors.FORMATS[name].in_command:
        assert not outcomes["stopped"], "the command's own process reads this format"


def _outcomes(name: str, honest_files: Path) -> Iterator[tuple[int, str]]:
    """What became of each file. A child that ends is that file's doing: on with the next one."""
    start = 0
    while start < _FILES:
        stop = min(start + _BATCH, _FILES)
        seen: dict[int, str] = {}
        request = {"format": name, "start": start, "stop": stop, "honest": str(honest_files)}
        try:
            isolate.call(
                Stage("tests.fuzz.doors:read_all", dict, object),
                request,
                name="The reader",
                limits=_LIMITS,
                on_progress=lambda line, seen=seen: seen.update([json.loads(line)]),
                restart=True,
            )
        except RunError:
            last = max(seen, default=start)
            seen[last] = "stopped"
            stop = last + 1
        yield from seen.items()
        start = stop
