"""Environments for other runtime versions. pip and venv are replaced by tiny programs,
except in the contract suite, which makes the real tflite-runtime environment."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from edgekit.core.errors import EnvironmentFailure, UsageError
from edgekit.core.records import Target
from edgekit.runtimes import environments, find_python
from edgekit.runtimes.worker.worker_serve import Greeting

OLD = Target(runtime="tflite-runtime", version="2.14.0")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def fake_pip(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands are noted; `venv` makes a folder with a file in the place of its Python."""
    commands: list[list[str]] = []

    def call(command: list[str], rule: str) -> None:
        commands.append(command[1:])
        if "venv" in command:
            python = Path(command[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.touch()

    def hello(python: Path, target: Target) -> Greeting:
        return Greeting(target.runtime, target.version, "3.11.7", "1.26.4")

    monkeypatch.setattr(environments, "_call", call)
    monkeypatch.setattr(environments, "_hello", hello)
    monkeypatch.setattr(environments, "find_python", lambda *_, label: (Path("python3.11"), 11))
    monkeypatch.setattr(sys, "platform", "linux")
    return commands


@pytest.mark.parametrize(
    ("text", "runtime", "version"),
    [
        ("litert", "litert", ""),
        ("litert==2.1.0", "litert", "2.1.0"),
        ("litert==2.1.0rc1", "litert", "2.1.0rc1"),
        ("tflite-runtime", "tflite-runtime", ""),
        (" tflite-runtime == 2.14.0 ", "tflite-runtime", "2.14.0"),
    ],
)
def test_parse(text: str, runtime: str, version: str) -> None:
    assert environments.parse(text, 2) == Target(runtime=runtime, version=version, num_threads=2)
    assert environments.parse(environments.parse(text).label).version == version


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("litrt", "did you mean 'litert'?"),
        ("tflite-runtim", "did you mean 'tflite-runtime'?"),
        ("litert==", "for example litert==2.1.0"),
        ("litert==../../x", "for example litert==2.1.0"),
        ("tflite-runtime==latest", "for example tflite-runtime==2.14.0"),
    ],
)
def test_parse_refuses_others(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        environments.parse(text)
    assert caught.value.hint == hint


def test_the_default_runs_in_this_python() -> None:
    installed = environments.installed("ai-edge-litert")
    assert installed
    assert environments.python_for(Target()) == Path(sys.executable)
    assert environments.python_for(Target(version=installed)) == Path(sys.executable)


@pytest.mark.parametrize("target", [Target(version="2.1.0"), OLD])
def test_what_is_not_there_is_said_with_the_command_that_adds_it(target: Target) -> None:
    with pytest.raises(EnvironmentFailure) as caught:
        environments.python_for(target)
    assert caught.value.hint == f"edgekit runtime add {target.label}"


def test_numpy_decides_whether_this_python_can_run_tflite_runtime(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    versions = {"tflite-runtime": "2.14.0", "numpy": "1.26.4"}
    monkeypatch.setattr(environments, "installed", versions.get)
    assert environments.python_for(OLD) == Path(sys.executable)
    versions["numpy"] = "2.1.0"
    with pytest.raises(EnvironmentFailure):
        environments.python_for(OLD)


def test_add_list_and_remove(fake_pip: list[list[str]], home: Path) -> None:
    python = environments.add(OLD)
    assert python == home / "runtimes" / "tflite-runtime-2.14.0" / "bin" / "python"
    assert fake_pip[1][-2:] == ["tflite-runtime==2.14.0", "numpy==1.26.4"]
    assert [e.label for e in environments.list_environments()] == ["tflite-runtime==2.14.0"]
    assert environments.python_for(OLD) == python
    assert environments.python_for(Target(runtime="tflite-runtime")) == python
    assert environments.add(OLD) == python
    assert len(fake_pip) == 2  # the second time nothing is made
    environments.remove(OLD)
    assert environments.list_environments() == []
    with pytest.raises(EnvironmentFailure, match="There is no environment"):
        environments.remove(OLD)


def test_the_newest_version_comes_first(fake_pip: list[list[str]]) -> None:
    for version in ("2.9.0", "2.14.0", "2.13.0"):
        environments.add(Target(runtime="tflite-runtime", version=version))
    assert [e.version for e in environments.list_environments()] == ["2.14.0", "2.13.0", "2.9.0"]
    assert "2.14.0" in str(environments.python_for(Target(runtime="tflite-runtime")))


def test_no_index_is_ever_named(fake_pip: list[list[str]]) -> None:
    environments.add(OLD)
    options = {word for command in fake_pip for word in command if word.startswith("-")}
    assert options == {"-m", "--disable-pip-version-check"}


def test_a_half_made_environment_is_not_used_and_is_made_again(
    fake_pip: list[list[str]], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / "runtimes" / "tflite-runtime-2.14.0"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    (folder / "left-over").touch()
    assert environments.list_environments() == []
    environments.add(OLD)
    assert not (folder / "left-over").exists()
    assert environments.list_environments()


def test_a_failing_pip_leaves_nothing(
    fake_pip: list[list[str]], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = environments._call

    def fails(command: list[str], rule: str) -> None:
        works(command, rule)
        if "pip" in command:
            raise EnvironmentFailure(rule, received="ERROR: no network")

    monkeypatch.setattr(environments, "_call", fails)
    with pytest.raises(EnvironmentFailure, match=r"pip could not install tflite-runtime==2\.14\.0"):
        environments.add(OLD)
    assert not (home / "runtimes" / "tflite-runtime-2.14.0").exists()


def test_two_at_once_make_it_once(fake_pip: list[list[str]]) -> None:
    threads = [threading.Thread(target=environments.add, args=(OLD,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake_pip) == 2


def test_wrong_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(EnvironmentFailure, match="for linux only"):
        environments.add(OLD)


def test_a_version_is_needed() -> None:
    with pytest.raises(UsageError, match="with its version"):
        environments.add(Target())


@pytest.mark.parametrize(
    ("printed", "received", "hint"),
    [
        (
            "ERROR: Could not find a version that satisfies x==9 (from versions: 1.0, 2.0)\n"
            "ERROR: No matching distribution found for x==9\nWARNING: old pip",
            "ERROR: No matching distribution found for x==9",
            "choose one of these versions: 1.0, 2.0",
        ),
        ("something\nlast words", "last words", "check the network"),
        ("ERROR: none (from versions: none)", "ERROR: none", "no version is on offer"),
    ],
)
def test_what_pip_said(printed: str, received: str, hint: str) -> None:
    script = f"print({printed!r}); raise SystemExit(1)"
    with pytest.raises(EnvironmentFailure) as caught:
        environments._call([sys.executable, "-c", script], "pip could not install x.")
    assert str(caught.value.received).startswith(received)
    assert str(caught.value.hint).startswith(hint)


def test_find_python_prefers_this_one() -> None:
    minor = sys.version_info.minor
    assert find_python.find_python(8, minor, label="x") == (Path(sys.executable), minor)


def test_find_python_looks_elsewhere_and_says_what_it_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(EnvironmentFailure, match=r"3\.5 to 3\.6") as caught:
        find_python.find_python(5, 6, label="x")
    assert "python3.6" in str(caught.value.hint)
    script = tmp_path / "python3.6"
    script.write_text("#!/bin/sh\necho cpython 3 6\n")
    script.chmod(0o755)
    assert find_python.find_python(5, 6, label="x") == (script, 6)
    script.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(EnvironmentFailure) as caught:
        find_python.find_python(5, 6, label="x")
    assert str(script) in str(caught.value.received)
