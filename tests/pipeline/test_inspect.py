"""A file is read in a child: one of very many parts ends at a limit, not in hours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit import tflite
from edgekit.core.errors import ModelError, RunError, WorkerTimeout
from edgekit.core.records import Limits
from edgekit.pipeline import evaluate, inspect
from tests.tflite import hostile_models as hostile

MODEL = Path(__file__).parents[1] / "models" / "conv_2d.int8.tflite"


def test_the_child_tells_what_the_file_holds() -> None:
    found, delegation = inspect.inspect(MODEL)
    assert found == tflite.inspect(MODEL)
    assert delegation.failure is None
    assert inspect.contract(MODEL, Limits()) == tflite.contract(MODEL)


@pytest.mark.parametrize("read", [inspect.inspect, evaluate.candidate])
def test_a_file_of_honest_counts_and_very_many_parts_ends_at_the_limit(
    read: Callable[..., object], tmp_path: Path
) -> None:
    path = tmp_path / "m.tflite"
    # Ten megabytes of the smallest tensors and operators: minutes for any reader in Python.
    path.write_bytes(
        hostile.model(
            tensors=lambda b: [hostile.tensor(b)] * 300_000,
            operators=lambda b: [hostile.operator(b)] * 300_000,
            buffers=lambda b: [hostile.table(b, {0: b.CreateByteVector(bytes(8_000_000))})],
        )
    )
    with pytest.raises(WorkerTimeout, match="time limit"):
        read(path, limits=Limits(seconds=2))


@pytest.mark.parametrize("name", ["subgraphs of one", "operators of one"])
def test_a_file_that_unpacks_to_more_than_it_holds_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(hostile.AMPLIFIED[name]())
    with pytest.raises(ModelError, match="unpacks to"):
        inspect.inspect(path)


def test_limits_are_of_the_reader_too(tmp_path: Path) -> None:
    with pytest.raises(RunError):
        inspect.contract(MODEL, Limits(memory_bytes=2**20))
