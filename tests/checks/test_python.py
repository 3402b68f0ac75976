"""checks/python.sh and the Makefiles: a clean clone makes its environment, whatever is exported.

The real Makefiles run, with a stand-in for Python that says it has what it was told to have.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
_PYTHON = """#!/bin/sh
# A Python: makes environments that are copies of itself, and has the requirements where `has` is.
here=$(cd "$(dirname "$0")" && pwd)
case "$1 $2" in
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$0" "$3/bin/python3" ;;
"-m pip") echo "$@" >>"$here/pip.log" && touch "$here/has" ;;
"-c "*find_spec*) test -f "$here/has" ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clean clone, as far as making the environment goes, with one check for each demo."""
    place = tmp_path / "a clone"
    for name in ("Makefile", "pyproject.toml", "setup.py", "requirements", "checks"):
        source = REPOSITORY / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, _parent(place / name))
    for demo in ("android_demo", "ios_demo"):
        shutil.copy(REPOSITORY / demo / "Makefile", _parent(place / demo / "Makefile"))
        _script(place / demo / "checks/check_it.sh", '#!/bin/sh\necho "ok python: $PYTHON"\n')
    _script(tmp_path / "bin/python3", _PYTHON)
    _script(tmp_path / "ready/bin/python", _PYTHON)
    (tmp_path / "ready/bin/has").touch()
    return place


def _parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _script(path: Path, text: str) -> None:
    _parent(path).write_text(text, encoding="utf-8")
    path.chmod(0o755)


def _make(
    clone: Path, *arguments: str, **variables: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """What make said, and the Pythons that checks ran with."""
    kept = {key: os.environ[key] for key in ("HOME",) if key in os.environ}
    search = f"{clone.parent / 'bin'}:{os.environ['PATH']}"
    result = subprocess.run(
        ["make", *arguments],
        cwd=clone,
        env=kept | {"PATH": search} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = result.stdout.splitlines()
    return result, [line.partition(": ")[2] for line in lines if line.startswith("ok python: ")]


_CASES: dict[str, tuple[list[str], dict[str, str]]] = {
    "nothing": ([], {}),
    "the environment's own Python": ([], {"PYTHON": "{clone}/.venv/bin/python"}),
    "the same, from the demo": (["PYTHON=../.venv/bin/python"], {}),
    "another that is not there": ([], {"PYTHON": "/nowhere/python"}),
    "a Python without requirements": ([], {"PYTHON": "python3"}),
    "the same, to make": (["PYTHON=python3"], {}),
    "options of make": (["-k", "-j2"], {}),
    "options that a make above exports": ([], {"MAKEFLAGS": "k -j2 -- PYTHON=/nowhere"}),
    "names that win": (["-e"], {"PYTHON": "python3"}),
    "an environment's name": ([], {"VENV": "other"}),
    "the same, to make ": (["VENV=other"], {}),
    "an environment elsewhere": (["VENV={above}/elsewhere"], {}),
    "empty names": ([], {"PYTHON": "", "VENV": ""}),
}


@pytest.mark.parametrize("demo", ["android_demo", "ios_demo"])
@pytest.mark.parametrize("case", _CASES)
def test_a_clean_clone_makes_its_environment_first(clone: Path, demo: str, case: str) -> None:
    arguments, variables = _CASES[case]
    arguments = [argument.format(clone=clone, above=clone.parent) for argument in arguments]
    variables = {name: value.format(clone=clone) for name, value in variables.items()}
    result, pythons = _make(clone, "-C", demo, "check", *arguments, **variables)
    assert result.returncode == 0, result.stdout + result.stderr
    place = ".venv"
    if "VENV" in case or "environment's name" in case or "to make " in case:
        place = "other"
    if "elsewhere" in case:
        place = "../elsewhere"
    venv = clone / place
    assert [Path(python).resolve() for python in pythons] == [(venv / "bin/python").resolve()]
    installed = (venv / "bin/pip.log").read_text(encoding="utf-8")
    assert "requirements/convert.txt" in installed and "requirements/dev.txt" in installed
    assert "1 ok, 0 FAILED, 0 SKIPPED" in result.stdout


@pytest.mark.parametrize("arguments", [[], ["PYTHON=python3"], ["VENV=other", "-k"]])
def test_both_demos_from_above_share_one_environment(clone: Path, arguments: list[str]) -> None:
    result, pythons = _make(clone, "demos", *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    venv = clone / ("other" if "VENV=other" in arguments else ".venv")
    assert pythons == [str(venv / "bin/python")] * 2
    assert (venv / "bin/pip.log").read_text(encoding="utf-8").count("dev.txt") == 1


@pytest.mark.parametrize("to_make", [True, False])
def test_a_python_that_has_the_requirements_is_taken_as_it_is(clone: Path, to_make: bool) -> None:
    ready = str(clone.parent / "ready/bin/python")
    given = {"PYTHON": ready}
    _, pythons = _make(
        clone, "-C", "ios_demo", "check", *([f"PYTHON={ready}"] if to_make else []),
        **({} if to_make else given),
    )  # fmt: skip
    assert pythons == [ready]
    assert not (clone / ".venv").exists()


def test_an_environment_half_made_is_finished(clone: Path) -> None:
    _make(clone, "-C", "android_demo", "check")
    (clone / ".venv/.dev").unlink()
    (clone / ".venv/bin/pip.log").unlink()
    _, pythons = _make(clone, "-C", "android_demo", "check")
    assert pythons == [str(clone / ".venv/bin/python")]
    assert "dev.txt" in (clone / ".venv/bin/pip.log").read_text(encoding="utf-8")


def test_an_environment_that_cannot_be_made_fails_the_check(clone: Path) -> None:
    _script(clone.parent / "bin/python3", "#!/bin/sh\necho no >&2\nexit 1\n")
    result, pythons = _make(clone, "-C", "android_demo", "check")
    assert result.returncode != 0 and pythons == []


def test_dry_runs_do_nothing(clone: Path) -> None:
    result, pythons = _make(clone, "-n", "-C", "android_demo", "check")
    assert result.returncode == 0 and pythons == []
    assert not (clone / ".venv").exists()
