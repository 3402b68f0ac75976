"""Images: files to RGB, Pillow's resize or Keras', the centre crop, the order of channels."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core import files
from edgekit.core.errors import DataError, ProjectError, reading
from edgekit.core.records import Limits, Preprocessing, TensorSpec
from edgekit.data import keras_resize, unpacked_size

if TYPE_CHECKING:
    from PIL.Image import Image, Resampling

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_FAULT = "The image file could not be decoded."
_PIXEL_BYTES = 4  # Pillow's, of any mode
_RESIZE_HINT = "give `size = [height, width]`."


def read(path: Path, *, memory_bytes: int = Limits().memory_bytes) -> np.ndarray:
    """An image file as raw RGB, uint8 `(height, width, 3)`, turned as its EXIF says.

    An alpha channel is dropped; of an animation the first frame counts.

    Args:
        path: The file.
        memory_bytes: What the process may take; see `unpacked_size.fits`.

    Raises:
        DataError: Not an image, cut off, damaged, larger than Pillow's safety limit or the
            memory limit, or of more than 8 bits a channel.
    """
    from PIL import Image, ImageOps

    files.size(path, "image file", kind=DataError)
    with (
        reading(path, _FAULT, kind=DataError, hint="remove or repair that file."),
        warnings.catch_warnings(),
    ):
        # Pillow warns at 90 and refuses at 180 megapixels; both end here.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        # Metadata that Pillow does not like is no reason to refuse the pixels.
        warnings.filterwarnings("ignore", category=UserWarning)
        with Image.open(path) as image:
            if image.mode[0] in "IF":
                raise DataError(
                    "Images must have 8 bits a channel.",
                    received=f"{path} of mode {image.mode}",
                    hint="convert it, or give an .npz of arrays.",
                )
            unpacked_size.fits(image.width * image.height * _PIXEL_BYTES, memory_bytes, str(path))
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def pixels(raw: np.ndarray, rules: Preprocessing, name: str) -> np.ndarray:
    """Raw pixels, resized, cropped and in the contract's order of channels.

    Args:
        raw: `(height, width)` or `(height, width, 1|3|4)`, integers 0 to 255.
        rules: Of kind `image`.
        name: The input, for errors.

    Returns:
        `(*size, 1 or 3)`: uint8, or float32 that is not rounded where Keras' resize is asked for.

    Raises:
        DataError: Another shape or dtype, or a value beyond 0 to 255.
    """
    from PIL.Image import fromarray

    if raw.ndim not in (2, 3) or (raw.ndim == 3 and raw.shape[2] not in (1, 3, 4)) or not raw.size:
        raise DataError(
            f"A raw sample of {name} must be an image (height, width) or (height, width, 1, 3 or "
            "4).",
            received=f"shape {raw.shape}",
        )
    if raw.dtype != np.uint8:
        if raw.dtype.kind not in "iu" or raw.min() < 0 or raw.max() > 255:
            raise DataError(
                f"Raw pixels of {name} must be integers from 0 to 255.",
                received=f"{raw.dtype} from {raw.min()} to {raw.max()}",
                hint="float arrays in an .npz count as model inputs and are not preprocessed.",
            )
        raw = raw.astype(np.uint8)
    if raw.ndim == 3 and raw.shape[2] == 1:
        raw = raw[:, :, 0]
    image = fromarray(np.ascontiguousarray(raw))
    if image.mode == "RGBA":
        image = image.convert("RGB")
    if rules.resize == "keras-bilinear":
        # Keras decodes a file to gray, or to RGB, before it resizes.
        values = _in_order(image, rules)
        height, width, top, left = _resized_to(image, rules)
        made = keras_resize.resize(values, height, width)
        return made[top : top + rules.image_size[0], left : left + rules.image_size[1]]
    return _in_order(resized(image, rules), rules)


def _in_order(image: Image, rules: Preprocessing) -> np.ndarray:
    if rules.channels == "gray":
        # ITU-R 601: (19595 R + 38470 G + 7471 B + 32768) >> 16. Gray stays as it is.
        return np.asarray(image.convert("L"))[:, :, None]
    values = np.asarray(image.convert("RGB"))
    return values[:, :, ::-1] if rules.channels == "bgr" else values


def _resized_to(image: Image, rules: Preprocessing) -> tuple[int, int, int, int]:
    """The height and width before the crop, and the row and column that it begins at."""
    height, width = rules.image_size
    if rules.resize_shorter_to is None:
        return height, width, 0, 0
    # Whole numbers, so that every language gets the same size.
    across, down = (side * rules.resize_shorter_to // min(image.size) for side in image.size)
    return down, across, (down - height) // 2, (across - width) // 2


def resized(image: Image, rules: Preprocessing) -> Image:
    """An image of the size of the model's input: stretched, or scaled and cut out of its centre."""
    from PIL.Image import Resampling

    method = {
        "nearest": Resampling.NEAREST,
        "bilinear": Resampling.BILINEAR,
        "bicubic": Resampling.BICUBIC,
    }[rules.resize]
    height, width, top, left = _resized_to(image, rules)
    image = _in_two_passes(image, width, height, method)
    return image.crop((left, top, left + rules.image_size[1], top + rules.image_size[0]))


def _in_two_passes(image: Image, width: int, height: int, method: Resampling) -> Image:
    """A resize in the order of passes of Pillow 13, by any Pillow.

    The last bit tells the order: 13 begins with the rows where that saves much, older ones never.
    """
    rows_first = height < image.height and image.height - height > 2 * (image.width - width)
    between = (image.width, height) if rows_first else (width, image.height)
    for size in (between, (width, height)):
        if size != image.size:
            image = image.resize(size, method)
    return image


def validate(spec: TensorSpec, where: str) -> None:
    """Check the keys of an image: its size, and that it is the input's.

    Raises:
        ProjectError: They contradict each other or the input's shape.
    """
    rules = spec.preprocessing
    if rules.size is None:
        raise ProjectError(
            f"{where} of kind 'image' needs its size.", received="no size", hint=_RESIZE_HINT
        )
    if min(rules.size) < 1:
        raise ProjectError(
            f"{where} size must be two positive numbers.",
            received=f"size = {list(rules.size)}",
            hint=_RESIZE_HINT,
        )
    if rules.resize_shorter_to is not None and rules.resize_shorter_to < max(rules.size):
        raise ProjectError(
            f"{where} resize_shorter_to must be at least the size that is cut out of it.",
            received=f"resize_shorter_to = {rules.resize_shorter_to}, size = {list(rules.size)}",
        )
    channels = 1 if rules.channels == "gray" else 3
    shape: tuple[int, ...] = (*rules.size, channels)
    wanted = spec.shape[1:]
    if len(wanted) == 2 and channels == 1:
        shape = shape[:2]
    if len(wanted) != len(shape) or any(
        w not in (-1, m) for w, m in zip(wanted, shape, strict=True)
    ):
        raise ProjectError(
            f"{where} must make what the model takes: shape {list(wanted)} for each sample "
            "(height, width, channels).",
            received=f"size = {list(rules.size)}, channels = {rules.channels!r}, "
            f"that is {list(shape)}",
        )
