"""Rounding that is learned across layers: the file that rounds, brought near the float one.

What GPTQ cannot see is how errors of one operator meet those of another. Here all of them are
trained at once, from GPTQ's integers on, from calibration samples and without a label: towards what
the float file gives, and what each of its blocks gives (Li et al. 2021, "BRECQ: Pushing the Limit
of Post-Training Quantization by Block Reconstruction"). Gradients pass the rounding as they come
(straight-through); biases, scales and ranges are free too. Whether it helped, samples say that
took no part: `quantize.trained.keep_learned`.

Imports Keras: not for the front.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from edgekit.compress.compress_messages import Checkpoint, LearnRequest, LearnResult
from edgekit.compress.prune.sparsity_schedule import KeepZeros
from edgekit.compress.qat import fake_quant, float_network, rounding_schedule
from edgekit.compress.qat.rounding_loss import Distance
from edgekit.compress.qat.rounding_schedule import Batches, Schedule
from edgekit.compress.train.checkpoint import State, load_state, save_state
from edgekit.core.errors import ModelError
from edgekit.core.process import Progress
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.tflite.quantized_weights import Grid

# Of weights, in parts of the largest integer, and of all else: scales, ranges and biases are few,
# so that few samples suffice for them.
WEIGHTS_RATE, OTHERS_RATE = 1e-4, 1e-3
# Weights that GPTQ moved far from their own value lie at the border of their integer. Begun there,
# they fall back at the first steps: MobileNetV1-0.25's divergence on held-out samples rose from
# 0.26 to 0.31 before it fell, and to 0.28 so.
_CELL = 0.1
_WARM_UP_STEPS = 20
_LAST_RATE = 0.05  # of the learning rate, at the end of the cosine
_CLIP_NORM = 1.0


def run(request: LearnRequest, report: Progress) -> LearnResult:
    """Learn the rounding of one file, and write what came of it.

    Raises:
        ModelError: The file cannot be trained (see `float_network.rebuild`), or its loss is not
            finite.
    """
    content, grid = request.float_file.read_bytes(), Grid.load(request.grid)
    report("rebuilding the float file, to learn the rounding across its layers")
    teacher = float_network.rebuild(content)
    check = Samples.load(request.check)
    float_network.check(teacher, check.inputs, check.reference)
    fitted = split.fitted(request.calibration, request.seed)
    assert fitted is not None  # a path was given
    student = fake_quant.build_rounding(content, grid, cell=_CELL)
    result = learn(
        student,
        teacher,
        fitted.inputs,
        rounding_schedule.of(content, request.seed, request.steps),
        checkpoint=request.checkpoint,
        report=report,
    )
    fake_quant.trained(student, grid).save(request.out)
    return result


def learn(
    student: Any,
    teacher: Any,
    inputs: Mapping[str, np.ndarray],
    schedule: Schedule,
    *,
    checkpoint: Checkpoint,
    report: Progress,
) -> LearnResult:
    """Train `student` in place.

    Order and variation of samples are functions of seed and step, so that a killed run that goes on
    from its checkpoint ends with the same weights as one that was left alone.

    Args:
        student: What `fake_quant.build_rounding` made.
        teacher: What `float_network.rebuild` made of the same file.
        inputs: Samples by the model's input names, `(n, ...)`.
        schedule: How long.
        checkpoint: Where a later run finds what it can go on from.
        report: Takes a line of progress every few seconds.

    Raises:
        ModelError: The loss became something else than a finite number.
    """
    keras.utils.set_random_seed(schedule.seed)
    started = reported = saved = time.monotonic()
    zeros, optimizer = KeepZeros(student), _Optimizer(student, schedule)
    dtypes = {name: tensor.dtype for name, tensor in student.input.items()}
    batches = Batches(dtypes, inputs, schedule)
    distance = Distance(student, teacher, batches.plain())
    step_once = _stepper(optimizer, distance)
    state = _resumed(student, optimizer, checkpoint) or State()
    resumed_from = state.epoch
    if resumed_from:
        report(f"going on after step {resumed_from} of {schedule.steps}")
    for step in range(state.epoch, schedule.steps):
        loss = float(step_once(batches.at(step)))
        zeros.on_train_batch_end(step)
        if not math.isfinite(loss):
            raise ModelError(
                "Learning the rounding must have a finite loss.",
                received=f"{loss:g} at step {step + 1}",
                hint="look at the range of the calibration samples, or leave --effort high out.",
            )
        state.losses.append(loss)
        state.epoch, now, is_last = step + 1, time.monotonic(), step + 1 == schedule.steps
        if now - saved >= schedule.save_seconds or is_last:
            saved = now
            state.weights = [np.array(weight) for weight in student.get_weights()]
            state.optimizer = [np.array(variable) for variable in optimizer.variables]
            save_state(checkpoint.folder, checkpoint.key, state)
        if now - reported >= schedule.report_seconds or is_last:
            reported = now
            report(
                f"learning the rounding: step {state.epoch} of {schedule.steps}, "
                f"loss {loss:.4g}, {now - started:.0f} s"
            )
    tenth = max(1, schedule.steps // 10)
    return LearnResult(
        steps=schedule.steps,
        num_samples=len(next(iter(inputs.values()))),
        first_loss=float(np.mean(state.losses[:tenth])),
        last_loss=float(np.mean(state.losses[-tenth:])),
        resumed_from=resumed_from,
        seconds=round(time.monotonic() - started, 2),
    )


class _Optimizer:
    """Adam, at one rate for the integers of weights and at another for all else.

    Args:
        student: What `fake_quant.build_rounding` made.
        schedule: How long.
    """

    def __init__(self, student: Any, schedule: Schedule) -> None:
        variables = student.trainable_variables
        weights = [variable for variable in variables if variable.name == "kernel"]
        others = [variable for variable in variables if variable.name != "kernel"]
        self.trained = [*weights, *others]
        self._parts = [
            (_adam(rate, schedule), mine)
            for rate, mine in ((WEIGHTS_RATE, weights), (OTHERS_RATE, others))
            if mine
        ]
        for optimizer, mine in self._parts:
            optimizer.build(mine)

    @property
    def variables(self) -> list[Any]:
        """Of both, for a checkpoint."""
        return [variable for optimizer, _ in self._parts for variable in optimizer.variables]

    def apply(self, gradients: Sequence[Any]) -> None:
        """One step, by gradients in the order of `trained`."""
        place = 0
        for optimizer, mine in self._parts:
            optimizer.apply_gradients(zip(gradients[place : place + len(mine)], mine, strict=True))
            place += len(mine)


def _adam(rate: float, schedule: Schedule) -> Any:
    """A short warm-up, then a cosine."""
    warm_up = min(_WARM_UP_STEPS, schedule.steps // 5)
    course = keras.optimizers.schedules.CosineDecay(
        rate / 10 if warm_up else rate,
        max(1, schedule.steps - warm_up),
        alpha=_LAST_RATE,
        warmup_target=rate if warm_up else None,
        warmup_steps=warm_up,
    )
    return keras.optimizers.Adam(course, global_clipnorm=_CLIP_NORM)


def _stepper(optimizer: _Optimizer, distance: Distance) -> Any:
    """A function of a batch that takes one step, and gives the loss before it."""

    def step(batch: Mapping[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            loss = distance(batch)
        optimizer.apply(tape.gradient(loss, optimizer.trained, unconnected_gradients="zero"))
        return loss

    return tf.function(step, autograph=False)


def _resumed(student: Any, optimizer: _Optimizer, checkpoint: Checkpoint) -> State | None:
    state = load_state(checkpoint.folder, checkpoint.key)
    if state is None:
        return None
    student.set_weights(state.weights)
    for variable, value in zip(optimizer.variables, state.optimizer, strict=True):
        variable.assign(value)
    return state
