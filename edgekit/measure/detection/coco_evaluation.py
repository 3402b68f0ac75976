"""Mean average precision as pycocotools computes it: COCO's own evaluation."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

import numpy as np

from edgekit.measure import metric_packages
from edgekit.measure.detection.box_geometry import Detections


def mean_ap(
    found: Sequence[Detections], truths: Sequence[np.ndarray], thresholds: np.ndarray
) -> float:
    """The mean average precision, over thresholds and over classes that have boxes, by pycocotools.

    Args:
        found: Detections of each image.
        truths: Boxes and classes of each image, `(k, 5)`.
        thresholds: IoUs.

    Raises:
        UsageError: pycocotools is not installed.
    """
    metric_packages.check_installed("map_50")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": number} for number in range(len(truths))],
            "categories": [{"id": int(c)} for c in np.unique(np.concatenate(truths)[:, 4])],
            "annotations": _annotations(truths),
        }
        truth.createIndex()
        results = [one for number, image in enumerate(found) for one in _results(number, image)]
        if not results:
            return 0.0
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.params.iouThrs = thresholds
        evaluation.params.maxDets = [max(1, *(len(image.scores) for image in found))]
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"]
    return float(precision[precision > -1].mean())


def _annotations(truths: Sequence[np.ndarray]) -> list[dict[str, object]]:
    rows = [(number, row) for number, image in enumerate(truths) for row in image]
    return [
        {
            "id": place,
            "image_id": number,
            "category_id": int(row[4]),
            "bbox": _corner_and_size(row),
            "area": float((row[2] - row[0]) * (row[3] - row[1])),
            "iscrowd": 0,
        }
        for place, (number, row) in enumerate(rows, 1)
    ]


def _results(number: int, image: Detections) -> list[dict[str, object]]:
    rows = zip(image.boxes, image.scores, image.classes, strict=True)
    return [
        {
            "image_id": number,
            "category_id": int(class_id),
            "bbox": _corner_and_size(box),
            "score": float(score),
        }
        for box, score, class_id in rows
    ]


def _corner_and_size(box: np.ndarray) -> list[float]:
    return [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]
