"""How well masks fit: intersection over union, and Dice's coefficient.

Both are counted over all pixels of all images, class by class, and averaged over the classes that
some pixel is labelled as, background among them. A mask of one channel has no background class: it
is judged by its object alone. Quotients of counts need no package; tests hold them against
scikit-learn's `jaccard_score` and `f1_score`.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import Metric, Statistic, TensorSpec
from edgekit.measure import by_sample, classes, label_overlaps, targets
from edgekit.measure.agreement import threshold
from edgekit.verdicts import overlaps, recompute

_VOID = 255  # pixels to be left out, in the masks of Pascal VOC and Cityscapes


def mean_iou(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Pixels that are predicted and labelled as a class, of those that are either.

    Args:
        output: `(n, height, width, classes)`: the largest value is the pixel's class; those of
            independent sigmoids, and those of one channel, are yes above the threshold.
        labels: Class ids `(n, height, width)` or `(n, height, width, 1)`, or 0 and 1 in the
            output's shape. An id of 255 that is no class leaves a pixel out.
        spec: The output.

    Raises:
        UsageError: The output is no mask.
        DataError: Labels of another size, of other classes, or of none.
    """
    return _overlapping("iou", output, labels, spec)


def dice(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Twice what is predicted and labelled as a class, of the sum of both: F1 of pixels.

    Arguments and errors are those of `mean_iou`.
    """
    return _overlapping("f1", output, labels, spec)


def _overlapping(
    statistic: Statistic, output: np.ndarray, labels: np.ndarray, spec: TensorSpec
) -> Metric:
    parts, note = _parts(output, labels, spec)
    there = np.asarray(overlaps.labelled(parts).any(axis=1))
    if not there.any():
        raise DataError(
            f"No pixel is labelled as anything for output {spec.name!r}.",
            received=f"{len(labels)} masks, all empty",
            hint="draw images in which there is something.",
        )
    notes = [text for text in (label_overlaps.absent_note(there, spec), note) if text]
    value = recompute.compute(statistic, parts, np.arange(len(output))[None])
    return by_sample.of_parts(statistic, parts, float(value[0]), note="; ".join(notes))


def _parts(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> tuple[np.ndarray, str]:
    if output.ndim == 3:
        output = output[..., None]
    if output.ndim != 4:
        raise UsageError(
            "Metrics of masks need an output (n, height, width, classes).",
            received=f"output {spec.name!r} of shape {output.shape}",
            hint="--metric f1_macro for classes or tags.",
        )
    if labels.dtype.kind not in "iufb":
        raise DataError("Masks must hold numbers.", received=f"labels of dtype {labels.dtype}")
    if labels.shape[:3] != output.shape[:3] or labels.ndim > 4:
        raise DataError(
            f"Masks must have the size of output {spec.name!r}, "
            f"{output.shape[1]} x {output.shape[2]}.",
            received=f"labels of shape {labels.shape}",
            hint="resize them with nearest neighbour: classes cannot be averaged.",
        )
    targets.check_finite(labels, spec)
    channels = output.shape[-1]
    if channels > 1 and spec.activation != "sigmoid":
        ids, note = _ids(labels, output, spec)
        return label_overlaps.of_ids(ids, output.argmax(axis=-1), channels), note
    if labels.ndim == 3 and channels == 1:
        labels = labels[..., None]
    if labels.shape != output.shape or not np.isin(labels, (0, 1)).all():
        raise DataError(
            f"Masks of output {spec.name!r} must hold 0 or 1, in the shape {output.shape}.",
            received=f"labels of shape {labels.shape} from {labels.min()} to {labels.max()}",
            hint="divide them by 255." if labels.max() == _VOID else None,
        )
    bits = [
        array.reshape(len(array), -1, channels)
        for array in (labels > 0, output > threshold(output, spec))
    ]
    return label_overlaps.of_bits(*bits), ""


def _ids(labels: np.ndarray, output: np.ndarray, spec: TensorSpec) -> tuple[np.ndarray, str]:
    """Class ids by pixel, -1 for those that are left out; and what is to be said of these."""
    if labels.shape[-1] == output.shape[-1] and labels.ndim == 4:
        return classes.ids(labels, output, spec), ""
    if labels.shape[3:] not in ((), (1,)):
        raise DataError(
            f"Masks of output {spec.name!r} must hold class ids, or 0 and 1 in the shape "
            f"{output.shape}.",
            received=f"labels of shape {labels.shape}",
        )
    labels = labels.reshape(output.shape[:3])
    void = (labels == _VOID) & (output.shape[-1] <= _VOID)
    ids = classes.ids(np.where(void, 0, labels), output, spec)
    share = float(void.mean())
    note = f"{100 * share:.2g} % of the pixels are labelled {_VOID} and left out" if share else ""
    return np.where(void, -1, ids), note
