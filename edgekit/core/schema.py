"""A record's JSON Schema (draft 2020-12), read from its type hints as `serde` reads them.

The schema describes what `serde.to_dict` writes. It is stricter than what `serde.from_dict` takes:
a number that stands for a list of one is not in it.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing

from edgekit.core import serde
from edgekit.core.errors import InternalError

DIALECT = "https://json-schema.org/draft/2020-12/schema"

# JSON has no infinity: `serde.to_dict` writes these words in place of a number.
_NUMBER = {"anyOf": [{"type": "number"}, {"enum": ["inf", "-inf", "nan"]}]}
_SCALARS: dict[object, dict[str, object]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"$ref": "#/$defs/number"},
    type(None): {"type": "null"},
}
_VERSION = "schema_version"


def schema(kind: type) -> dict[str, object]:
    """The JSON Schema of a record.

    Records inside it become `$defs`, unknown keys are refused, and a field called
    `schema_version` must have the number that this edgekit writes.

    Args:
        kind: A dataclass whose fields are plain values, records, tuples and dictionaries of them.

    Returns:
        The schema as JSON types; a document made by `serde.to_dict` is valid by it.

    Raises:
        InternalError: A field has a type that `serde` does not know.
    """
    definitions: dict[str, object] = {}
    root = _record(kind, definitions)
    ordered = {name: definitions[name] for name in sorted(definitions)}
    body = {"$schema": DIALECT, "title": kind.__name__, **root}
    return {**body, "$defs": {"number": _NUMBER, **ordered}}


def schema_text(kind: type) -> str:
    """The schema as JSON text: stable, two-space indent, with a line break at its end."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _record(kind: type, definitions: dict[str, object]) -> dict[str, object]:
    hints = typing.get_type_hints(kind)
    properties = {}
    required = []
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        properties[field.name] = _property(field, hint, definitions)
        # None is never written, so a field that may be None may be missing.
        if not _has_default(field) and type(None) not in typing.get_args(hint):
            required.append(field.name)
    made: dict[str, object] = {"type": "object"}
    if description := _description(kind):
        made["description"] = description
    made["properties"] = properties
    if required:
        made["required"] = required
    return {**made, "additionalProperties": False}


def _property(
    field: dataclasses.Field[object], hint: object, definitions: dict[str, object]
) -> dict[str, object]:
    if field.name == _VERSION and field.default is not dataclasses.MISSING:
        return {"const": field.default}
    made = dict(_value(hint, definitions))
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    if default is not dataclasses.MISSING and default is not None:
        made["default"] = serde.to_dict(default)
    return made


def _value(hint: object, definitions: dict[str, object]) -> dict[str, object]:
    if hint in _SCALARS:
        return dict(_SCALARS[hint])
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # before its fields: a record may hold its own kind
            definitions[hint.__name__] = _record(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return {"enum": list(inner)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_value(one, definitions) for one in inner]}
    if origin is dict and inner[0] is str:
        return {"type": "object", "additionalProperties": _value(inner[1], definitions)}
    if origin is tuple and inner[-1] is Ellipsis:
        return {"type": "array", "items": _value(inner[0], definitions)}
    if origin is tuple:
        items = [_value(one, definitions) for one in inner]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
    raise InternalError(f"serde writes no {hint}, so no schema describes it")


def _has_default(field: dataclasses.Field[object]) -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


def _description(kind: type) -> str:
    """The docstring, unless it is the signature that `dataclass` writes where there is none."""
    text = inspect.cleandoc(kind.__doc__ or "")
    return "" if text.startswith(f"{kind.__name__}(") else text
