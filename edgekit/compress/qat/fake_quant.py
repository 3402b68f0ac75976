"""A float `.tflite` as a Keras model that rounds as the quantized file does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edgekit.compress.qat.float_network import build
from edgekit.tflite import Operator
from edgekit.tflite.quantized_weights import Grid


def build_rounding(
    content: bytes, grid: Grid, *, constant: bool = False, cell: float | None = None
) -> Any:
    """A functional Keras model that computes what the quantized file computes.

    Args:
        content: The float file that the grid tells of.
        grid: Where the quantized file rounds.
        constant: Whether scales and weights are constants behind TensorFlow's fake-quantization
            operators, which its converter recognises, rather than variables to be trained.
        cell: How far at most from its code a weight begins; None for `operator_layers.CELL`.

    Returns:
        A `keras.Model`; `trained` tells what became of the grid in it.

    Raises:
        ModelError: As `float_network.rebuild`.
    """
    from edgekit.compress.qat.operator_layers import CELL, Range, RoundingLayer

    ranges = [
        Range(group, constant=constant, name=f"range_{number}")
        for number, group in enumerate(grid.groups)
    ]
    # The group on which each tensor lies, as it was given.
    lies_on = dict(grid.outputs)

    def make(op: Operator, constants: Mapping[int, np.ndarray], name: str) -> Any:
        read = {place: n for (index, place), n in grid.operands.items() if index == op.index}
        quantized = grid.weights.get(op.index)
        stored = {place: v for (index, place), v in grid.constants.items() if index == op.index}
        given = [
            read.get(place, lies_on.get(tensor.index))
            for place, tensor in enumerate(op.operands)
            if tensor is not None and tensor.dtype == "float32" and place not in constants
        ]
        give = {}
        for number, tensor in enumerate(op.outputs):
            group = grid.outputs.get(tensor.index)
            stays = op.facts.only_moves and bool(given) and all(number == group for number in given)
            if group is not None and not stays:
                give[number] = ranges[group]
        return RoundingLayer(
            op,
            {**constants, **stored},
            quantized=quantized,
            read={place: ranges[number] for place, number in read.items()},
            give=give,
            constant=constant,
            cell=CELL if cell is None else cell,
            name=name,
        )

    model = build(content, make)
    # Before training, and for `trained`: a model knows its layers by name only.
    model.rounding_ranges = ranges
    return model


def trained(model: Any, grid: Grid) -> Grid:
    """The grid that a model has now.

    Args:
        model: What `build_rounding` made.
        grid: What it was made of.
    """
    weights = dict(grid.weights)
    for layer in model.layers:
        quantized = layer.trained() if hasattr(layer, "rounded") else None
        if quantized is not None:
            weights[layer.op.index] = quantized
    groups = tuple(layer.trained() for layer in model.rounding_ranges)
    return replace(grid, groups=groups, weights=weights)
