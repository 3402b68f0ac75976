"""The Keras models that are trained: a student that copies a teacher, or one that has labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras

from edgekit.compat.keras import all_layers, set_student_loss
from edgekit.compress.train.losses import Form, TeacherLoss

# Of batch normalization's running statistics.
_MOMENTUM = 0.9


def by_name(model: Any, names: tuple[str, ...]) -> Any:
    """The same layers as a model from a dict of inputs to a dict `output_0`, `output_1`...

    Args:
        model: A built functional or sequential model.
        names: What its inputs are called, in its own order.
    """
    return keras.Model(
        inputs=dict(zip(names, model.inputs, strict=True)),
        outputs={f"output_{i}": tensor for i, tensor in enumerate(model.outputs)},
        name=model.name,
    )


class Labelled(keras.Model):
    """A student of one output that is trained on labels, without being compiled itself."""

    def __init__(self, student: Any, loss: Callable[[Any, Any], Any]) -> None:
        super().__init__(name="labelled")
        self.student = student
        self.label_loss = loss

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The student's outputs."""
        return self.student(inputs, training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The mean loss of a batch."""
        return self.label_loss(y["output_0"], y_pred["output_0"])


class Copying(keras.distillation.Distiller):
    """Keras' own distiller, with labels for a student whose outputs have names."""

    def compile(self, optimizer: Any = "adam", loss: Any = None, **options: Any) -> None:
        """As the distiller does; `loss` holds a function of labels and output by name."""
        super().compile(optimizer=optimizer, loss=loss, **options)
        set_student_loss(self, loss)


def distiller(
    student: Any,
    teacher: Any,
    *,
    forms: Mapping[str, Form],
    variances: Mapping[str, float],
    temperature: float,
    label_weight: float,
) -> Any:
    """The distiller over two models of the same inputs and outputs by name."""
    return Copying(
        teacher=teacher,
        student=student,
        distillation_losses=TeacherLoss(forms, variances, temperature),
        student_loss_weight=label_weight,
    )


@contextmanager
def _restored(layers: Sequence[Any], attribute: str) -> Iterator[None]:
    """Give layers their own value of an attribute back when the block ends."""
    before = [getattr(layer, attribute) for layer in layers]
    try:
        yield
    finally:
        for layer, value in zip(layers, before, strict=True):
            setattr(layer, attribute, value)


@contextmanager
def unfrozen_after(model: Any) -> Iterator[None]:
    """Give a model's layers back as trainable as they were: the distiller freezes its teacher."""
    with _restored([] if model is None else all_layers(model), "trainable"):
        yield


@contextmanager
def still_norms(model: Any) -> Iterator[None]:
    """Leave batch normalization as it is, as long as the block lasts.

    Where weights were fitted to give what the original gave, its statistics hold: a few hundred
    samples would only blur them. ResNet8 without a quarter of its inner channels, refitted, ends
    0.68 from its teacher so, and 0.73 with statistics that move.
    """
    layers = _norms(model)
    with _restored(layers, "trainable"):
        for layer in layers:
            layer.trainable = False
        yield


def _norms(model: Any) -> list[Any]:
    return [
        layer for layer in all_layers(model) if isinstance(layer, keras.layers.BatchNormalization)
    ]


@contextmanager
def quick_statistics(model: Any) -> Iterator[None]:
    """Let batch normalization follow within ten steps, as long as the block lasts.

    Keras' momentum of 0.99 takes hundreds of steps to see that channels are gone; a few hundred
    samples make a dozen an epoch. ResNet8 without a quarter of its inner channels came to 77.0 %
    in 20 epochs on 200 images with 0.9, to 74.2 % with frozen statistics and to 68.6 % with its
    own 0.99.
    """
    layers = _norms(model)
    with _restored(layers, "momentum"):
        for layer in layers:
            layer.momentum = min(layer.momentum, _MOMENTUM)
        yield
