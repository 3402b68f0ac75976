"""Train a compressed model a little, and give back the best weights that were seen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.compress.train import batches
from edgekit.compress.train.checkpoint import State, load_state, save_state
from edgekit.core import compression_rules
from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import Training
from edgekit.data.samples import Samples

TEMPERATURE = 3.0
"""Of the softmax that teacher and student are compared at: of 1, 3 and 6 the one nearest to the
teacher on held-out images (ResNet8 without a quarter of its inner channels, 280 images)."""

# What `records.Training` says of None.
_STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS = 1500, 20, 60
_WARM_UP_STEPS = 20
_LAST_RATE = 0.05  # of the learning rate, at the end of the cosine
_CLIP_NORM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What came of a training.

    Attributes:
        epochs: How many were done, those before a kill among them.
        best_epoch: The one whose weights the model has now; 0 where none was better than the
            start.
        first_loss: Validation loss of the start.
        best_loss: Validation loss of the weights that the model has now.
        seconds: Wall time of this run.
        stopped: Why it ended before the last epoch; empty where it did not.
        resumed_from: Epochs that an earlier, killed run had done.
        num_samples: Samples trained on.
        num_validation: Held-out samples.
    """

    epochs: int
    best_epoch: int
    first_loss: float
    best_loss: float
    seconds: float
    stopped: str = ""
    resumed_from: int = 0
    num_samples: int
    num_validation: int


def fit(
    student: Any,
    teacher: Any | None,
    samples: Samples,
    training: Training,
    *,
    checkpoint: Path | None = None,
    key: str = "",
    learning_rate: float,
    callbacks: Sequence[Any] = (),
    report: Callable[[str], None],
    temperature: float = TEMPERATURE,
    fitted: Samples | None = None,
) -> Trained:
    """Train `student` in place through Keras' own loop.

    Adam, gradients clipped to a norm of 1, a short warm-up and a cosine down to a twentieth. A
    share of the samples judges each epoch; the model ends with the best weights, which may be
    those it came with. The order of samples, their augmentation and dropout are functions of
    seed and epoch, so that a killed run that goes on from its checkpoint ends with the same
    weights as one that was left alone.

    Args:
        student: A built functional or sequential Keras 3 model.
        teacher: The model whose outputs are learned where `training.distill`: the same inputs
            and outputs, and no layer in common with the student. Unused, else.
        samples: Inputs by the model's input names, `(n, ...)`; labels are optional for
            distillation. Integers are cast to the input's dtype batch by batch.
        training: How to train. Its `data` is not looked at.
        checkpoint: Where to write what a later run can go on from. The caller removes it.
        key: A hash of all that determines the training; a checkpoint of another key is replaced.
        learning_rate: The highest of the schedule.
        callbacks: More Keras callbacks. `self.model` is the trainer around the student.
        report: Takes a line of progress every few seconds.
        temperature: Of softmax outputs, for distillation.
        fitted: Samples that the student's weights were fitted to before: they do not judge, and
            batch normalization stays as it is.

    Returns:
        What came of it.

    Raises:
        DataError: Samples of the wrong shape, NaN, labels out of range or missing; or the loss
            was never a finite number.
        ModelError: The student has nothing to train, or its graph is not that of the teacher.
        UsageError: A setting out of range, or several outputs with labels.
    """
    started = time.monotonic()
    _check_settings(training, learning_rate, teacher)
    import keras

    from edgekit.compress.train import trainers
    from edgekit.compress.train.prepare import fixed_batch, prepare, wrap
    from edgekit.compress.train.training_schedule import TrainingMonitor

    wrapped = wrap(student)
    samples = batches.check(samples, wrapped)
    kept = trainers.unfrozen_after(teacher if training.distill else None)
    norms = trainers.quick_statistics if fitted is None else trainers.still_norms
    with kept, norms(student):
        keras.utils.set_random_seed(training.seed)
        data, trainer, compiled = prepare(
            student, teacher, samples, training, wrapped, temperature, fitted
        )
        epochs = training.epochs or min(max(_STEPS // data.steps, _FEWEST_EPOCHS), _MOST_EPOCHS)
        steps = data.steps * epochs
        warm_up = min(_WARM_UP_STEPS, steps // 5)
        schedule = keras.optimizers.schedules.CosineDecay(
            learning_rate / 10 if warm_up else learning_rate,
            max(1, steps - warm_up),
            alpha=_LAST_RATE,
            warmup_target=learning_rate if warm_up else None,
            warmup_steps=warm_up,
        )
        optimizer = keras.optimizers.Adam(schedule, clipnorm=_CLIP_NORM)
        # Compiling for the CPU by XLA takes longer than most of these trainings.
        trainer.compile(optimizer=optimizer, jit_compile=False, **compiled)
        optimizer.build(trainer.trainable_variables)
        judge = data.validation(fixed_batch(wrapped) is not None)
        state = _resume(student, optimizer, checkpoint, key)
        resumed_from = state.epoch if state else 0
        if state is None:
            loss = float(trainer.evaluate(judge, verbose=0, return_dict=True)["loss"])
            _require_finite(loss, samples)
            start = [np.array(weight) for weight in student.get_weights()]
            state = State(best=start, losses=[loss])
            report(
                f"{len(data.train)} samples to train on, {len(data.judge)} to judge by, "
                f"validation {loss:.4g} at the start"
            )
        else:
            report(f"going on after epoch {resumed_from} of {epochs}")

        def save(reached: State) -> None:
            if checkpoint is not None:
                save_state(checkpoint, key, reached)

        monitor = TrainingMonitor(
            student,
            state,
            epochs=epochs,
            patience=training.patience or epochs,
            seed=training.seed,
            report=report,
            save=save,
        )
        if state.epoch < epochs and not state.stopped:
            trainer.fit(
                data.training_stream(state.epoch),
                steps_per_epoch=data.steps,
                initial_epoch=state.epoch,
                epochs=epochs,
                validation_data=judge,
                callbacks=[*callbacks, monitor],
                shuffle=False,
                verbose=0,
            )
        student.set_weights(state.best)
    return Trained(
        epochs=state.epoch,
        best_epoch=state.best_epoch,
        first_loss=state.losses[0],
        best_loss=state.losses[state.best_epoch],
        seconds=time.monotonic() - started,
        stopped=state.stopped,
        resumed_from=resumed_from,
        num_samples=len(data.train),
        num_validation=len(data.judge),
    )


def _check_settings(training: Training, learning_rate: float, teacher: Any) -> None:
    compression_rules.check_training(replace(training, learning_rate=learning_rate))
    if training.distill and teacher is None:
        raise UsageError("Distillation needs a teacher.", received="no teacher")


def _require_finite(loss: float, samples: Samples) -> None:
    if not math.isfinite(loss):
        raise DataError(
            "The loss of the model is not finite before training begins.",
            received=f"{loss:g} on samples from {samples.source or 'nowhere named'}",
            hint="look at the range of the inputs, and whether the model's own outputs are finite.",
        )


def _resume(student: Any, optimizer: Any, folder: Path | None, key: str) -> State | None:
    """The state of an earlier run of this training, with student and optimizer as it left them."""
    state = load_state(folder, key) if folder is not None else None
    if state is None:
        return None
    shapes = [tuple(w.shape) for w in student.weights]
    kept = [tuple(v.shape) for v in optimizer.variables]
    if [a.shape for a in state.weights] != shapes or [a.shape for a in state.optimizer] != kept:
        return None
    student.set_weights(state.weights)
    for variable, value in zip(optimizer.variables, state.optimizer, strict=True):
        variable.assign(value)
    return state
