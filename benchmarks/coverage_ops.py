"""Functions of `keras.ops`, each as a model of its own: a functional model that calls it."""

from __future__ import annotations

import ast
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks import ops_table
from benchmarks.sweep import Case, Source

_SAMPLES = 16

# Of a seeded generator, the samples.
Draw = Callable[[np.random.Generator], np.ndarray]


def _normal(*shape: int) -> Draw:
    return lambda random: (2 * random.normal(size=(_SAMPLES, *shape))).astype("float32")


def _uniform(low: float, high: float, *shape: int) -> Draw:
    return lambda random: random.uniform(low, high, (_SAMPLES, *shape)).astype("float32")


def _integers(high: int, *shape: int) -> Draw:
    return lambda random: random.integers(0, high, (_SAMPLES, *shape)).astype("int32")


def _regular(random: np.random.Generator) -> np.ndarray:
    return (np.eye(4) + 0.2 * random.normal(size=(_SAMPLES, 4, 4))).astype("float32")


def _definite(random: np.random.Generator) -> np.ndarray:
    roots = random.normal(size=(_SAMPLES, 4, 4))
    return (roots @ roots.transpose(0, 2, 1) + np.eye(4)).astype("float32")


_TABLES: dict[str, tuple[str, Draw]] = {
    "real": (ops_table.REAL, _normal(4, 6)),
    "positive": (ops_table.POSITIVE, _uniform(0.05, 6, 4, 6)),
    "unit": (ops_table.UNIT, _uniform(-0.999, 0.999, 4, 6)),
    "above one": (ops_table.ABOVE_ONE, _uniform(1.01, 9, 4, 6)),
    "integers": (ops_table.INTEGERS, _integers(8, 4, 6)),
    "ids": (ops_table.IDS, _integers(6, 5)),
    "image": (ops_table.IMAGES, _uniform(0, 1, 12, 12, 3)),
    "volume": (ops_table.VOLUMES, _normal(6, 6, 6, 2)),
    "signal": (ops_table.SIGNALS, _normal(64)),
    "matrix": (ops_table.MATRICES, _regular),
    "definite": (ops_table.DEFINITE, _definite),
}


def cases() -> list[Case]:
    """A case for each line of the tables."""
    return [
        Case(f"{place}: {line}", partial(make, line=line, draw=draw))
        for place, (table, draw) in _TABLES.items()
        for line in table.strip().splitlines()
    ]


def make(folder: Path, line: str, draw: Draw) -> Source:
    """A model that computes `line`, saved, with samples of its one or two inputs."""
    keras.backend.clear_session()
    random = np.random.default_rng(zlib.crc32(line.encode()))
    samples = {name: draw(random) for name in _inputs(line)}
    # With sizes that are known: some functions of Keras ask for them.
    inputs = {
        name: keras.Input(batch_shape=(1, *value.shape[1:]), dtype=str(value.dtype), name=name)
        for name, value in samples.items()
    }
    model = keras.Model(list(inputs.values()), _compute(line, inputs))
    model.save(folder / "model.keras")
    np.savez(folder / "samples.npz", **samples)
    return Source(model=folder / "model.keras", samples=folder / "samples.npz")


def functions(line: str) -> set[str]:
    """The names of `keras.ops` that a line calls."""
    calls = (node.func for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Call))
    return {ast.unparse(call) for call in calls}


def _inputs(line: str) -> list[str]:
    used = {node.id for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name)}
    return [name for name in ("x", "y") if name in used]


def _compute(line: str, inputs: dict[str, Any]) -> Any:
    return eval(line, dict(vars(keras.ops)), inputs)  # lines of our own table
