"""One child process with TensorFlow, and what runs `.tflite` files."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit import flatbuffer
from edgekit.process import Process
from edgekit.records import Limits

HERE = Path(__file__).parent
QUIET = {
    **os.environ,
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "-1",
}
# Tests import `op_models`, and that `tiny_models`: no tests themselves.
for folder in (HERE, HERE.parents[1] / "quantize"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

Ask = Callable[..., Any]
Codes = Callable[..., dict[str, np.ndarray]]


@pytest.fixture(scope="session")
def ask() -> Iterator[Ask]:
    """`ask(what, **request)`: what the child answers."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'edgekit-tflite[convert]'")
    command = [sys.executable, str(HERE / "qat_worker.py")]
    with Process(
        command, name="the training worker", limits=Limits(seconds=300), env=QUIET
    ) as child:

        def ask(what: str, **request: Any) -> Any:
            result = child.request({"what": what, **{k: _plain(v) for k, v in request.items()}})
            if isinstance(result, dict):
                assert "internal_error" not in result, result["internal_error"]
            return result

        yield ask


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


@pytest.fixture(scope="session")
def stored() -> Codes:
    """`stored(content, inputs)`: outputs as a file stores them, one sample at a time."""
    from ai_edge_litert.interpreter import Interpreter

    def answers(content: bytes, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        runner = Interpreter(model_content=content, num_threads=1).get_signature_runner()
        dtypes = {spec.name: spec.dtype for spec in flatbuffer.contract(content).inputs}
        count = len(next(iter(inputs.values())))
        rows = [
            {
                name: value.copy()
                for name, value in runner(
                    **{k: v[i : i + 1].astype(dtypes[k]) for k, v in inputs.items()}
                ).items()
            }
            for i in range(count)
        ]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    return answers
