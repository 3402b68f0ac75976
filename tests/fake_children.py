"""Children that are functions of the test: a pipeline runs in a second, without TensorFlow.

What a stage is asked and answers still passes `serde` and JSON, as between real processes.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from edgekit.core import isolate, onednn, serde
from edgekit.core.isolate import Stage
from edgekit.core.process import silent

Request = TypeVar("Request")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Call:
    """One call of a stage: what it was asked, and how its child would have been held."""

    stage: Stage[Any, Any]
    request: Any
    options: dict[str, Any]


@dataclass
class FakeChildren:
    """Answers for stages, and the calls that were made.

    Attributes:
        calls: In their order.
    """

    calls: list[Call] = field(default_factory=list)
    _functions: dict[str, Callable[[Any], Any]] = field(default_factory=dict)

    def answer(self, stage: Stage[Request, Result], function: Callable[[Request], Result]) -> None:
        """Let a function of the test answer a stage."""
        self._functions[stage.target] = function

    def run_here(self, *stages: Stage[Any, Any]) -> None:
        """Let the stages' own functions answer, in this process."""
        for stage in stages:
            module, _, name = stage.target.partition(":")
            function = getattr(importlib.import_module(module), name)
            self._functions[stage.target] = lambda request, run=function: run(request, silent)

    def requests(self, stage: Stage[Request, Any]) -> list[Request]:
        """What a stage was asked, each time."""
        return [call.request for call in self.calls if call.stage is stage]

    def call(self, stage: Stage[Any, Any], request: Any, **options: Any) -> Any:
        """In place of `isolate.call` and `onednn.call`."""
        assert isinstance(request, stage.request), (stage, request)
        request = _through_json(stage.request, request)
        self.calls.append(Call(stage, request, options))
        result = self._functions[stage.target](request)
        assert isinstance(result, stage.result), (stage, result)
        return _through_json(stage.result, result)


def _through_json(kind: type[Any], record: Any) -> Any:
    return serde.from_dict(kind, json.loads(json.dumps(serde.to_dict(record))))


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> FakeChildren:
    """Stages that the test answers; one that it does not is a KeyError."""
    fake = FakeChildren()
    monkeypatch.setattr(isolate, "call", fake.call)
    monkeypatch.setattr(onednn, "call", fake.call)
    return fake
