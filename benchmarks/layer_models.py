"""Models around one layer: what stands before it, what after it, and samples for them."""

from __future__ import annotations

import ast
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from benchmarks.sweep import Source

# As many as a person has at least: of a few, ranges are a matter of luck.
_SAMPLES = 120
_WORDS = ("red", "green", "blue", "black", "")

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return random.normal(size=shape).astype("float32")


def _padded(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    lengths = random.integers(1, shape[1] + 1, shape[0])
    there = np.arange(shape[1]) < lengths[:, None]
    return _normal(random, shape) * there[..., None].astype("float32")


def _pixels(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return random.integers(0, 256, shape).astype("float32")


def _ids(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return random.integers(0, 10, shape).astype("int32")


def _words(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return random.choice(_WORDS, shape)


def _sentences(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    texts = [" ".join(random.choice(_WORDS[:4], 4)).capitalize() + "!" for _ in range(shape[0])]
    return np.array(texts).reshape(shape)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a layer stands.

    Attributes:
        shape: Of the input, without the batch.
        draw: Samples for it.
        before: Makes the layer that `x`, and another that `y`, comes from; None for the input.
        after: Whether a dense layer makes outputs of what the layer gives.
        dtype: Of the input.
        batch: Of the input; None where it is free.
    """

    shape: tuple[int, ...]
    draw: Draw = _normal
    before: Callable[[], Any] | None = None
    after: bool = True
    dtype: str = "float32"
    batch: int | None = None

    @property
    def recipes(self) -> tuple[str, ...]:
        """What is made of its models: static files where there is arithmetic to quantize."""
        return ("float32", "static_wi8_ai8") if self.dtype == "float32" else ("float32",)


IMAGE = Place((12, 12, 3), before=lambda: layers.Conv2D(6, 3, padding="same", activation="relu"))
ROW = Place((8,), before=lambda: layers.Dense(8, activation="relu"))
SEQUENCE = Place((10, 6), before=lambda: layers.Dense(6, activation="tanh"))
VOLUME = Place((6, 8, 8, 2), before=lambda: layers.Conv3D(3, 3, padding="same", activation="relu"))
FRAMES = Place((4, 6, 8, 2))
PADDED = Place((10, 6), _padded)
STATEFUL = Place((10, 6), batch=1)
IDS = Place((4,), _ids, after=False, dtype="int32")
WORDS = Place((3,), _words, after=False, dtype="string")
SENTENCES = Place((1,), _sentences, after=False, dtype="string")
TABLE = Place((8,))
PIXELS = Place((16, 16, 3), _pixels)
SOUND = Place((1600,), after=False)


def make(folder: Path, line: str, place: Place) -> Source:
    """Write the model around one line of `layer_tables`, and its samples."""
    seed = zlib.crc32(line.encode())
    keras.utils.set_random_seed(seed)
    samples = place.draw(np.random.default_rng(seed), (_SAMPLES, *place.shape))
    given = keras.Input(place.shape, place.batch, name="given", dtype=place.dtype)
    x = place.before()(given) if place.before else given
    y = place.before()(given) if place.before and "y" in _names(line) else given

    def adapted(layer: Any) -> Any:
        layer.adapt(samples)
        return layer

    known = {**vars(layers), "x": x, "y": y, "adapted": adapted, "reversed_ids": _reversed_ids}
    made = eval(line, known)  # a line of our own table
    result = made(x) if isinstance(made, keras.Layer) else made
    outputs = result if isinstance(result, list | tuple) else [result]
    if place.after:
        outputs = [_head(value) for value in outputs]
    model = keras.Model(given, outputs if len(outputs) > 1 else outputs[0])
    _spread_statistics(model, np.random.default_rng(seed))
    model.save(folder / "model.keras")
    np.savez(folder / "samples.npz", **{model.inputs[0].name: samples})
    return Source(model=folder / "model.keras", samples=folder / "samples.npz")


def mentioned(line: str) -> set[str]:
    """The layers that a line holds."""
    return {name for name in _names(line) if hasattr(layers, name)}


def _names(line: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name)}


def _head(value: Any) -> Any:
    if len(value.shape) > 2:
        value = layers.Flatten()(value)
    return layers.Dense(3)(value)


def _reversed_ids(layer: Any, ids: Any) -> Any:
    """Logits over the ids, as a language model ends."""
    return layer(layers.Dense(4, activation="tanh")(layer(ids)), reverse=True)


def _spread_statistics(model: Any, random: np.random.Generator) -> None:
    """Moving statistics as training leaves them, not zero and one."""
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.moving_mean.assign(random.normal(size=layer.moving_mean.shape) * 0.3)
            layer.moving_variance.assign(random.uniform(0.5, 2, layer.moving_variance.shape))
