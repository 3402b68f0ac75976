"""Mean average precision of detectors, `map_50` and `map_50_95`, by COCO's own evaluation.

The value is pycocotools'. What it follows from stands beside it by image, so that an interval, and
a gate's comparison of two files, draw images anew (`verdicts.detection_precision`). COCO takes the
precision at 101 recalls: other tools take all recalls, which differs in the third digit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edgekit.core import box_decoder
from edgekit.core.errors import DataError
from edgekit.core.records import Contract, Metric, Statistic
from edgekit.data.samples import Samples
from edgekit.measure.detection import coco_evaluation, decode_boxes, match_boxes
from edgekit.measure.detection.box_geometry import Detections
from edgekit.verdicts import bca, detection_precision

_THRESHOLDS: dict[Statistic, int] = {"map_50": 1, "map_50_95": 10}
_RESAMPLES = 1000
_SAME = 1e-6
_MOST, _GROUPS = 1000, 400  # images up to which each is left out; else so many groups


def map_50(outputs: Mapping[str, np.ndarray], samples: Samples, contract: Contract) -> Metric:
    """Mean over classes of the average precision at IoU 0.5."""
    return _measure("map_50", outputs, samples, contract)


def map_50_95(outputs: Mapping[str, np.ndarray], samples: Samples, contract: Contract) -> Metric:
    """Mean over classes, and over IoUs of 0.5 to 0.95, of the average precision."""
    return _measure("map_50_95", outputs, samples, contract)


def _measure(
    name: Statistic, outputs: Mapping[str, np.ndarray], samples: Samples, contract: Contract
) -> Metric:
    """The metric with its parts by image and a BCa interval.

    Raises:
        DataError: The outputs are no detector's, or the samples have no boxes.
        UsageError: pycocotools is not installed.
    """
    found = decode_boxes.detections(outputs, contract)
    truths = _truths(name, samples, contract)
    thresholds = match_boxes.COCO_THRESHOLDS[: _THRESHOLDS[name]]
    value = coco_evaluation.mean_ap(found, truths, thresholds)
    parts = _parts(found, truths, thresholds)
    own, low, high, raw = _resampled(parts, len(truths), len(thresholds))
    note = "" if low is not None else "one image: no interval"
    if abs(own - value) > _SAME:
        note = f"drawn anew from {own:.6f} on all images"
    return Metric(
        name=name,
        value=value,
        low=low,
        high=high,
        raw=tuple((raw + (value - own)).tolist()),
        note=note,
        statistic=name,
        parts=tuple(tuple(row) for row in parts.tolist()),
    )


def _truths(name: str, samples: Samples, contract: Contract) -> list[np.ndarray]:
    """The labelled boxes of each image, `(k, 5)`."""
    detector = box_decoder.detector(contract.outputs)
    labels = detector and samples.labels_of(detector[0], alone=False)
    if labels is None or labels.ndim != 3 or labels.shape[2] != 5:
        raise DataError(
            f"{name} needs labelled boxes.",
            received="no labels"
            if labels is None
            else f"labels of shape {labels.shape} from {samples.source or 'memory'}",
            hint="add arrays boxes (n, k, 4) and classes (n, k) to the .npz, or annotations.json "
            "to the folder of images.",
        )
    truths = [image[image[:, 4] >= 0] for image in np.asarray(labels, dtype=np.float64)]
    if not any(map(len, truths)):
        raise DataError(f"{name} needs at least one labelled box.", received="none in any image")
    return truths


def _parts(
    found: Sequence[Detections], truths: Sequence[np.ndarray], thresholds: np.ndarray
) -> np.ndarray:
    """What mean average precision follows from, `(3 * slots, n)`: rows of truth, score and code.

    Each image has as many slots as the fullest; empty ones hold -1. A slot holds the class of one
    labelled box, and, apart from it, one detection: its score, and its class with its hits.
    """
    slots = max(1, *(max(len(a.scores), len(b)) for a, b in zip(found, truths, strict=True)))
    parts = np.full((slots, 3, len(truths)), -1.0)
    for number, (image, truth) in enumerate(zip(found, truths, strict=True)):
        count = len(image.scores)
        hits = match_boxes.matched(image, truth, thresholds)
        parts[: len(truth), 0, number] = truth[:, 4]
        parts[:count, 1, number] = image.scores
        parts[:count, 2, number] = detection_precision.encode(image.classes, hits)
    return parts.reshape(3 * slots, -1)


def _resampled(
    parts: np.ndarray, n: int, thresholds: int
) -> tuple[float, float | None, float | None, np.ndarray]:
    """Value, BCa interval, and what each image adds `(n,)`, whose mean is the value."""

    def statistic(rows: np.ndarray) -> np.ndarray:
        return detection_precision.mean_ap(parts, rows, thresholds)

    value = float(statistic(np.arange(n)[None])[0])
    if n < 2:
        return value, None, None, np.array([value])
    groups = np.array_split(np.random.default_rng(0).permutation(n), _GROUPS) if n > _MOST else None
    left = _leave_out(statistic, n, groups)
    left = np.where(np.isfinite(left), left, value)
    raw = value + (len(left) - 1) * (left.mean() - left)
    if groups is not None:
        raw = raw[np.repeat(np.arange(len(groups)), [len(g) for g in groups])]
        raw = raw[np.argsort(np.concatenate(groups))]
    raw += value - raw.mean()
    draws = bca.draws(statistic, [np.arange(n)], _RESAMPLES, np.random.default_rng(0))
    draws = np.sort(draws[np.isfinite(draws)])
    if draws[0] == draws[-1]:
        return value, value, value, raw
    shift = bca.Bca.of(draws, value, left)
    z = bca.NORMAL.inv_cdf(0.975)
    low, high = np.quantile(draws, [shift.share(-z), shift.share(z)])
    return value, float(low), float(high), raw


def _leave_out(statistic: bca.Statistic, n: int, groups: Sequence[np.ndarray] | None) -> np.ndarray:
    """The value without each image, or without each group of images."""
    if groups is not None:
        kept = [np.setdiff1d(np.arange(n), group) for group in groups]
        return np.concatenate([statistic(rows[None]) for rows in kept])
    others = np.arange(n - 1)
    return statistic(others + (others >= np.arange(n)[:, None]))
