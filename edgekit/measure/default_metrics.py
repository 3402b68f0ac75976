"""The metrics that labels ask for where nobody names one: by what an output is, and their form."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgekit.core.output_kinds import OutputKind
from edgekit.core.records import Contract, TensorSpec
from edgekit.data.samples import Samples
from edgekit.measure import classes
from edgekit.measure.accuracy import METRICS
from edgekit.measure.metric_packages import is_installed

_OF_KIND: Mapping[OutputKind, str] = {
    "classes": "top1_accuracy",
    "binary": "auc",
    "tags": "average_precision",
    "mask": "mean_iou",
    "boxes": "map_50",
    "values": "mae",
}
_BOX_WIDTH = 5  # two corners and a class


def default_metrics(contract: Contract, samples: Samples) -> tuple[str, ...]:
    """A metric for each output with labels, as `METRIC@OUTPUT` where the model has several.

    - `classes` -> `top1_accuracy`, `binary` -> `auc`, `tags` -> `average_precision`, `mask` ->
      `mean_iou`, `boxes` -> `map_50`, `values` -> `mae`
    - other kinds, and probabilities as labels of decisions: by the form of the labels (see
      `default_metric`)

    Args:
        contract: With the kinds of the outputs (see `data.label_kinds`).
        samples: With labels or without.

    Returns:
        In the order of the outputs; none where nothing is labelled, no metric is plain, or its
        package is not installed (see `not_installed`).
    """
    return tuple(name for name in _wanted(contract, samples) if is_installed(_base(name)))


def not_installed(contract: Contract, samples: Samples) -> tuple[str, ...]:
    """Those that labels ask for too, but whose packages are not installed."""
    return tuple(name for name in _wanted(contract, samples) if not is_installed(_base(name)))


def _base(name: str) -> str:
    return name.partition("@")[0]


def _wanted(contract: Contract, samples: Samples) -> tuple[str, ...]:
    if not samples.head_labels:
        metric = default_metric(contract, samples.labels)
        return (metric,) if metric else ()
    several = len(contract.outputs) > 1
    found = []
    for spec in contract.outputs:
        labels = samples.labels_of(spec.name, alone=not several)
        metric = None if labels is None else _of_own_labels(spec, labels)
        if metric:
            found.append(f"{metric}@{spec.name}" if several else metric)
    return tuple(found)


def default_metric(contract: Contract, labels: np.ndarray | None) -> str | None:
    """The metric that labels ask for which name no output, or None where none is plain.

    Of several outputs, the only one that the labels fit is taken, as `METRIC@OUTPUT`. Where
    nothing tells what an output is, their form does:

    - names -> `top1_accuracy`
    - one value a sample, 0 or 1 -> `auc`; other numbers -> `mae`
    - an output of classes: ids `(n,)` or one-hot `(n, classes)` -> `top1_accuracy`
    - numbers of the output's own shape -> `mae`
    """
    if labels is None or not len(labels):
        return None
    if len(contract.outputs) == 1:
        return _of_own_labels(contract.outputs[0], labels)
    guesses = {spec.name: name for spec in contract.outputs if (name := _guess(spec, labels))}
    named = [spec.name for spec in contract.outputs if spec.labels and spec.name in guesses]
    fitting = list(guesses) if len(guesses) == 1 else named
    return f"{guesses[fitting[0]]}@{fitting[0]}" if len(fitting) == 1 else None


def _of_own_labels(spec: TensorSpec, labels: np.ndarray) -> str | None:
    """Of labels that are this output's and no other's: it says what they must be."""
    kind = spec.kind
    if labels.ndim == 3 and labels.shape[-1] == _BOX_WIDTH and _holds_boxes(spec):
        kind = "boxes"
    wanted = _OF_KIND.get(kind) if kind else None
    guess = _guess(spec, labels)
    if wanted not in METRICS or (kind == "boxes" and labels.shape[-1] != _BOX_WIDTH):
        return guess
    soft = guess == "mae" and not np.isin(labels, (0, 1)).all()
    return guess if soft and kind in ("classes", "binary", "tags") else wanted


def _holds_boxes(spec: TensorSpec) -> bool:
    columns = {part.kind for part in spec.columns}
    return spec.kind == "boxes" or "boxes" in columns or spec.decode is not None


def _guess(spec: TensorSpec, labels: np.ndarray) -> str | None:
    shape = spec.shape[1:]
    target = labels.shape[1:]
    flat = tuple(size for size in target if size != 1)
    if labels.dtype.kind in "US":
        return "top1_accuracy" if spec.labels and not flat else None
    if labels.dtype.kind not in "iufb":
        return None
    if not [size for size in shape if size != 1]:
        binary = not flat and bool(np.isin(labels, (0, 1)).all())
        return None if flat else "auc" if binary else "mae"
    if not flat and len(shape) == 1:
        return "top1_accuracy" if bool((labels == np.floor(labels)).all()) else None
    if len(target) != len(shape) or any(
        s not in (-1, t) for s, t in zip(shape, target, strict=True)
    ):
        return None
    return "top1_accuracy" if len(shape) == 1 and classes.is_one_hot(labels) else "mae"
