"""The numbers of the TFLite schema as names: operators and tensor types.

Loaded on first use: the generated schema is a module of 20,000 lines.
"""

from __future__ import annotations

from functools import cache

from edgekit.compat import litert

CUSTOM = "CUSTOM"

# Bits of one element, for the types that a buffer can hold. A string tensor has none.
BITS = {
    "float32": 32,
    "float16": 16,
    "bfloat16": 16,
    "float64": 64,
    "int2": 2,
    "int4": 4,
    "uint4": 4,
    "int8": 8,
    "uint8": 8,
    "int16": 16,
    "uint16": 16,
    "int32": 32,
    "uint32": 32,
    "int64": 64,
    "uint64": 64,
    "bool": 8,
    "complex64": 64,
    "complex128": 128,
    "float8_e4m3fn": 8,
    "float8_e5m2": 8,
}


@cache
def tensor_types() -> dict[int, str]:
    """Schema number to dtype name, as `{0: "float32", 9: "int8", 17: "int4"}`."""
    schema = litert.schema()

    return {number: name.lower() for name, number in _members(schema.TensorType)}


@cache
def operators() -> dict[int, str]:
    """Schema number to operator name, as `{3: "CONV_2D"}`."""
    schema = litert.schema()

    return {number: name for name, number in _members(schema.BuiltinOperator)}


@cache
def operator_numbers() -> dict[str, int]:
    """Operator name to schema number, as `{"CONV_2D": 3}`."""
    return {name: number for number, name in operators().items()}


def _members(enum: type) -> list[tuple[str, int]]:
    return [(name, value) for name, value in vars(enum).items() if isinstance(value, int)]


def text(value: bytes | str | None) -> str:
    """A name of the file as text: the reader leaves bytes, and they may be damaged."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""
