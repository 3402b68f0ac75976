"""The seam between processes: records go in, records come out, errors keep their class."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import subprocess
import sys
import time
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from edgekit.core import isolate
from edgekit.core.errors import BoundNotHeld, DataError, InternalError, OutputError, RunError
from edgekit.core.isolate import Stage
from edgekit.core.recipes import RECIPES
from edgekit.core.records import Limits, Recipe
from tests.house.source import ROOT
from tests.stages import calls, passed, stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A record in a record."""

    size: int
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A field of every kind that stages use."""

    path: Path
    text: str
    number: float
    flag: bool
    kind: Literal["a", "b"] = "a"
    nothing: Path | None = None
    something: Path | None = None
    inner: Inner
    many: tuple[Inner, ...] = ()
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    by_name: Mapping[str, Inner] = field(default_factory=dict)
    none_or_empty: Mapping[str, int] | None = None
    recipe: Recipe


MESSAGE = Message(
    path=Path("a folder") / "a.npz",
    text="ÄÖ \u2028 'quoted'",
    number=math.inf,
    flag=False,
    kind="b",
    something=Path("b"),
    inner=Inner(size=1, shape=(1, -1)),
    many=(Inner(size=2), Inner(size=3)),
    shapes={"x": (1, 2), "y": ()},
    by_name={"z": Inner(size=2**40)},
    none_or_empty={},
    recipe=RECIPES["static_wi8_ai8"],
)


def echo(request: Message, report: isolate.Progress) -> Message:
    """What it was given; runs in a child."""
    report(f"{type(request).__name__} {type(request.path).__name__}")
    return request


def refuse(request: Message, report: isolate.Progress) -> Message:
    """Raise the error that `text` names; runs in a child."""
    errors = {
        "bound": BoundNotHeld("The bound must hold.", received="1", hint="allow more."),
        "data": DataError("The data could not be read.", received="none"),
        "system": OSError(28, "No space left on device"),
        "library": OSError("no number"),
        "mistake": KeyError("unforeseen"),
    }
    raise errors[request.text]


def call(function: str, request: Message, **options) -> Message:
    stage = Stage(f"tests.core.test_isolate:{function}", Message, Message)
    env = {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    return isolate.call(
        stage, request, name="The child", limits=Limits(seconds=60), env=env, **options
    )


def test_a_record_of_every_kind_of_field_comes_back_as_it_went():
    lines: list[str] = []
    assert call("echo", MESSAGE, on_progress=lines.append) == MESSAGE
    assert len(lines) == 1
    assert lines[0] == f"Message {type(Path()).__name__}"


@pytest.mark.parametrize(
    ("text", "kind"), [("bound", BoundNotHeld), ("data", DataError), ("system", OutputError)]
)
def test_an_error_of_the_child_is_the_same_error_here(text, kind):
    with pytest.raises(kind) as caught:
        call("refuse", dataclasses.replace(MESSAGE, text=text))
    assert type(caught.value) is kind
    if text == "bound":
        assert caught.value.received == "1"
        assert caught.value.hint == "allow more."
        assert caught.value.exit_code == BoundNotHeld("x").exit_code


@pytest.mark.parametrize("text", ["library", "mistake"])
def test_what_nobody_foresaw_is_a_mistake_of_edgekit(text):
    with pytest.raises(InternalError, match="Error"):
        call("refuse", dataclasses.replace(MESSAGE, text=text))


def test_a_child_that_takes_too_long_is_a_run_error():
    stage = Stage("tests.core.test_isolate:sleep", Message, Message)
    env = {"PYTHONPATH": str(ROOT)}
    with pytest.raises(RunError):
        isolate.call(stage, MESSAGE, name="The child", limits=Limits(seconds=0.5), env=env)


def sleep(request: Message, report: isolate.Progress) -> Message:
    """Longer than anybody waits; runs in a child."""
    time.sleep(60)
    return request


def test_stages_are_found():
    assert {"EXPORT", "IMPORT", "PRUNE", "TRAIN", "QUANTIZE", "KEEP", "LAYER_ERRORS"} <= set(
        stages()
    )


def test_every_stage_is_called_and_nothing_else_is():
    called = {name for module in ("isolate", "onednn") for _, name in calls(module)}
    # A function that serves several stages takes the stage, in lower case, from its callers.
    assert {name for name in called if name.isupper()} <= set(stages())
    assert set(stages()) <= passed()


CHECK = """
import importlib, json, sys, typing
wrong = []
for place in json.loads(sys.argv[1]):
    module, _, name = place["target"].partition(":")
    function = getattr(importlib.import_module(module), name)
    hints = typing.get_type_hints(function)
    given = [hint for key, hint in hints.items() if key != "return"]
    wanted = [f"{h.__module__}:{h.__qualname__}" for h in (given[0], hints["return"])]
    if wanted != [place["request"], place["result"]] or len(given) != 2:
        wrong.append([place, wanted])
print(json.dumps(wrong))
"""


def test_functions_are_annotated_with_the_records_of_their_stage():
    """In a child: what they import is nothing for pytest's own process."""
    places = [
        {
            "target": stage.target,
            "request": f"{stage.request.__module__}:{stage.request.__qualname__}",
            "result": f"{stage.result.__module__}:{stage.result.__qualname__}",
        }
        for stage in stages().values()
    ]
    ended = subprocess.run(
        [sys.executable, "-c", CHECK, json.dumps(places)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "[]"


def test_requests_and_results_are_frozen_records():
    for name, stage in stages().items():
        for record in (stage.request, stage.result):
            assert dataclasses.is_dataclass(record), name
            assert record.__dataclass_params__.frozen, name


def records() -> list[type]:
    """All records in the messages of stages, however deep."""
    found: dict[type, None] = {}

    def look_at(kind: object) -> None:
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind not in found:
            found[kind] = None
            for hint in typing.get_type_hints(kind).values():
                look_at(hint)
        elif typing.get_origin(kind) is not Literal:
            for part in typing.get_args(kind):
                look_at(part)

    for stage in stages().values():
        look_at(stage.request)
        look_at(stage.result)
    return list(found)


def test_no_field_of_a_message_is_of_any_type():
    found = [
        f"{record.__name__}.{name}"
        for record in records()
        for name, hint in typing.get_type_hints(record).items()
        if "typing.Any" in repr(hint) or hint in (dict, list, tuple, object)
    ]
    assert found == []


def test_a_field_that_may_be_none_is_none_when_nothing_is_said():
    """`serde` leaves a None out, so without that default the other side would miss the key."""
    found = [
        f"{record.__name__}.{f.name}"
        for record in records()
        for f in dataclasses.fields(record)
        if type(None) in typing.get_args(typing.get_type_hints(record)[f.name])
        and f.default is not None
    ]
    assert found == []
