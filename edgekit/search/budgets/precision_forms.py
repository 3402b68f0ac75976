"""The forms that each operator of a file can have under a budget, and the bytes that each takes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import Device, Quantization, Recipe
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.rewrite import check_applied, engine
from edgekit.quantize.rewrite.int4_kernels import has_int4
from edgekit.tflite import Model, Operator
from edgekit.tflite.graph import shared_constants

_FLOAT_BITS = 32
# Beside its integers: a scale of each channel, and one of its bias.
_CHANNEL_BYTES = 8
CAST_BYTES = 160
"""About what a QUANTIZE or DEQUANTIZE takes, with the tensor that it gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way to store and compute an operator.

    Attributes:
        how: What the operator has; None for float.
        weight_bits: Of each weight, 32 for float; also where it has none.
        size_bytes: What its weights take, with their scales.
        is_integer: Whether it takes and gives integers.
    """

    how: Quantization | None
    weight_bits: int
    size_bytes: int
    is_integer: bool

    @property
    def recipe(self) -> str:
        """The name of the recipe that says the same."""
        return recipes.name_of(self.how)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An operator of the main graph and its forms, the narrowest first; one where none is free."""

    op: Operator
    forms: tuple[Form, ...]


def choices(
    model: Model,
    recipe: Recipe,
    device: Device,
    prepared: Prepared,
    by_hand: engine.Exceptions,
) -> list[Choice]:
    """What each operator may have, in order of execution.

    Weights are never narrower than the recipe's, and int4 only where the device has a fast kernel
    of it. What shares its weights with others, loops, and operators with many weights stay as the
    recipe has them.

    Args:
        model: `prepared.float_model`, read.
        recipe: It quantizes; what operators have unless something else is said.
        device: What the file is for.
        prepared: How the recipe quantizes best by itself; what it leaves to floats stays so.
        by_hand: What was asked for, by index: these have no choice.
    """
    how = recipe.quantize
    assert how is not None
    settled = {**engine.kept_float(model, how, prepared.ranges), **by_hand}
    other = {i: recipes.get(one.recipe).quantize for i, one in prepared.instead.items()}
    settled |= {i: None for i, what in other.items() if what is None and i not in by_hand}
    operators = [op for op in tflite.main_operators(model) if not op.facts.is_cast]
    shared = shared_constants(operators)
    result = []
    for op in operators:
        wide = other.get(op.index) or replace(how, weight_bits=8)
        if op.index in settled:
            forms = [_form(op, settled[op.index])]
        elif _is_free(op, wide, shared):
            narrow = how.weight_bits < wide.weight_bits and has_int4(op, how, device)
            forms = [*([_form(op, how)] if narrow else []), _form(op, wide), _form(op, None)]
        else:
            forms = [_form(op, other.get(op.index, how))]
        result.append(Choice(op=op, forms=tuple(dict.fromkeys(forms))))
    return result


def _is_free(op: Operator, wide: Quantization, shared: Collection[int]) -> bool:
    """Whether int8 can be had, and nothing else depends on its weights."""
    if not check_applied.treats(op, wide):
        return False
    weight = op.weight
    if weight is None:
        return wide.needs_ranges and not op.facts.has_weights
    constant = weight.is_constant and weight.dtype == "float32" and not weight.is_sparse
    return constant and len(weight.shape) >= 2 and weight.index not in shared


def _form(op: Operator, how: Quantization | None) -> Form:
    """What the operator really has of it: the quantizer stores in 8 bits what has no int4 form."""
    if how is not None and not check_applied.treats(op, how):
        how = replace(how, weight_bits=8)
        if not check_applied.treats(op, how):
            how = None
    weight = op.weight
    bits = _FLOAT_BITS if how is None else how.weight_bits
    size = 0
    if weight is not None and weight.is_constant:
        size = (weight.weight_bytes // 4 * bits + 7) // 8
        if how is not None:
            size += _CHANNEL_BYTES * weight.shape[op.facts.channel_axis]
    return Form(
        how=how,
        weight_bits=bits,
        size_bytes=size,
        is_integer=how is not None and how.needs_ranges,
    )
