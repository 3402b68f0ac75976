"""What a bundle is: converted files with all that an app needs to run them as the host did.

The records of `contract.json`, which every bundle holds, and from which the code in every language
is generated. They stand beside `records`, whose conventions hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgekit.core.records import Contract

FORMAT_VERSION = 2

Kernels = Literal["default", "reference", "builtin"]
"""Which of a runtime's kernels run: XNNPACK where it has any, the reference ones, or its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnError:
    """The numbers of some columns of an output's last axis: from `start` on, below `stop`.

    `worst` is the largest difference of any value and `rms` the root of the mean squared one, both
    in real units: measured, or allowed.
    """

    start: int
    stop: int
    worst: float
    rms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far an output may be from the host's, over all golden samples; measured, see `Trial`.

    `worst` bounds the largest difference of any value and `rms` the root of the mean squared one,
    both in real units. Where columns of the last axis have units of their own, `columns` bounds
    each group of them: one pooled bound would not see a small column beside a large one.

    Of the decisions of all samples, a fraction of at least `agreement` must be the host's; None for
    outputs that decide nothing. A decision is which value along the last axis is largest, or, with
    a `threshold`, on which side of it a value lies.
    """

    worst: float = 0.0
    rms: float = 0.0
    agreement: float | None = None
    threshold: float | None = None
    columns: tuple[ColumnError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenTensor:
    """One input or output in the file of golden samples, as the model itself stores it.

    A sample is a record of `Golden.sample_bytes` bytes; this tensor's `num_bytes` begin at `offset`
    in each. Values are little-endian, of `dtype`, in C order of `shape` (which has the batch of 1).
    An output has a `tolerance`.
    """

    role: Literal["input", "output"]
    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    num_bytes: int
    tolerance: Tolerance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenRaw:
    """Raw data for one input, and what the host's preprocessing makes of it.

    `num_bytes` at `offset` in the file: `dtype` values of `shape`, little-endian; `text` is UTF-8.
    Preprocessed and stored, every `stride`-th value of the input, from the first on, must have the
    bits of those at `expected_offset`, which follow each other in the input's own type.
    """

    input: str
    dtype: Literal["uint8", "float32", "text"]
    shape: tuple[int, ...]
    offset: int
    num_bytes: int
    stride: int
    expected_offset: int
    expected_num_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenLabels:
    """The labels of an output, apart from those that the code uses: UTF-8, a zero behind each."""

    output: str
    offset: int
    num_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far one output was from the golden one: see `Tolerance` for the numbers."""

    output: str
    worst: float
    rms: float
    agreement: float | None = None
    columns: tuple[ColumnError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The golden samples on other kernels, when the bundle was made: tolerances come from these.

    `left_out` says why it did not count: the runtime cannot run the file, or computes something
    else of it.
    """

    runtime: str
    version: str
    kernels: Kernels
    differences: tuple[Difference, ...] = ()
    left_out: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """A few inputs, and what the host's LiteRT computed of them with this very file.

    `file` holds `num_samples` records of `sample_bytes`, then what `raw` and `labels` speak of.
    """

    file: str
    sha256: str
    num_bytes: int
    num_samples: int
    sample_bytes: int
    tensors: tuple[GoldenTensor, ...]
    raw: tuple[GoldenRaw, ...] = ()
    labels: tuple[GoldenLabels, ...] = ()
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledModel:
    """One `.tflite` of a bundle. `variant` is its recipe's label, as `static_wi8_ai8`."""

    variant: str
    file: str
    sha256: str
    size_bytes: int
    oldest_runtime: str
    contract: Contract
    golden: Golden


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Variants of one model, with equal inputs and outputs but for how they are stored.

    `contract.json` is this record.
    """

    format_version: int = FORMAT_VERSION
    name: str
    edgekit: str
    models: tuple[BundledModel, ...]
