"""Small models of every kind, and one child process that loads them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.process import Process
from edgekit.core.records import Limits

HERE = Path(__file__).parent
# Children read `tests` as pytest does, whatever folder they are started in.
_PATHS = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
QUIET = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(filter(None, _PATHS)),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "CUDA_VISIBLE_DEVICES": "-1",
}

Load = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def keras_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models of `load_models.py`."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'edgekit-tflite[convert]'")
    folder = tmp_path_factory.mktemp("keras_models")
    command = [sys.executable, str(HERE / "frontend" / "load" / "load_models.py"), str(folder)]
    done = subprocess.run(command, env=QUIET, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="session")
def load_in_child(keras_models: Path) -> Iterator[Load]:
    """`load(path, **request)`: what the loaded model is, as plain JSON."""
    command = [
        sys.executable,
        str(HERE / "frontend" / "load" / "load_worker.py"),
        str(keras_models),
    ]
    limits = Limits(seconds=300)
    with Process(command, name="the loading worker", limits=limits, env=QUIET) as child:

        def load(path: Path, **request: Any) -> dict[str, Any]:
            result: dict[str, Any] = child.request({"path": str(path), **request})
            assert "internal_error" not in result, result["internal_error"]
            return result

        yield load


Case = Callable[..., Any]


@pytest.fixture(scope="session")
def start_cases() -> Iterator[Callable[[Path], Case]]:
    """`start_cases(file)`: a child that imports the file; `case(name, **arguments)` calls in it."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'edgekit-tflite[convert]'")
    with contextlib.ExitStack() as stack:

        def start(file: Path) -> Case:
            command = [sys.executable, str(HERE / "cases_worker.py"), str(file)]
            # As edgekit's own children compute: oneDNN has kernels that TensorFlow lacks.
            env = {**QUIET, "KERAS_BACKEND": "tensorflow", "TF_ENABLE_ONEDNN_OPTS": "1"}
            limits = Limits(seconds=300)
            child = stack.enter_context(
                Process(command, name=f"the worker of {file.name}", limits=limits, env=env)
            )

            def case(name: str, /, **arguments: Any) -> Any:
                result: dict[str, Any] = child.request({"case": name, **arguments})
                assert "internal_error" not in result, result["internal_error"]
                return result["value"]

            return case

        yield start
