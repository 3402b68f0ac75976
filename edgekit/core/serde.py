"""Records to and from plain JSON or TOML values. Unknown keys are refused.

The shape of a record is read from its type hints, so a new field needs no code here.
Tuples become lists; a field that is None, or empty by default, is left out; a missing field
takes the record's default.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import math
import os
import reprlib
import tempfile
import types
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from edgekit.core.errors import OutputError, ProjectError, reading
from edgekit.core.suggest import nearest

T = TypeVar("T")

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 200


def to_dict(record: object) -> Any:
    """The record as dictionaries, lists, numbers and strings."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {
            f.name: to_dict(value)
            for f in dataclasses.fields(record)
            if (value := getattr(record, f.name)) is not None and not _is_left_out(f, value)
        }
    if isinstance(record, (list, tuple)):
        return [to_dict(item) for item in record]
    if isinstance(record, Mapping):
        return {str(key): to_dict(value) for key, value in record.items()}
    if isinstance(record, float) and not math.isfinite(record):
        return str(record)  # JSON has no infinity: 'inf', '-inf', 'nan', read back by float()
    return str(record) if isinstance(record, Path) else record


def _is_left_out(field: dataclasses.Field[object], value: object) -> bool:
    """An empty list or text that a missing key means anyway."""
    return value in ((), "") and field.default == value


def from_dict(kind: type[T], payload: object, where: str = "") -> T:
    """Build a record of `kind` from plain values.

    Args:
        kind: A dataclass of `records` (or of another module).
        payload: What `to_dict` made, or what a TOML file holds.
        where: The place to name in an error, as `edgekit.toml [input.image]`.

    Raises:
        ProjectError: An unknown key, a missing one, or a value of the wrong type.
    """
    return cast(T, _build(kind, payload, where or kind.__name__))


@cache
def _hints(kind: type) -> dict[str, object]:
    return typing.get_type_hints(kind)


def _shown(value: object) -> str:
    """A value for a message: not all of a long or a deep one, nor a number of 10,000 digits."""
    try:
        return _SHORT.repr(value)
    except ValueError:
        return f"a {type(value).__name__} that is too large to show"


def _build(kind: object, value: object, where: str) -> object:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _build_record(kind, value, where)
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        return _build(options[0], value, where)
    if origin is typing.Literal:
        allowed = typing.get_args(kind)
        if value not in allowed:
            raise ProjectError(
                f"{where} must be one of {', '.join(map(str, allowed))}.",
                received=_shown(value),
                hint=nearest(str(value), map(str, allowed)),
            )
        return value
    if origin is tuple:
        return _build_tuple(kind, value, where)
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise ProjectError(f"{where} must be a table.", received=_shown(value))
        item = typing.get_args(kind)[1]
        return {key: _build(item, entry, f"{where}.{key}") for key, entry in value.items()}
    return _build_scalar(kind, value, where)


def _build_record(kind: type, value: object, where: str) -> object:
    if not isinstance(value, dict):
        raise ProjectError(f"{where} must be a table of keys.", received=_shown(value))
    hints = _hints(kind)
    for key in value:
        if key not in hints:
            raise ProjectError(
                f"{where} has no key {key!r}; it knows {', '.join(hints)}.",
                received=f"{key} = {_shown(value[key])}",
                hint=nearest(key, hints),
            )
    built = {key: _build(hints[key], entry, f"{where}.{key}") for key, entry in value.items()}
    try:
        return kind(**built)
    except TypeError as error:
        raise ProjectError(f"{where} lacks a key.", received=str(error)) from None


def _build_tuple(kind: object, value: object, where: str) -> tuple[object, ...]:
    items = typing.get_args(kind)
    if not isinstance(value, (list, tuple)):
        value = [value]  # `mean = 127.5` is as good as `mean = [127.5]`
    if items[-1] is Ellipsis:
        return tuple(_build(items[0], v, f"{where}[{i}]") for i, v in enumerate(value))
    if len(value) != len(items):
        raise ProjectError(f"{where} must have {len(items)} values.", received=_shown(value))
    return tuple(
        _build(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(zip(items, value, strict=True))
    )


def _build_scalar(kind: object, value: object, where: str) -> object:
    if kind in (Any, object) or (kind is dict and isinstance(value, dict)):
        return value  # JSON as it is
    if kind is float and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        with contextlib.suppress(ValueError, OverflowError):
            return float(value)
    elif kind is int and isinstance(value, int) and not isinstance(value, bool):
        if -(2**63) <= value < 2**64:
            return value
        raise ProjectError(f"{where} must be an integer of 64 bits.", received=_shown(value))
    elif kind is str and isinstance(value, str):
        if "\0" in value:  # the system, and C, would cut it off there
            raise ProjectError(f"{where} must be text without a NUL.", received=_shown(value))
        return value
    elif kind is bool and isinstance(value, bool):
        return value
    elif kind is Path and isinstance(value, str):
        return Path(value)
    name = kind.__name__ if isinstance(kind, type) else kind
    raise ProjectError(f"{where} must be of type {name}.", received=_shown(value))


def dumps(record: object) -> str:
    """The record as JSON, readable and stable: two-space indent, keys in field order."""
    return json.dumps(to_dict(record), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def loads(kind: type[T], text: str, where: str = "") -> T:
    """A record from JSON text.

    Raises:
        ProjectError: Not JSON, or not a record of this kind.
    """
    place = where or kind.__name__
    with reading(place, "The record is not JSON.", kind=ProjectError):
        payload = json.loads(text, parse_constant=_no_number)
        json.dumps(payload, ensure_ascii=False).encode()  # half a surrogate pair is no text
    return from_dict(kind, payload, where)


def _no_number(name: str) -> float:
    """JSON has no infinity: `to_dict` writes such numbers as text."""
    raise ValueError(f"{name} is not a number in JSON")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary neighbour of `path`, moved onto it when the block ends well.

    Whatever kills the process, `path` holds its old content or the whole new one.

    Raises:
        OutputError: No room, no right to write there, or something in the way.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            # mkstemp makes private files; an artifact is as readable as any other file.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path} could not be written.",
            received=error.strerror or str(error),
            hint="look at free space and permissions there, or choose another place.",
        ) from None


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a whole file or nothing. Text is UTF-8."""
    data = content.encode() if isinstance(content, str) else content
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def sha256(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files with their relative names, as hex."""
    digest = hashlib.sha256()
    if path.is_file():
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()
    for file_path in sorted(p for p in path.rglob("*") if p.is_file()):
        digest.update(
            str(file_path.relative_to(path)).encode() + b"\0" + sha256(file_path).encode()
        )
    return digest.hexdigest()
