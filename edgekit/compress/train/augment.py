"""More samples out of few: shifts, zooms, flips and mixtures, the same for the same seed.

Distillation has no labels to spoil: the teacher gives labels for whatever comes out of here. Where
labels are trained on, only what leaves them true is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

# Pad-and-crop by an eighth of the size is what CIFAR's recipes use: 4 of 32 pixels.
_SHIFT = 1 / 8
_ZOOM = 0.1
_SMALLEST = 8
_MIXED = 0.5
_BETA = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """What is done to samples before each step. All of it is a function of seed, epoch and batch.

    Attributes:
        move: Image-like inputs (rank 4, 1 or 3 channels, 8 pixels or more) are shifted by up
            to an eighth and zoomed by up to a tenth; what comes in from outside is a reflection.
        flip: Images of three channels are mirrored left to right, half of them.
        mix: Half of the samples become a mixture `a x + (1 - a) x'` with another sample of the
            batch, `a` from Beta(0.5, 0.5) (Zhang et al. 2018, mixup); integers never.
    """

    move: bool = False
    flip: bool = False
    mix: bool = False

    def __call__(
        self, inputs: Mapping[str, np.ndarray], floats: frozenset[str], seed: tuple[int, ...]
    ) -> dict[str, np.ndarray]:
        """Other inputs of the same shapes.

        Args:
            inputs: By name, `(n, ...)`; left as they are.
            floats: The inputs that the model takes as floats, whatever they are stored in:
                ids are not mixed and not moved.
            seed: What the random numbers come from.

        Returns:
            By name, `(n, ...)`: the same dtype, or float32 where mixed.
        """
        rng = np.random.default_rng(seed)
        result = dict(inputs)
        for name in sorted(floats & result.keys()):
            if is_image(result[name].shape):
                result[name] = self._moved(result[name], rng)
        if self.mix and floats >= result.keys():
            # One partner and one share for all inputs of a sample: they belong together.
            count = len(next(iter(result.values())))
            partner = rng.permutation(count)
            share = np.where(rng.random(count) < _MIXED, rng.beta(_BETA, _BETA, count), 1)
            result = {name: _mixed(array, partner, share) for name, array in result.items()}
        return result

    def _moved(self, array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        count, height, width, channels = array.shape
        mirrored = rng.random(count) < 0.5 if self.flip and channels == 3 else None
        if not self.move and mirrored is None:
            return array
        zoom = np.exp(rng.uniform(-_ZOOM, _ZOOM, count)) if self.move else np.ones(count)
        rows = _places(height, zoom, rng if self.move else None)
        columns = _places(width, zoom, rng if self.move else None)
        if mirrored is not None:
            columns[mirrored] = columns[mirrored, ::-1]
        which = np.arange(count)[:, None, None]
        moved: np.ndarray = array[which, rows[:, :, None], columns[:, None, :]]
        return moved


def is_image(shape: tuple[int, ...]) -> bool:
    """Whether an array `(n, ...)` of this shape holds images: large enough, 1 or 3 channels."""
    return len(shape) == 4 and min(shape[1:3]) >= _SMALLEST and shape[3] in (1, 3)


def _places(size: int, zoom: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
    """For each sample, the row (or column) that each of `size` comes from, `(n, size)`."""
    limit = max(1, round(size * _SHIFT))
    shift = rng.integers(-limit, limit, len(zoom), endpoint=True) if rng else 0 * zoom
    middle = (size - 1) / 2
    places = (np.arange(size)[None] - middle) / zoom[:, None] + middle + np.asarray(shift)[:, None]
    near = np.rint(places).astype(np.intp)
    # Reflect at both ends: the border is not seen twice, as in NumPy's pad mode "reflect".
    period = 2 * (size - 1)
    near = np.abs(near) % period
    places_within: np.ndarray = np.where(near >= size, period - near, near)
    return places_within


def _mixed(array: np.ndarray, partner: np.ndarray, share: np.ndarray) -> np.ndarray:
    values = array.astype(np.float32)
    weight = share.astype(np.float32).reshape(-1, *[1] * (array.ndim - 1))
    mixed: np.ndarray = values * weight + values[partner] * (1 - weight)
    return mixed
