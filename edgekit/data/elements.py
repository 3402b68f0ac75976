"""Samples that come one after the other, as batches or one by one: read once, and never for ever.

Generators, lists, loaders that are indexed, and `tf.data.Dataset`, which is known by what it can
do: TensorFlow is not imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from edgekit.core.errors import DataError, EdgekitError

MOST_ELEMENTS = 100_000
"""Batches, or single samples, that are read of what does not say how many it has."""
MOST_BYTES = 2 * 2**30
"""What they may take."""

_ENDLESS = -1  # tf.data.INFINITE_CARDINALITY
_FORMS = (
    "give arrays, (inputs, labels), a dictionary of arrays by input, or a generator or "
    "tf.data.Dataset of such."
)


@runtime_checkable
class SupportsArray(Protocol):
    """An array of NumPy, a tensor of another library, a table of pandas."""

    def __array__(self) -> np.ndarray: ...


@runtime_checkable
class _Indexed(Protocol):
    """A list, or a loader such as `keras.utils.PyDataset`."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> object: ...


def each(data: object, what: str) -> Iterator[object]:
    """The elements of a list, loader, generator or `tf.data.Dataset`.

    Args:
        data: Where they come from.
        what: What errors call it.

    Raises:
        DataError: It is none of these, it repeats for ever, or its own code fails.
    """
    elements = _iterable(data, what)
    if elements is None:
        raise DataError(
            f"The {what} data must be samples that edgekit can read.",
            received=f"one of type {type(data).__name__}",
            hint=_FORMS,
        )
    try:
        yield from elements
    except (EdgekitError, MemoryError):
        raise
    except Exception as error:  # it is the person's own code: anything may happen
        raise DataError(
            f"The {what} data failed while they were read.",
            received=f"{type(error).__name__}: {' '.join(str(error).split())[:300]}",
            hint="it is your own code: go through it in Python to see where it fails.",
        ) from error


def _iterable(data: object, what: str) -> Iterable[object] | None:
    numpy_iterator = getattr(data, "as_numpy_iterator", None)
    cardinality = getattr(data, "cardinality", None)
    if callable(numpy_iterator) and callable(cardinality):  # a tf.data.Dataset
        if int(cardinality()) == _ENDLESS:
            raise _endless(what, "a tf.data.Dataset that repeats for ever", "dataset.take(10)")
        batches: Iterable[object] = numpy_iterator()
        return batches
    if isinstance(data, _Indexed):  # some of these iterate for ever
        return (data[index] for index in range(len(data)))
    return data if isinstance(data, Iterable) else None


def named(element: object, inputs: Sequence[str], what: str) -> dict[str, object]:
    """Values by the names that arrays of an `.npz` have: `x`, `y`, an input's, `labels/OUTPUT`.

    Args:
        element: Inputs, or a tuple of inputs, labels and (which are left alone) weights. Inputs
            are an array, a dictionary by name, or a list in the order of the model's inputs.
        inputs: Their names, where they are known.
        what: What errors call the data.

    Raises:
        DataError: A tuple of more, names that are no text, or a list of inputs whose names are
            not known.
    """
    if not isinstance(element, tuple):
        return _inputs(element, inputs, what)
    if not 1 <= len(element) <= 3:
        raise DataError(
            f"A tuple of {what} data must be (inputs, labels).",
            received=f"a tuple of {len(element)}",
            hint="several inputs go into a dictionary by their names: ({'a': ..., 'b': ...}, y).",
        )
    return _inputs(element[0], inputs, what) | (
        _labels(element[1], what) if len(element) > 1 else {}
    )


def _inputs(value: object, inputs: Sequence[str], what: str) -> dict[str, object]:
    if isinstance(value, Mapping):
        return _by_name(value, "", what)
    several = isinstance(value, (list, tuple)) and bool(value) and all(map(_is_array, value))
    if not several:
        return {"x": value}
    assert isinstance(value, (list, tuple))
    if len(value) == 1:
        return {"x": value[0]}
    if len(value) == len(inputs):
        return dict(zip(inputs, value, strict=True))
    raise DataError(
        f"Several inputs in the {what} data must be a dictionary by their names.",
        received=f"a {type(value).__name__} of {len(value)} arrays"
        + (f"; the inputs are {', '.join(inputs)}" if inputs else ""),
        hint="give {'NAME': array, ...}; many samples of one input go into one array.",
    )


def are_inputs(values: Sequence[object], inputs: Sequence[str]) -> bool:
    """Whether a list has an array for each of several inputs: then it is no list of samples."""
    return len(values) == len(inputs) > 1 and all(map(_is_array, values))


def _is_array(value: object) -> bool:
    return isinstance(value, SupportsArray) and bool(getattr(value, "shape", ()))


def _labels(value: object, what: str) -> dict[str, object]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return _by_name(value, "labels/", what)
    if isinstance(value, tuple):
        raise DataError(
            f"Labels of several outputs in the {what} data must be a dictionary by their names.",
            received=f"a tuple of {len(value)}",
            hint="give {'OUTPUT': array, ...}.",
        )
    return {"y": value}


def _by_name(values: Mapping[object, object], prefix: str, what: str) -> dict[str, object]:
    for name in values:
        if not isinstance(name, str) or not name:
            raise DataError(
                f"The {what} data must be named by text.",
                received=f"the key {name!r}",
                hint="the keys are the names of the model's inputs.",
            )
    return {f"{prefix}{name}": value for name, value in values.items() if value is not None}


def read(
    data: object,
    inputs: Sequence[str],
    what: str,
    *,
    most_elements: int = MOST_ELEMENTS,
    most_bytes: int = MOST_BYTES,
) -> tuple[dict[str, np.ndarray], bool]:
    """All elements in one array for each name.

    Args:
        data: See `each`.
        inputs: Names of the model's inputs, where they are known.
        what: What errors call the data.
        most_elements: More of them are refused: so nothing that has no end is read for ever.
        most_bytes: Likewise.

    Returns:
        The arrays; and whether elements, which all have one shape, stand along a new first axis.
        They may be samples or batches then; otherwise they were batches, and are joined.

    Raises:
        DataError: None, too many, or such as do not go together.
    """
    parts: dict[str, list[np.ndarray]] = {}
    total = 0
    for number, element in enumerate(each(data, what)):
        arrays = {n: to_array(v, f"{n!r}", what) for n, v in named(element, inputs, what).items()}
        if number and arrays.keys() != parts.keys():
            raise DataError(
                f"Each element of the {what} data must hold the same arrays.",
                received=f"{', '.join(parts)} in the first, {', '.join(arrays)} in element "
                f"{number}",
            )
        total += sum(array.nbytes for array in arrays.values())
        if number >= most_elements or total > most_bytes:
            size = f"more than {number:,} elements, {total / 2**20:,.0f} MiB"
            raise _endless(what, size, "itertools.islice(generator, 100) or dataset.take(100)")
        for name, array in arrays.items():
            parts.setdefault(name, []).append(array)
    if not parts:
        raise DataError(
            f"The {what} data hold no samples.",
            received=f"an empty {type(data).__name__}",
            hint="a generator can be read once: make a new one; or give arrays.",
        )
    alike = all(len({array.shape for array in part}) == 1 for part in parts.values())
    if alike:
        return {name: np.stack(part) for name, part in parts.items()}, True
    return {name: _joined(part, name, what) for name, part in parts.items()}, False


def _joined(part: list[np.ndarray], name: str, what: str) -> np.ndarray:
    if any(not array.ndim for array in part) or len({array.shape[1:] for array in part}) > 1:
        shapes = sorted({array.shape for array in part})
        raise DataError(
            f"All samples of {name!r} in the {what} data must have one shape.",
            received=", ".join(map(str, shapes[:4])),
            hint="resize or pad them.",
        )
    return np.concatenate(part)


def _endless(what: str, received: str, how: str) -> DataError:
    return DataError(
        f"The {what} data must come to an end: at most {MOST_ELEMENTS:,} elements and "
        f"{MOST_BYTES >> 30} GiB are read.",
        received=received,
        hint=f"take some: {how}; larger data go into arrays or files.",
    )


def to_array(value: object, name: str, what: str) -> np.ndarray:
    """An array of numbers or strings.

    Args:
        value: An array of NumPy or another library, a number, text, or lists of them.
        name: What errors call it.
        what: What errors call the data.

    Raises:
        DataError: It is none; what the other library says stands in it.
    """
    why = ""
    try:
        array = np.asarray(value)
    except Exception as error:  # ragged lists; tensors on another device; whatever it is
        why, array = f": {' '.join(str(error).split())[:200]}", np.empty(0, object)
    if array.dtype.name in ("bfloat16", "float16"):
        array = array.astype(np.float32)
    if array.dtype.kind in "OS":
        array = _text(array)
    if array.dtype.kind not in "biufcU":
        kind = type(value).__name__
        of = f" of {array.dtype}" if array.size else ""
        raise DataError(
            f"The array {name} in the {what} data must hold numbers or strings, in rows of one "
            "length.",
            received=f"a {kind}{of}{why}",
            hint=_FORMS,
        )
    return array


def _text(array: np.ndarray) -> np.ndarray:
    """What TensorFlow gives text as, bytes in Python objects, as strings."""
    values = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in array.flat]
    if not values or not all(isinstance(value, str) for value in values):
        return array
    return np.array(values, dtype=np.str_).reshape(array.shape)
