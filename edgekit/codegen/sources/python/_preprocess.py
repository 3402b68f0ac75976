"""Raw data to a model's input, by its contract; the same arithmetic as on the host.

All arithmetic after the resize is float32: `(value - mean) / std`, in this order.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

Rules = dict[str, Any]
"""The `preprocessing` of an input in `contract.json`."""


def preprocess(raw: Any, rules: Rules, length: int, name: str) -> np.ndarray:
    """One raw sample as real values, before they are stored as the model wants them.

    Args:
        raw: For `image` integers 0 to 255 of shape `(height, width)` or `(height, width, 1|3|4)`,
            a Pillow image or the path of a file; for `audio` `(samples,)` or
            `(samples, channels)`, where integers are divided by half their range and channels
            averaged; for `tabular` numbers; for `text` one string.
        rules: As the contract has them.
        length: The last size of the input, which is the length of text.
        name: The input's, for errors.

    Returns:
        float32, or int32 ids of text; `raw` itself where the contract names no preprocessing.

    Raises:
        ValueError: The sample is not what the kind takes.
    """
    kind = rules.get("kind", "none")
    if kind == "text":
        return _text(raw, rules, length, name)
    if kind == "image":
        values = pixels(raw, rules, name).astype(np.float32)
    elif kind == "audio":
        values = _audio(np.asarray(raw), rules["window"], name)
    elif kind == "tabular":
        table = np.asarray(raw)
        if table.dtype.kind not in "iufb":
            raise ValueError(f"Values of {name} must be numbers; received {table.dtype}.")
        values = table.astype(np.float32)
    else:
        return np.asarray(raw)
    mean = np.asarray(rules.get("mean", [0.0]), np.float32)
    std = np.asarray(rules.get("std", [1.0]), np.float32)
    result: np.ndarray = (values - mean) / std
    return result


def pixels(raw: Any, rules: Rules, name: str) -> np.ndarray:
    """An image, resized, cropped and in the contract's order of channels.

    Returns:
        `(height, width, 1 or 3)`: uint8, or float32 where Keras' resize is asked for.

    Raises:
        ValueError: Another shape or type, or a value beyond 0 to 255.
    """
    image = _image(raw, name)
    if rules.get("resize") != "keras-bilinear":
        return _in_order(_resized(image, rules), rules)
    height, width, top, left = _resized_to(image, rules)
    made = _as_keras(_in_order(image, rules), height, width)
    return made[top : top + rules["size"][0], left : left + rules["size"][1]]


def _in_order(image: Any, rules: Rules) -> np.ndarray:
    if rules.get("channels", "rgb") == "gray":
        # ITU-R 601: (19595 R + 38470 G + 7471 B + 32768) >> 16. Gray stays as it is.
        return np.asarray(image.convert("L"))[:, :, None]
    values = np.asarray(image.convert("RGB"))
    return values[:, :, ::-1] if rules.get("channels") == "bgr" else values


def _image(raw: Any, name: str) -> Any:
    from PIL import Image, ImageOps

    if isinstance(raw, (str, os.PathLike)):
        with Image.open(raw) as opened:
            return _image(opened, name)
    if isinstance(raw, Image.Image):
        if raw.mode[0] in "IF":
            raise ValueError(
                f"Images of {name} must have 8 bits a channel; received mode {raw.mode}."
            )
        turned = ImageOps.exif_transpose(raw)  # None where nothing is turned, in some versions
        return (raw if turned is None else turned).convert("RGB")
    array = np.asarray(raw)
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or not array.size:
        raise ValueError(
            f"A sample of {name} must be an image (height, width) or (height, width, 1, 3 or 4); "
            f"received shape {array.shape}."
        )
    if array.dtype.kind not in "iu" or array.min() < 0 or array.max() > 255:
        raise ValueError(
            f"Pixels of {name} must be integers from 0 to 255; received {array.dtype} from "
            f"{array.min()} to {array.max()}."
        )
    array = np.ascontiguousarray(array, np.uint8)
    if channels == 1:
        return Image.fromarray(array.reshape(array.shape[:2]))
    # Transparency is dropped, not blended.
    return Image.fromarray(array).convert("RGB")


def _resized(image: Any, rules: Rules) -> Any:
    from PIL.Image import Resampling

    method = {
        "nearest": Resampling.NEAREST,
        "bilinear": Resampling.BILINEAR,
        "bicubic": Resampling.BICUBIC,
    }[rules.get("resize", "bilinear")]
    height, width, top, left = _resized_to(image, rules)
    image = _in_two_passes(image, width, height, method)
    return image.crop((left, top, left + rules["size"][1], top + rules["size"][0]))


def _resized_to(image: Any, rules: Rules) -> tuple[int, int, int, int]:
    """The height and width before the crop, and the row and column that it begins at."""
    height, width = rules["size"]
    goal = rules.get("resize_shorter_to")
    if goal is None:
        return height, width, 0, 0
    # Whole numbers, so that every language gets the same size.
    across, down = (side * goal // min(image.size) for side in image.size)
    return down, across, (down - height) // 2, (across - width) // 2


def _as_keras(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """What `tf.image.resize` computes, which Keras' loaders use: no antialiasing, no rounding."""
    values = pixels.astype(np.float32)
    upper, lower, down = _neighbours(values.shape[0], height)
    left, right, across = _neighbours(values.shape[1], width)
    across, down = across[None, :, None], down[:, None, None]
    above, below = values[upper], values[lower]
    top = above[:, left] + (above[:, right] - above[:, left]) * across
    bottom = below[:, left] + (below[:, right] - below[:, left]) * across
    result: np.ndarray = top + (bottom - top) * down
    return result


def _neighbours(count: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each new pixel: the old ones beside it, and how far the second one counts."""
    half = np.float32(0.5)
    at = (np.arange(wanted, dtype=np.float32) + half) * (np.float32(count) / np.float32(wanted))
    at -= half
    before = np.floor(at)
    first = np.maximum(before, 0).astype(np.int64)
    second = np.minimum(np.ceil(at), count - 1).astype(np.int64)
    return first, second, at - before


def _in_two_passes(image: Any, width: int, height: int, method: Any) -> Any:
    """A resize in the order that Pillow 13 takes: the last bit shows it, and older ones differ."""
    down_first = height < image.height and image.height - height > 2 * (image.width - width)
    between = (image.width, height) if down_first else (width, image.height)
    for size in (between, (width, height)):
        if size != image.size:
            image = image.resize(size, method)
    return image


def _audio(raw: np.ndarray, window: int, name: str) -> np.ndarray:
    if raw.ndim not in (1, 2) or raw.dtype.kind not in "iuf" or 0 in raw.shape[1:]:
        raise ValueError(
            f"A sample of {name} must be sound of shape (samples,) or (samples, channels); "
            f"received {raw.dtype} of shape {raw.shape}."
        )
    values = raw.astype(np.float32)
    half = np.float32(2.0 ** (8 * raw.dtype.itemsize - 1))
    if raw.dtype.kind == "i":
        values = values / half
    elif raw.dtype.kind == "u":
        values = (values - half) / half
    if values.ndim == 2:
        values = values.mean(axis=1, dtype=np.float32)
    return np.pad(values[:window], (0, max(0, window - len(values))))


def _text(raw: Any, rules: Rules, length: int, name: str) -> np.ndarray:
    if not isinstance(raw, str):
        raise ValueError(f"A sample of {name} must be one string; received {type(raw).__name__}.")
    vocabulary = rules.get("vocabulary", [])
    unknown = rules.get("unknown_id", 0)
    # Of an entry that is there twice, the first one counts.
    index = {entry: i for i, entry in reversed(list(enumerate(vocabulary)))}
    by_character = all(len(entry) <= 1 or _is_special(entry) for entry in index)
    parts = list(raw) if by_character else raw.split()
    ids = np.array([index.get(part, unknown) for part in parts], dtype=np.int32)
    return np.pad(ids[:length], (0, max(0, length - len(ids))))


def _is_special(entry: str) -> bool:
    return len(entry) > 2 and entry[0] + entry[-1] in ("[]", "<>")
