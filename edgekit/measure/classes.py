"""Labels as class ids, outputs as scores of classes."""

from __future__ import annotations

import numpy as np

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import TensorSpec
from edgekit.core.suggest import nearest


def count(output: np.ndarray) -> int:
    """Number of classes of an output `(n, ..., classes)`; 2 for one value a sample."""
    return 2 if output.ndim == 1 or output.shape[-1] == 1 else int(output.shape[-1])


def scores(output: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """An output as scores `(n, ..., classes)`, the largest of which is the prediction.

    One value `v` a sample becomes two classes, `(0, v - threshold)`: the threshold is
    0.5 for probabilities, 0 for logits (`activation = "none"`, or any value outside 0
    to 1).
    """
    if output.ndim > 1 and output.shape[-1] > 1:
        return output
    value = output.reshape(len(output), -1).astype(np.float64)
    if value.shape[1] != 1:
        raise UsageError(
            f"Output {spec.name!r} must have classes along its last axis.",
            received=f"shape {output.shape}",
            hint="name your own metric as module:function.",
        )
    logits = spec.activation == "none" or (
        spec.activation is None and bool(np.any((value < 0) | (value > 1)))
    )
    return np.concatenate([np.zeros_like(value), value - (0.0 if logits else 0.5)], axis=1)


def is_one_hot(labels: np.ndarray) -> bool:
    """Whether each row holds one 1 and else zeros."""
    return bool(np.isin(labels, (0, 1)).all() and (labels.sum(axis=-1) == 1).all())


def ids(labels: np.ndarray, against: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Labels as class ids, checked against the number of classes.

    Args:
        labels: Ids `(n,)` or `(n, 1)`, one-hot `(n, classes)`, or names `(n,)` of the
            output's labels; with positions in between where the output has them.
        against: Scores `(n, ..., classes)`.
        spec: The output, with its label names.

    Returns:
        int64 `(n, ...)`, from 0 to `classes - 1`.

    Raises:
        DataError: Another shape, an unknown name, or an id that is no class.
    """
    wanted, classes = against.shape[:-1], against.shape[-1]
    if labels.dtype.kind in "US":
        labels = _from_names(labels, spec, classes)
    if labels.dtype.kind not in "iufb":
        raise DataError("Labels must be class ids or names.", received=f"dtype {labels.dtype}")
    if labels.shape == against.shape:
        if not is_one_hot(labels):
            raise DataError(
                "Labels of the output's own shape must be one-hot: one 1 in each row.",
                received=f"labels of shape {labels.shape} with other rows",
                hint="for targets use --metric mae or rmse.",
            )
        return np.asarray(labels.argmax(axis=-1))
    if labels.shape == (*wanted, 1):
        labels = labels[..., 0]
    if labels.shape != wanted:
        raise DataError(
            f"Labels must be ids of shape {wanted} or one-hot of shape {against.shape}.",
            received=f"shape {labels.shape}",
        )
    if labels.dtype.kind == "f" and not bool((labels == np.floor(labels)).all()):
        raise DataError(
            "Class ids must be whole numbers.",
            received=f"labels from {labels.min()} to {labels.max()} with fractions",
            hint="for targets use --metric mae or rmse.",
        )
    beyond = (labels < 0) | (labels >= classes)
    if beyond.any():
        first = [int(i) for i in np.argwhere(beyond)[0]]
        raise DataError(
            f"Class ids of output {spec.name!r} must be from 0 to {classes - 1}.",
            received=f"{int(beyond.sum())} others, first {labels[tuple(first)]} in sample "
            f"{first[0]}",
            hint="ids count from 0: subtract 1 from labels that count from 1."
            if labels.min() == 1 and labels.max() == classes
            else None,
        )
    return labels.astype(np.int64)


def _from_names(labels: np.ndarray, spec: TensorSpec, classes: int) -> np.ndarray:
    if len(spec.labels) != classes:
        raise DataError(
            "Labels that are names need the names of the output's classes.",
            received=f"{len(spec.labels)} names for {classes} classes of output {spec.name!r}",
            hint=f"give [output.{spec.name}] labels in edgekit.toml.",
        )
    names = labels.astype("U")
    distinct, places = np.unique(names, return_inverse=True)
    index = {name: i for i, name in enumerate(spec.labels)}
    for name in distinct.tolist():
        if name not in index:
            raise DataError(
                f"Labels must be names of output {spec.name!r}: "
                f"{', '.join(spec.labels[:8])}{'...' if len(spec.labels) > 8 else ''}.",
                received=f"{name!r} in sample {int(np.argwhere(names == name)[0][0])}",
                hint=nearest(name, spec.labels),
            )
    return np.array([index[name] for name in distinct.tolist()])[places].reshape(labels.shape)
