"""Samples as the batches of a training loop: checked, divided, in an order from seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.compress.train.augment import Augmentation
from edgekit.core.errors import DataError
from edgekit.data import check_samples, split
from edgekit.data.samples import Samples
from edgekit.frontend.load.loaded import LoadedModel

# Parts of one seed that must not meet: the order of an epoch, and what augments a batch.
_ORDER, _AUGMENT, _JUDGE = 1, 2, 4
# So many varied copies of each sample judge beside itself, where training varies samples.
_COPIES = 2
_JUDGES = 50


def check(samples: Samples, model: LoadedModel) -> Samples:
    """The samples in the shape that the model takes, their values as they were.

    Raises:
        DataError: None, an unknown or missing input, another shape, NaN, an id out of range.
    """
    model.require_inputs(samples.inputs)
    if len(samples) == 0:
        raise DataError("Training needs at least one sample.", received="none")
    inputs = {}
    for spec in model.inputs:
        array = check_samples.fit(samples.inputs[spec.name], spec)
        check_samples.finite(array, f"Input {spec.name!r}")
        limit = model.id_limits.get(spec.name)
        if limit is not None and not (0 <= array.min() and array.max() < limit):
            raise DataError(
                f"Ids of input {spec.name!r} must be from 0 to {limit - 1}.",
                received=f"{array.min()} to {array.max()}",
                hint="look whether the data belongs to this model.",
            )
        inputs[spec.name] = array
    return Samples(
        inputs=inputs,
        labels=samples.labels,
        source=samples.source,
        head_labels=samples.head_labels,
    )


def usual_size(count: int) -> int:
    """The batch size for so many samples: few samples in large batches make too few steps."""
    return 32 if count >= 512 else 16 if count >= 256 else 8


def divide(
    samples: Samples,
    validation: float,
    seed: int,
    fitted: Samples | None = None,
) -> tuple[Samples, Samples]:
    """Samples to train on, and others to judge by: at least fifty, if that is no fifth.

    Those that the student was `fitted` to do not judge, where there are others: of them it knows
    the outputs before it has learned anything, and no epoch would be better than the start. Very
    few samples (below four) do both.
    """
    count = len(samples)
    if count < 4:
        return samples, samples
    held = min(max(round(count * validation), min(_JUDGES, count // 5), 1), count - 1)
    return split.hold_out(samples, held, seed, fitted)


@dataclass(frozen=True, eq=False, kw_only=True)
class Batches:
    """Training and validation data of one run.

    Attributes:
        train: What is trained on.
        judge: What is held out.
        dtypes: The model's own dtype of each input.
        size: Samples in each batch.
        seed: Of everything random.
        augmentation: What is done to each batch of training.
        floats: The inputs that may be augmented.
    """

    train: Samples
    judge: Samples
    dtypes: Mapping[str, str]
    size: int
    seed: int
    augmentation: Augmentation
    floats: frozenset[str]

    @property
    def steps(self) -> int:
        """Batches in an epoch. All are whole: a rest of two samples has no statistics."""
        return max(1, len(self.train) // self.size)

    def epoch(self, epoch: int) -> Iterator[tuple[Any, ...]]:
        """The batches of one epoch, the same whenever and wherever they are made."""
        order = np.random.default_rng((self.seed, _ORDER, epoch)).permutation(len(self.train))
        order = np.resize(order, max(len(order), self.size))  # repeats where there are too few
        for step in range(self.steps):
            chosen = order[step * self.size : (step + 1) * self.size]
            inputs = {name: array[chosen] for name, array in self.train.inputs.items()}
            seed = (self.seed, _AUGMENT, epoch, step)
            yield self._batch(self.augmentation(inputs, self.floats, seed), self.train, chosen)

    def _batch(
        self, inputs: Mapping[str, np.ndarray], samples: Samples, chosen: np.ndarray
    ) -> tuple[Any, ...]:
        ready = {name: array.astype(self.dtypes[name]) for name, array in inputs.items()}
        return (ready,) if samples.labels is None else (ready, {"output_0": samples.labels[chosen]})

    @property
    def _copies(self) -> int:
        return 1 + (_COPIES if self.augmentation != Augmentation() else 0)

    def _judging(self, whole: bool) -> Iterator[tuple[Any, ...]]:
        count = len(self.judge)
        for copy in range(self._copies):
            for start in range(0, count, self.size):
                chosen = np.arange(start, min(start + self.size, count))
                if whole:
                    chosen = np.resize(chosen, self.size)
                inputs = {name: array[chosen] for name, array in self.judge.inputs.items()}
                if copy:
                    seed = (self.seed, _JUDGE, copy, start)
                    inputs = self.augmentation(inputs, self.floats, seed)
                yield self._batch(inputs, self.judge, chosen)

    def training_stream(self, first_epoch: int) -> Any:
        """A `tf.data.Dataset` of the epochs from `first_epoch` on, without end."""

        def stream() -> Iterator[tuple[Any, ...]]:
            epoch = first_epoch
            while True:
                yield from self.epoch(epoch)
                epoch += 1

        return self._dataset(stream)

    def validation(self, fixed: bool) -> Any:
        """A `tf.data.Dataset` of what is held out, as it is and varied, the same each time.

        Samples that a model was trained on look easy to its pruned copy, unseen or not: of
        ResNet8's training images a pruned student is 0.58 from its teacher, of others 0.83.
        Varied, they tell better whether an epoch helped.

        Args:
            fixed: The model has a fixed batch: the last one is filled up with repeats.
        """
        import tensorflow as tf

        count = -(-len(self.judge) // self.size) * self._copies
        counted = tf.data.experimental.assert_cardinality(count)
        return self._dataset(lambda: self._judging(fixed)).apply(counted)

    def _dataset(self, batches: Any) -> Any:
        import tensorflow as tf

        def spec(array: np.ndarray, dtype: Any) -> Any:
            return tf.TensorSpec((None, *array.shape[1:]), dtype)

        signature: tuple[Any, ...] = (
            {name: spec(a, self.dtypes[name]) for name, a in self.train.inputs.items()},
        )
        if self.train.labels is not None:
            signature += ({"output_0": spec(self.train.labels, self.train.labels.dtype)},)
        # Two batches ahead, in another thread: augmenting hides behind the step before.
        return tf.data.Dataset.from_generator(batches, output_signature=signature).prefetch(2)
