"""Conversions that are refused for good reasons, so that their hints are carried out.

Each of these is a person's usual first mistake; what the refusal says next has to work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from benchmarks.sweep import Case, Source

_STATIC = "static_wi8_ai8"


def cases() -> list[Case]:
    """A case for each mistake; samples lie beside the model where the command gets none."""
    dense, sequence = (8,), (10, 6)
    return [
        _case("a Lambda layer", dense, _lambda),
        _case("an LSTM over open steps, static", (None, 6), _recurrent, recipe=_STATIC, fill=10),
        _case("open sizes, static", (None, None, 3), _convolution, recipe=_STATIC, fill=16),
        _case("a static file without samples", dense, _dense, recipe=_STATIC, given=False),
        _case(
            "int4 weights without samples",
            dense,
            _dense,
            recipe="weight_only_wi4_afp32",
            given=False,
        ),
        _case("integers in and out of a float file", dense, _dense, "--io", "int8"),
        _case("a name with a blank", dense, _dense, "--name", "my model"),
        _case("pruning by nothing", dense, _dense, "--prune", "structured"),
        _case("a sparsity in percent", dense, _dense, "--prune", "structured", "--sparsity", "50"),
        _case("a sparsity without a method", dense, _dense, "--sparsity", "0.5"),
        _case("a pattern that is none", dense, _dense, "--prune", "2:x"),
        _case("a recipe for no layer", dense, _dense, "--override", "nothing=float16"),
        _case("a bound without a quantized file", dense, _dense, "--max-loss", "0.01"),
        _case("training without a way", dense, _dense, "--qat"),
        _case("a stack with an open batch", sequence, _recurrent, "--input-shape", "x=2,10,6"),
    ]


def _case(
    name: str,
    shape: tuple[int | None, ...],
    build: Callable[[Any], Any],
    *options: str,
    recipe: str = "float32",
    given: bool = True,
    fill: int = 0,
) -> Case:
    make = partial(_make, shape=shape, build=build, given=given, fill=fill)
    return Case(name, make, (recipe,), options, peer=False)


def _make(
    folder: Path,
    shape: tuple[int | None, ...],
    build: Callable[[Any], Any],
    given: bool,
    fill: int,
) -> Source:
    keras.utils.set_random_seed(3)
    x = keras.Input(shape, name="x")
    keras.Model(x, build(x)).save(folder / "model.keras")
    sizes = [120, *(size or fill for size in shape)]
    samples = folder / "samples-drawn.npz"
    np.savez(samples, x=np.random.default_rng(3).normal(size=sizes).astype("float32"))
    return Source(model=folder / "model.keras", samples=samples if given else None)


def _dense(x: Any) -> Any:
    return layers.Dense(4)(layers.Dense(32, activation="relu")(x))


def _lambda(x: Any) -> Any:
    return layers.Dense(4)(layers.Lambda(lambda t: t * 2.0)(x))


def _recurrent(x: Any) -> Any:
    return layers.Dense(4)(layers.LSTM(8)(x))


def _convolution(x: Any) -> Any:
    return layers.Dense(4)(layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3)(x)))
