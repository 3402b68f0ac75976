"""One child process that takes models apart, for all tests of this folder."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgekit.process import Process
from edgekit.records import Limits

HERE = Path(__file__).parent

Do = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def surgery() -> Iterator[Do]:
    """`surgery(name, **request)`: what a function of `surgery_worker.py` answers."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'edgekit-tflite[convert]'")
    env = {
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    command = [sys.executable, str(HERE / "surgery_worker.py")]
    limits = Limits(seconds=300)
    with Process(command, name="the surgery worker", limits=limits, env=env) as child:

        def do(name: str, **request: Any) -> dict[str, Any]:
            result: dict[str, Any] = child.request({"do": name, **request})
            assert "internal_error" not in result, result["internal_error"]
            return result

        yield do
