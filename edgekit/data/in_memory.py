"""Samples that somebody gives in Python: written to an `.npz`, which children read like any other.

Whether elements of a generator are samples or batches, the rank of the model's inputs tells, which
nobody knows here: they stand along an axis of their own, and the reader joins batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from edgekit.core import npz_record
from edgekit.core.errors import DataError
from edgekit.core.records import Contract
from edgekit.data import elements, npz
from edgekit.data.samples import Samples

Inputs = ArrayLike | Mapping[str, ArrayLike]
"""Of a model: one array, or arrays by the names of its inputs."""
Labels = ArrayLike | Mapping[str, ArrayLike] | None
"""Of a model's outputs."""
Element = Inputs | tuple[Inputs, Labels]
"""Samples, a batch or one; with labels or without."""
SampleData = str | PathLike[str] | Samples | Element | Iterable[Element]
"""Everything that samples come from: a source by name (see `sources.load`), arrays, or a generator,
list or `tf.data.Dataset` of batches or samples."""

SOURCE = "edgekit/source"
ELEMENTS = "edgekit/elements"
_OURS = (SOURCE, ELEMENTS)


def source(data: object, folder: Path, what: str, inputs: Sequence[str] = ()) -> str | None:
    """Samples as a source that `sources.load` takes.

    Args:
        data: See `SampleData`; a function without arguments is called for them. None stays None.
        folder: Where arrays are written to.
        what: What the samples are for: names the file, and stands in errors.
        inputs: Names of the model's inputs, where they are known: a list of arrays is in that
            order.

    Raises:
        DataError: They are of no kind that can be read, empty, endless, or of unlike length.
    """
    if data is None:
        return None
    if isinstance(data, (str, PathLike)):
        return _named_source(data, what)
    path = folder / f"{what}.npz"
    if isinstance(data, Samples):
        data = (data.inputs, data.head_labels or data.labels)
    if callable(data) and not isinstance(data, (Iterable, elements.SupportsArray)):
        data = _called(data, what)
    if isinstance(data, list) and elements.are_inputs(data, inputs):
        data = (data,)
    stacked = False
    if isinstance(data, (tuple, Mapping, elements.SupportsArray)):
        values = elements.named(data, inputs, what)
        arrays = {n: elements.to_array(value, f"{n!r}", what) for n, value in values.items()}
        _check_lengths(arrays, what)
    else:
        arrays, stacked = elements.read(data, inputs, what)
    if not arrays:
        raise DataError(
            f"The {what} data hold no arrays.", received=f"an empty {type(data).__name__}"
        )
    marks = {SOURCE: np.array(f"{what} data given in Python")}
    if stacked:
        marks[ELEMENTS] = np.array(True)
    npz_record.write(path, arrays | marks, compress=False)
    return str(path)


def _named_source(data: str | PathLike[str], what: str) -> str:
    name = str(data)
    if not name or "\0" in name:
        raise DataError(
            f"The {what} data must be named by a path or by module:function.",
            received=repr(name),
            hint="give an .npz, a .csv, a folder by class, module:function, or arrays.",
        )
    return name


def _called(function: object, what: str) -> object:
    """What a function of the person gives: a generator, most often."""
    if isinstance(function, type):
        raise DataError(
            f"The {what} data must be an instance, not a class.", received=function.__name__
        )
    assert callable(function)
    try:
        made: object = function()
    except Exception as error:  # it is the person's own code: anything may happen
        raise DataError(
            f"The function that gives the {what} data failed.",
            received=f"{type(error).__name__}: {error}",
            hint="it is called without arguments: try it in Python.",
        ) from error
    return made


def _check_lengths(arrays: Mapping[str, np.ndarray], what: str) -> None:
    for name, array in arrays.items():
        if not array.ndim:
            raise DataError(
                f"Every array of the {what} data must have one entry for each sample, along its "
                "first axis.",
                received=f"{name!r}: a single value",
                hint="for one sample add an axis: array[None].",
            )
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        raise DataError(
            f"Inputs and labels of the {what} data must have the same number of samples.",
            received=", ".join(f"{name!r}: {count}" for name, count in counts.items()),
            hint="cut the longer, if both are in one order.",
        )
    if counts and not next(iter(counts.values())):
        raise DataError(f"The {what} data hold no samples.", received="arrays of length 0")


def arrays_of(path: Path, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """What messages call a file, and the names of its arrays that hold samples.

    Raises:
        DataError: It cannot be read.
    """
    if SOURCE not in names:
        return str(path), tuple(names)
    label = str(npz.read(path, [SOURCE])[SOURCE])[:100]
    return label, tuple(name for name in names if name not in _OURS)


def join_batches(
    arrays: Mapping[str, np.ndarray], picked: Mapping[str, str], contract: Contract
) -> dict[str, np.ndarray]:
    """Elements as samples: batches lose their axis, single samples stay as they are.

    Args:
        arrays: Each `(elements, ...)`.
        picked: By input, the array that feeds it.
        contract: Tells the rank of a batch.

    Raises:
        DataError: Labels do not come in the batches of the inputs.
    """
    batches = [
        arrays[picked[spec.name]].ndim > _rank(arrays[picked[spec.name]], len(spec.shape))
        for spec in contract.inputs
        if spec.name in picked
    ]
    if not any(batches):
        return dict(arrays)
    count = arrays[next(iter(picked.values()))].shape[:2]
    for name, array in arrays.items():
        if array.shape[:2] != count:
            raise DataError(
                "Each batch must have as many labels as samples.",
                received=f"{name!r}: {array.shape[1:]} a batch, for {count[1]} samples",
            )
    return {name: array.reshape(-1, *array.shape[2:]) for name, array in arrays.items()}


def _rank(array: np.ndarray, rank: int) -> int:
    """How many axes a batch of it has, with the elements' own where they are samples."""
    return 1 if array.dtype.kind == "U" else rank
