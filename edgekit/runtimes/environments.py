"""Python environments that hold another version of a runtime, made once and kept.

They lie in `$EDGEKIT_HOME/runtimes/NAME-VERSION` (or below the user's cache folder). A
marker file is written last: an environment without one is half-made, is never used, and
is made again. Packages come through the machine's own pip configuration.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from edgekit.core import guard, serde
from edgekit.core.arguments import checked
from edgekit.core.cache_dir import home, locked
from edgekit.core.errors import EdgekitError, EnvironmentFailure, UsageError, check_least
from edgekit.core.installed import installed
from edgekit.core.process import Progress, silent
from edgekit.core.records import Limits, Target
from edgekit.runtimes.find_python import find_python
from edgekit.runtimes.packages import PACKAGES, Package, parse
from edgekit.runtimes.worker.worker_serve import Greeting, Hello

__all__ = ["Environment", "add", "list_environments", "parse", "python_for", "remove"]

_MARKER = "edgekit-runtime.json"
_PIP_SECONDS = 900.0
_HELLO = Limits(seconds=120.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A finished environment, as its marker file describes it."""

    runtime: str
    version: str
    python: str
    python_version: str
    numpy: str

    @property
    def label(self) -> str:
        """`tflite-runtime==2.14.0`."""
        return f"{self.runtime}=={self.version}"


def list_environments() -> list[Environment]:
    """Every finished environment, by name, newest version first."""
    environments = []
    for marker in (home() / "runtimes").glob(f"*/{_MARKER}"):
        environment = _read(marker.parent)
        if environment is not None:
            environments.append(environment)
    environments.sort(key=lambda e: _version_key(e.version), reverse=True)
    return sorted(environments, key=lambda e: e.runtime)


def _read(folder: Path) -> Environment | None:
    """The environment in `folder`, or None where it is missing, half-made or broken."""
    try:
        text = (folder / _MARKER).read_text(encoding="utf-8")
        environment = serde.loads(Environment, text, str(folder / _MARKER))
    except (OSError, EdgekitError):
        return None
    return environment if Path(environment.python).exists() else None


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def python_for(target: Target) -> Path:
    """The Python that runs files on `target`.

    Without a version, or with the version that is installed beside edgekit, that is
    edgekit's own Python where it can run the runtime; else an added environment.

    Raises:
        EnvironmentFailure: No environment holds it; the hint is the command that makes one.
    """
    package = _package(target)
    own = installed(package.distribution)
    if package.numpy and own:
        numpy = installed("numpy") or "0"
        own = own if int(numpy.partition(".")[0]) < 2 else ""
    if own and target.version in ("", own):
        return Path(sys.executable)
    added = [e for e in list_environments() if e.runtime == target.runtime]
    for environment in added:
        if target.version in ("", environment.version):
            return Path(environment.python)
    there = [environment.label for environment in added]
    there += [f"{target.runtime}=={own} beside edgekit"] if own else []
    version = target.version or package.example
    raise EnvironmentFailure(
        f"{target.label} is not installed, neither in edgekit's Python nor in an environment of "
        "its own.",
        received=", ".join(there) or f"no {target.runtime} that can run",
        hint=f"edgekit runtime add {target.runtime}=={version}",
    )


def _folder(target: Target) -> Path:
    _package(target)
    if not target.version:
        raise UsageError(
            "A runtime must be given with its version, to make an environment of.",
            received=target.label,
            hint=f"{target.runtime}=={PACKAGES[target.runtime].example}",
        )
    return home() / "runtimes" / f"{target.runtime}-{target.version}"


def _package(target: Target) -> Package:
    parse(target.label)  # refuses one that nobody knows
    check_least(target, num_threads=1)
    return PACKAGES[target.runtime]


@checked
def add(target: Target, on_progress: Progress = silent) -> Path:
    """Make an environment for `target`, unless there is one. Returns its Python.

    Two processes may add the same one at once: the second waits and uses the first's.

    Raises:
        UsageError: The target has no version.
        EnvironmentFailure: No Python suits, the platform has no wheels, there is no such
            version, or pip failed.
    """
    folder = _folder(target)
    package = PACKAGES[target.runtime]
    if sys.platform not in package.systems:
        raise EnvironmentFailure(
            f"{target.runtime} cannot be installed here: it has packages for "
            f"{', '.join(package.systems)} only.",
            received=sys.platform,
            hint="use --runtime litert, which runs everywhere.",
        )
    with locked(folder, on_progress, "making the same environment"):
        ready = _read(folder)
        if ready is not None:
            return Path(ready.python)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            return _make(target, folder, on_progress)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _make(target: Target, folder: Path, report: Progress) -> Path:
    package = PACKAGES[target.runtime]
    base, minor = find_python(*package.pythons, label=target.label)
    report(f"making an environment with Python 3.{minor}")
    _call(
        [str(base), "-m", "venv", str(folder)],
        f"Python 3.{minor} could not make an environment.",
    )
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    wanted = [f"{package.distribution}=={target.version}"]
    if package.numpy:
        wanted.append(f"numpy=={package.numpy.get(minor, package.numpy[None])}")
    report(f"installing {' '.join(wanted)}")
    _call(
        [str(python), "-m", "pip", "install", "--disable-pip-version-check", *wanted],
        f"pip could not install {' '.join(wanted)} for Python 3.{minor}.",
    )
    report("checking that it runs")
    hello = _hello(python, target)
    environment = Environment(
        runtime=target.runtime,
        version=target.version,
        python=str(python),
        python_version=hello.python,
        numpy=hello.numpy,
    )
    serde.write_atomic(folder / _MARKER, serde.dumps(environment))
    return python


def _hello(python: Path, target: Target) -> Greeting:
    from edgekit.runtimes import local  # it asks this module for its Python

    name = f"The new {target.label} environment"
    with local.start(python, target, name=name, limits=_HELLO) as worker:
        hello = local.ask(worker, Hello(), Greeting)
    if _version_key(hello.version) != _version_key(target.version):
        raise EnvironmentFailure(
            f"pip did not install {target.label}.", received=f"{target.runtime}=={hello.version}"
        )
    return hello


def _call(command: list[str], rule: str) -> None:
    """Run a command to its end.

    Raises:
        EnvironmentFailure: It failed; with its last error, and pip's list of versions.
    """
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        code, printed = guard.run(command, seconds=_PIP_SECONDS, env=env)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFailure(rule, received=str(error)) from None
    if code == 0:
        return
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    versions = re.search(r"\(from versions: ([^)]*)\)", printed)
    hint = "check the network and pip's configuration: `pip config list`."
    if versions and versions.group(1) != "none":
        hint = f"choose one of these versions: {versions.group(1)}"
    elif versions:
        hint = "no version is on offer for this Python: check pip's configuration, or the name."
    last = (errors or lines or [f"exit code {code}"])[-1]
    raise EnvironmentFailure(rule, received=last[:400], hint=hint)


@checked
def remove(target: Target) -> None:
    """Delete the environment of `target`.

    Raises:
        EnvironmentFailure: There is none.
    """
    folder = _folder(target)
    with locked(folder, silent, "using it"):
        if not folder.exists():
            known = ", ".join(environment.label for environment in list_environments())
            raise EnvironmentFailure(
                f"There is no environment for {target.label}.", received=known or "none at all"
            )
        # The marker goes first: what is half-deleted is not used.
        (folder / _MARKER).unlink(missing_ok=True)
        shutil.rmtree(folder)
