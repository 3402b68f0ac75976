"""What somebody passes from Python, held against the annotations that promise what is taken.

A wrong type would fail somewhere inside, in words that help nobody. So public functions and the
records of their options are checked at the door: what is not known of an annotation (arrays,
protocols) passes, and is checked where it is read.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import inspect
import numbers
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path

from edgekit.core.errors import ArgumentError
from edgekit.core.suggest import nearest

P = typing.ParamSpec("P")
R = typing.TypeVar("R")
T = typing.TypeVar("T")

_SCALARS: dict[object, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "True or False"),
    int: ((numbers.Integral,), "an integer"),
    float: ((numbers.Real,), "a number"),
    str: ((str,), "text"),
    Path: ((Path,), "a path"),
    PathLike: ((PathLike,), "a path"),
    type(None): ((type(None),), "None"),
}
_LONGEST = 80


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """A public function that refuses wrong arguments with an ArgumentError."""
    name = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        signature = inspect.signature(function)
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise _unbound(name, str(error), kwargs, signature.parameters) from None
        hints = _hints(function)
        for key, value in bound.arguments.items():
            kind = signature.parameters[key].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                _check_details(name, value, hints.get(key), signature.parameters)
            elif key in hints:
                check(value, hints[key], f"{name}: {key}", key)
        return function(*args, **kwargs)

    return call


def checked_record(kind: type[T]) -> type[T]:
    """A dataclass that refuses wrong values with an ArgumentError; lists become tuples."""
    made: Callable[..., None] = kind.__init__
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]

    @functools.wraps(made)
    def init(self: object, *args: object, **kwargs: object) -> None:
        if args:
            raise ArgumentError(
                f"{kind.__name__} must be given its values by name.",
                received=", ".join(map(shown, args)),
                hint=f"{kind.__name__}({names[0]}=...).",
            )
        hints = _hints(kind)
        for key, value in kwargs.items():
            if key not in names:
                raise _unknown(kind.__name__, key, names)
            check(value, hints[key], f"{kind.__name__}: {key}", key)
            if isinstance(value, list) and typing.get_origin(hints[key]) is tuple:
                kwargs[key] = tuple(value)
        try:
            made(self, **kwargs)
        except TypeError as error:
            lacking = [n for n in names if n not in kwargs and repr(n) in str(error)]
            if not lacking:
                raise
            raise ArgumentError(
                f"{kind.__name__} must be given {' and '.join(lacking)}.",
                received=", ".join(kwargs) or "nothing",
            ) from None

    kind.__init__ = init  # type: ignore[method-assign]
    return kind


def check(value: object, hint: object, what: str, key: str) -> None:
    """Refuse a value that an annotation does not take.

    Args:
        value: What was passed.
        hint: The annotation, resolved.
        what: What errors call it.
        key: Its name, for the hint.

    Raises:
        ArgumentError: It is of another type.
    """
    if _fits(value, hint):
        return
    words = _words(hint)
    advice: str | None = None
    if isinstance(value, str):
        choices = [text for text in _choices(hint) if isinstance(text, str)]
        takes_texts = "texts" in words
        advice = nearest(value, choices) or (f"write {key}=({value!r},)." if takes_texts else None)
    raise ArgumentError(f"{what} must be {words}.", received=shown(value), hint=advice)


def shown(value: object) -> str:
    """A value for a message: short, and with its type where that is not plain."""
    if value is None or isinstance(value, (bool, int, float, str)):
        text = repr(value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    kind = type(value)
    shape = getattr(value, "shape", None)
    of = f" of shape {tuple(shape)}" if isinstance(shape, tuple) else ""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if kind is object:
        return "an object"
    return f"a {kind.__name__}{of}"


@functools.cache
def _resolved(annotated: Callable[..., object]) -> dict[str, object]:
    return typing.get_type_hints(annotated)


def _hints(annotated: Callable[..., object]) -> dict[str, object]:
    """Annotations of a function or class, resolved once."""
    return _resolved(annotated)


def _check_details(
    name: str, values: Mapping[str, object], hint: object, others: typing.Iterable[str]
) -> None:
    """Keywords that a TypedDict names, beside the function's other arguments."""
    [details] = typing.get_args(hint)
    hints = _hints(details)
    for key, value in values.items():
        if key not in hints:
            raise _unknown(name, key, [*others, *hints])
        check(value, hints[key], f"{name}: {key}", key)


def _unbound(
    name: str, said: str, given: Mapping[str, object], known: Mapping[str, inspect.Parameter]
) -> ArgumentError:
    for key in given:
        if key not in known:
            return _unknown(name, key, known)
    return ArgumentError(
        f"{name} cannot be called so.",
        received=said,
        hint=f"its arguments are {', '.join(known)}.",
    )


def _unknown(name: str, key: str, known: typing.Iterable[str]) -> ArgumentError:
    return ArgumentError(
        f"{name} has no argument {key!r}.",
        received=f"{key}=...",
        hint=nearest(key, known) or f"it knows {', '.join(known)}.",
    )


def _is_union(hint: object) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _choices(hint: object) -> list[object]:
    if _is_union(hint):
        return [choice for part in typing.get_args(hint) for choice in _choices(part)]
    return list(typing.get_args(hint)) if typing.get_origin(hint) is typing.Literal else []


def _fits(value: object, hint: object) -> bool:
    origin, parts = typing.get_origin(hint) or hint, typing.get_args(hint)
    if _is_union(hint):
        return any(_fits(value, part) for part in parts)
    if origin is typing.Literal:
        return isinstance(value, (str, int)) and value in parts
    if origin in _SCALARS:
        kinds, _ = _SCALARS[origin]
        is_bool = isinstance(value, bool) and origin is not bool
        text = isinstance(value, str)
        return isinstance(value, kinds) and not is_bool and not (text and "\0" in str(value))
    if origin is tuple:
        return _is_tuple(value, parts)
    if origin in (collections.abc.Sequence, list):
        return _is_sequence(value) and all(_fits(item, parts[0]) for item in value)  # type: ignore[attr-defined]
    if origin in (collections.abc.Mapping, dict):
        return isinstance(value, Mapping) and all(
            _fits(key, parts[0]) and _fits(item, parts[1]) for key, item in value.items()
        )
    if origin is collections.abc.Callable:
        return callable(value)
    if isinstance(origin, type) and dataclasses.is_dataclass(origin):
        return isinstance(value, origin)
    return True


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _is_tuple(value: object, parts: tuple[object, ...]) -> bool:
    if not isinstance(value, (tuple, list)):
        return False
    if len(parts) == 2 and parts[1] is Ellipsis:
        return all(_fits(item, parts[0]) for item in value)
    return len(value) == len(parts) and all(map(_fits, value, parts))


def _words(hint: object) -> str:
    """What an annotation takes, in words."""
    origin, parts = typing.get_origin(hint) or hint, typing.get_args(hint)
    if _is_union(hint):
        named = list(dict.fromkeys(_words(part) for part in parts))
        return " or ".join(
            [word for word in named if word != "None"] + ["None"] * ("None" in named)
        )
    if origin is typing.Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin in _SCALARS:
        return _SCALARS[origin][1]
    if origin in (tuple, collections.abc.Sequence, list) and parts:
        return f"a tuple or list of {_plural(parts[0])}"
    if origin in (collections.abc.Mapping, dict):
        return f"a dictionary by name of {_plural(parts[1])}"
    if origin is collections.abc.Callable:
        return "a function"
    return f"a {getattr(origin, '__name__', origin)}"


def _plural(hint: object) -> str:
    if _is_union(hint):
        return " or ".join(map(_plural, typing.get_args(hint)))
    words = _words(hint)
    many = {"text": "texts", "a path": "paths", "an integer": "integers", "a number": "numbers"}
    record = words.startswith("a ") and words.count(" ") == 1
    return many.get(words) or (f"{words[2:]}s" if record else words)
