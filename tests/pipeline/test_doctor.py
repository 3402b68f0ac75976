"""What is installed, and the command that fixes what is not."""

from __future__ import annotations

import importlib.util
import json
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgekit.cli.doctor_command import doctor as command
from edgekit.core.errors import EnvironmentFailure, WorkerCrashed
from edgekit.pipeline import doctor
from edgekit.pipeline.doctor import Finding
from edgekit.runtimes.environments import Environment
from edgekit.runtimes.worker.worker_serve import Greeting

OLD = Environment(
    runtime="tflite-runtime",
    version="2.14.0",
    python="/nowhere/python",
    python_version="3.11",
    numpy="1.26",
)


class Worker:
    """A worker that starts and answers."""

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.environments, "list_environments", lambda: [OLD])
    monkeypatch.setattr(doctor.environments, "python_for", lambda target: Path("python"))
    monkeypatch.setattr(doctor.local, "start", lambda *_, **__: Worker())
    versions = Greeting(runtime="litert", version="2.1", python="3.12", numpy="2.2")
    monkeypatch.setattr(doctor.local, "ask", lambda worker, request, answer: versions)


def findings() -> dict[str, Finding]:
    return {one.what: one for one in doctor.doctor()}


def test_every_package_and_runtime_is_looked_at():
    found = findings()
    assert {"python", "landlock", "numpy", "ai-edge-litert", "tensorflow", "keras"} <= set(found)
    assert found["litert"].detail == "2.1 on Python 3.12, NumPy 2.2"
    assert found["litert"].ok and found[OLD.label].ok
    assert all(one.fix is None for one in found.values() if one.ok)


def test_a_package_that_is_missing_is_installed_with_edgekit(monkeypatch):
    real = metadata.version

    def version(name: str) -> str:
        if name == "scipy":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    one = findings()["scipy"]
    assert (one.ok, one.detail, one.fix) == (
        False,
        "not installed",
        "pip install . in the checkout",
    )


def test_without_keras_models_cannot_be_converted(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    one = findings()["keras"]
    assert not one.ok and ".tflite files can" in one.detail
    assert one.fix is not None and "[convert]" in one.fix


def test_a_runtime_that_does_not_start_says_why(monkeypatch):
    def start(*_: object, **__: object) -> Worker:
        raise WorkerCrashed("The worker must start.", received="no /nowhere/python")

    monkeypatch.setattr(doctor.local, "start", start)
    one = findings()[OLD.label]
    assert (one.ok, one.detail) == (False, "no /nowhere/python")
    assert one.fix == f"edgekit runtime add {OLD.label}"


def test_a_hint_is_the_fix(monkeypatch):
    def python_for(target: object) -> Path:
        raise EnvironmentFailure("It is installed.", hint="edgekit runtime add litert==2.1.0")

    monkeypatch.setattr(doctor.environments, "python_for", python_for)
    assert findings()["litert"].fix == "edgekit runtime add litert==2.1.0"


def test_the_old_runtime_is_offered_where_it_is_not_added(monkeypatch):
    monkeypatch.setattr(doctor.environments, "list_environments", list)
    one = findings()["tflite-runtime"]
    assert (one.ok, one.fix) == (False, "edgekit runtime add tflite-runtime==2.14.0")


def test_the_wall_is_said_to_be_there_or_not(monkeypatch):
    monkeypatch.setattr(doctor.sandbox, "abi", lambda: 4)
    monkeypatch.setattr(doctor.sandbox, "denies_network", lambda: True)
    assert findings()["landlock"].detail.endswith("and open no TCP connections")
    monkeypatch.setattr(doctor.sandbox, "abi", lambda: 0)
    assert not findings()["landlock"].ok


def test_the_command_shows_fixes_and_keeps_their_key_in_json(monkeypatch):
    monkeypatch.setattr(doctor.environments, "list_environments", list)
    shown = CliRunner().invoke(command, [])
    assert shown.exit_code == 0
    assert "fix: edgekit runtime add tflite-runtime==2.14.0" in shown.output
    plain = json.loads(CliRunner().invoke(command, ["--json"]).output)
    by_name = {one["what"]: one for one in plain}
    assert by_name["python"].keys() == {"what", "ok", "detail"}
    assert by_name["tflite-runtime"]["mend"] == "edgekit runtime add tflite-runtime==2.14.0"
