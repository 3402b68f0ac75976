"""Tables: a `.csv` file with a header row, one sample a line."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from edgekit.core import files
from edgekit.core.errors import DataError, reading
from edgekit.core.records import Contract, Limits, TensorSpec
from edgekit.core.suggest import nearest
from edgekit.data import unpacked_size

_LABELS = ("label", "y")
_FAULT = "The table is not CSV in UTF-8."
_UNPACKED = 10  # bytes of Python's lists of text for each of the file's, 5 to 20 by cell


def read(
    path: Path, contract: Contract, *, memory_bytes: int = Limits().memory_bytes
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """Raw inputs `(n, features)` (text: `(n,)`) and labels `(n,)` of a table.

    An input's columns are those of its preprocessing; else `NAME.0`, `NAME.1`... where
    the header has them; else, for a model with one input, every column but the label,
    in order. Text is one column: the preprocessing's, the input's name, or `text`. The
    label's column is `label` or `y`: whole numbers, numbers or names.

    Args:
        path: The file.
        contract: The model's inputs.
        memory_bytes: What the process may take (see `unpacked_size.fits`).

    Raises:
        DataError: Not a table, too large, a column is missing, or a cell is not a number.
    """
    size = files.size(path, "table", kind=DataError)
    unpacked_size.fits(size * _UNPACKED, memory_bytes, f"{path} as cells of text")
    header, rows = _rows(path)
    label = next((name for name in _LABELS if name in header), None)
    place_of = {name: place for place, name in enumerate(header)}
    inputs = {}
    for spec in contract.inputs:
        columns = _columns(spec, header, label, path, alone=len(contract.inputs) == 1)
        places = [place_of[column] for column in columns]
        cells = [[row[place] for place in places] for row in rows]
        if spec.preprocessing.kind == "text":
            texts = [row[0] for row in cells]
            inputs[spec.name] = unpacked_size.texts(texts, memory_bytes, f"texts of {path}")
        else:
            inputs[spec.name] = _numbers(cells, columns, path).reshape(len(rows), *_shape(spec))
    if label is None:
        return inputs, None
    return inputs, _labels([row[place_of[label]].strip() for row in rows], path, memory_bytes)


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    with (
        reading(path, _FAULT, kind=DataError, hint="save it as CSV, in UTF-8."),
        path.open(encoding="utf-8-sig", newline="") as file,
    ):
        lines = [row for row in csv.reader(_without_nul(file)) if row]
    if len(lines) < 2:
        raise DataError(
            f"{path} must have a header row and at least one sample.", received=f"{len(lines)} rows"
        )
    header = [name.strip() for name in lines[0]]
    counts = Counter(header)
    twice = sorted(name for name in counts if counts[name] > 1)
    if twice:
        raise DataError(
            f"Each column of {path} must have its own name.", received=f"twice: {twice}"
        )
    for number, row in enumerate(lines[1:], start=1):
        if len(row) != len(header):
            raise DataError(
                f"Each row of {path} must have {len(header)} cells, as its header.",
                received=f"{len(row)} cells in sample {number - 1}",
            )
    return header, lines[1:]


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    """The lines as they are; NumPy would cut a text off where it holds a NUL."""
    for number, line in enumerate(lines, start=1):
        if "\0" in line:
            raise ValueError(f"a NUL character in line {number}")
        yield line


def _columns(
    spec: TensorSpec, header: list[str], label: str | None, path: Path, *, alone: bool
) -> list[str]:
    rules = spec.preprocessing
    if rules.kind in ("image", "audio"):
        raise DataError(
            "A table cannot feed an input of images or sound.",
            received=f"{path} for input {spec.name!r} of kind {rules.kind!r}",
            hint="give a folder of files, or an .npz.",
        )
    numbered: list[str] = []
    known = set(header)
    while f"{spec.name}.{len(numbered)}" in known:
        numbered.append(f"{spec.name}.{len(numbered)}")
    if rules.columns:
        wanted = list(rules.columns)
    elif rules.kind == "text":
        wanted = [spec.name if spec.name in header else "text"]
    elif numbered:
        wanted = numbered
    elif spec.name in header and not alone:
        wanted = [spec.name]
    elif alone:
        wanted = [name for name in header if name != label]
    else:
        wanted = [f"{spec.name}.0"]
    missing = [name for name in wanted if name not in known]
    if missing:
        raise DataError(
            f"{path} must have the columns of input {spec.name!r}: {', '.join(wanted)}.",
            received=f"no column {missing[0]!r}; there are {', '.join(header)}",
            hint=nearest(missing[0], header)
            or f"name them in [input.{spec.name}] columns, or {spec.name}.0, {spec.name}.1...",
        )
    return wanted


def _shape(spec: TensorSpec) -> tuple[int, ...]:
    return () if len(spec.shape) == 1 else (-1,)


def _numbers(cells: list[list[str]], columns: list[str], path: Path) -> np.ndarray:
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        for index, row in enumerate(cells):
            for column, cell in zip(columns, row, strict=True):
                try:
                    float(cell)
                except ValueError:
                    raise DataError(
                        f"Cells of column {column!r} in {path} must be numbers.",
                        received=f"{cell!r} in sample {index}"
                        if cell.strip()
                        else f"an empty cell in sample {index}",
                        hint="fill or drop such rows; encode categories as numbers.",
                    ) from None
        raise


def _labels(cells: list[str], path: Path, memory_bytes: int) -> np.ndarray:
    texts = unpacked_size.texts(cells, memory_bytes, f"labels of {path}")
    for kind in (np.int64, np.float64):
        try:
            return np.array(cells, dtype=kind)
        except (ValueError, OverflowError):
            continue
    return texts
