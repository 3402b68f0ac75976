"""What a bundle is: converted files with all that an app needs to run them as the host did.

The records of `contract.json`, which every bundle holds, and from which the code in every language
is generated. They stand beside `records`, whose conventions hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgekit.records import Contract

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenTensor:
    """One input or output in the file of golden samples, as the model itself stores it.

    A sample is a record of `Golden.sample_bytes` bytes; this tensor's `num_bytes` begin at `offset`
    in each. Values are little-endian, of `dtype`, in C order of `shape` (which has the batch of 1).
    `tolerance` is how far an output may be from it on other kernels, in real units: one step of a
    quantized output; on the kernels of the host it is met exactly.
    """

    role: Literal["input", "output"]
    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    num_bytes: int
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """A few inputs, and what the host's LiteRT computed of them with this very file."""

    file: str
    sha256: str
    num_samples: int
    sample_bytes: int
    tensors: tuple[GoldenTensor, ...]


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
