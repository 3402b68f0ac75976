"""PAD as the padding of the convolution behind it.

Keras models of the MobileNet kind, and those that came from PyTorch, pad a map before a
convolution without padding. Where that is what SAME would add, side by side, the convolution can do
it: the same floats, and a copy of the whole map less.
"""

from __future__ import annotations

from edgekit.tflite.constants import values
from edgekit.tflite.graph import Operator, Tensor
from edgekit.tflite.schema_objects import Model
from edgekit.tflite.signature import binding, main_operators
from edgekit.tflite.sole_consumers import sole_consumers

_SAME, _VALID = 0, 1


def fold(model: Model) -> int:
    """Take out such operators of the main graph, in place; convolutions keep their names.

    Args:
        model: A float model.

    Returns:
        How many there were.
    """
    graph = model.subgraphs[binding(model).subgraph]
    known = main_operators(model)
    alone = sole_consumers(graph, known)
    gone = set()
    for pad in known:
        conv = alone.get(pad.outputs[0].index) if pad.name == "PAD" else None
        if conv is not None and _is_same(model, pad, conv):
            raw = graph.operators[conv.index]
            raw.inputs = [pad.inputs[0].index, *raw.inputs[1:]]
            raw.builtinOptions.padding = _SAME
            gone.add(pad.index)
    graph.operators = [raw for index, raw in enumerate(graph.operators) if index not in gone]
    return len(gone)


def _is_same(model: Model, pad: Operator, conv: Operator) -> bool:
    """Whether a convolution with padding SAME would pad by itself what was padded."""
    if conv.name not in ("CONV_2D", "DEPTHWISE_CONV_2D") or conv.options is None:
        return False
    given, weight = pad.inputs[0], conv.weight
    if conv.options.padding != _VALID or weight is None or conv.inputs[0] != pad.outputs[0]:
        return False
    if given.dtype != "float32" or len(given.shape) != 4 or len(weight.shape) != 4:
        return False
    padded = values(model, pad.inputs[1]) if pad.inputs[1].is_constant else None
    if padded is None or padded.shape != (4, 2) or padded[[0, 3]].any():
        return False
    return all(
        (int(padded[axis][0]), int(padded[axis][1])) == _padding(given, weight, axis, step, spread)
        for axis, step, spread in (
            (1, conv.options.strideH, conv.options.dilationHFactor),
            (2, conv.options.strideW, conv.options.dilationWFactor),
        )
    )


def _padding(
    given: Tensor, weight: Tensor, axis: int, stride: int, dilation: int
) -> tuple[int, int] | None:
    """What SAME adds before and behind; None of a size that is not known."""
    size, reach = given.shape[axis], (weight.shape[axis] - 1) * dilation + 1
    if size < 1:
        return None
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2
