"""What a graph does with an input first: scale it, or look it up as ids."""

from __future__ import annotations

from collections import defaultdict

from edgekit.tflite.graph import Operator, Tensor
from edgekit.tflite.schema_objects import Model
from edgekit.tflite.signature import binding, main_operators

# They change no value, or only leave some out.
_PASSING = frozenset(
    (
        "CAST",
        "RESHAPE",
        "TRANSPOSE",
        "SQUEEZE",
        "EXPAND_DIMS",
        "SLICE",
        "STRIDED_SLICE",
        "PAD",
        "PADV2",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
        "MAXIMUM",
        "MINIMUM",
        "FLOOR",
    )
)
_SCALING = frozenset(("MUL", "DIV", "ADD", "SUB"))
_LOOK_UPS = frozenset(("GATHER", "EMBEDDING_LOOKUP", "ONE_HOT", "GATHER_ND"))


def prepared(model: Model) -> frozenset[str]:
    """The inputs of a model that every reader of theirs scales by constants, or takes as ids.

    A constant is one number, or one for each index of the last axis: what a Rescaling, a
    Normalization, or a normalization by batch statistics at the very beginning becomes.
    """
    readers: dict[int, list[Operator]] = defaultdict(list)
    for operator in main_operators(model):
        for tensor in operator.inputs:
            readers[tensor.index].append(operator)
    return frozenset(
        name for name, index in binding(model).inputs.items() if _is_prepared(index, readers)
    )


def _is_prepared(index: int, readers: dict[int, list[Operator]]) -> bool:
    behind = readers.get(index, [])
    return bool(behind) and all(_prepares(operator, index, readers) for operator in behind)


def _prepares(operator: Operator, index: int, readers: dict[int, list[Operator]]) -> bool:
    if operator.name in _PASSING:
        return all(_is_prepared(made.index, readers) for made in operator.outputs)
    if operator.name in _LOOK_UPS:
        return not (operator.name == "GATHER" and operator.inputs[0].index == index)
    constants = [tensor for tensor in operator.constants if tensor.index != index]
    return operator.name in _SCALING and len(constants) == 1 and _is_a_scale(constants[0], operator)


def _is_a_scale(constant: Tensor, operator: Operator) -> bool:
    sizes = [size for size in constant.shape if size != 1]
    return not sizes or sizes == [operator.outputs[0].shape[-1]]
