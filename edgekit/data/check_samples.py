"""Do samples fit the model? Shapes, dtypes, NaN, lengths, each with its own error."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgekit.core.errors import DataError
from edgekit.core.records import TensorSpec
from edgekit.data.preprocess import as_dtype, dtype_of


def fit(array: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Model inputs `(n, ...)` of the shape and a dtype that `spec` takes.

    A last dimension of 1 (gray images, scalars) is added or taken away where only that differs.

    Args:
        array: `(n, ...)`, without the model's batch dimension.
        spec: The input; its first dimension is the model's batch, -1 matches any size.

    Raises:
        DataError: Another shape; the error says which is wanted and which was given.
    """
    if array.dtype.kind not in "iufb" and dtype_of(spec).kind in "iufb":
        raise DataError(
            f"Input {spec.name!r} must hold numbers ({spec.dtype}).",
            received=f"dtype {array.dtype}",
            hint='for text give `kind = "text"` and a vocabulary in edgekit.toml.'
            if array.dtype.kind == "U"
            else "convert it to real numbers first.",
        )
    if dtype_of(spec).kind == "U" and array.dtype.kind != "U":
        raise DataError(
            f"Input {spec.name!r} must hold text.",
            received=f"dtype {array.dtype}",
            hint="give strings: the model looks them up itself.",
        )
    wanted, received = spec.shape[1:], array.shape[1:]
    if not _matches(received, wanted):
        if wanted and wanted[-1] == 1 and _matches(received, wanted[:-1]):
            array = array[..., None]
        elif received and received[-1] == 1 and _matches(received[:-1], wanted):
            array = array[..., 0]
        else:
            raise DataError(
                f"Each sample of input {spec.name!r} must have the shape {_show(wanted)}.",
                received=f"{_show(received)} (an array of shape {array.shape})",
                hint=_shape_hint(array.shape, wanted),
            )
    return as_dtype(array, spec)


def _matches(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        w in (-1, s) for s, w in zip(shape, wanted, strict=True)
    )


def _show(shape: tuple[int, ...]) -> str:
    sizes = ", ".join("any" if size == -1 else str(size) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"


def _shape_hint(shape: tuple[int, ...], wanted: tuple[int, ...]) -> str | None:
    if _matches(shape, wanted):
        return "this looks like one sample: add a leading axis, array[None]."
    if len(shape) > 1 and shape[1] == 1 and _matches(shape[2:], wanted):
        return "the model's batch of 1 is in each sample: take it out with array[:, 0]."
    if _matches(shape[2:], wanted):
        return "it looks like batches of samples: join them with numpy.concatenate(array)."
    if len(wanted) == 3 and _matches((*shape[2:], *shape[1:2]), wanted):
        return "the channels stand first: use numpy.moveaxis(array, 1, -1)."
    return "resize or reshape it; an integer array is preprocessed when edgekit.toml says how."


def finite(array: np.ndarray, what: str) -> None:
    """Refuse NaN and infinity.

    Args:
        array: Any shape; only floats are looked at.
        what: What errors call it, as `Input 'image'`.

    Raises:
        DataError: With how many there are and the index of the first.
    """
    if array.dtype.kind not in "fc":
        return
    good = np.isfinite(array)
    if good.all():
        return
    first = [int(i) for i in np.argwhere(~good)[0]]
    raise DataError(
        f"{what} must hold finite numbers.",
        received=f"{int(array.size - good.sum())} of {array.size} values are NaN or infinite, "
        f"the first at index {first}",
        hint=f"look at sample {first[0]}." if first else None,
    )


def lengths(arrays: Mapping[str, np.ndarray], source: str) -> int:
    """The number of samples, the same in every array.

    Args:
        arrays: Inputs and labels, each by what the message calls it.
        source: Where they come from.

    Raises:
        DataError: None, or different numbers.
    """
    for name, array in arrays.items():
        if not array.ndim:
            raise DataError(
                "Every array must have one entry for each sample, along its first axis.",
                received=f"{name}: a single value",
                hint=f"look at {source}.",
            )
    counts = {name: array.shape[0] for name, array in arrays.items()}
    if len(set(counts.values())) != 1:
        raise DataError(
            "Inputs and labels must have the same number of samples.",
            received=", ".join(f"{name}: {count}" for name, count in counts.items()),
            hint=f"{source} holds the same samples in each array, in one order: cut the longer.",
        )
    count = int(next(iter(counts.values())))
    if count == 0:
        raise DataError("There are no samples.", received=f"none in {source}", hint="give samples.")
    return count
