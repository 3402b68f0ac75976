"""The inputs and outputs of a file: how real values are stored in them, and read back.

Values are REAL on both sides. An integer tensor with a scale is fed
`clip(rint(value / scale) + zero_point)`, where `rint` rounds halves to even as XNNPACK
does, whatever the array's own dtype: uint8 pixels mean 0.0 to 255.0. Outputs with a scale
come back as float32 `scale * (stored - zero_point)`. Tensors without a scale keep their
values: integers are cast for float inputs, and integer inputs take integers in range. Text goes
in as UTF-8.

Sample `i` is `array[i]`: one sample without the batch dimension, where the tensor's first
dimension is 1 or unknown; otherwise a whole tensor. Unknown sizes follow the sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # never evaluated: Python 3.8 has not all of these spellings
    from typing import TypedDict

    from numpy.typing import DTypeLike

    class QuantizationParameters(TypedDict):
        """Scales and zero points of a tensor, one each or one a channel."""

        scales: np.ndarray
        zero_points: np.ndarray
        quantized_dimension: int

    class _Detail(TypedDict):
        index: int
        shape: np.ndarray
        dtype: DTypeLike
        quantization_parameters: QuantizationParameters

    class TensorDetail(_Detail, total=False):
        """What a runtime says of a tensor."""

        name: str
        shape_signature: np.ndarray


BLOCK_BYTES = 256 << 10  # read, converted and written at a time: it stays in the cache


class Failure(Exception):
    """An error for the person, as a class of `edgekit.core.errors` has it."""

    def __init__(
        self, kind: str, rule: str, received: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(rule)
        self.payload = {"type": kind, "rule": rule, "received": received, "hint": hint}


@dataclass(frozen=True)
class TensorFields:
    """A tensor as `edgekit.core.records.TensorSpec` describes it: the fields of the same names."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    quantized_dimension: int


class Tensor:
    """One input or output: where it is, and how its values are stored."""

    def __init__(self, name: str, detail: TensorDetail) -> None:
        self.name = name
        self.index = int(detail["index"])
        self.dtype = np.dtype(detail["dtype"])
        self.current = tuple(int(size) for size in detail["shape"])
        self.shape = tuple(int(s) for s in detail.get("shape_signature", ())) or self.current
        parameters = detail["quantization_parameters"]
        self.scale = [float(s) for s in parameters["scales"]]
        self.zero_point = [int(z) for z in parameters["zero_points"]]
        self.axis = int(parameters["quantized_dimension"])
        # The sample's own shape: an unknown or single first dimension is the batch.
        self.batched = bool(self.shape) and self.shape[0] in (-1, 1)
        self.sample_shape = self.shape[1:] if self.batched else self.shape
        if self.dtype.kind not in "biufS":
            raise Failure(
                "ModelError", f"Tensor {name!r} must hold numbers or text.", str(self.dtype)
            )
        if self.dtype.kind not in "iu":
            self.scale = []
        if len(self.scale) > 1:
            raise Failure(
                "ModelError", f"Tensor {name!r} must have one scale.", f"{len(self.scale)}"
            )

    def require_numbers(self) -> None:
        """Refuse text.

        Raises:
            Failure: The tensor holds it.
        """
        if self.dtype.kind == "S":
            raise Failure("ModelError", f"Output {self.name!r} must hold numbers.", "text")

    @property
    def given(self) -> np.dtype:
        """The type of the real values that it is given."""
        return np.dtype(np.float32) if self.scale else self.dtype

    def fields(self) -> TensorFields:
        """The tensor for the other side."""
        return TensorFields(
            name=self.name,
            shape=self.shape,
            dtype="string" if self.dtype.kind == "S" else self.dtype.name,
            scale=tuple(self.scale),
            zero_point=tuple(self.zero_point[: len(self.scale)]),
            quantized_dimension=self.axis,
        )

    def fitted(self, sample: tuple[int, ...]) -> tuple[int, ...]:
        """The tensor's shape for samples of shape `sample`.

        Raises:
            Failure: A known size differs, or the number of dimensions does.
        """
        want = self.sample_shape
        fits = len(want) == len(sample)
        for axis, size in enumerate(want if fits else ()):
            fits = fits and size in (-1, sample[axis])
        if not fits:
            raise Failure(
                "DataError",
                f"Each sample of input {self.name!r} must have shape {_spell(want)}.",
                f"shape {_spell(sample)}",
            )
        return (1, *sample) if self.batched else sample

    def grown(self, size: int) -> tuple[int, ...]:
        """The tensor's shape with `size` for each size that is unknown."""
        sample = tuple(size if known == -1 else known for known in self.sample_shape)
        return (1, *sample) if self.batched else sample

    def store(self, real: np.ndarray) -> np.ndarray:
        """Real values as this tensor stores them, same shape.

        Raises:
            Failure: Values that the tensor cannot hold.
        """
        if self.scale:
            return self._quantize(real)
        if self.dtype.kind == "S" or real.dtype.kind == "U":
            return self._text(real)
        if self.dtype.kind in "iu":
            if real.dtype.kind not in "iub":
                raise Failure(
                    "DataError",
                    f"Input {self.name!r} must be whole numbers ({self.dtype}).",
                    f"an array of {real.dtype}",
                    f"convert it: array.astype('{self.dtype}')",
                )
            bounds = np.iinfo(self.dtype)
            if real.dtype != self.dtype and real.size:
                low, high = int(real.min()), int(real.max())
                if low < bounds.min or high > bounds.max:
                    raise Failure(
                        "DataError",
                        f"Input {self.name!r} must fit {self.dtype}.",
                        f"{low} to {high}",
                    )
        elif self.dtype.kind == "b" and real.dtype.kind != "b":
            raise Failure(
                "DataError", f"Input {self.name!r} must be bool.", f"an array of {real.dtype}"
            )
        return np.ascontiguousarray(real, dtype=self.dtype)

    def _text(self, real: np.ndarray) -> np.ndarray:
        if self.dtype.kind != "S" or real.dtype.kind != "U":
            wanted = "text" if self.dtype.kind == "S" else f"numbers ({self.dtype})"
            raise Failure(
                "DataError", f"Input {self.name!r} must be {wanted}.", f"an array of {real.dtype}"
            )
        return np.char.encode(real, "utf-8")

    def _quantize(self, real: np.ndarray) -> np.ndarray:
        bounds = np.iinfo(self.dtype)
        one_byte = real.dtype.itemsize == 1 and self.dtype.itemsize == 1
        if one_byte and real.dtype.kind in "iu" and real.size > 256:
            # Bytes to bytes: convert each of the 256 values once, then look them up.
            table = self._quantize(np.arange(256, dtype=np.uint8).view(real.dtype))
            stored = real.tobytes().translate(table.tobytes())
            return np.frombuffer(stored, self.dtype).reshape(real.shape)
        wide = np.float32 if self.dtype.itemsize <= 2 else np.float64
        value: np.ndarray = np.divide(real, wide(self.scale[0]), dtype=wide)
        np.rint(value, out=value)
        value += wide(self.zero_point[0])
        if not np.isfinite(value).all():
            raise Failure("DataError", f"Input {self.name!r} must be finite.", "NaN or infinity")
        np.clip(value, bounds.min, bounds.max, out=value)
        return value.astype(self.dtype)

    def real(self, stored: np.ndarray) -> np.ndarray:
        """Stored values as real ones: float32 where the tensor has a scale."""
        if not self.scale:
            return stored
        wide = np.float32 if self.dtype.itemsize <= 2 else np.float64
        value: np.ndarray = np.subtract(stored, wide(self.zero_point[0]), dtype=wide)
        value = np.multiply(value, wide(self.scale[0]), dtype=wide)
        return value.astype(np.float32, copy=False)

    def random(self, rng: np.random.Generator) -> np.ndarray:
        """Stored values to time with: no NaN, no denormals, no index out of range.

        Text is empty.
        """
        if self.dtype.kind == "f":
            return rng.uniform(0.0, 1.0, self.current).astype(self.dtype)
        if self.scale:
            bounds = np.iinfo(self.dtype)
            return rng.integers(bounds.min, bounds.max, self.current, self.dtype, endpoint=True)
        return np.zeros(self.current, self.dtype)


def _spell(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join("any" if size == -1 else str(size) for size in shape) + ")"


class Writer:
    """Collects one output of many samples into a `.npy` file.

    Written, not mapped: a full disk is then an error and no SIGBUS.
    """

    def __init__(self, tensor: Tensor, path: str, count: int) -> None:
        self.tensor = tensor
        self._count = count
        self._rows: list[np.ndarray] = []
        self._shape: tuple[int, ...] | None = None
        self._file = open(path, "wb")

    def add(self, value: np.ndarray) -> None:
        """One sample's value. All have the shape of the first."""
        if value.shape != self._shape:
            if self._shape is not None:
                raise Failure(
                    "RunError",
                    f"Output {self.tensor.name!r} must have the same shape for every sample.",
                    f"{_spell(self._shape)}, then {_spell(value.shape)}",
                )
            self._shape = value.shape
        self._rows.append(value)
        if len(self._rows) * value.nbytes > BLOCK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Convert and write what was added."""
        if not self._rows:
            return
        stored = np.stack(self._rows)
        self._rows = []
        if stored.shape[1:2] == (1,):
            stored = stored.reshape((len(stored), *stored.shape[2:]))
        real = np.ascontiguousarray(self.tensor.real(stored))
        if not self._file.tell():
            header = {
                "descr": np.lib.format.dtype_to_descr(real.dtype),
                "fortran_order": False,
                "shape": (self._count, *real.shape[1:]),
            }
            np.lib.format.write_array_header_1_0(self._file, header)
        self._file.write(real.tobytes())

    def close(self) -> None:
        """Close the file."""
        self._file.close()
