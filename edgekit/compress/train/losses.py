"""What training minimizes, by the form of each output. Imports Keras: not for the front.

| output ends in | the teacher's outputs | labels |
|---|---|---|
| softmax (or logits of classes) | KL divergence at a temperature | cross-entropy |
| sigmoid | KL divergence of each value | binary cross-entropy |
| anything else | squared error / the teacher's variance | squared error |

Each is computed before the softmax or sigmoid, which is found again behind the outputs, so that
confident outputs neither lose their gradient nor become infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import keras
import numpy as np

from edgekit.compat.keras import call_that_made, history, kept_logits
from edgekit.core.errors import DataError, UsageError

Form = Literal["softmax", "sigmoid", "logits", "values"]

# What may stand between a softmax and the output without changing what the values mean.
_PASSING = ("Identity", "Dropout", "Rename")
_FAKE_QUANTIZATION = ("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxArgs", "Identity")
# Smallest probability whose logarithm is taken where the scores behind it cannot be found.
_TINY = 1e-7


def output_form(tensor: Any) -> Form:
    """The form of a Keras model's symbolic output: softmax, sigmoid or values.

    Nested models and layers that pass values on are looked through. A softmax along another
    axis than the last counts as values.
    """
    found = history(tensor)
    if found is None:
        return "values"
    operation = found.operation
    if isinstance(operation, keras.Model):
        inner = keras.tree.flatten(operation.outputs)
        return output_form(inner[found.tensor_index])
    kind = type(operation).__name__
    activation = getattr(operation, "activation", None)
    named = {"softmax": kind == "Softmax", "sigmoid": kind == "Sigmoid"}
    named["softmax"] |= activation is keras.activations.softmax
    named["sigmoid"] |= activation is keras.activations.sigmoid
    if named["softmax"]:
        axis = getattr(operation, "axis", -1)
        return "softmax" if axis in (-1, len(tensor.shape) - 1) else "values"
    if named["sigmoid"]:
        return "sigmoid"
    sources = call_that_made(tensor).arguments.keras_tensors
    if len(sources) == 1 and (
        kind in _PASSING
        or (kind in ("Reshape", "Flatten") and sources[0].shape[-1] == tensor.shape[-1])
    ):
        return output_form(sources[0])
    return "values"


def scores(output: Any, kind: str) -> Any:
    """What an output was before its softmax or sigmoid, `(n, ...)`.

    Args:
        output: A tensor of probabilities.
        kind: `Softmax` or `Sigmoid`, as TensorFlow names the operator.
    """
    import tensorflow as tf

    tensor = output
    while True:
        kept = kept_logits(tensor)
        if kept is not None:
            return kept
        if not tf.is_symbolic_tensor(tensor):
            break
        if tensor.op.type == kind:
            return tensor.op.inputs[0]
        if tensor.op.type not in _FAKE_QUANTIZATION:
            break
        # Rounded probabilities have no gradient where they are rounded to nothing.
        tensor = tensor.op.inputs[0]
    likely = keras.ops.clip(output, _TINY, 1.0)
    if kind == "Softmax":
        return keras.ops.log(likely)
    return keras.ops.log(likely) - keras.ops.log(keras.ops.clip(1.0 - output, _TINY, 1.0))


class TeacherLoss(keras.distillation.DistillationLoss):
    """How far the student's outputs are from the teacher's, summed over outputs.

    Kullback-Leibler divergence of softmax outputs at temperature T, times T squared (Hinton et
    al. 2015, Distilling the knowledge in a neural network); of sigmoid outputs by value; of
    others the mean squared error over the teacher's variance. 0 where both agree.

    Args:
        forms: The form of each output by name.
        variances: The teacher's variance of each output of the form `values`.
        temperature: Above 0; more than 1 makes unlikely classes count more.
    """

    def __init__(
        self, forms: Mapping[str, Form], variances: Mapping[str, float], temperature: float = 1.0
    ) -> None:
        self.forms = dict(forms)
        self.variances = dict(variances)
        self.temperature = temperature

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **_: Any) -> Any:
        """The sum over outputs, a scalar. Outputs are dictionaries of tensors by name."""
        total = 0.0
        for name, form in self.forms.items():
            teacher, student = teacher_outputs[name], student_outputs[name]
            if form == "softmax":
                teacher, student = scores(teacher, "Softmax"), scores(student, "Softmax")
            if form in ("softmax", "logits"):
                total += _class_divergence(teacher, student, self.temperature)
            elif form == "sigmoid":
                total += _binary_divergence(teacher, scores(student, "Sigmoid"))
            else:
                error = keras.ops.mean(keras.ops.square(teacher - student))
                total += error / self.variances.get(name, 1.0)
        return total


def _class_divergence(teacher: Any, student: Any, temperature: float) -> Any:
    wanted = keras.ops.log_softmax(teacher / temperature, axis=-1)
    got = keras.ops.log_softmax(student / temperature, axis=-1)
    divergence = keras.ops.sum(keras.ops.exp(wanted) * (wanted - got), axis=-1)
    return keras.ops.mean(divergence) * temperature**2


def _binary_divergence(probability: Any, student: Any) -> Any:
    p = keras.ops.clip(probability, _TINY, 1 - _TINY)
    entropy = -p * keras.ops.log(p) - (1 - p) * keras.ops.log(1 - p)
    return keras.ops.mean(_binary_crossentropy(p, student) - entropy)


def _binary_crossentropy(wanted: Any, student: Any) -> Any:
    """`max(s, 0) - s w + log(1 + exp(-|s|))` for scores `s`: no overflow at either end."""
    return keras.ops.relu(student) - student * wanted + keras.ops.softplus(-keras.ops.abs(student))


def label_loss(form: Form, sparse: bool) -> Callable[[Any, Any], Any]:
    """The mean loss of an output against labels: a function of both that returns a scalar.

    Args:
        form: The output's form.
        sparse: Labels are class ids, without the output's last axis.
    """

    def loss(labels: Any, output: Any) -> Any:
        if form == "values":
            return keras.ops.mean(keras.ops.square(keras.ops.cast(labels, output.dtype) - output))
        if form == "sigmoid":
            wanted = keras.ops.cast(labels, output.dtype)
            return keras.ops.mean(_binary_crossentropy(wanted, scores(output, "Sigmoid")))
        given = scores(output, "Softmax") if form == "softmax" else output
        likely = keras.ops.log_softmax(given, axis=-1)
        if sparse:
            labels = keras.ops.one_hot(labels, likely.shape[-1], dtype=likely.dtype)
        chosen = keras.ops.cast(labels, likely.dtype) * likely
        return -keras.ops.mean(keras.ops.sum(chosen, axis=-1))

    return loss


def fit_labels(
    labels: np.ndarray, shape: tuple[int | None, ...], form: Form
) -> tuple[np.ndarray, Form, bool]:
    """Labels as the loss takes them.

    Args:
        labels: `(n, ...)`: class ids, one-hot rows or target values.
        shape: Of the output, batch first, None where unknown.
        form: The output's form, from `output_form`.

    Returns:
        Labels, int32 class ids or float32; the form, `logits` where class ids belong to an
        output without softmax; and whether they are class ids.

    Raises:
        DataError: Names instead of numbers, ids out of range, NaN, or another shape.
    """
    classes = shape[-1] if len(shape) > 1 else 1
    if labels.dtype.kind not in "iufb":
        raise DataError(
            "Labels to train on must be numbers.",
            received=f"dtype {labels.dtype}",
            hint="give class ids, 0 for the first output; or distil without labels.",
        )
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise DataError(
            "Labels must be finite numbers.",
            received=f"{int((~np.isfinite(labels)).sum())} NaN or infinite values",
        )
    if labels.ndim == len(shape) and labels.shape[-1] == 1 and (classes or 0) > 1:
        labels = labels[..., 0]
    ids = labels.dtype.kind in "iu" and labels.ndim == len(shape) - 1 and (classes or 0) > 1
    if ids:
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= int(classes or 0):
            raise DataError(
                f"Class ids must be from 0 to {int(classes or 0) - 1}: the model has {classes} "
                "classes.",
                received=f"{low} to {high}",
                hint="ids start at 0; look whether the data belongs to this model.",
            )
        if form == "sigmoid":
            return np.eye(int(classes or 0), dtype=np.float32)[labels], form, False
        return labels.astype(np.int32), "logits" if form == "values" else form, True
    if labels.ndim == len(shape) - 1 and classes == 1:
        labels = labels[..., None]
    fits = len(labels.shape) == len(shape) and all(
        want in (None, have) for want, have in zip(shape[1:], labels.shape[1:], strict=True)
    )
    if not fits:
        raise DataError(
            f"Labels must be class ids {('n', *shape[1:-1])} or have the output's shape "
            f"{('n', *shape[1:])}.",
            received=f"shape {labels.shape}, dtype {labels.dtype}",
            hint="look whether the data belongs to this model; or distil without labels.",
        )
    values = labels.astype(np.float32)
    if form in ("softmax", "sigmoid") and (values.min() < 0 or values.max() > 1):
        raise DataError(
            f"Labels of an output that ends in {form} must be from 0 to 1.",
            received=f"{values.min():g} to {values.max():g}",
            hint="give class ids as integers, or one-hot rows.",
        )
    return values, form, False


def require_single(outputs: int) -> None:
    """Labels belong to one output.

    Raises:
        UsageError: The model has several.
    """
    if outputs > 1:
        raise UsageError(
            "A model of several outputs cannot be trained on labels.",
            received=f"{outputs} outputs",
            hint="train on the original's outputs instead: --distill.",
        )
