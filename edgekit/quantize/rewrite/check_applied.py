"""What a recipe really did to a file, operator by operator.

A quantizer that meets an operator it cannot treat leaves it float without a word. Here
each such operator is named, with the reason, and a file in which nothing changed is an
error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from edgekit.core.errors import QuantizeError
from edgekit.core.records import Quantization, Recipe, Skipped
from edgekit.quantize.rewrite import control_flow, recurrent_states
from edgekit.quantize.rewrite.cast_pairs import behind_casts, pairs, producers
from edgekit.quantize.rewrite.engine import DYNAMIC_OPERATORS, INT4_OPERATORS
from edgekit.tflite import Model, Operator, Tensor, binding, operators, read, tensors

_FLOATS = ("float32", "float16", "float64", "bfloat16")
# The operators whose constant input is what recipes of weights are about.
_WEIGHTED = {
    "CONV_2D",
    "CONV_3D",
    "CONV_3D_TRANSPOSE",
    "DEPTHWISE_CONV_2D",
    "TRANSPOSE_CONV",
    "FULLY_CONNECTED",
    "BATCH_MATMUL",
    "EMBEDDING_LOOKUP",
    "GATHER",
    "LSTM",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "BIDIRECTIONAL_SEQUENCE_LSTM",
    "RNN",
    "UNIDIRECTIONAL_SEQUENCE_RNN",
    "BIDIRECTIONAL_SEQUENCE_RNN",
    "SVDF",
}
# LiteRT has float kernels only for these.
_NO_INTEGER_KERNEL = {
    "ATAN2",
    "CEIL",
    "COMPLEX_ABS",
    "CONV_3D",
    "CONV_3D_TRANSPOSE",
    "COS",
    "CUMSUM",
    "FLOOR",
    "IMAG",
    "L2_POOL_2D",
    "LOCAL_RESPONSE_NORMALIZATION",
    "MULTINOMIAL",
    "POW",
    "RANDOM_STANDARD_NORMAL",
    "RANDOM_UNIFORM",
    "REAL",
    "RFFT2D",
    "ROUND",
    "SEGMENT_SUM",
    "SIN",
}
# The quantizer has a name of its own for one operator.
_QUANTIZER_NAMES = {"CONV_2D_TRANSPOSE": "TRANSPOSE_CONV"}
# Control flow moves tensors on; its subgraphs' operators are judged by themselves.
_CONTROL = {"WHILE", "IF", "CALL_ONCE", "STABLEHLO_COMPOSITE"}
# What the quantizer can store as float16 (its FLOAT_CASTING algorithm).
_FLOAT16 = (
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "TRANSPOSE_CONV",
    "FULLY_CONNECTED",
    "EMBEDDING_LOOKUP",
)


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
        raise QuantizeError(
            f"{recipe.name} changed nothing in this model.",
            received="the quantizer changed nothing: the model has no operator it treats. It has "
            + ", ".join(sorted({op.name for op in operators(before)})),
            hint="use --recipe float32, or another recipe.",
        )
    made_by, main = producers(after), binding(before).subgraph
    held = recurrent_states.holders(before)
    found, inside = list(pairs(before, after)), control_flow.owners(before)
    elsewhere = any(other is not None for other in exceptions.values())
    static = how.scheme == "static"
    if static and not elsewhere and not any(_is_integer(new) for _, new in found if new):
        raise QuantizeError(
            f"{recipe.name} did not make any operator compute in integers.",
            received="every operator stayed float",
            hint="use --recipe dynamic_wi8_afp32 or float16; edgekit inspect lists the operators.",
        )
    skipped = []
    for old, new in found:
        by = inside.get(old.subgraph, frozenset())
        meant = control_flow.asked(
            frozenset([old.index]) if old.subgraph == main else by, how, exceptions
        )
        if meant is None or new is None or not is_meant(old, meant):
            continue
        if not _is_done(new, meant, made_by):
            place = (
                control_flow.REST
                if old.subgraph != main
                else recurrent_states.KEPT
                if old.index in held
                else ""
            )
            reason = _reason(old, meant, place)
            skipped.append(Skipped(layer=old.layer, operator=old.name, reason=reason))
    return tuple(skipped)


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
    """Whether a scheme has something to do at an operator: weights, or a float result."""
    if op.name in _CONTROL:
        return False
    if how.scheme == "static":
        return any(tensor.dtype in _FLOATS for tensor in op.outputs)
    return op.name in _WEIGHTED and bool(_weights(op))


def treats(op: Operator, how: Quantization) -> bool:
    """Whether the quantizer does to an operator of a float file what `how` says."""
    if not is_meant(op, how) or op.name not in _treated(how):
        return False
    name = next((k for k, v in _QUANTIZER_NAMES.items() if v == op.name), op.name)
    if how.scheme == "dynamic":
        return name in DYNAMIC_OPERATORS
    return how.weight_bits > 4 or name in INT4_OPERATORS


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
    if how.scheme == "static" and op.name in _NO_INTEGER_KERNEL:
        return f"LiteRT has no int{bits} kernel for it"
    if op.name == "DEPTHWISE_CONV_2D" and how.scheme == "dynamic":
        return "kept float: dynamic-range quantization would make it slower"
    if op.name == "BATCH_MATMUL" and how.scheme == "dynamic":
        return "kept float: tflite-runtime 2.14 would load it and compute garbage"
    words = {"static": f"static int{bits}", "dynamic": f"dynamic int{bits}"}.get(
        how.scheme, f"float{bits}" if how.scheme == "float16" else f"weight-only int{bits}"
    )
    if op.name not in _treated(how):
        return f"the quantizer has no {words} form of this operator"
    if not any(tensor.dtype in _FLOATS for tensor in op.inputs):
        return "it computes on integers already"
    return f"left float, though the quantizer has a {words} form of this operator"


def _treated(how: Quantization) -> set[str]:
    """The operators that the quantizer treats in this scheme, by its own policy."""
    if how.scheme == "float16":
        return set(_FLOAT16)
    from litert_quantizer import default_policy

    scheme = how.scheme.replace("_", "")  # the policy writes `weightonly`
    suffix = f"ai{how.activation_bits}" if how.scheme == "static" else "afp32"
    named: dict[str, list[str]] = json.loads(default_policy.DEFAULT_JSON_POLICY)["ops_per_config"]
    names = named.get(f"{scheme}_wi{how.weight_bits}_{suffix}", [])
    return {_QUANTIZER_NAMES.get(name, name) for name in names}
