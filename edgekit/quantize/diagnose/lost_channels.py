"""Channels of a quantized file's outputs whose content is lost by scales alone.

An output that is stored in integers is a multiple of one step. A channel that varies by less than
a step has two values left, or one: no run is needed to see that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgekit import tflite
from edgekit.core.records import Contract
from edgekit.quantize.rewrite.cast_pairs import producers
from edgekit.tflite import Model, Operator
from edgekit.tflite.channels import channels


@dataclass(frozen=True, slots=True, kw_only=True)
class LostChannel:
    """A channel that varies by less than a step of the tensor that holds it.

    Attributes:
        output: The output's name.
        channel: As `tflite.channels` names it: `det[5]`, `digit: seven`, or the output's name.
        step: What two neighbouring values of the file lie apart, in the output's unit.
        spread: Standard deviation of what the float file gives.
    """

    output: str
    channel: str
    step: float
    spread: float


def lost_channels(
    model: Model, expected: Mapping[str, np.ndarray], contract: Contract
) -> list[LostChannel]:
    """What scales alone show to be lost; nothing is run.

    Args:
        model: The quantized file.
        expected: The float file's outputs for some samples, `(n, ...)`, by name; finite.
        contract: Names and kinds of the outputs.

    Returns:
        In the order of outputs and channels; those that the float file leaves constant are none.
    """
    names = tflite.binding(model)
    makers = producers(model)
    known = tflite.tensors(model, names.subgraph)
    found = []
    for spec in contract.outputs:
        if spec.name not in names.outputs or spec.kind == "ids":
            continue
        index = names.outputs[spec.name]
        step = _step(known[index], makers.get((names.subgraph, index)), makers, names.subgraph)
        if step is None:
            continue
        values = np.asarray(expected[spec.name])
        found += [
            LostChannel(output=spec.name, channel=one.name, step=step, spread=one.spread)
            for one in channels(values, values, spec)
            if step > one.spread > 0
        ]
    return found


def _step(
    tensor: tflite.Tensor,
    maker: Operator | None,
    makers: Mapping[tuple[int, int], Operator],
    subgraph: int,
) -> float | None:
    """The scale of the nearest integers behind casts and what only moves values."""
    while not tensor.scale:
        moves = maker is not None and (maker.facts.is_cast or maker.facts.only_moves)
        if maker is None or not moves or maker.name == "CONCATENATION":
            return None
        source = maker.operand(maker.facts.activation)
        if source is None or source.is_constant:
            return None
        tensor, maker = source, makers.get((subgraph, source.index))
    return max(tensor.scale) if "int" in tensor.dtype else None
