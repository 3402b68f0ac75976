"""The real command, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.records import Target


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output, which holds one JSON value and nothing else."""
        assert self.code in (0, 2), self.err
        return json.loads(self.out)

    def refused(self) -> str:
        """Standard error of a command that refused: a rule, nothing else, no traceback."""
        assert self.code == 2, (self.code, self.err)
        assert "Traceback" not in self.err + self.out
        return self.err


Run = Callable[..., Ended]


def command(*arguments: object) -> list[str]:
    script = Path(sys.executable).with_name("edgekit")
    start = [str(script)] if script.exists() else [sys.executable, "-m", "edgekit.cli.main"]
    return [*start, *map(str, arguments)]


@pytest.fixture(scope="session")
def edgekit() -> Run:
    """`edgekit("convert", model, "--json", cwd=folder)`."""

    def run(*arguments: object, cwd: Path | None = None, env: Mapping[str, str] = {}) -> Ended:
        done = subprocess.run(
            command(*arguments),
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**os.environ, **env},
            timeout=300,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@dataclass(frozen=True)
class Made:
    """What one conversion wrote and said."""

    folder: Path
    ended: Ended

    def tflite(self, recipe: str) -> Path:
        return self.folder / f"digits.{recipe}.tflite"

    def manifest(self, recipe: str) -> Any:
        return json.loads((self.folder / f"digits.{recipe}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def made(edgekit: Run, digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The digits model by all seven recipes, as its `edgekit.toml` asks for them."""
    folder = tmp_path_factory.mktemp("digits")
    ended = edgekit("convert", digits / "digits.keras", "-o", folder, "--json")
    assert ended.code == 0, ended.err
    return Made(folder, ended)


@pytest.fixture(scope="session")
def old_runtime(tflite_runtime: Target) -> str:
    """tflite-runtime 2.14.0, as the command line spells it."""
    return tflite_runtime.label
