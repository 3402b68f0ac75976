"""What a `.tflite` computes on samples, and how near that is to what it should compute."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]

# In place of infinity, for records: all values are equal, or something is plainly another.
EQUAL_DB, WRONG_DB = 300.0, -300.0


def run(content: bytes | Path, samples: Arrays) -> dict[str, np.ndarray]:
    """Outputs by name, one sample at a time, stacked; integers as the real values they stand for.

    Inputs that stay open are resized to the samples. A file of one input takes whatever name the
    samples have.

    Raises:
        ValueError: The interpreter cannot load or run it (an operator of TensorFlow's alone).
        RuntimeError: Likewise.
    """
    from ai_edge_litert.interpreter import Interpreter

    given = (
        {"model_content": content} if isinstance(content, bytes) else {"model_path": str(content)}
    )
    runner = Interpreter(**given).get_signature_runner()
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    if not outputs:  # a signature of inputs alone, as some files of JAX have
        return _unsigned(Interpreter(**given), samples)
    if len(inputs) == len(samples) == 1:
        samples = dict(zip(inputs, samples.values(), strict=True))
    found: dict[str, list[np.ndarray]] = {name: [] for name in outputs}
    for i in range(len(next(iter(samples.values())))):
        row = {n: _stored(samples[n][i : i + 1], details) for n, details in inputs.items()}
        for name, value in runner(**row).items():
            found[name].append(_real(value, outputs[name]))
    return {name: np.stack(values) for name, values in found.items()}


def _unsigned(interpreter: Any, samples: Arrays) -> dict[str, np.ndarray]:
    """Outputs by their tensors' names, of a file whose inputs are fixed and taken by place."""
    interpreter.allocate_tensors()
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    found: dict[str, list[np.ndarray]] = {details["name"]: [] for details in outputs}
    for i in range(len(next(iter(samples.values())))):
        for details, values in zip(inputs, samples.values(), strict=True):
            value = _stored(values[i : i + 1], details)
            interpreter.set_tensor(details["index"], value.reshape(details["shape"]))
        interpreter.invoke()
        for details in outputs:
            found[details["name"]].append(_real(interpreter.get_tensor(details["index"]), details))
    return {name: np.stack(values) for name, values in found.items()}


def _stored(value: np.ndarray, details: Mapping[str, object]) -> np.ndarray:
    dtype = np.dtype(details["dtype"])
    return value if dtype.kind in "SO" else value.astype(dtype)


def _real(value: np.ndarray, details: Mapping[str, object]) -> np.ndarray:
    scale, zero = details["quantization"]  # type: ignore[misc]
    return value if not scale else (value.astype(np.float64) - zero) * scale


def nearness_db(expected: Arrays, found: Arrays) -> float:
    """SQNR in decibels over all values of the worst output; `EQUAL_DB` where all are equal.

    Outputs are taken by name, else in their order. What is no number has to be equal. Where the
    source model has NaN or infinity, the file must have the same.

    Returns:
        Decibels; `WRONG_DB` where a shape, a text or what is not finite differs.
    """
    if len(expected) != len(found):
        return WRONG_DB
    if set(expected) != set(found):
        found = dict(zip(expected, found.values(), strict=True))
    return min(_nearness_db(expected[name], found[name]) for name in expected)


def _nearness_db(a: np.ndarray, b: np.ndarray) -> float:
    if a.size != b.size:
        return WRONG_DB
    a, b = a.ravel(), b.ravel()
    if a.dtype.kind in "SOU" or b.dtype.kind in "SOU":
        return EQUAL_DB if [*map(_text, a)] == [*map(_text, b)] else WRONG_DB
    a, b = a.astype(np.float64), b.astype(np.float64)
    finite = np.isfinite(a)
    if (
        not np.array_equal(a[~finite], b[~finite], equal_nan=True)
        or not np.isfinite(b[finite]).all()
    ):
        return WRONG_DB
    signal, noise = np.square(a[finite]).sum(), np.square(a[finite] - b[finite]).sum()
    if noise == 0:
        return EQUAL_DB
    return 10 * math.log10(signal / noise) if signal else WRONG_DB


def _text(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
