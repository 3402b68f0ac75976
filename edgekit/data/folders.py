"""Folders of images or sounds: `folder/CLASS/FILE`, or files with a `labels.csv`."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from edgekit.core import files
from edgekit.core.errors import DataError, reading
from edgekit.core.records import Contract, Limits, TensorSpec
from edgekit.core.suggest import nearest
from edgekit.data import check_samples, images, masks, sounds, unpacked_size
from edgekit.data.preprocess import preprocess, validate
from edgekit.data.samples import Samples
from edgekit.data.split import draw

_LABEL_COLUMNS = ("label", "y", "class_index")


@dataclass(frozen=True)
class _Listing:
    files: list[Path]
    labels: np.ndarray | None
    masks: list[Path] = field(default_factory=list)


def read(
    folder: Path,
    contract: Contract,
    limit: int | None,
    seed: int,
    *,
    memory_bytes: int = Limits().memory_bytes,
) -> Samples:
    """Samples of a folder. Only the files that are drawn are decoded.

    Class ids are the positions of the classes' folders in the contract's labels. Without
    labels they are the positions in the sorted folder names, as Keras sorts them ("10"
    before "2"), and there must be as many folders as the model has classes. Files that
    lie in `folder` itself take their labels from `labels.csv` (columns `file` and one of
    `label`, `y`, `class_index`), or have none. Images in `images` take theirs, the class of each
    pixel, from files of the same names in `masks` (see `data.masks`).

    Raises:
        DataError: No files, a class that is no label, a file that cannot be decoded, a mask of
            another size than its image, or samples that do not fit into the memory limit (see
            `unpacked_size.fits`).
        ProjectError: The input's preprocessing is not stated or makes no sense.
    """
    spec = _preprocessed_input(contract, folder)
    validate(spec)
    suffixes = sounds.SUFFIXES if spec.preprocessing.kind == "audio" else images.SUFFIXES
    listing = _list(folder, suffixes, contract, memory_bytes)
    if not listing.files:
        raise DataError(
            f"The data folder must hold {', '.join(suffixes)} files, by class: FOLDER/CLASS/FILE.",
            received=f"none in {folder}",
        )
    chosen = draw(listing.labels, len(listing.files), limit, seed)
    rows, labels = _decoded(listing, chosen, spec, folder, memory_bytes)
    samples = Samples(inputs={spec.name: check_samples.fit(rows, spec)}, source=str(folder))
    if listing.masks and len(contract.outputs) > 1:
        assert labels is not None
        return replace(samples, head_labels={masks.output(contract, str(folder)).name: labels})
    return replace(samples, labels=labels)


def _decoded(
    listing: _Listing, chosen: np.ndarray, spec: TensorSpec, folder: Path, memory_bytes: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Inputs and labels of the files that were drawn."""
    rows: np.ndarray | None = None
    pixels: np.ndarray | None = None
    for row, index in enumerate(chosen):
        path = listing.files[index]
        if spec.preprocessing.kind == "audio":
            raw = sounds.read(path, spec, memory_bytes=memory_bytes)
        else:
            raw = images.read(path, memory_bytes=memory_bytes)
        sample = preprocess(raw, spec)
        mask = None
        if listing.masks:
            path = listing.masks[index]
            mask = masks.read(path, memory_bytes=memory_bytes)
            mask = masks.fitted(mask, raw.shape[:2], spec.preprocessing, str(path))
        if rows is None:  # one array from the start: a list would hold everything twice
            size = sample.nbytes + (0 if mask is None else 4 * mask.size)
            unpacked_size.fits(len(chosen) * size, memory_bytes, f"{len(chosen)} files of {folder}")
            rows = np.empty((len(chosen), *sample.shape), sample.dtype)
            pixels = None if mask is None else np.empty((len(chosen), *mask.shape), np.int32)
        rows[row] = sample
        if pixels is not None:
            pixels[row] = mask
    assert rows is not None  # at least one file was chosen
    if pixels is not None:
        return rows, masks.decided(pixels)
    return rows, None if listing.labels is None else listing.labels[chosen]


def only_input(contract: Contract, folder: Path) -> TensorSpec:
    """The input that the files of a folder feed.

    Raises:
        DataError: The model has several.
    """
    if len(contract.inputs) != 1:
        raise DataError(
            "A folder of files cannot feed a model with several inputs.",
            received=f"{folder} for inputs {', '.join(s.name for s in contract.inputs)}",
            hint="give an .npz with an array for each input, or module:function.",
        )
    return contract.inputs[0]


def _preprocessed_input(contract: Contract, folder: Path) -> TensorSpec:
    spec = only_input(contract, folder)
    if spec.preprocessing.kind not in ("image", "audio"):
        raise DataError(
            "A folder of files needs preprocessing, which edgekit.toml does not give.",
            received=f"input {spec.name!r} of kind {spec.preprocessing.kind!r}",
            hint=f'add [input.{spec.name}] with kind = "image" and size = [height, width], '
            'or kind = "audio".',
        )
    return spec


def _list(
    folder: Path, suffixes: tuple[str, ...], contract: Contract, memory_bytes: int
) -> _Listing:
    children = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    flat = [p for p in children if p.is_file() and p.suffix.lower() in suffixes]
    classes = [p for p in children if p.is_dir()]
    if flat and classes:
        raise DataError(
            "The data folder must hold either folders by class or files, not both.",
            received=f"{folder} with {len(classes)} folders and {flat[0].name}",
            hint="move the files into their class, or the folders away.",
        )
    if flat:
        return _flat(folder, flat, memory_bytes)
    if _has_masks(classes, suffixes, contract):
        masks.output(contract, str(folder))
        listed = _inside(folder / masks.IMAGES, suffixes)
        return _Listing(listed, None, masks.beside(listed, folder / masks.MASKS))
    ids = _class_ids([p.name for p in classes], contract, folder)
    listed, labels = [], []
    for path, class_id in zip(classes, ids, strict=True):
        inside = _inside(path, suffixes)
        listed += inside
        labels += [class_id] * len(inside)
    return _Listing(listed, np.array(labels, dtype=np.int64))


def _has_masks(folders: list[Path], suffixes: tuple[str, ...], contract: Contract) -> bool:
    """Whether two folders hold images and their masks, not two classes of that name."""
    named = {label for spec in contract.outputs for label in spec.labels}
    names = {path.name for path in folders}
    return (
        names == {masks.IMAGES, masks.MASKS} and suffixes == images.SUFFIXES and not names & named
    )


def _inside(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    return sorted(
        p
        for p in folder.rglob("*")
        if p.suffix.lower() in suffixes and p.is_file() and not p.name.startswith(".")
    )


def _class_ids(names: list[str], contract: Contract, folder: Path) -> list[int]:
    labelled = [spec for spec in contract.outputs if spec.labels]
    if labelled:
        labels = labelled[0].labels
        for name in names:
            if name not in labels:
                raise DataError(
                    f"Each folder in {folder} must be named after a label of output "
                    f"{labelled[0].name!r}.",
                    received=f"folder {name!r}",
                    hint=nearest(name, labels) or f"labels are {', '.join(labels[:8])}...",
                )
        return [labels.index(name) for name in names]
    if len(contract.outputs) == 1 and contract.outputs[0].shape:
        output = contract.outputs[0]
        wanted = 2 if output.shape[-1] == 1 else output.shape[-1]
        if wanted not in (-1, len(names)):
            raise DataError(
                "Classes cannot be numbered by sorted folder name without a folder for each of "
                f"the model's {wanted} classes.",
                received=f"{len(names)} folders in {folder}",
                hint=f"give [output.{output.name}] labels in edgekit.toml.",
            )
    return list(range(len(names)))


def _flat(folder: Path, listed: list[Path], memory_bytes: int) -> _Listing:
    table = folder / "labels.csv"
    if not table.is_file():
        return _Listing(listed, None)
    text = files.read_text(table, "table of labels", kind=DataError)
    with reading(table, "The table of labels is not CSV.", kind=DataError):
        reader = csv.DictReader(io.StringIO(text, newline=""))
        rows = list(reader)
    columns = list(reader.fieldnames or ())
    column = next((name for name in _LABEL_COLUMNS if name in columns), None)
    if "file" not in columns or column is None:
        raise DataError(
            f"{table} must have a column `file` and one of {', '.join(_LABEL_COLUMNS)}.",
            received=f"columns {', '.join(columns) or '(none)'}",
        )
    by_name = {row["file"]: row[column] for row in rows}
    without = [path.name for path in listed if not by_name.get(path.name)]
    if without:
        raise DataError(
            f"{table} must label every file beside it.",
            received=f"{len(without)} files without a label, first {without[0]}",
        )
    texts = [by_name[path.name] for path in listed]
    labels = unpacked_size.texts(texts, memory_bytes, f"labels of {table}")
    try:
        return _Listing(listed, labels.astype(np.int64))
    except (ValueError, OverflowError):
        return _Listing(listed, labels)  # names: the metric matches them to the output's labels
