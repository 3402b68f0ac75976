"""One child process with TensorFlow, and what runs `.tflite` files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit import tflite

HERE = Path(__file__).parent

Ask = Callable[..., Any]
Codes = Callable[..., dict[str, np.ndarray]]


@pytest.fixture(scope="session")
def ask(start_cases: Callable[[Path], Ask]) -> Ask:
    """`ask(what, **request)`: what a function of `qat_worker.py` answers."""
    case = start_cases(HERE / "qat_worker.py")

    def ask(what: str, **request: Any) -> Any:
        return case(what, request={name: _plain(value) for name, value in request.items()})

    return ask


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


@pytest.fixture(scope="session")
def stored() -> Codes:
    """`stored(content, inputs)`: outputs as a file stores them, one sample at a time.

    `kernels` is one of LiteRT's `OpResolverType`.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    def answers(
        content: bytes, inputs: dict[str, np.ndarray], kernels: str = "AUTO"
    ) -> dict[str, np.ndarray]:
        runner = Interpreter(
            model_content=content,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType[kernels],
        ).get_signature_runner()
        dtypes = {spec.name: spec.dtype for spec in tflite.contract(content).inputs}
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
