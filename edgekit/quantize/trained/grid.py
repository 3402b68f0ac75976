"""Where a quantized file rounds, in terms of the float file that it was made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from edgekit import tflite
from edgekit.core.errors import QuantizeError
from edgekit.core.records import Recipe
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.calibration.clipped_ranges import extent
from edgekit.quantize.rewrite.cast_pairs import behind_casts, pairs, producers
from edgekit.quantize.rewrite.engine import Exceptions, parsed
from edgekit.tflite import Model, Operator, Tensor
from edgekit.tflite.dequantize import dequantized
from edgekit.tflite.graph import shared_constants
from edgekit.tflite.quantized_weights import Grid, Group, QuantizedWeights, from_range

# A bias of so many steps does not fit; one that is given room has so many.
_FULL, _ROOM = 2.0**30, 2.0**24

_BITS = {"int4": 4, "int8": 8, "uint8": 8, "int16": 16}


@dataclass(slots=True)
class _Found:
    """What has been seen so far, by tensors of the quantized file."""

    points: dict[int, Tensor] = field(default_factory=dict)
    outputs: dict[int, int] = field(default_factory=dict)
    operands: dict[tuple[int, int], int] = field(default_factory=dict)
    names: dict[int, set[str]] = field(default_factory=dict)
    joined: list[tuple[int, int]] = field(default_factory=list)
    weights: dict[int, QuantizedWeights] = field(default_factory=dict)
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
        for op in tflite.main_operators(before)
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


def _looked_at(before: Model, quantized: Model) -> _Found:
    main = tflite.binding(before).subgraph
    makers = producers(quantized)
    shared = shared_constants(tflite.main_operators(before))
    found = _Found()
    for old, new in pairs(before, quantized):
        if old.subgraph != main or new is None:
            continue
        for old_tensor, tensor in zip(old.outputs, new.outputs, strict=True):
            if _is_point(tensor):
                found.add(tensor, None if old.facts.scale_source == "fixed" else old_tensor.name)
                found.outputs[old_tensor.index] = tensor.index
        _operands(found, quantized, old, new, makers, shared)
        if old.facts.scale_source in ("input", "output"):
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
    place_of_weights, place_of_bias = old.facts.linear_places or (-1, -1)
    for place, (was, tensor) in enumerate(zip(old.operands, new.operands, strict=True)):
        if was is None or tensor is None or was.dtype != "float32":
            continue
        if was.is_constant:
            stored, _ = behind_casts(new, tensor, makers)
            if not stored.is_constant or stored.dtype == "float32":
                continue
            if place == place_of_weights and was.index not in shared:
                bias = new.operands[place_of_bias] if len(new.operands) > place_of_bias else None
                if (trained := _quantized_weights(quantized, stored, bias)) is not None:
                    found.weights[old.index] = trained
                    if bias is not None and bias.dtype != "float32" and bias.scale:
                        found.steps[old.index] = bias.scale[0] / stored.scale[0]
                    continue
            if place != place_of_bias:
                found.constants[old.index, place] = _real(quantized, stored)
        elif _is_point(tensor):
            maker = makers.get((new.subgraph, tensor.index))
            if maker is not None and maker.facts.is_cast:
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
    for op in tflite.main_operators(before):
        old, step = found.weights.get(op.index), found.steps.get(op.index)
        if old is None or old.bias is None or step is None or len(old.scales) != len(old.bias):
            continue
        full = np.abs(old.bias) >= _FULL * step * old.scales.astype(np.float64)
        if not full.any():
            continue
        bias = _exact_bias(op, before, prepared)
        scales = np.where(full, np.abs(bias) / (_ROOM * step), old.scales).astype(np.float32)
        wider = replace(old, scales=scales, bias=np.where(full, bias, old.bias))
        integers = np.rint(old.real / wider.spread).astype(np.int8)
        found.weights[op.index] = replace(wider, integers=integers)


def _exact_bias(op: Operator, before: Model, prepared: Prepared) -> np.ndarray:
    chosen = prepared.weights.get(op.index)
    if chosen is not None and chosen.bias is not None:
        return np.asarray(chosen.bias, np.float32)
    assert op.bias is not None  # the quantized file has it
    return np.asarray(tflite.constant(before, op.bias), np.float32).reshape(-1)


def _quantized_weights(
    model: Model, stored: Tensor, bias: Tensor | None
) -> QuantizedWeights | None:
    how = stored.quantization
    if how is None or stored.dtype not in ("int4", "int8") or "blockwise" in how.granularity:
        return None
    if any(how.zero_point):
        return None
    axis = how.dimension if len(how.scale) > 1 else 0
    return QuantizedWeights(
        integers=np.array(tflite.constant(model, stored), np.int8),
        scales=np.array(how.scale, np.float32),
        bias=None if bias is None else _real(model, bias).reshape(-1),
        bits=_BITS[stored.dtype],
        axis=axis,
    )


def _real(model: Model, tensor: Tensor) -> np.ndarray:
    return np.array(dequantized(model, tflite.binding(model).subgraph, tensor), np.float32)


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

    for first, second in found.joined:
        parent[root(first)] = root(second)
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


def _repeated(values: Iterable[str]) -> frozenset[str]:
    return frozenset(value for value, count in Counter(values).items() if count > 1)


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
    group = Group(scale=scale, zero_point=zero, bits=bits, low=0, high=0)
    low, high = ((limit - zero) * scale for limit in group.limits)
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
