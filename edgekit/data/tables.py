"""Tables: a `.csv` file with a header row, one sample a line."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core import files
from edgekit.core.errors import DataError, reading
from edgekit.core.records import Contract, Limits, TensorSpec
from edgekit.core.suggest import nearest
from edgekit.data import unpacked_size

_LABELS = ("label", "y")
_UNNAMED = ""  # no output has this name
_FAULT = "The table is not CSV in UTF-8."
_UNPACKED = 10  # bytes of Python's lists of text for each of the file's, 5 to 20 by cell


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """What a table holds.

    Attributes:
        inputs: Raw, by input: `(n, features)`, of text `(n,)`.
        labels: That name no output, `(n,)`: whole numbers, numbers or names.
        heads: Labels by output, `(n,)` or `(n, columns)`.
    """

    inputs: dict[str, np.ndarray]
    labels: np.ndarray | None
    heads: dict[str, np.ndarray]


def read(path: Path, contract: Contract, *, memory_bytes: int = Limits().memory_bytes) -> Table:
    """Raw inputs and labels of a table.

    An input's columns are those of its preprocessing; else `NAME.0`, `NAME.1`... where
    the header has them; else, for a model with one input, every column but the labels,
    in order. Text with a vocabulary is one column: the preprocessing's, the input's name, or
    `text`; text that the model itself looks up stands in columns as numbers do. Labels stand
    in a column `label` or `y`, or in columns named as the outputs: `NAME`, or `NAME.0`,
    `NAME.1`... A column that feeds an input holds no labels.

    Args:
        path: The file.
        contract: The model's inputs and outputs.
        memory_bytes: What the process may take (see `unpacked_size.fits`).

    Raises:
        DataError: Not a table, too large, a column is missing, or a cell is not a number.
    """
    size = files.size(path, "table", kind=DataError)
    unpacked_size.fits(size * _UNPACKED, memory_bytes, f"{path} as cells of text")
    header, rows = _rows(path)
    labels = _label_columns(header, contract)
    place_of = {name: place for place, name in enumerate(header)}
    inputs, feeding = {}, set[str]()
    for spec in contract.inputs:
        columns = _columns(spec, header, labels, path, alone=len(contract.inputs) == 1)
        feeding.update(columns)
        cells = _cells(rows, [place_of[column] for column in columns])
        if spec.preprocessing.kind == "text":
            texts = [row[0] for row in cells]
            inputs[spec.name] = unpacked_size.texts(texts, memory_bytes, f"texts of {path}")
        elif spec.dtype == "string":
            texts = [cell for row in cells for cell in row]
            held = unpacked_size.texts(texts, memory_bytes, f"texts of {path}")
            inputs[spec.name] = held.reshape(len(rows), *_shape(spec))
        else:
            inputs[spec.name] = _numbers(cells, columns, path).reshape(len(rows), *_shape(spec))
    heads = {}
    for name, columns in labels.items():
        if name == _UNNAMED or not feeding.intersection(columns):
            cells = _cells(rows, [place_of[column] for column in columns])
            heads[name] = (
                _labels([row[0].strip() for row in cells], path, memory_bytes)
                if len(columns) == 1
                else _numbers(cells, columns, path)
            )
    unnamed = heads.pop(_UNNAMED, None)
    if len(contract.outputs) == 1 and heads:
        own = heads.pop(contract.outputs[0].name)
        unnamed = own if unnamed is None else unnamed
    return Table(inputs=inputs, labels=unnamed, heads=heads)


def _label_columns(header: list[str], contract: Contract) -> dict[str, list[str]]:
    """The columns of labels by output; under `_UNNAMED` that of labels that name none."""
    found, known = {}, set(header)
    for spec in contract.outputs:
        columns = [spec.name] if spec.name in known else numbered(spec.name, known)
        if columns:
            found[spec.name] = columns
    free = [name for name in _LABELS if name in header and name not in found]
    if free:
        found[_UNNAMED] = free[:1]
    return found


def numbered(name: str, header: Collection[str]) -> list[str]:
    """`NAME.0`, `NAME.1`... as far as there are such columns."""
    found: list[str] = []
    while f"{name}.{len(found)}" in header:
        found.append(f"{name}.{len(found)}")
    return found


def _cells(rows: list[list[str]], places: list[int]) -> list[list[str]]:
    return [[row[place] for place in places] for row in rows]


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
    spec: TensorSpec, header: list[str], labels: dict[str, list[str]], path: Path, *, alone: bool
) -> list[str]:
    rules, known = spec.preprocessing, set(header)
    if rules.kind in ("image", "audio"):
        raise DataError(
            "A table cannot feed an input of images or sound.",
            received=f"{path} for input {spec.name!r} of kind {rules.kind!r}",
            hint="give a folder of files, or an .npz.",
        )
    if rules.columns:
        wanted = list(rules.columns)
    elif rules.kind == "text":
        wanted = [spec.name if spec.name in header else "text"]
    elif own := numbered(spec.name, known):
        wanted = own
    elif spec.name in header and not alone:
        wanted = [spec.name]
    elif alone:
        wanted = _all_but_labels(spec, header, labels)
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


def _all_but_labels(spec: TensorSpec, header: list[str], labels: dict[str, list[str]]) -> list[str]:
    """Every column but the labels; those named as outputs too where the input needs them."""
    unnamed = labels.get(_UNNAMED, [])
    named = {column for columns in labels.values() for column in columns}
    wide = [name for name in header if name not in unnamed]
    if spec.shape[-1:] == (len(wide),):
        return wide
    return [name for name in wide if name not in named]


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
