"""Boxes as labels: checked, moved with their image, and padded to one array.

What a detector is judged by is `(n, k, 5)`: x0 y0 x1 y1 in pixels of the model's input, and the
class; rows of class -1 pad images with fewer boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edgekit.core import box_decoder
from edgekit.core.errors import DataError
from edgekit.core.records import Contract, Preprocessing
from edgekit.data import preprocess

ARRAYS = ("boxes", "classes")
"""Names of the arrays that hold boxes `(n, k, 4)` and their classes `(n, k)`."""

_ROUNDING = 1.0  # pixels beyond the edge that annotation tools round to
_NONE = -1


def output(contract: Contract) -> str | None:
    """The output that boxes are labels of: the detector's, or the only one; None where neither."""
    found = box_decoder.detector(contract.outputs)
    if found is not None:
        return found[0]
    return contract.outputs[0].name if len(contract.outputs) == 1 else None


def in_one(
    labels: np.ndarray | None, heads: Mapping[str, np.ndarray], contract: Contract
) -> list[np.ndarray]:
    """Boxes and classes of an array `(n, k, 5)` under the name of a detector's output, if any."""
    found = box_decoder.detector(contract.outputs)
    if found is None:
        return []
    rows = heads.get(found[0], labels if len(contract.outputs) == 1 else None)
    if rows is None or rows.ndim != 3 or rows.shape[2] != 5 or rows.dtype.kind not in "iuf":
        return []
    return [rows[..., :4], rows[..., 4]]


def by_output(
    arrays: Sequence[np.ndarray], inputs: Mapping[str, np.ndarray], contract: Contract, source: str
) -> dict[str, np.ndarray]:
    """Labels by output from arrays of boxes and of classes; none where there are no such arrays.

    Raises:
        DataError: See `of_arrays`.
    """
    name = output(contract)
    if not arrays or name is None:
        return {}
    boxes, classes = arrays
    images = inputs[contract.inputs[0].name]
    return {name: of_arrays(boxes, classes, images, contract, source)}


def of_arrays(
    boxes: np.ndarray, classes: np.ndarray, images: np.ndarray, contract: Contract, source: str
) -> np.ndarray:
    """Labels from arrays, as they stand beside the arrays of images.

    Args:
        boxes: `(n, k, 4)`, x0 y0 x1 y1 in pixels of `images`.
        classes: `(n, k)`; a class below 0 pads.
        images: `(n, height, width[, channels])`, raw or model inputs already.
        contract: The first input says how images are resized, and so how boxes move.
        source: Where they come from, for errors.

    Returns:
        `(n, k, 5)`, see above.

    Raises:
        DataError: Another shape, a number that is not finite, corners out of order, a box outside
            its image, a class that the model lacks.
    """
    if boxes.ndim != 3 or boxes.shape[2] != 4 or classes.shape != boxes.shape[:2]:
        raise DataError(
            f"Labelled boxes in {source} must be boxes (n, k, 4) and classes (n, k).",
            received=f"boxes {boxes.shape}, classes {classes.shape}",
            hint="pad images with fewer boxes by rows of class -1.",
        )
    if len(boxes) != len(images) or images.ndim < 3:
        raise DataError(
            f"Labelled boxes in {source} must be of the images beside them.",
            received=f"{len(boxes)} images with boxes, images of shape {images.shape}",
        )
    if any(array.dtype.kind not in "iuf" for array in (boxes, classes)):
        raise DataError(
            f"Labelled boxes in {source} must be numbers, their classes class ids.",
            received=f"boxes of {boxes.dtype}, classes of {classes.dtype}",
        )
    spec = contract.inputs[0]
    rules = spec.preprocessing if preprocess.takes_raw(images, spec) else Preprocessing()
    size = (images.shape[1], images.shape[2])
    rows = [
        np.concatenate([some, ids[:, None]], axis=1)[~(ids < 0)]
        for some, ids in zip(boxes.astype(np.float64), classes.astype(np.float64), strict=True)
    ]
    return _padded(
        [fitted(of, size, rules, contract, f"image {i} of {source}") for i, of in enumerate(rows)],
        boxes.shape[1],
    )


def of_images(images: Sequence[np.ndarray]) -> np.ndarray:
    """One array `(n, k, 5)` from the rows `(boxes, 5)` of each image."""
    return _padded(images, max(1, *(len(rows) for rows in images)) if images else 1)


def fitted(
    rows: np.ndarray, size: tuple[int, int], rules: Preprocessing, contract: Contract, where: str
) -> np.ndarray:
    """One image's boxes and classes `(k, 5)`, checked and in pixels of the model's input.

    Args:
        rows: x0 y0 x1 y1 in pixels of the image, and the class.
        size: The image's height and width.
        rules: How it is resized and cropped. Of a box that is cut, the rest counts; one that is
            wholly cut away does not.
        contract: How many classes the model has.
        where: The image, for errors.

    Raises:
        DataError: See `of_arrays`.
    """
    _check(rows, size, box_decoder.num_classes(contract.outputs), where)
    height, width = size
    limits = [width, height, width, height]
    rows = np.concatenate([np.clip(rows[:, :4], 0, limits), rows[:, 4:]], axis=1)
    if rules.kind != "image" or rules.size is None:
        return rows
    boxes, (height, width) = _moved(rows[:, :4], size, rules), rules.size
    inside = np.clip(boxes, 0, [width, height, width, height])
    left = (inside[:, 2:] > inside[:, :2]).all(axis=1)
    return np.asarray(np.concatenate([inside, rows[:, 4:]], axis=1)[left])


def _moved(boxes: np.ndarray, size: tuple[int, int], rules: Preprocessing) -> np.ndarray:
    """As `data.images` resizes and then crops."""
    height, width = size
    wanted_height, wanted_width = rules.image_size
    if rules.resize_shorter_to is None:
        scale = np.array([wanted_width / width, wanted_height / height])
        return np.asarray(boxes * np.tile(scale, 2))
    shorter = min(size)
    scaled = np.array([side * rules.resize_shorter_to // shorter for side in (width, height)])
    corner = (scaled - [wanted_width, wanted_height]) // 2
    return np.asarray(boxes * np.tile(scaled / [width, height], 2) - np.tile(corner, 2))


def _check(rows: np.ndarray, size: tuple[int, int], classes: int | None, where: str) -> None:
    height, width = size
    edges = np.array([width, height]) + _ROUNDING
    x0, y0, x1, y1, ids = rows.T
    faults = {
        "finite numbers": ~np.isfinite(rows).all(axis=1),
        "corners in order, x0 y0 x1 y1": (x1 < x0) | (y1 < y0),
        f"inside the image, {width} wide and {height} high": (
            (rows[:, :2] < -_ROUNDING).any(axis=1) | (rows[:, 2:4] > edges).any(axis=1)
        ),
        "of a class that is a whole number": ids % 1 != 0,
    }
    if classes is not None:
        faults[f"of a class that the model has, 0 to {classes - 1}"] = ids >= classes
    for must, wrong in faults.items():
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"Labelled boxes must be {must}."
                if must.startswith(("inside", "of"))
                else f"Labelled boxes must have {must}.",
                received=f"{rows[first, :4].tolist()} of class {rows[first, 4]:g}, box {first} of "
                f"{where}",
                hint=_HINTS.get(must.split()[0]),
            )


_HINTS = {
    "corners": "from x y width height: boxes[..., 2:] += boxes[..., :2].",
    "inside": "boxes are in pixels of the images that they lie beside; fractions are not.",
}


def _padded(images: Sequence[np.ndarray], most: int) -> np.ndarray:
    labels = np.zeros((len(images), most, 5))
    labels[:, :, 4] = _NONE
    for number, rows in enumerate(images):
        labels[number, : len(rows)] = rows
    return labels
