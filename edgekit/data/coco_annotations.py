"""Boxes as COCO's JSON: `annotations.json` beside the images that it names.

Of the file `images` (`id`, `file_name`, perhaps `width` and `height`), `annotations` (`image_id`,
`category_id`, `bbox` as x y width height) and `categories` (`id`, `name`) are read. A category is
the class whose label has its name; without labels the classes are the categories in order of their
ids. Regions that hold a crowd (`iscrowd`) are left out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from edgekit.core import box_decoder, files
from edgekit.core.errors import DataError, reading
from edgekit.core.json_values import Json
from edgekit.core.records import Contract, TensorSpec
from edgekit.core.suggest import nearest
from edgekit.data import box_labels

NAMES = ("annotations.json", "_annotations.coco.json", "instances.json")

_FAULT = "The file of annotations is not COCO's JSON."
_HINT = 'it must hold "images", "annotations" and "categories", each a list.'


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One image that a file of annotations names.

    Attributes:
        path: The file.
        size: Height and width as stated, or None.
        boxes: `(k, 5)`: x0 y0 x1 y1 in pixels of the image, and the class.
    """

    path: Path
    size: tuple[int, int] | None
    boxes: np.ndarray


def beside(folder: Path) -> Path | None:
    """The file of annotations of a folder of images, if it has one."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def read(path: Path, contract: Contract) -> list[Image]:
    """The images that a file names, in its order, with their boxes.

    Args:
        path: The file; images are looked for beside it.
        contract: Labels of the output that holds classes, or how many there are.

    Raises:
        DataError: Not such a file, an image that is missing or named twice, an unknown category or
            image, a box that is none.
    """
    text = files.read_text(path, "file of annotations", kind=DataError)
    with reading(path, _FAULT, kind=DataError, hint=_HINT):
        payload: Json = json.loads(text)
    classes = _classes(_list(payload, "categories", path), contract, path)
    listed = _list(payload, "images", path)
    boxes: dict[object, list[list[float]]] = defaultdict(list)
    known = {_key(image, "id", path) for image in listed}
    for number, annotation in enumerate(_list(payload, "annotations", path)):
        place = f"annotation {number} of {path}"
        image = _key(annotation, "image_id", path)
        if image not in known:
            raise DataError(
                "Each annotation must be of an image in the list of images.",
                received=f"image_id {image!r} in {place}",
            )
        if annotation.get("iscrowd"):
            continue
        category = _key(annotation, "category_id", path)
        if category not in classes:
            raise DataError(
                "Each annotation must be of a category in the list of categories.",
                received=f"category_id {category!r} in {place}",
            )
        boxes[image].append([*_corners(annotation.get("bbox"), place), float(classes[category])])
    return [_image(image, boxes[_key(image, "id", path)], path) for image in listed]


def check_size(image: Image, size: tuple[int, int]) -> None:
    """Refuse an image of another size than the annotations say: its boxes would be wrong.

    Raises:
        DataError: It is.
    """
    if image.size not in (None, size):
        raise DataError(
            "An image must have the size that its annotations state, or its boxes are wrong.",
            received=f"{image.path}: {size[1]} x {size[0]}, stated {image.size}",
            hint="annotate the images as they are; one that is turned by its EXIF counts turned.",
        )


def fitted(image: Image, size: tuple[int, int], spec: TensorSpec, contract: Contract) -> np.ndarray:
    """An image's boxes `(k, 5)` in pixels of the model's input.

    Args:
        image: With its boxes.
        size: Height and width of the decoded file.
        spec: The input, with its preprocessing.
        contract: How many classes there are.

    Raises:
        DataError: The stated size is another, or a box lies outside.
    """
    check_size(image, size)
    return box_labels.fitted(image.boxes, size, spec.preprocessing, contract, str(image.path))


def _image(entry: dict[str, Json], rows: Sequence[Sequence[float]], path: Path) -> Image:
    name = entry.get("file_name")
    if not isinstance(name, str) or not name:
        raise DataError(
            f"Each image in {path} must have a file_name.", received=f"{name!r}", hint=_HINT
        )
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts:
        raise DataError(
            "Images must lie in the folder of their annotations.", received=f"{name!r} in {path}"
        )
    place = path.parent / inside
    if not place.is_file():
        raise DataError(
            "The annotations name an image that was not found.",
            received=f"{place}, named in {path.name}",
            hint="put the file of annotations into the folder of its images.",
        )
    height, width = entry.get("height"), entry.get("width")
    size = (height, width) if isinstance(height, int) and isinstance(width, int) else None
    return Image(place, size, np.array(rows, dtype=np.float64).reshape(-1, 5))


def _classes(
    categories: Sequence[dict[str, Json]], contract: Contract, path: Path
) -> dict[object, int]:
    """Class ids by category id."""
    names = {_key(one, "id", path): one.get("name") for one in categories}
    found = box_decoder.detector(contract.outputs)
    related = {found[0], *found[1].others} if found else {spec.name for spec in contract.outputs}
    labels = next(
        (spec.labels for spec in contract.outputs if spec.labels and spec.name in related), ()
    )
    if not labels:
        return {key: number for number, key in enumerate(sorted(names, key=_order))}
    for name in names.values():
        if name not in labels:
            raise DataError(
                f"Each category in {path} must be one of the output's labels.",
                received=repr(name),
                hint=nearest(str(name), labels) or f"labels are {', '.join(labels[:8])}...",
            )
    return {key: labels.index(str(name)) for key, name in names.items()}


def _order(key: object) -> tuple[bool, float, str]:
    return (False, float(key), "") if isinstance(key, (int, float)) else (True, 0.0, str(key))


def _list(payload: Json, key: str, path: Path) -> list[dict[str, Json]]:
    entries = payload.get(key) if isinstance(payload, dict) else None
    if not isinstance(entries, list):
        raise DataError(_FAULT, received=f"{path} without a list {key!r}", hint=_HINT)
    tables = [entry for entry in entries if isinstance(entry, dict)]
    if len(tables) != len(entries):
        raise DataError(_FAULT, received=f"{path}: an entry of {key!r} that is no table")
    return tables


def _key(entry: dict[str, Json], name: str, path: Path) -> int | str:
    value = entry.get(name)
    if isinstance(value, (int, str)):
        return value
    raise DataError(_FAULT, received=f"{path}: {name} = {value!r} in {str(entry)[:80]}", hint=_HINT)


def _corners(bbox: Json, place: str) -> list[float]:
    numbers = bbox if isinstance(bbox, list) else []
    values = [float(v) for v in numbers if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if len(values) != 4 or len(numbers) != 4:
        raise DataError(
            "A bbox must be four numbers: x, y, width, height.",
            received=f"{str(bbox)[:80]} in {place}",
        )
    return [values[0], values[1], values[0] + values[2], values[1] + values[3]]
