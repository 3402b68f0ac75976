"""What a training consists of: its data, its loss, and the Keras model that is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edgekit.compress.train import batches
from edgekit.compress.train.augment import Augmentation
from edgekit.compress.train.batches import Batches
from edgekit.core.errors import DataError, ModelError
from edgekit.core.records import Training
from edgekit.data.samples import Samples
from edgekit.frontend.load.keras_model import wrap_keras3
from edgekit.frontend.load.loaded import LoadedModel

_VARIANCE_SAMPLES = 256


def wrap(student: Any) -> LoadedModel:
    """The student's inputs and outputs.

    Raises:
        ModelError: It is subclassed, not built, or has nothing to train.
    """
    if not getattr(student, "inputs", None) or not getattr(student, "outputs", None):
        raise ModelError(
            "A model to train must be functional or sequential, and built.",
            received=f"the {type(student).__name__} {student.name!r}",
            hint="rebuild it with keras.Input and keras.Model.",
        )
    if not student.trainable_variables:
        raise ModelError(
            "The model has no weights that training can change.",
            received=f"{student.name!r} without trainable weights",
            hint="set trainable = True on its layers, or leave the training out.",
        )
    return wrap_keras3(student)


def fixed_batch(model: LoadedModel) -> int | None:
    """The batch size that the model is built for; None where it is free."""
    sizes = [spec.shape[0] for spec in model.inputs if spec.shape and spec.shape[0] > 0]
    return sizes[0] if sizes else None


def prepare(
    student: Any,
    teacher: Any,
    samples: Samples,
    training: Training,
    wrapped: LoadedModel,
    temperature: float,
    fitted: Samples | None = None,
) -> tuple[Batches, Any, dict[str, Any]]:
    """The data, the model around the student that Keras trains, and what to compile it with.

    Raises:
        DataError: Labels are missing or do not fit.
        ModelError: The student's graph is not that of the teacher.
        UsageError: Several outputs with labels.
    """
    from edgekit.compress.train import losses, trainers

    names = tuple(spec.name for spec in wrapped.inputs)
    judge_of_form = teacher if training.distill else student
    forms = {
        f"output_{i}": losses.output_form(tensor) for i, tensor in enumerate(judge_of_form.outputs)
    }
    if samples.is_labelled and not training.distill:
        losses.require_single(len(forms))
    labels, sparse = samples.labels, False
    if training.distill and (training.label_weight == 0 or len(forms) > 1):
        labels = None
    if labels is not None:
        labels, forms["output_0"], sparse = losses.fit_labels(
            labels, tuple(student.outputs[0].shape), forms["output_0"]
        )
    elif not training.distill:
        raise DataError(
            "Training without a teacher needs labels.",
            received=f"none in {samples.source or 'the samples'}",
            hint="give labels (an array y), or train on the original's outputs: --distill.",
        )
    samples = replace(samples, labels=labels)
    fixed = fixed_batch(wrapped)
    size = fixed or training.batch_size or batches.usual_size(len(samples))
    train, judge = batches.divide(samples, training.validation, training.seed, fitted)
    data = Batches(
        train=train,
        judge=judge,
        dtypes={spec.name: spec.dtype for spec in wrapped.inputs},
        size=fixed or min(size, len(train)),
        seed=training.seed,
        augmentation=_augmentation(training, labels, len(student.outputs[0].shape)),
        floats=frozenset(
            spec.name
            for spec in wrapped.inputs
            if "float" in spec.dtype and spec.name not in wrapped.id_limits
        ),
    )
    pupil = trainers.by_name(student, names)
    loss = losses.label_loss(forms["output_0"], sparse)
    if not training.distill:
        return data, trainers.Labelled(pupil, loss), {}
    _check_teacher(student, teacher, names)
    master = trainers.by_name(teacher, names)
    trainer = trainers.distiller(
        pupil,
        master,
        forms=forms,
        variances=_variances(master, data, forms),
        temperature=temperature,
        label_weight=0.0 if labels is None else training.label_weight,
    )

    return data, trainer, {"loss": {"output_0": loss}}


def _check_teacher(student: Any, teacher: Any, names: tuple[str, ...]) -> None:
    shared = {id(v) for v in student.variables} & {id(v) for v in teacher.variables}
    if shared:
        raise ModelError(
            "Teacher and student must not share a layer: training would change the teacher.",
            received=f"{len(shared)} weights in common",
            hint="load or clone the model twice.",
        )
    theirs = tuple(spec.name for spec in wrap_keras3(teacher).inputs)
    pairs = [
        (tuple(a.shape), tuple(b.shape))
        for a, b in zip(student.outputs, teacher.outputs, strict=False)
    ]
    if set(theirs) != set(names) or len(student.outputs) != len(teacher.outputs):
        raise ModelError(
            "Teacher and student must have the same inputs and outputs.",
            received=f"inputs {', '.join(names)} and {', '.join(theirs)}; "
            f"{len(student.outputs)} and {len(teacher.outputs)} outputs",
        )
    for mine, other in pairs:
        if len(mine) != len(other) or any(
            a != b and None not in (a, b) for a, b in zip(mine, other, strict=True)
        ):
            raise ModelError(
                "Teacher and student must have the same inputs and outputs.",
                received=f"outputs of shape {mine} and {other}",
            )


def _augmentation(training: Training, labels: np.ndarray | None, rank: int) -> Augmentation:
    if not training.augment:
        return Augmentation()
    # A moved picture still shows what its label says, unless labels are pictures themselves;
    # a mirrored digit or half of two classes does not.
    unlabelled = labels is None
    return Augmentation(move=unlabelled or rank == 2, flip=unlabelled, mix=unlabelled)


def _variances(teacher: Any, data: Batches, forms: Mapping[str, str]) -> dict[str, float]:
    """The variance of each output that is compared by value, over some of the samples."""
    if "values" not in forms.values():
        return {}
    found: dict[str, list[np.ndarray]] = {name: [] for name in forms}
    seen = 0
    for batch in data.epoch(0):
        for name, value in teacher(batch[0], training=False).items():
            found[name].append(np.asarray(value, np.float64).ravel())
        seen += data.size
        if seen >= _VARIANCE_SAMPLES:
            break
    variances = {name: float(np.var(np.concatenate(values))) for name, values in found.items()}
    return {name: value if value > 0 else 1.0 for name, value in variances.items()}
