"""F1, average precision and equal error rate: of classes, of tags, and of yes or no.

Labels of classes are ids, one-hot rows or names; those of tags are 0 or 1 for each; those of one
value are 0 or 1. A class or tag that no sample has does not count in a mean over them (its note
says so): it has no average precision, and no recall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import Metric, TensorSpec
from edgekit.measure import by_sample, classes, label_overlaps, metric_packages, targets
from edgekit.measure.agreement import threshold


@dataclass(frozen=True, slots=True, eq=False)
class _Decisions:
    """What is labelled and what is predicted: booleans `(n, positions, classes)` both."""

    truth: np.ndarray
    predicted: np.ndarray

    @property
    def labelled(self) -> np.ndarray:
        """Indices of the classes that some sample has."""
        return np.flatnonzero(self.truth.any(axis=(0, 1)))


def f1_macro(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """F1 of each class or tag, averaged over them; of an output of one value, that of a yes."""
    decided = _decisions(output, labels, spec)
    there = decided.labelled
    score = metric_packages.package("f1_macro").f1_score
    truth, predicted = (
        array.reshape(-1, array.shape[-1])[:, there] for array in (decided.truth, decided.predicted)
    )
    of_each = score(truth, predicted, average=None if len(there) > 1 else "binary", zero_division=0)
    return by_sample.of_parts(
        "f1",
        label_overlaps.of_bits(decided.truth, decided.predicted),
        float(np.mean(of_each)),
        note=_note(decided.truth, spec),
    )


def f1_micro(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """F1 of all decisions together; of classes, where one is always chosen, the accuracy."""
    decided = _decisions(output, labels, spec)
    parts = label_overlaps.of_bits(decided.truth, decided.predicted)
    truth, predicted = decided.truth.ravel(), decided.predicted.ravel()
    score = metric_packages.package("f1_micro").f1_score
    return by_sample.of_parts(
        "f1",
        parts.reshape(3, -1, parts.shape[1]).sum(axis=1),
        float(score(truth, predicted, zero_division=0)),
    )


def average_precision(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Mean over classes or tags of the area under the precision-recall curve, in steps."""
    truth = _decisions(output, labels, spec).truth
    if truth.shape[1] != 1:
        raise UsageError(
            "average_precision cannot be of an output with several positions a sample.",
            received=f"output {spec.name!r} of shape {output.shape}",
            hint="--metric f1_macro",
        )
    truth = truth[:, 0]
    scores = output.reshape(len(output), -1).astype(np.float64)
    there = truth.any(axis=0)
    score = metric_packages.package("average_precision").average_precision_score
    return by_sample.of_parts(
        "average_precision",
        np.concatenate([scores[:, there].T, truth[:, there].T.astype(np.float64)]),
        float(score(truth[:, there], scores[:, there], average="macro")),
        note=_note(truth[:, None], spec),
    )


def eer(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Equal error rate of yes or no: where false acceptances and false rejections are as frequent.

    The ROC curve is a line between two thresholds, so the rate need not be met by one.

    Raises:
        UsageError: The output has more than two classes.
        DataError: All samples are of one class.
    """
    scores = classes.scores(output, spec)
    if scores.ndim != 2 or scores.shape[1] != 2:
        raise UsageError(
            "eer needs an output of one value or two classes.",
            received=f"output {spec.name!r} of shape {output.shape}",
            hint="--metric top1_accuracy",
        )
    targets.check_finite(labels, spec)
    truth = classes.ids(labels, scores, spec)
    if len(np.unique(truth)) < 2:
        raise DataError(
            "eer needs samples of both classes.",
            received=f"{int(truth.sum())} of class 1, {int((truth == 0).sum())} of class 0",
            hint="draw more samples: draws are stratified by class.",
        )
    ranked = scores[:, 1].astype(np.float64) - scores[:, 0]
    accepted, found, _ = metric_packages.package("eer").roc_curve(
        truth, ranked, drop_intermediate=False
    )
    beyond = accepted - (1 - found)  # from -1 to 1
    return by_sample.of_parts(
        "eer",
        np.stack([ranked, truth.astype(np.float64)]),
        float(np.interp(0.0, beyond, accepted)),
        better="lower",
    )


def _decisions(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> _Decisions:
    """Labels and predictions alike.

    Raises:
        DataError: Labels of another form than the output, or none is a yes.
    """
    targets.check_finite(labels, spec)
    decided = _of_bits(output, labels, spec) if _is_bits(output, labels, spec) else None
    if decided is None:
        scores = classes.scores(output, spec)
        ids = classes.ids(labels, scores, spec)
        choices = np.arange(scores.shape[-1])
        decided = _Decisions(
            _by_position(ids[..., None] == choices),
            _by_position(scores.argmax(axis=-1)[..., None] == choices),
        )
    if not decided.truth.any():
        raise DataError(
            f"No sample has a label of output {spec.name!r}.",
            received=f"{len(labels)} samples, all of whose labels are 0",
            hint="draw samples that have some: of none a model can find none.",
        )
    return decided


def _is_bits(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> bool:
    """Whether each value is a decision of its own."""
    if classes.count(output) == 2 and (output.ndim == 1 or output.shape[-1] == 1):
        return True
    if spec.kind in ("tags", "binary"):
        return True
    several = spec.kind is None and labels.shape == output.shape and labels.dtype.kind in "iufb"
    bits = several and bool(np.isin(labels, (0, 1)).all())
    return bits and not classes.is_one_hot(labels)


def _of_bits(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> _Decisions:
    shape = output.shape if output.ndim > 1 else (len(output), 1)
    wanted = tuple(size for size in shape[1:] if size != 1)
    if labels.dtype.kind in "US" or tuple(size for size in labels.shape[1:] if size != 1) != wanted:
        of = f"each of {shape[-1]} tags" if shape[-1] > 1 else "each sample"
        raise DataError(
            f"Labels of output {spec.name!r} must be 0 or 1 for {of}.",
            received=f"labels of shape {labels.shape}, dtype {labels.dtype}",
            hint=f'for ids of classes say [output.{spec.name}] kind = "classes" in edgekit.toml.'
            if shape[-1] > 1 and labels.ndim == 1
            else None,
        )
    if not np.isin(labels, (0, 1)).all():
        raise DataError(
            f"Labels of output {spec.name!r} must be 0 or 1.",
            received=f"labels from {labels.min()} to {labels.max()}",
        )
    return _Decisions(
        _by_position(labels.reshape(shape) > 0),
        _by_position(output.reshape(shape) > threshold(output, spec)),
    )


def _by_position(bits: np.ndarray) -> np.ndarray:
    return bits.reshape(len(bits), -1, bits.shape[-1])


def _note(truth: np.ndarray, spec: TensorSpec) -> str:
    return label_overlaps.absent_note(np.asarray(truth.any(axis=(0, 1))), spec)
