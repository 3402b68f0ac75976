"""The callback that watches a training: progress, the best weights, its end, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from edgekit.compress.train.checkpoint import State

# Often enough for a time limit that starts again with each line.
_QUIET_SECONDS = 2.0
# What sets these random numbers apart from those of `batches`, of the same seed.
_RANDOM_LAYERS = 3


class TrainingMonitor(keras.callbacks.Callback):
    """Judges each epoch by its validation loss and keeps the best weights.

    It reads the student's weights at the end of an epoch: callbacks that change weights stand
    before it.

    Args:
        student: The model whose weights are kept.
        state: Where training stands; changed in place.
        epochs: How many there are at most.
        patience: Epochs without a better one after which training ends.
        seed: Of the random layers, together with the epoch.
        report: Takes one line of progress.
        save: Takes the state after each epoch.
    """

    def __init__(
        self,
        student: Any,
        state: State,
        *,
        epochs: int,
        patience: int,
        seed: int,
        report: Callable[[str], None],
        save: Callable[[State], None],
    ) -> None:
        super().__init__()
        self.student = student
        self.state = state
        self.epochs = epochs
        self.patience = patience
        self.seed = seed
        self.report = report
        self.save = save
        self.started = self.reported = time.monotonic()
        self.lost = ""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Give dropout and its like the random numbers of this epoch."""
        states = [v for v in self.student.variables if v.name == "seed_generator_state"]
        for index, variable in enumerate(states):
            rng = np.random.default_rng((self.seed, _RANDOM_LAYERS, epoch, index))
            variable.assign(rng.integers(0, 2**31, variable.shape).astype(variable.dtype))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stop where the loss is no number, and tell how far it is every few seconds."""
        loss = float((logs or {}).get("loss", 0.0))
        now = time.monotonic()
        if not math.isfinite(loss):
            self.lost = f"the loss became {loss:g} in epoch {self.state.epoch + 1}"
            self.model.stop_training = True
        elif now - self.reported >= _QUIET_SECONDS:
            self.reported = now
            steps = (self.params or {}).get("steps")
            of = f" of {steps}" if steps else ""
            self.report(
                f"epoch {self.state.epoch + 1}/{self.epochs}: step {batch + 1}{of}, "
                f"loss {loss:.4g}, {now - self.started:.0f} s"
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Judge the epoch; end training where nothing got better for long."""
        logs = logs or {}
        state = self.state
        loss = float(logs.get("val_loss", math.nan))
        if not self.lost and not math.isfinite(loss):
            self.lost = f"the validation loss became {loss:g} in epoch {epoch + 1}"
        if self.lost:
            state.stopped = self.lost
            self.model.stop_training = True
            self.report(f"{self.lost}: stopped, the weights of epoch {state.best_epoch} stay")
            return
        state.epoch = epoch + 1
        state.losses.append(loss)
        if loss < state.losses[state.best_epoch]:
            state.best_epoch = state.epoch
            state.best = [np.array(w) for w in self.student.get_weights()]
        elif state.epoch - state.best_epoch >= self.patience and state.epoch < self.epochs:
            state.stopped = f"no better for {self.patience} epochs"
            self.model.stop_training = True
        state.weights = [np.array(w) for w in self.student.get_weights()]
        state.optimizer = [np.array(v) for v in self.model.optimizer.variables]
        self.save(state)
        now = self.reported = time.monotonic()
        mark = " (best)" if state.best_epoch == state.epoch else ""
        self.report(
            f"epoch {state.epoch}/{self.epochs}: loss {float(logs.get('loss', math.nan)):.4g}, "
            f"validation {loss:.4g}{mark}, {now - self.started:.0f} s"
        )
