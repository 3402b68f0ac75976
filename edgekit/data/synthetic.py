"""Made-up samples that a model accepts, for when there is no data.

Good for comparing a file with its source or for timing; never for accuracy, and poor
for calibration, which is why `Samples.source` says `synthetic`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import Contract, Limits, TensorSpec
from edgekit.data import preprocess, unpacked_size
from edgekit.data.samples import Samples

UNKNOWN_SIZE = 64
"""What a size of -1 becomes: enough for the usual five halvings of an image, and quick."""

_IMAGE_CHANNELS = (1, 3, 4)
_NUMBER_BYTES = 8  # as NumPy's generator draws integers


def synthetic(
    contract: Contract, count: int, seed: int = 0, id_limits: Mapping[str, int] | None = None
) -> Samples:
    """Random valid inputs: the same for the same contract, count and seed.

    - With a preprocessing: random raw data through it (uniform pixels, quiet noise for
      audio); tabular inputs are standard normal, as mean and std would make them.
    - Floats without one: whole numbers below the input's limit, where it has one; image-like
      inputs (4 dimensions, 1, 3 or 4 channels) uniform from 0 to 1, others standard normal cut
      at 3. Quantized inputs: real values, uniform over what their scale can hold.
    - Integers: from 0 up to and without the input's limit, or its vocabulary's size, or
      2; uint8 of an image-like shape: 0 to 255. bool: either.

    Args:
        contract: Inputs of the model; a size of -1 becomes `UNKNOWN_SIZE`.
        count: How many samples.
        seed: Of NumPy's default generator.
        id_limits: By input: the number of ids it takes (rows of an embedding).

    Raises:
        DataError: An input of strings or complex numbers: nobody can make those up; or one so
            large that its samples do not fit into memory.
        UsageError: A count or a limit below 1.
        ProjectError: The contract's preprocessing makes no sense.
    """
    limits = dict(id_limits or {})
    for what, number in {"samples": count, **limits}.items():
        if number < 1:
            raise UsageError(f"The number of {what} must be at least 1.", received=str(number))
    rng = np.random.default_rng(seed)
    inputs = {s.name: _make(s, count, rng, limits.get(s.name)) for s in contract.inputs}
    return Samples(inputs=inputs, source="synthetic", is_sequence=bool(contract.kept_state))


def _make(spec: TensorSpec, count: int, rng: np.random.Generator, limit: int | None) -> np.ndarray:
    dtype = preprocess.dtype_of(spec)
    shape = (count, *(UNKNOWN_SIZE if size == -1 else size for size in spec.shape[1:]))
    size_bytes = math.prod(max(size, 1) for size in shape) * _NUMBER_BYTES
    unpacked_size.fits(
        size_bytes, Limits().memory_bytes, f"samples made up for input {spec.name!r}"
    )
    pixels = len(spec.shape) == 4 and spec.shape[3] in _IMAGE_CHANNELS
    preprocess.validate(spec)
    kind = spec.preprocessing.kind
    if kind in ("image", "audio"):
        return _raw(spec, count, rng).reshape(shape)
    if dtype.kind in "iu" and spec.scale:
        codes = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, endpoint=True)
        return ((codes - spec.zero_point[0]) * spec.scale[0]).astype(np.float32)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu" or kind == "text":
        default = 256 if pixels and dtype == np.uint8 else 2
        high = limit or len(spec.preprocessing.vocabulary) or default
        ids = rng.integers(0, high, shape)
        return ids.astype(dtype if dtype.kind in "iu" else np.int32)
    if dtype.kind == "f":
        if limit and kind == "none":  # ids that the model casts itself
            return rng.integers(0, limit, shape).astype(dtype)
        if pixels and kind == "none":
            return rng.random(shape, dtype=np.float32)
        return np.clip(rng.standard_normal(shape, dtype=np.float32), -3, 3)
    raise DataError(
        "Synthetic samples cannot be made for an input of text.",
        received=f"input {spec.name!r} of {spec.dtype}",
        hint="give data.",
    )


def _raw(spec: TensorSpec, count: int, rng: np.random.Generator) -> np.ndarray:
    rules = spec.preprocessing
    if rules.kind == "audio":
        noise = rng.standard_normal((count, rules.window or 0)) * 0.1
        raw = np.clip(noise * 32768, -32768, 32767).astype(np.int16)
        return preprocess.preprocess_batch(raw, spec)
    height, width = rules.size or (UNKNOWN_SIZE, UNKNOWN_SIZE)
    raw = rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    return preprocess.preprocess_batch(raw, spec)
