"""Samples beside a model: which files feed it, for what, and how many there are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from edgekit.core.errors import DataError, EdgekitError
from edgekit.core.project import is_callable_name
from edgekit.core.records import Contract, Limits
from edgekit.data import folders, images, npz, sounds, sources
from edgekit.data.samples import Samples

Purpose = sources.Purpose

# Words in the names of files and arrays that tell what they are for.
_WORDS: dict[Purpose, tuple[str, ...]] = {
    "calibration": ("calibration", "calib"),
    "training": ("training", "train"),
    "evaluation": ("evaluation", "eval", "test", "validation", "val"),
}
_LEAVE = re.compile(r"(\.golden|^baseline.*)\.npz$")
_MOST_FILES = 20
_MOST_LOOKED_AT = 100
_FEW = 4  # enough samples to see that they fit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """Sources of samples for `[data]`: a path, `module:function`, or None.

    `ready` tells that they can be loaded as things stand; folders of images cannot where nobody
    says how pixels are scaled. `labels` are those of the `num_samples` evaluation samples, without
    their inputs; None without any.
    `shared` tells that calibration and evaluation would draw from the same samples. `raw` says
    of inputs of float what integers feed them, `shapes` how large the samples of an input are.
    `classes` are folders by class, `columns` those of a table that feed the only input.
    """

    calibration: Path | str | None = None
    evaluation: Path | str | None = None
    training: Path | str | None = None
    ready: bool = True
    num_samples: int = 0
    labels: Samples | None = None
    shared: bool = False
    raw: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def named(source: str, contract: Contract, memory_bytes: int = Limits().memory_bytes) -> Found:
    """What `--data` names, if it fits into the memory limit.

    Raises:
        DataError: There is no such source, or it does not fit the model.
    """
    path = Path(source).expanduser()
    if not path.exists() and is_callable_name(source):
        return _loaded(source, contract, memory_bytes)
    if path.is_dir():
        return _folder(path, contract, memory_bytes)
    return _loaded(path, contract, memory_bytes)


def beside(
    folder: Path, contract: Contract, leave: Path, memory_bytes: int = Limits().memory_bytes
) -> Found:
    """What lies in a model's folder: `.npz` files, else folders by class, else a table.

    Args:
        folder: The model's.
        contract: Of the model, with the preprocessing that is known.
        leave: The model, which is no data.
        memory_bytes: What the process may take.
    """
    archives, classes, tables = [], [], []
    for path in _listed(folder):
        if path.is_dir():
            if path.absolute() != leave.absolute() and _by_class(path, contract):
                classes.append(path)
        elif path.suffix == ".npz" and not _LEAVE.search(path.name):
            archives.append(path)
        elif path.suffix.lower() == ".csv" and path.name != "labels.csv":
            tables.append(path)
    notes: list[str] = []
    for paths in (archives, classes, tables):
        fitting = {}
        for path in paths[:_MOST_FILES]:
            try:
                fitting[path] = _one(path, contract, memory_bytes)
            except EdgekitError as error:
                why = error.received or error.rule
                notes.append(f"{path.name} does not feed the model: {why}.")
        if fitting:
            found = _chosen(fitting)
            return replace(found, notes=(*notes, *found.notes))
    return Found(notes=tuple(notes))


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:  # a folder that may be entered but not listed
        return []


def _chosen(fitting: Mapping[Path, Found]) -> Found:
    """One source for each purpose: `data`, the only one, or those that say what they are for."""
    alone = [path for path in fitting if path.stem == "data"] or list(fitting)
    if len(alone) == 1:
        return fitting[alone[0]]
    worded = {purpose: _worded(list(fitting), words) for purpose, words in _WORDS.items()}
    if worded["evaluation"] is None:
        names = ", ".join(path.name for path in fitting)
        return Found(notes=(f"several sources feed the model: {names}; name one with --data.",))
    judging = fitting[worded["evaluation"]]
    other = worded["calibration"] or worded["training"]
    if other is not None:
        judging = replace(judging, calibration=other, shared=False)
    return replace(judging, training=worded["training"])


def _worded(paths: list[Path], words: tuple[str, ...]) -> Path | None:
    for word in words:
        found = [path for path in paths if _has_word(path.stem, word)]
        if len(found) == 1:
            return found[0]
    return None


def _has_word(name: str, word: str) -> bool:
    return word in re.split(r"[^a-z0-9]+", name.lower())


def _one(path: Path, contract: Contract, memory_bytes: int) -> Found:
    return (
        _folder(path, contract, memory_bytes)
        if path.is_dir()
        else _loaded(path, contract, memory_bytes)
    )


def _folder(path: Path, contract: Contract, memory_bytes: int) -> Found:
    """A folder of images or sounds, whether or not it is known how they become inputs."""
    spec = folders.only_input(contract, path)
    classes = tuple(entry.name for entry in _classes(path))
    count = sum(map(_is_media, path.rglob("*")))
    if not count:
        raise DataError(
            "The data folder must hold images or sounds, by class: FOLDER/CLASS/FILE.",
            received=f"none in {path}",
        )
    if spec.preprocessing.kind in ("image", "audio"):
        return replace(_loaded(path, contract, memory_bytes), classes=classes)
    return Found(
        calibration=path,
        evaluation=path,
        ready=False,
        num_samples=count,
        shared=True,
        classes=classes,
    )


def _by_class(folder: Path, contract: Contract) -> bool:
    """Whether the folders in a folder are the classes of an output: any folder has pictures."""
    if len(contract.inputs) != 1:
        return False
    names = [path.name for path in _classes(folder)]
    others = [p for p in _listed(folder) if p.is_dir() and p.name not in names]
    if len(names) < 2 or others:
        return False
    labels = {label for spec in contract.outputs for label in spec.labels}
    widths = {max(2, spec.shape[-1]) for spec in contract.outputs if spec.shape}
    return set(names) <= labels if labels else len(names) in widths


def _classes(folder: Path) -> list[Path]:
    """Folders in a folder that have images or sounds in them."""
    return [
        path
        for path in _listed(folder)
        if path.is_dir() and any(map(_is_media, islice(_listed(path), _MOST_LOOKED_AT)))
    ]


def _is_media(path: Path) -> bool:
    return path.suffix.lower() in (*images.SUFFIXES, *sounds.SUFFIXES)


def _loaded(source: Path | str, contract: Contract, memory_bytes: int) -> Found:
    """Samples that load as things stand, by purpose."""
    evaluation = _tried(source, contract, "evaluation", None, memory_bytes)
    calibration = _tried(source, contract, "calibration", _FEW, memory_bytes)
    if isinstance(evaluation, EdgekitError):
        if isinstance(calibration, EdgekitError):
            raise evaluation
        samples = calibration
    else:
        samples = evaluation
    raw, shapes = {}, {}
    for spec in contract.inputs:
        array = samples.inputs[spec.name]
        shapes[spec.name] = (1, *array.shape[1:])
        if array.dtype.kind in "iu" and spec.dtype.startswith("float"):
            raw[spec.name] = f"{array.dtype} from {int(array.min())} to {int(array.max())}"
    judges = not isinstance(evaluation, EdgekitError)
    names = npz.names(source) if isinstance(source, Path) and source.suffix == ".npz" else ()
    own = any(_has_word(name, word) for name in names for word in _apart())
    return Found(
        calibration=None if isinstance(calibration, EdgekitError) else source,
        evaluation=source if judges else None,
        training=source if _names_training(names) else None,
        num_samples=len(samples) if judges else 0,
        labels=_labels_alone(samples) if judges and samples.is_labelled else None,
        shared=judges and not own and not isinstance(source, str),
        raw=raw,
        shapes=shapes,
        columns=_columns(source, contract),
    )


def _labels_alone(samples: Samples) -> Samples:
    """The same samples without what is large of them."""
    nothing = np.zeros((len(samples), 0), np.uint8)
    return replace(samples, inputs=dict.fromkeys(samples.inputs, nothing), reference={})


def _tried(
    source: Path | str, contract: Contract, purpose: Purpose, limit: int | None, memory_bytes: int
) -> Samples | EdgekitError:
    try:
        return sources.load(
            str(source), contract, purpose=purpose, limit=limit, memory_bytes=memory_bytes
        )
    except EdgekitError as error:
        return error


def _apart() -> tuple[str, ...]:
    return (*_WORDS["calibration"], *_WORDS["training"])


def _names_training(names: tuple[str, ...]) -> bool:
    return any(_has_word(name, word) for name in names for word in _WORDS["training"])


def _columns(source: Path | str, contract: Contract) -> tuple[str, ...]:
    """The columns of a table that feed the only input; empty for anything else."""
    if isinstance(source, str) or source.suffix.lower() != ".csv" or len(contract.inputs) != 1:
        return ()
    import csv

    with source.open(encoding="utf-8-sig", newline="") as file:
        header = [name.strip() for name in next(csv.reader(file), [])]
    label = next((name for name in ("label", "y") if name in header), None)
    spec = contract.inputs[0]
    numbered = tuple(name for name in header if name.startswith(f"{spec.name}."))
    columns = numbered or tuple(name for name in header if name != label)
    return columns if spec.shape[1:] == (len(columns),) else ()
