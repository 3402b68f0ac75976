"""How long rounding is learned, and from what: steps that are counted, and batches of samples.

Equal inputs are to give equal files, so that no clock decides when it ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from edgekit import tflite
from edgekit.compress.train.augment import Augmentation
from edgekit.tflite import Operator

# What a file's training may cost, in multiplications of the model alone; each value of an
# activation counts as so many. A million take about 0.35 ms of a core, teacher, student and
# gradients together (measured: a keyword spotter and MobileNetV1-0.25).
_WORK, _PER_VALUE = 5.0e11, 30.0
_FEWEST_STEPS, _MOST_STEPS = 50, 1500
# Samples in a batch; fewer of a model with many activations (EfficientNet-Lite0: 9, in 2.65 GB).
_BATCH, _SMALLEST_BATCH, _MOST_VALUES = 16, 4, 64e6
# So much of each batch is moved, mirrored and mixed: the float file says what is right for whatever
# comes out. With all of it a keyword spotter got no better on held-out samples (25.4 to 25.3 dB);
# without any of it 28.8 dB on those learned from were 26.0 on others.
_VARIED = 0.5
# Parts of one seed that must not meet: the order of samples, and what varies them.
_ORDER, _AUGMENT = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long: so many steps of so many samples, in an order by the seed.

    Every `report_seconds` a line is reported, and every `save_seconds` what it takes to go on is
    written; both at the end.
    """

    steps: int
    batch_size: int = _BATCH
    seed: int = 0
    report_seconds: float = 5.0
    save_seconds: float = 20.0


def of(content: bytes, seed: int, steps: int | None = None) -> Schedule:
    """What a few minutes on two cores hold.

    Args:
        content: The float file.
        seed: Of the order of samples.
        steps: So many; None to count them.
    """
    operators = tflite.main_operators(tflite.read(content))
    values = sum(map(_num_values, operators))
    size = int(np.clip(_MOST_VALUES / max(1, values), _SMALLEST_BATCH, _BATCH))
    work = sum(map(_products, operators)) + _PER_VALUE * values
    counted = int(np.clip(_WORK / (max(1.0, work) * size), _FEWEST_STEPS, _MOST_STEPS))
    return Schedule(steps=steps or counted, batch_size=size, seed=seed)


def _products(op: Operator) -> float:
    """Multiplications for one sample."""
    if op.weight is None:
        return 0.0
    shape = [abs(size) for size in op.weight.shape]
    return _num_values(op) * math.prod(shape) / max(1, shape[op.facts.channel_axis])


def _num_values(op: Operator) -> int:
    return sum(math.prod(map(abs, tensor.shape)) for tensor in op.outputs)


class Batches:
    """The samples of each step: half of them as they are, the others varied.

    Args:
        dtypes: What the model takes, by input.
        inputs: Samples by input, `(n, ...)`.
        schedule: Sizes and seed.
    """

    def __init__(
        self, dtypes: Mapping[str, str], inputs: Mapping[str, np.ndarray], schedule: Schedule
    ) -> None:
        self._dtypes, self._inputs = dtypes, {name: inputs[name] for name in dtypes}
        self._seed = schedule.seed
        self._count = len(next(iter(inputs.values())))
        self._size = min(schedule.batch_size, self._count)
        self._floats = frozenset(name for name, dtype in dtypes.items() if "float" in dtype)
        self._vary = Augmentation(move=True, flip=True, mix=True)

    def at(self, step: int) -> dict[str, np.ndarray]:
        """Samples of a step, by input; each sample once in an epoch, its rest left out."""
        epoch, place = divmod(step, self._count // self._size)
        order = np.random.default_rng((self._seed, _ORDER, epoch)).permutation(self._count)
        taken = order[place * self._size : (place + 1) * self._size]
        drawn = {name: array[taken] for name, array in self._inputs.items()}
        varied = self._vary(drawn, self._floats, (self._seed, _AUGMENT, step))
        few = int(_VARIED * self._size)
        return self._cast(
            {name: np.concatenate([varied[name][:few], drawn[name][few:]]) for name in drawn}
        )

    def plain(self) -> Iterator[dict[str, np.ndarray]]:
        """Every sample once, as it is."""
        for start in range(0, self._count, self._size):
            part = slice(start, start + self._size)
            yield self._cast({name: array[part] for name, array in self._inputs.items()})

    def _cast(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: array.astype(self._dtypes[name]) for name, array in arrays.items()}
