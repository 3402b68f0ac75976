"""Where a quantized file rounds, in terms of the float file that it was made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from edgekit import tflite
from edgekit.core.errors import QuantizeError
from edgekit.core.records import Recipe
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.calibration.clipped_ranges import extent
from edgekit.quantize.rewrite.cast_pairs import CASTS, behind_casts, pairs, producers
from edgekit.quantize.rewrite.engine import Exceptions, parsed
from edgekit.tflite import Model, Operator, Tensor, dequantize
from edgekit.tflite.quantized_weights import Codes, Grid, Group, from_range

# Where the quantizer gives outputs the scale of an input, or inputs that of the output: they
# move values, choose among them, or average them.
SAME = frozenset(
    "AVERAGE_POOL_2D BROADCAST_TO CONCATENATION DEPTH_TO_SPACE DYNAMIC_UPDATE_SLICE EXPAND_DIMS "
    "GATHER GATHER_ND MAXIMUM MAX_POOL_2D MINIMUM MIRROR_PAD PACK PAD PADV2 REDUCE_MAX REDUCE_MIN "
    "RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SELECT SELECT_V2 SLICE SPACE_TO_DEPTH SPLIT "
    "SPLIT_V SQUEEZE STRIDED_SLICE TRANSPOSE UNPACK".split()
)
# Their outputs have scales that kernels demand, whatever the range.
FIXED = frozenset(("LOGISTIC", "LOG_SOFTMAX", "L2_NORMALIZATION", "SOFTMAX", "TANH"))
# Where the weights stand, and the bias.
WEIGHTS = {
    "CONV_2D": (1, 2),
    "DEPTHWISE_CONV_2D": (1, 2),
    "FULLY_CONNECTED": (1, 2),
    "TRANSPOSE_CONV": (1, 3),
}
# A bias of so many steps does not fit; one that is given room has so many.
_FULL, _ROOM = 2.0**30, 2.0**24
_Key = TypeVar("_Key", int, str)

_BITS = {"int4": 4, "int8": 8, "uint8": 8, "int16": 16}


@dataclass(slots=True)
class _Found:
    """What has been seen so far, by tensors of the quantized file."""

    points: dict[int, Tensor] = field(default_factory=dict)
    outputs: dict[int, int] = field(default_factory=dict)
    operands: dict[tuple[int, int], int] = field(default_factory=dict)
    names: dict[int, set[str]] = field(default_factory=dict)
    joined: list[tuple[int, int]] = field(default_factory=list)
    weights: dict[int, Codes] = field(default_factory=dict)
    steps: dict[int, float] = field(default_factory=dict)  # of the input, where biases are integers
    constants: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    def add(self, tensor: Tensor, name: str | None) -> None:
        self.points[tensor.index] = tensor
        if name is not None:
            self.names.setdefault(tensor.index, set()).add(name)


def grid(prepared: Prepared, recipe: Recipe, exceptions: Exceptions = MappingProxyType({})) -> Grid:
    """What rounding a recipe brings to a float file.

    Args:
        prepared: What calibration found.
        recipe: What is applied.
        exceptions: What single operators have instead.

    Returns:
        The grid, in indices of the main graph of `prepared.float_model`.

    Raises:
        QuantizeError: The recipe rounds nothing that training could make up for.
    """
    quantized = prepared.apply(recipe, exceptions)
    before = parsed(prepared.float_model)
    found = _looked_at(before, quantized)
    _make_room(found, before, prepared)
    if not found.weights and not found.points:
        raise QuantizeError(
            "Quantization-aware training needs a recipe with integer weights or activations.",
            received=f"{recipe.name}, which leaves none in this model",
            hint="leave --qat out, or use static_wi8_ai8 or weight_only_wi4_afp32.",
        )
    number, groups = _groups(found, prepared.ranges or {})
    # What is read on the grid on which it was given needs no second rounding.
    given = {
        (op.index, place): found.outputs.get(tensor.index)
        for op in _main(before)
        for place, tensor in enumerate(op.operands)
        if tensor is not None
    }
    return Grid(
        groups=groups,
        outputs={tensor: number[point] for tensor, point in found.outputs.items()},
        operands={
            key: number[point]
            for key, point in found.operands.items()
            if (own := given.get(key)) is None or number[own] != number[point]
        },
        weights=found.weights,
        constants=found.constants,
    )


def _main(model: Model) -> Iterator[Operator]:
    main = tflite.binding(model).subgraph
    return (op for op in tflite.operators(model) if op.subgraph == main)


def _looked_at(before: Model, quantized: Model) -> _Found:
    main = tflite.binding(before).subgraph
    makers = producers(quantized)
    shared = _shared(_main(before))
    found = _Found()
    for old, new in pairs(before, quantized):
        if old.subgraph != main or new is None:
            continue
        for old_tensor, tensor in zip(old.outputs, new.outputs, strict=True):
            if _is_point(tensor):
                found.add(tensor, None if old.name in FIXED else old_tensor.name)
                found.outputs[old_tensor.index] = tensor.index
        _operands(found, quantized, old, new, makers, shared)
        if old.name in SAME:
            _join(found, new)
    return found


def _is_point(tensor: Tensor) -> bool:
    return not tensor.is_constant and tensor.dtype in _BITS and len(tensor.scale) == 1


def _operands(
    found: _Found,
    quantized: Model,
    old: Operator,
    new: Operator,
    makers: Mapping[tuple[int, int], Operator],
    shared: frozenset[int],
) -> None:
    place_of_weights, place_of_bias = WEIGHTS.get(old.name, (-1, -1))
    for place, (was, tensor) in enumerate(zip(old.operands, new.operands, strict=True)):
        if was is None or tensor is None or was.dtype != "float32":
            continue
        if was.is_constant:
            stored, _ = behind_casts(new, tensor, makers)
            if not stored.is_constant or stored.dtype == "float32":
                continue
            if place == place_of_weights and was.index not in shared:
                bias = new.operands[place_of_bias] if len(new.operands) > place_of_bias else None
                if (trained := _codes(quantized, old, stored, bias)) is not None:
                    found.weights[old.index] = trained
                    if bias is not None and bias.dtype != "float32" and bias.scale:
                        found.steps[old.index] = bias.scale[0] / stored.scale[0]
                    continue
            if place != place_of_bias:
                found.constants[old.index, place] = _real(quantized, stored)
        elif _is_point(tensor):
            maker = makers.get((new.subgraph, tensor.index))
            if maker is not None and maker.name in CASTS:
                source = maker.inputs[0]
                # Of what is float before it, or an input of the model, the tensor's own range
                # decides. Integers are cast where an operator demands another scale.
                own = source.dtype == "float32" or (new.subgraph, source.index) not in makers
                found.add(tensor, was.name if own else None)
                found.operands[old.index, place] = tensor.index
            elif maker is None:
                found.add(tensor, was.name)
                found.operands[old.index, place] = tensor.index
    # Biases follow the weights; where those are not trained, they are what is stored.
    if old.index not in found.weights and 0 <= place_of_bias < len(new.operands):
        bias = new.operands[place_of_bias]
        if bias is not None and bias.dtype != "float32" and bias.is_constant:
            found.constants[old.index, place_of_bias] = _real(quantized, bias)


def _make_room(found: _Found, before: Model, prepared: Prepared) -> None:
    """Coarser weights where a bias does not fit into int32.

    The weights of a channel that training has killed are next to nothing, and so is their scale:
    its bias, counted in that scale times the input's, is cut off at 2**31 and the channel is
    wrong by any amount (of MobileNetV1-0.25, ten channels).
    """
    for op in _main(before):
        one, step = found.weights.get(op.index), found.steps.get(op.index)
        if one is None or one.bias is None or step is None or len(one.scales) != len(one.bias):
            continue
        full = np.abs(one.bias) >= _FULL * step * one.scales.astype(np.float64)
        if not full.any():
            continue
        bias = _exact_bias(op, before, prepared)
        scales = np.where(full, np.abs(bias) / (_ROOM * step), one.scales).astype(np.float32)
        wider = replace(one, scales=scales, bias=np.where(full, bias, one.bias))
        codes = np.rint(one.real / wider.spread).astype(np.int8)
        found.weights[op.index] = replace(wider, codes=codes)


def _exact_bias(op: Operator, before: Model, prepared: Prepared) -> np.ndarray:
    chosen = prepared.weights.get(op.index)
    if chosen is not None and chosen.bias is not None:
        return np.asarray(chosen.bias, np.float32)
    given = op.operands[WEIGHTS[op.name][1]]
    stored = None if given is None else tflite.values(before, given)
    assert stored is not None  # the quantized file has it
    return np.asarray(stored, np.float32).reshape(-1)


def _codes(model: Model, op: Operator, stored: Tensor, bias: Tensor | None) -> Codes | None:
    how = stored.quantization
    if how is None or stored.dtype not in ("int4", "int8") or "blockwise" in how.granularity:
        return None
    values = tflite.values(model, stored)
    assert values is not None  # it is a constant
    if any(how.zero_point):
        return None
    axis = how.dimension if len(how.scale) > 1 else 0
    return Codes(
        codes=np.array(values, np.int8),
        scales=np.array(how.scale, np.float32),
        bias=None if bias is None else _real(model, bias).reshape(-1),
        bits=_BITS[stored.dtype],
        axis=axis,
    )


def _real(model: Model, tensor: Tensor) -> np.ndarray:
    values = tflite.values(model, tensor)
    assert values is not None  # it is a constant
    how = tensor.quantization
    if how is not None and "blockwise" in how.granularity:
        return _blockwise(model, tensor, values, int(how.granularity.removeprefix("blockwise_")))
    return np.array(dequantize.real(values, tensor), np.float32)


def _blockwise(model: Model, tensor: Tensor, values: np.ndarray, block: int) -> np.ndarray:
    graph = tflite.binding(model).subgraph
    details = model.subgraphs[graph].tensors[tensor.index].quantization.details
    scales = tflite.values(model, tflite.tensor(model, graph, int(details.scales)))
    assert scales is not None  # they are in the file
    blocks = values.reshape(len(values), -1, block).astype(np.float32)
    spread = scales.astype(np.float32).reshape(len(values), -1, 1)
    return np.asarray((blocks * spread).reshape(values.shape), np.float32)


def _join(found: _Found, new: Operator) -> None:
    """Inputs and outputs of equal scale, where the operator demands it."""
    given = [t for t in new.inputs if _is_point(t) and t.index in found.points]
    for output in new.outputs:
        for tensor in given:
            if tensor.quantization == output.quantization and output.index in found.points:
                found.joined.append((tensor.index, output.index))


def _groups(found: _Found, ranges: Ranges) -> tuple[dict[int, int], tuple[Group, ...]]:
    """Points that share a grid as groups, and the group of each point."""
    parent = {point: point for point in found.points}

    def root(point: int) -> int:
        while parent[point] != point:
            point = parent[point]
        return point

    for one, other in found.joined:
        parent[root(one)] = root(other)
    members: dict[int, list[int]] = {}
    for point in found.points:
        members.setdefault(root(point), []).append(point)
    names = [
        sorted({name for point in points for name in found.names.get(point, ())})
        for points in members.values()
    ]
    tensors = [found.points[points[0]] for points in members.values()]
    deciding = [
        tuple(name for name in mine if _decides(ranges.get(name), tensor))
        for mine, tensor in zip(names, tensors, strict=True)
    ]
    # A range that two grids come from (of 8 and of 16 bits) cannot be trained for either.
    several = _repeated(name for mine in deciding for name in mine)
    everywhere = _repeated(name for mine in names for name in mine)
    groups = []
    for mine, decide, tensor in zip(names, deciding, tensors, strict=True):
        fixed = not decide or any(name in several for name in decide)
        written = [name for name in mine if name in decide or name not in everywhere]
        groups.append(_group(tensor, ranges[decide[0]] if decide else None, fixed, tuple(written)))
    number = {point: i for i, points in enumerate(members.values()) for point in points}
    return number, tuple(groups)


def _repeated(values: Iterable[_Key]) -> frozenset[_Key]:
    seen: set[_Key] = set()
    again: set[_Key] = set()
    for value in values:
        (again if value in seen else seen).add(value)
    return frozenset(again)


def _stored(tensor: Tensor) -> tuple[float, int, int]:
    """Scale, zero point and bits, with codes that are signed."""
    assert tensor.quantization is not None
    [scale], [zero] = tensor.quantization.scale, tensor.quantization.zero_point
    return scale, zero - (128 if tensor.dtype == "uint8" else 0), _BITS[tensor.dtype]


def _decides(sides: Mapping[str, np.ndarray] | None, tensor: Tensor) -> bool:
    if sides is None:
        return False
    scale, zero, bits = _stored(tensor)
    return from_range(*extent(sides), bits) == (scale, zero)


def _group(
    tensor: Tensor, sides: Mapping[str, np.ndarray] | None, fixed: bool, names: tuple[str, ...]
) -> Group:
    scale, zero, bits = _stored(tensor)
    one = Group(scale=scale, zero_point=zero, bits=bits, low=0, high=0)
    low, high = ((limit - zero) * scale for limit in one.limits)
    if not fixed and sides is not None:
        low, high = extent(sides)
    return Group(
        scale=scale,
        zero_point=zero,
        bits=bits,
        low=min(low, 0.0),
        high=max(high, 0.0),
        fixed=fixed,
        names=() if fixed else names,
    )


def _shared(operators: Iterable[Operator]) -> frozenset[int]:
    """Constants that several operators read: one of them cannot change them."""
    return _repeated(tensor.index for op in operators for tensor in op.constants)
