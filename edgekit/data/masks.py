"""Masks: what each pixel of an image is, as labels of an output `(n, height, width, classes)`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekit.core import files
from edgekit.core.errors import DataError, reading
from edgekit.core.records import Contract, Limits, Preprocessing, TensorSpec
from edgekit.data import images, unpacked_size
from edgekit.data.samples import Samples

IMAGES, MASKS = "images", "masks"
"""Folders of files with equal names, one the mask of the other."""

_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".gif", ".pgm")  # lossless
_FAULT = "The mask could not be decoded."
_WHITE = 255


def output(contract: Contract, where: str) -> TensorSpec:
    """The output that masks are labels of.

    Raises:
        DataError: None is a mask, or several are.
    """
    able = [spec for spec in contract.outputs if len(spec.shape) == 4]
    found = [spec for spec in able if spec.kind == "mask"] or able
    if len(found) != 1:
        raise DataError(
            "Masks must be labels of one output of the model, (height, width, classes).",
            received=f"{where} for "
            + (", ".join(f"{s.name} {list(s.shape)}" for s in found or contract.outputs)),
            hint='say which: [output.NAME] kind = "mask".'
            if found
            else "look whether the data belongs to this model.",
        )
    return found[0]


def beside(image_files: Sequence[Path], folder: Path) -> list[Path]:
    """The mask of each image: of the same name, but for what stands behind its last dot.

    Raises:
        DataError: An image has none.
    """
    every = {path.stem: path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES}
    without = [path for path in image_files if path.stem not in every]
    if without:
        raise DataError(
            f"{folder} must have a mask of each image, of the same name.",
            received=f"{len(without)} of {len(image_files)} images without, first {without[0]}",
            hint=f"add {without[0].stem}.png, or take the image away.",
        )
    return [every[path.stem] for path in image_files]


def read(path: Path, *, memory_bytes: int = Limits().memory_bytes) -> np.ndarray:
    """A mask file as class ids `(height, width)`, turned as its EXIF says.

    Of a file with a palette its indices count, of three equal channels one.

    Raises:
        DataError: No image, damaged, too large, or of colours.
    """
    from PIL import Image, ImageOps

    files.size(path, "mask", kind=DataError)
    with reading(path, _FAULT, kind=DataError), warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=UserWarning)
        with Image.open(path) as image:
            unpacked_size.fits(image.width * image.height * 4, memory_bytes, str(path))
            ids = np.asarray(ImageOps.exif_transpose(image))
    if ids.ndim == 3 and (ids[..., :3] == ids[..., :1]).all():
        ids = ids[..., 0]
    if ids.ndim != 2:
        raise DataError(
            "Masks must hold the class of each pixel, in one channel.",
            received=f"{path} of shape {ids.shape} with colours",
            hint="save class ids, or 0 and 255, as a gray PNG.",
        )
    return ids.astype(np.uint8) if ids.dtype == np.bool_ else ids


def fitted(mask: np.ndarray, size: Sequence[int], rules: Preprocessing, what: str) -> np.ndarray:
    """A mask with the geometry that preprocessing gives its image; no class is blended.

    Args:
        mask: `(height, width)`, integers.
        size: Height and width of the raw image.
        rules: Of the image.
        what: What errors call it.

    Returns:
        `(height, width)` of the model's input.

    Raises:
        DataError: Its size is not the image's.
    """
    from PIL.Image import fromarray

    if mask.shape != tuple(size):
        raise DataError(
            "A mask must have the size of its image.",
            received=f"{what}: {_size(mask.shape)} for an image of {_size(size)}",
            hint="resize it without blending (nearest), as the image was.",
        )
    image = fromarray(np.ascontiguousarray(mask, np.int32))
    image = images.resized(image, replace(rules, resize="nearest"))
    ids: np.ndarray = np.asarray(image).astype(mask.dtype)
    return ids


def check_size(labels: np.ndarray, spec: TensorSpec) -> None:
    """Refuse masks of another size than the output whose labels they are.

    Args:
        labels: Integers `(n, height, width)`, perhaps with a last axis of 1, are masks of an
            output `(1, height, width, classes)`; other labels are not looked at.
        spec: The output.

    Raises:
        DataError: They have another size.
    """
    size = labels.shape[1:3]
    masks = labels.ndim == 3 or (labels.ndim == 4 and labels.shape[-1] == 1)
    if not masks or len(spec.shape) != 4 or labels.dtype.kind not in "iub":
        return
    if any(wanted not in (-1, got) for wanted, got in zip(spec.shape[1:3], size, strict=True)):
        raise DataError(
            f"Masks of output {spec.name!r} must have its size, {_size(spec.shape[1:3])}.",
            received=f"labels of shape {labels.shape}",
            hint="resize them without blending (nearest), as the images were; raw images that "
            "edgekit.toml has resized take masks of their own size along.",
        )


def decided(masks: np.ndarray) -> np.ndarray:
    """0 and 255, as pictures of masks have them, as 0 and 1; other ids as they are."""
    if masks.max(initial=0) != _WHITE or not np.isin(masks, (0, _WHITE)).all():
        return masks
    return np.asarray(masks == _WHITE, np.uint8)


def resized_with(
    raw: np.ndarray, samples: Samples, spec: TensorSpec, contract: Contract
) -> Samples:
    """Samples whose masks have followed their images through preprocessing.

    Args:
        raw: Images before preprocessing, `(n, height, width, ...)`.
        samples: With labels of any kind.
        spec: The input that the images feed.
        contract: The outputs.
    """
    if spec.preprocessing.kind != "image" or raw.ndim < 3:
        return samples
    size = (raw.shape[1], raw.shape[2])
    rules = spec.preprocessing
    alone = len(contract.outputs) == 1

    def follow(labels: np.ndarray | None, of: TensorSpec) -> np.ndarray | None:
        if labels is None or len(of.shape) != 4 or labels.dtype.kind not in "iub":
            return labels
        ids = labels[..., 0] if labels.ndim == 4 and labels.shape[-1] == 1 else labels
        if ids.ndim != 3 or ids.shape[1:] != size or size == of.shape[1:3]:
            return labels
        return np.stack([fitted(mask, size, rules, of.name) for mask in ids])

    heads = {}
    for of in contract.outputs:
        followed = follow(samples.head_labels.get(of.name), of)
        if followed is not None:
            heads[of.name] = followed
    labels = follow(samples.labels, contract.outputs[0]) if alone else samples.labels
    return replace(samples, labels=labels, head_labels=heads)


def _size(size: Sequence[int]) -> str:
    return "x".join(map(str, size))
