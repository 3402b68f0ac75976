"""Inputs and outputs of the contract: how real values are stored in them, and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._preprocess import Rules, preprocess


@dataclass(frozen=True)
class Score:
    """One class and what the model says of it: a probability where `activation` says so."""

    index: int
    label: str
    value: float


@dataclass(frozen=True)
class Tensor:
    """One input or output. `shape` is the whole one, with the batch of 1 where there is one.

    Where `scale` is set, `real = scale * (stored - zero_point)`.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float | None
    zero_point: int
    rules: Rules

    @staticmethod
    def read(spec: dict[str, Any]) -> Tensor:
        """One entry of the `inputs` or `outputs` of `contract.json`."""
        return Tensor(
            name=spec["name"],
            shape=tuple(spec["shape"]),
            dtype=np.dtype(spec["dtype"]),
            scale=float(spec["scale"][0]) if spec.get("scale") else None,
            zero_point=int(spec["zero_point"][0]) if spec.get("scale") else 0,
            rules=spec.get("preprocessing", {}),
        )

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape without the batch dimension."""
        return self.shape[1:] if self.shape[:1] == (1,) else self.shape

    def preprocess(self, raw: Any) -> np.ndarray:
        """A raw sample as real values of `sample_shape`.

        Raises:
            ValueError: The sample is not what the contract takes.
        """
        length = self.shape[-1] if self.shape else 1
        values = preprocess(raw, self.rules, length, self.name)
        if self.rules.get("kind", "none") in ("image", "audio"):
            return values.reshape(self.sample_shape)  # a size of 1 more or less
        return values

    def store(self, real: np.ndarray) -> np.ndarray:
        """Real values of `sample_shape` as the model stores them, of `shape`.

        A tensor with a scale holds `clamp(rint(real / scale) + zero_point)`, where `rint` rounds
        halves to even. One without takes whole numbers for integers, and never rounds.

        Raises:
            ValueError: Another shape, or values that the tensor cannot hold.
        """
        if real.shape != self.sample_shape:
            raise ValueError(
                f"A sample of {self.name} must have shape {self.sample_shape}; received "
                f"{real.shape}."
            )
        if self.scale is not None:
            stored = self._quantize(real)
        elif self.dtype.kind in "iub":
            stored = self._whole(real)
        else:
            stored = real.astype(self.dtype)
        return np.ascontiguousarray(stored).reshape(self.shape)

    def real(self, stored: np.ndarray) -> np.ndarray:
        """Stored values as real ones of `sample_shape`: float32 where there is a scale."""
        stored = stored.reshape(self.sample_shape)
        if self.scale is None:
            return stored
        wide = self._wide
        value = np.subtract(stored, wide(self.zero_point), dtype=wide)
        scaled: np.ndarray = np.multiply(value, wide(self.scale), dtype=wide).astype(np.float32)
        return scaled

    @property
    def _wide(self) -> Any:
        return np.float32 if self.dtype.itemsize <= 2 else np.float64

    def _quantize(self, real: np.ndarray) -> np.ndarray:
        wide, bounds = self._wide, np.iinfo(self.dtype)
        value = np.rint(np.divide(real, wide(self.scale), dtype=wide)) + wide(self.zero_point)
        if not np.isfinite(value).all():
            raise ValueError(f"Values of {self.name} must be finite; received NaN or infinity.")
        codes: np.ndarray = np.clip(value, bounds.min, bounds.max).astype(self.dtype)
        return codes

    def _whole(self, real: np.ndarray) -> np.ndarray:
        if self.dtype.kind == "b":
            low, high = 0, 1
        else:
            low, high = np.iinfo(self.dtype).min, np.iinfo(self.dtype).max
        unfit = (real < low) | (real > high)
        if real.dtype.kind == "f":
            unfit |= real != np.floor(real)
        if unfit.any():
            raise ValueError(
                f"{self.name} must be whole numbers from {low} to {high} ({self.dtype}); received "
                f"{int(unfit.sum())} others."
            )
        whole: np.ndarray = real.astype(self.dtype)
        return whole


def top_k(values: np.ndarray, labels: Sequence[str], count: int) -> list[Score]:
    """The `count` largest values, largest first; of equal ones the lower index first.

    A class without a label is called by its number. NaN comes last.
    """
    flat = np.asarray(values).reshape(-1)
    order = [int(i) for i in np.argsort(-flat.astype(np.float64), kind="stable")]
    return [
        Score(i, labels[i] if i < len(labels) else str(i), float(flat[i]))
        for i in order[: max(0, count)]
    ]
