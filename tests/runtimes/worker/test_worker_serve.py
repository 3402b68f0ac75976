"""The worker as a process: its protocol, and that it stands on its own in any Python."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.cache_dir import home
from edgekit.core.errors import EnvironmentFailure, InternalError, RunError
from edgekit.core.records import Limits, Target
from edgekit.runtimes import environments, local
from edgekit.runtimes.find_python import find_python
from edgekit.runtimes.worker.worker_model import Run
from edgekit.runtimes.worker.worker_serve import Greeting, Hello, parse

FILES = sorted(path for path in local.WORKER.parent.glob("*.py") if path.name != "__init__.py")


def test_the_worker_ends_when_its_input_closes() -> None:
    command = [sys.executable, str(local.WORKER), "litert"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(b'{"do": "hello"}\n')
        child.stdin.flush()
        assert json.loads(child.stdout.readline())["result"]["runtime"] == "litert"
        child.stdin.close()
        assert child.wait(timeout=30) == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_need_python_3_8_numpy_and_a_runtime(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    assert "from __future__ import annotations" in ast.unparse(tree)
    others = set()
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            others |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            others.add(str(node.module).partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1 and f"{node.module}.py" in {file.name for file in FILES}
    packages = {"numpy", "ai_edge_litert", "tflite_runtime"}
    packages |= {"psutil"} if path.name == "worker_timing.py" else set()  # Windows has no resource
    assert others - packages <= sys.stdlib_module_names


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """All of a file but what stands below `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from _executed(node)


@pytest.mark.parametrize("minor", range(8, 15))
def test_files_compile_in_other_pythons(minor: int) -> None:
    program = "import sys\nfor path in sys.argv[1:]: compile(open(path, 'rb').read(), path, 'exec')"
    command = [str(_python(minor)), "-I", "-W", "error", "-c", program, *map(str, FILES)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("minor", range(8, 15))
def test_files_run_in_other_pythons(
    minor: int, data: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an environment with NumPy and a runtime, which is made once and kept."""
    python = _python(minor)
    target = environments.parse("litert==2.1.0" if minor > 9 else "tflite-runtime==2.14.0")
    monkeypatch.setenv("EDGEKIT_HOME", str(home() / "tests" / f"python3.{minor}"))
    monkeypatch.setattr(environments, "find_python", lambda *_, label: (python, minor))
    try:
        environments.add(target)
    except EnvironmentFailure as failure:
        pytest.skip(f"{target.label} cannot be installed for Python 3.{minor}: {failure}")
    x = np.ones((3, 4), np.float32)
    with local.open_session(data / "int8_io.tflite", target, limits=limits) as session:
        assert session.run({"x": x})["y"].shape == (3, 3)
    with local.open_timer([data / "int8_io.tflite"], target, limits=limits) as timer:
        assert timer.time(warmup_runs=1, num_runs=2, min_seconds=0, seed=0).shape == (1, 2)
        assert timer.peak_rss_bytes() > 1 << 20
    with local.start(environments.python_for(target), target, name="It", limits=limits) as worker:
        assert local.ask(worker, Hello(), Greeting).python.startswith(f"3.{minor}.")


def _python(minor: int) -> Path:
    try:
        return find_python(minor, minor, label="The worker")[0]
    except EnvironmentFailure as failure:
        pytest.skip(f"no CPython 3.{minor} on this machine: {failure.received}")


def test_it_stands_without_edgekit_and_its_folder_hides_no_module(tmp_path: Path) -> None:
    for path in FILES:
        shutil.copy(path, tmp_path)
    for name in ("json", "numpy", "random", "queue", "ai_edge_litert"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('the wrong one')")
    command = [sys.executable, "-X", "importtime", str(tmp_path / local.WORKER.name), "litert"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path, env=env
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write('{"do": "hello"}\n')
        child.stdin.flush()
        answer = child.stdout.readline()
        _, errors = child.communicate()
    imported = {line.rpartition("|")[2].strip() for line in errors.splitlines()}
    assert json.loads(answer)["result"]["runtime"] == "litert", errors
    ours = {name for name in imported if name.startswith("edgekit")}
    assert ours == {f"edgekit_worker.{path.stem}" for path in FILES if path != local.WORKER}


@pytest.mark.tflite_runtime
def test_tflite_runtime_with_numpy_2_says_what_is_wrong(limits: Limits) -> None:
    # edgekit's own Python has NumPy 2: the worker refuses before the native SystemError.
    target = Target(runtime="tflite-runtime")
    if int(np.__version__.partition(".")[0]) < 2:
        pytest.skip("this Python has NumPy 1")
    with local.start(Path(sys.executable), target, name="The worker", limits=limits) as worker:
        with pytest.raises(EnvironmentFailure, match="NumPy 1"):
            local.ask(worker, Hello(), Greeting)


def test_an_unforeseen_failure_is_an_internal_error(limits: Limits) -> None:
    with local.start(Path(sys.executable), Target(), name="The worker", limits=limits) as worker:
        with pytest.raises(InternalError, match="KeyError"):
            local.ask(worker, Run(99, {}, {}, 0, 1), int)
        assert local.ask(worker, Hello(), Greeting).runtime == "litert"  # and it goes on


def test_a_request_is_the_record_that_it_names() -> None:
    line = b'{"do": "run", "handle": 1, "inputs": {}, "outputs": {}, "start": 0, "stop": 2}'
    assert parse(line) == Run(1, {}, {}, 0, 2)
    with pytest.raises(TypeError, match="handle"):
        parse(b'{"do": "run"}')


def test_an_unknown_request_is_refused(limits: Limits) -> None:
    with local.start(Path(sys.executable), Target(), name="The worker", limits=limits) as worker:
        with pytest.raises(RunError, match="does not know") as caught:
            worker.request({"do": "dance"})
    assert caught.value.received == "dance"
