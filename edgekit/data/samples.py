"""A set of samples in memory, its content hash, and the `.golden.npz` file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from edgekit.core import npz_record, serde
from edgekit.core.errors import DataError
from edgekit.core.records import Limits
from edgekit.data import npz

_INPUT, _OUTPUT, _LABELS, _SOURCE = "input/", "output/", "labels", "source"
_SEQUENCE = "sequence"
_HEAD = f"{_LABELS}/"


def label_arrays(
    labels: np.ndarray | None, heads: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Labels by what messages call them: `labels`, `labels of 'age'`."""
    named = {f"labels of {name!r}": array for name, array in heads.items()}
    return named if labels is None else {"labels": labels, **named}


@dataclass(frozen=True, eq=False, kw_only=True)
class Samples:
    """Model inputs with, perhaps, labels and reference outputs.

    Integers that a model takes as float may stay integers here: uint8 pixels cost a
    fourth of float32 to hold and to move, and the runtime's worker casts them. Inputs of
    a quantized model are real values, not codes: the worker quantizes.

    Attributes:
        inputs: By the model's input names, each `(n, ...)`: the model's own batch
            dimension of 1 is not in it.
        labels: `(n, ...)`: class ids, one-hot rows, label names or target values.
        head_labels: Labels of single outputs of a model that has several, by output name.
        source: Where they came from, to be shown; `synthetic` when made up.
        reference: Outputs of the original model by output name, each `(n, ...)`.
        ignored: Names of arrays that the source holds besides, for messages.
        is_sequence: Whether each sample follows the one before: a model keeps state between them.
            Parts are then taken from the beginning on, and never shuffled.
        carried: By input that the samples lack, the output that it takes from the sample before.
    """

    inputs: dict[str, np.ndarray]
    labels: np.ndarray | None = None
    source: str = ""
    reference: dict[str, np.ndarray] = field(default_factory=dict)
    head_labels: dict[str, np.ndarray] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    is_sequence: bool = False
    carried: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        arrays = {f"input {name!r}": array for name, array in self.inputs.items()}
        arrays |= {f"output {name!r}": array for name, array in self.reference.items()}
        arrays |= label_arrays(self.labels, self.head_labels)
        if not self.inputs:
            raise DataError("Samples must hold at least one input.", received="no arrays")
        for name, array in arrays.items():
            if array.dtype.hasobject:
                raise DataError(
                    f"Samples must be arrays of numbers or strings; {name} is neither.",
                    received="an array of Python objects (ragged rows?)",
                )
        lengths = {name: array.shape[0] if array.ndim else -1 for name, array in arrays.items()}
        if len(set(lengths.values())) > 1 or -1 in lengths.values():
            raise DataError(
                "Every array must have one entry for each sample, along its first axis.",
                received=", ".join(f"{k}: shape {arrays[k].shape}" for k in lengths),
            )

    def __len__(self) -> int:
        return int(next(iter(self.inputs.values())).shape[0])

    def labels_of(self, output: str, *, alone: bool) -> np.ndarray | None:
        """The labels of one output: its own, or those that name none.

        Args:
            output: Its name.
            alone: Whether the model has no other output.
        """
        if output in self.head_labels:
            return self.head_labels[output]
        return self.labels if alone or not self.head_labels else None

    @property
    def is_labelled(self) -> bool:
        """Whether there are labels of any output."""
        return self.labels is not None or bool(self.head_labels)

    def take(self, indices: Sequence[int] | np.ndarray) -> Samples:
        """The samples of these indices, in their order.

        Raises:
            DataError: An index is out of range.
        """
        wanted = np.asarray(indices, dtype=np.intp)
        if wanted.size and not (-len(self) <= wanted.min() and wanted.max() < len(self)):
            raise DataError(
                f"An index must be below the number of samples, {len(self)}.",
                received=f"{wanted.min()} to {wanted.max()}",
            )
        return Samples(
            inputs={name: array[wanted] for name, array in self.inputs.items()},
            labels=None if self.labels is None else self.labels[wanted],
            source=self.source,
            reference={name: array[wanted] for name, array in self.reference.items()},
            head_labels={name: array[wanted] for name, array in self.head_labels.items()},
            ignored=self.ignored,
            is_sequence=self.is_sequence,
            carried=self.carried,
        )

    @cached_property
    def sha256(self) -> str:
        """Hash of inputs and labels: names, dtypes, shapes and bytes, in order of name.

        Neither `source` nor `reference` is in it: the same samples are the same samples
        whichever file they lay in and whichever model ran on them.
        """
        digest = hashlib.sha256()
        parts = {f"{_INPUT}{name}": array for name, array in self.inputs.items()}
        parts |= self._stored_labels()
        for name in sorted(parts):
            array = npz_record.little_endian(parts[name])
            digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()

    def digests(self) -> tuple[str, ...]:
        """A short hash of each sample's inputs, 16 hex digits: equal for equal samples.

        Labels and dtypes are not in it: uint8 pixels equal their float32 copies.
        """
        columns = []
        for name in sorted(self.inputs):
            array = self.inputs[name]
            if array.dtype.kind not in "US":
                array = array.astype("<f4") + np.float32(0)  # folds -0.0
            columns.append(np.ascontiguousarray(array).reshape(len(self), -1))
        return tuple(
            hashlib.blake2b(b"\0".join(c[i].tobytes() for c in columns), digest_size=8).hexdigest()
            for i in range(len(self))
        )

    def save(self, path: Path, *, compress: bool = True) -> None:
        """Write an `.npz`: `input/NAME`, `output/NAME`, `labels`, `labels/OUTPUT`, `source`.

        An array `sequence` is there where each sample follows the one before.

        Whole or not at all, and byte for byte the same for the same samples. Without
        `compress` it is larger and many times faster: for files that do not stay.
        """
        arrays = {f"{_INPUT}{name}": array for name, array in self.inputs.items()}
        arrays |= {f"{_OUTPUT}{name}": array for name, array in self.reference.items()}
        arrays |= self._stored_labels()
        arrays[_SOURCE] = np.array(self.source)
        if self.is_sequence:
            arrays[_SEQUENCE] = np.array(True)
        with serde.atomic_path(path) as temporary:
            npz_record.write(temporary, arrays, compress=compress)

    def _stored_labels(self) -> dict[str, np.ndarray]:
        named = {f"{_HEAD}{name}": array for name, array in self.head_labels.items()}
        return named if self.labels is None else {_LABELS: self.labels, **named}

    @classmethod
    def load(cls, path: Path, *, memory_bytes: int = Limits().memory_bytes) -> Samples:
        """Read what `save` wrote.

        Args:
            path: The file.
            memory_bytes: What the process may take (see `unpacked_size.fits`).

        Raises:
            DataError: No such file, damaged, too large, or not of this form.
        """
        arrays = npz.read(path, memory_bytes=memory_bytes)
        inputs = {k.removeprefix(_INPUT): v for k, v in arrays.items() if k.startswith(_INPUT)}
        if not inputs:
            raise DataError(
                "A golden file must hold arrays named input/NAME.",
                received=f"{path} with {', '.join(arrays) or 'no arrays'}",
            )
        return cls(
            inputs=inputs,
            labels=arrays.get(_LABELS),
            source=str(arrays[_SOURCE]) if _SOURCE in arrays else str(path),
            reference={
                k.removeprefix(_OUTPUT): v for k, v in arrays.items() if k.startswith(_OUTPUT)
            },
            head_labels={
                k.removeprefix(_HEAD): v for k, v in arrays.items() if k.startswith(_HEAD)
            },
            is_sequence=_SEQUENCE in arrays,
        )
