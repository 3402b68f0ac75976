"""The boxes that a detector's outputs stand for, image by image, by what the contract states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from edgekit.core import box_decoder
from edgekit.core.box_decoder import BoxDecoder
from edgekit.core.errors import DataError
from edgekit.core.records import Contract, TensorSpec
from edgekit.data import callables
from edgekit.measure.detection import box_geometry, box_heads
from edgekit.measure.detection.box_geometry import Detections

Outputs = Mapping[str, np.ndarray]


def detections(outputs: Outputs, contract: Contract, *, shown: bool = False) -> list[Detections]:
    """What is detected in each image: scored, suppressed, the best `max_boxes` of them.

    Args:
        outputs: By name, `(n, ...)`, finite real values.
        contract: Says how they are decoded, and the input's size.
        shown: Only those that an app would show, from `score_threshold` on.

    Raises:
        DataError: The contract is no detector's, outputs do not have the head's form, or
            somebody's own decoder fails or returns another shape.
    """
    found = box_decoder.detector(contract.outputs)
    if found is None:
        raise DataError(
            "Boxes need outputs that are known to hold them.",
            received=", ".join(f"{spec.name} {list(spec.shape)}" for spec in contract.outputs),
            hint="state them in edgekit.toml: [output.NAME] columns or decode.",
        )
    name, how = found
    if shown:
        how = replace(how, min_score=how.score_threshold)
    lacking = [other for other in (name, *how.others) if other not in outputs]
    if lacking:
        raise DataError(
            f"The decoder of {name!r} needs output {lacking[0]!r}.",
            received=", ".join(outputs),
        )
    if how.is_function:
        return [one.best(how.max_boxes) for one in _by_function(how, outputs, len(outputs[name]))]
    spec = next(spec for spec in contract.outputs if spec.name == name)
    size = input_size(contract)
    if how.classes:
        return _finished(outputs, spec, how, size)
    boxes, scores = box_heads.DENSE[how.head](outputs, spec, how, size)
    return [
        box_geometry.suppress(
            *image, min_score=how.min_score, overlap=how.overlap, most=how.max_boxes
        )
        for image in zip(boxes, scores, strict=True)
    ]


def input_size(contract: Contract) -> tuple[int, int]:
    """Height and width of the image that the model takes.

    Raises:
        DataError: No input is an image of a known size.
    """
    for spec in contract.inputs:
        if spec.preprocessing.size is not None:
            return spec.preprocessing.size
        if len(spec.shape) == 4 and min(spec.shape[1:3]) > 0:
            return spec.shape[1], spec.shape[2]
    raise DataError(
        "Boxes need an input that is an image of a known size.",
        received=", ".join(f"{spec.name} {list(spec.shape)}" for spec in contract.inputs),
        hint='give [input.NAME] kind = "image" and size = [height, width] in edgekit.toml.',
    )


def _finished(
    outputs: Outputs, spec: TensorSpec, how: BoxDecoder, size: tuple[int, int]
) -> list[Detections]:
    """Of a model that ends with suppression: boxes `(n, k, 4)`, scores and classes `(n, k)`."""
    boxes = outputs[spec.name]
    n = len(boxes)
    scores, classes = (outputs[name].reshape(n, -1) for name in (how.scores, how.classes))
    if (
        boxes.ndim != 3
        or boxes.shape[2] != 4
        or not scores.shape == classes.shape == boxes.shape[:2]
    ):
        raise DataError(
            "Boxes that are already suppressed must be (n, k, 4), with k scores and k classes.",
            received=f"boxes {boxes.shape}, scores {scores.shape}, classes {classes.shape}",
        )
    corners = box_geometry.corners(boxes, how.box_format or "yxyx")
    pixels = box_geometry.in_pixels(corners, how.box_unit, size)
    return [
        Detections(*image).above(how.min_score).best(how.max_boxes)
        for image in zip(pixels, scores, np.rint(classes).astype(int), strict=True)
    ]


def _by_function(how: BoxDecoder, outputs: Outputs, n: int) -> list[Detections]:
    function = callables.resolve(how.head)
    with callables.blaming(how.head):
        images: Sequence[Sequence[np.ndarray]] = list(function(dict(outputs)))
    if len(images) != n:
        raise DataError(
            f"{how.head} must return boxes, scores and classes for each of {n} images.",
            received=f"{len(images)} entries",
        )
    return [_checked(how, number, image) for number, image in enumerate(images)]


def _checked(how: BoxDecoder, number: int, image: Sequence[np.ndarray]) -> Detections:
    with callables.blaming(how.head):
        boxes, scores, classes = (np.asarray(part, dtype=np.float64) for part in image)
    count = len(scores) if scores.ndim == 1 else -1
    if boxes.size == 0 and count == 0:
        boxes = boxes.reshape(0, 4)
    if boxes.shape != (count, 4) or classes.shape != (count,):
        raise DataError(
            f"{how.head} must return boxes (k, 4), scores (k,) and classes (k,) for each image.",
            received=f"{boxes.shape}, {scores.shape} and {classes.shape} for image {number}",
        )
    if not (np.isfinite(boxes).all() and np.isfinite(scores).all()) or (classes % 1).any():
        raise DataError(
            f"{how.head} must return finite numbers, and whole ones as classes.",
            received=f"others for image {number}",
        )
    return Detections(boxes, scores, classes.astype(int)).above(how.min_score)
