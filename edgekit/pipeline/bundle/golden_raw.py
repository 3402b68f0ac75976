"""Raw data that a bundle carries with what the host's preprocessing makes of it.

It is made up, the same for the same contract: an app's own code must turn it into the very bits.
Of a large input only some values are kept, which stand apart by a number that has no divisor in
common with the input's size, so that every channel and column is among them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgekit.codegen.literals import utf8
from edgekit.core.errors import DataError
from edgekit.core.records import TensorSpec
from edgekit.data import preprocess

_IMAGE = (31, 45, 3)  # no side or ratio that a model's input has
_SAMPLES = 400  # of sound, at most
_ENTRIES = 12  # of a vocabulary
_VALUES = 512  # kept of an input, about


@dataclass(frozen=True, slots=True)
class Raw:
    """Raw data for an input: its bytes, and the input's values as preprocessing gives them."""

    dtype: Literal["uint8", "float32", "text"]
    shape: tuple[int, ...]
    content: bytes
    values: np.ndarray


def raw_sample(spec: TensorSpec) -> Raw | None:
    """Raw data for an input; None where the app itself prepares it, or nothing made up fits."""
    if spec.preprocessing.kind == "none":
        return None
    if spec.preprocessing.kind == "text":
        text = _text(spec)
        content = text.encode()
        return Raw("text", (len(content),), content, preprocess.preprocess(np.array(text), spec))
    array = {"image": _image, "audio": _sound, "tabular": _row}[spec.preprocessing.kind](spec)
    try:
        values = preprocess.preprocess(array, spec)
    except DataError:  # a plain integer input takes whole numbers only
        return None
    little = array.astype(array.dtype.newbyteorder("<"))
    dtype: Literal["uint8", "float32"] = "uint8" if array.dtype == np.uint8 else "float32"
    return Raw(dtype, array.shape, little.tobytes(), values)


def stride(count: int) -> int:
    """How far apart the values stand that are kept of `count`."""
    apart = max(1, -(-count // _VALUES))
    while math.gcd(apart, count) > 1:
        apart += 1
    return apart


def _noise(spec: TensorSpec, count: int) -> np.ndarray:
    """Bytes that follow from the input's name, the same in every version of NumPy."""
    digest = hashlib.shake_256(utf8(spec.name)).digest(count)
    return np.frombuffer(digest, np.uint8)


def _image(spec: TensorSpec) -> np.ndarray:
    return _noise(spec, math.prod(_IMAGE)).reshape(_IMAGE)


def _sound(spec: TensorSpec) -> np.ndarray:
    # Longer than a short window, which cuts it; shorter than a long one, which fills it up.
    count = min(_SAMPLES, (spec.preprocessing.window or 1) + 5)
    return (_noise(spec, count).astype(np.float32) - 128) / np.float32(128)


def _row(spec: TensorSpec) -> np.ndarray:
    shape = spec.shape[1:] if spec.shape[:1] == (1,) else spec.shape
    rules = spec.preprocessing
    mean, std = np.asarray(rules.mean, np.float32), np.asarray(rules.std, np.float32)
    steps = _noise(spec, math.prod(shape)).reshape(shape) // 32 - np.float32(4)
    values: np.ndarray = (mean + std * steps).astype(np.float32)
    return values


def _text(spec: TensorSpec) -> str:
    entries = list(_entries(spec))
    picked = [entries[int(byte) % len(entries)] for byte in _noise(spec, _ENTRIES)]
    characters = all(len(entry) == 1 for entry in entries)
    return ("" if characters else " ").join([*picked, "\N{SNOWMAN}"])


def _entries(spec: TensorSpec) -> Iterator[str]:
    for entry in spec.preprocessing.vocabulary:
        if utf8(entry) == entry.encode("utf-8", "replace") and "\0" not in entry:
            yield entry
    yield "a"
