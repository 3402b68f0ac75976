"""What a recipe really did to a file, operator by operator.

A quantizer that meets an operator it cannot treat leaves it float without a word. Here
each such operator is named, with the reason, and a file in which nothing changed is an
error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from edgekit.core.errors import QuantizeError
from edgekit.core.records import Quantization, Recipe, Skipped
from edgekit.quantize.rewrite import (
    carried_integers,
    control_flow,
    divisors,
    embedding_tables,
    recurrent_states,
)
from edgekit.quantize.rewrite.cast_pairs import behind_casts, pairs, producers
from edgekit.tflite import Model, Operator, Tensor, binding, operators, read, tensors

_FLOATS = ("float32", "float16", "float64", "bfloat16")


def check(
    float_model: bytes | Model,
    quantized: bytes | Model,
    recipe: Recipe,
    exceptions: Mapping[int, Quantization | None] = MappingProxyType({}),
) -> tuple[Skipped, ...]:
    """Name the operators that a recipe meant and that stayed float, with the reason.

    Args:
        float_model: The `.tflite` before: its bytes, or what `tflite.read` made of them.
        quantized: The `.tflite` after, likewise.
        recipe: What was asked for. One without quantization has nothing to check.
        exceptions: What single operators of the main graph have instead, by index: of these
            nothing is said where they were to stay float.

    Raises:
        QuantizeError: Nothing changed at all, or a static recipe left every operator
            float.
        ModelError: One of the two files cannot be read.
    """
    how = recipe.quantize
    if how is None:
        return ()
    before = read(float_model) if isinstance(float_model, bytes) else float_model
    after = read(quantized) if isinstance(quantized, bytes) else quantized
    if not _changed(before, after):
        names = ", ".join(sorted({op.name for op in operators(before)})) or "no operator at all"
        raise QuantizeError(
            f"{recipe.name} changed nothing in this model.",
            received=f"the quantizer changed nothing: no operator that it treats; it has {names}",
            hint="use --recipe float32, or another recipe.",
        )
    matched = list(pairs(before, after))
    elsewhere = any(other is not None for other in exceptions.values())
    static = how.scheme == "static"
    if static and not elsewhere and not any(_is_integer(new) for _, new in matched if new):
        raise QuantizeError(
            f"{recipe.name} did not make any operator compute in integers.",
            received="every operator stayed float",
            hint="use --recipe dynamic_wi8_afp32 or float16; edgekit inspect lists the operators.",
        )
    return tuple(_skipped(before, producers(after), matched, how, exceptions))


def _skipped(
    before: Model,
    made_by: dict[tuple[int, int], Operator],
    matched: Sequence[tuple[Operator, Operator | None]],
    how: Quantization,
    exceptions: Mapping[int, Quantization | None],
) -> Iterator[Skipped]:
    main, inside = binding(before).subgraph, control_flow.owners(before)
    reasons = dict.fromkeys(divisors.involved(before), divisors.KEPT)
    reasons |= dict.fromkeys(carried_integers.carriers(before), carried_integers.KEPT)
    reasons |= dict.fromkeys(recurrent_states.holders(before), recurrent_states.KEPT)
    for old, new in matched:
        in_main = old.subgraph == main
        by = frozenset([old.index]) if in_main else inside.get(old.subgraph, frozenset())
        meant = control_flow.asked(by, how, exceptions)
        if meant is None or new is None or not is_meant(old, meant):
            continue
        if _is_done(new, meant, made_by):
            continue
        place = control_flow.REST
        if in_main:
            place = reasons.get(old.index, "")
        reason = _reason(old, meant, place)
        yield Skipped(layer=old.layer, operator=old.name, reason=reason)


def _changed(before: Model, after: Model) -> bool:
    if _constant_bytes(after) < _constant_bytes(before):
        return True
    old, new = _dtypes(before), _dtypes(after)
    return any(name in old and old[name] != dtype for name, dtype in new.items()) or not (
        set(new.values()) <= set(old.values())
    )


def _all_tensors(model: Model) -> Iterator[tuple[int, Tensor]]:
    for number in range(len(model.subgraphs)):
        for tensor in tensors(model, number):
            yield number, tensor


def _constant_bytes(model: Model) -> int:
    return sum({tensor.buffer: tensor.weight_bytes for _, tensor in _all_tensors(model)}.values())


def _dtypes(model: Model) -> dict[tuple[int, str], str]:
    return {(number, tensor.name): tensor.dtype for number, tensor in _all_tensors(model)}


def _weights(op: Operator) -> list[Tensor]:
    """Float constants that hold more than one value a channel: no bias, no shape."""
    return [t for t in op.constants if t.dtype in _FLOATS and len(t.shape) >= 2]


def is_meant(op: Operator, how: Quantization) -> bool:
    """Whether a scheme has something to do at an operator: weights, a float result or argument."""
    if op.facts.called_subgraphs:
        return False
    if how.scheme == "static":
        compared = [t for t in op.inputs if not t.is_constant] if op.facts.forms else []
        return any(tensor.dtype in _FLOATS for tensor in (*op.outputs, *compared))
    return op.facts.has_weights and bool(_weights(op))


def treats(op: Operator, how: Quantization) -> bool:
    """Whether the quantizer does to an operator of a float file what `how` says."""
    if not is_meant(op, how) or _form(op, how) not in op.facts.forms:
        return False
    if how.scheme == "dynamic":
        return op.facts.dynamic_bits > 0
    if how.scheme == "static":
        return True
    return how.weight_bits > 4 or op.facts.weight_only_bits <= 4


def _is_integer(op: Operator) -> bool:
    """Whether it computes on integers with a scale, as a static recipe wants."""
    return any(t.scale for t in op.outputs) or (
        any(t.scale and not t.is_constant for t in op.inputs)
        and not any(t.dtype in _FLOATS for t in op.outputs)
    )


def _is_done(op: Operator, how: Quantization, made_by: dict[tuple[int, int], Operator]) -> bool:
    if how.scheme == "static":
        return _is_integer(op)
    for tensor in op.inputs:
        source, _ = behind_casts(op, tensor, made_by)
        if not source.is_constant or len(source.shape) < 2:
            continue
        if how.scheme == "float16":
            if source.dtype == "float16":
                return True
        elif source.quantization is not None:
            return True
    return False


def _reason(op: Operator, how: Quantization, place: str) -> str:
    bits = how.activation_bits if how.scheme == "static" else how.weight_bits
    if op.is_custom:
        return "a custom operator: the quantizer does not know what it computes"
    if how.scheme == "static" and place:
        reached = place != control_flow.REST or not control_flow.multiplies_by_weights(op)
        return place if reached else control_flow.NO_RANGE
    if how.scheme == "static" and not op.facts.has_integer_kernel:
        return f"LiteRT has no int{bits} kernel for it"
    if op.name == "DEPTHWISE_CONV_2D" and how.scheme == "dynamic":
        return "kept float: dynamic-range quantization would make it slower"
    if op.name == "BATCH_MATMUL" and how.scheme == "dynamic":
        return "kept float: tflite-runtime 2.14 would load it and compute garbage"
    if op.name == "GATHER" and how.scheme in embedding_tables.SCHEMES:
        return embedding_tables.KEPT
    words = {"static": f"static int{bits}", "dynamic": f"dynamic int{bits}"}.get(
        how.scheme, f"float{bits}" if how.scheme == "float16" else f"weight-only int{bits}"
    )
    if _form(op, how) not in op.facts.forms:
        return f"the quantizer has no {words} form of this operator"
    if not any(tensor.dtype in _FLOATS for tensor in op.inputs):
        return "it computes on integers already"
    return f"left float, though the quantizer has a {words} form of this operator"


def _form(op: Operator, how: Quantization) -> str:
    """The quantized form that a scheme gives an operator, as in `OperatorFacts.forms`."""
    if how.scheme == "float16":
        return "float16"
    activations = f"ai{how.activation_bits}" if how.scheme == "static" else "afp32"
    form = f"{how.scheme}_wi{how.weight_bits}_{activations}"
    if form in op.facts.forms or how.scheme == "weight_only":
        return form
    return f"{how.scheme}_wi8_{activations}"  # what has no int4 weights has int8 ones
