"""The usual ways in which files' whole numbers become what models were trained on."""

from __future__ import annotations

from dataclasses import replace

from edgekit.core.records import Preprocessing, TensorSpec

_IMAGE = Preprocessing(kind="image")
_OF_PIXELS = {
    "0 to 255": _IMAGE,
    "0 to 1": replace(_IMAGE, std=(255.0,)),
    "-1 to 1": replace(_IMAGE, mean=(127.5,), std=(127.5,)),
}
_OF_COLOURS = {
    "torchvision's": replace(_IMAGE, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)),
    "BGR less its means": replace(_IMAGE, channels="bgr", mean=(103.939, 116.779, 123.68)),
}
# A smaller side is more often a spectrogram's or a window's than an image's.
_SMALLEST_SIDE = 8
_NUMBERS = Preprocessing(kind="tabular")
_OF_NUMBERS = {
    "uint8": {
        "value / 255": replace(_NUMBERS, std=(255.0,)),
        "value / 127.5 - 1": replace(_NUMBERS, mean=(127.5,), std=(127.5,)),
    },
    "int8": {"value / 128": replace(_NUMBERS, std=(128.0,))},
    "int16": {"value / 32768": replace(_NUMBERS, std=(32768.0,))},
    "uint16": {"value / 65535": replace(_NUMBERS, std=(65535.0,))},
}


def is_image(spec: TensorSpec) -> bool:
    """Whether an input has the shape of images: (1, height, width, 1 or 3)."""
    sides = spec.shape[1:3]
    return (
        len(spec.shape) == 4
        and spec.shape[3] in (1, 3)
        and all(side == -1 or side >= _SMALLEST_SIDE for side in sides)
    )


def of_pixels(spec: TensorSpec) -> dict[str, Preprocessing]:
    """By name, for an image input of known size; the first one leaves 0 to 255 as it is."""
    size = (spec.shape[1], spec.shape[2])
    if spec.shape[3] != 3:
        return {n: replace(way, size=size, channels="gray") for n, way in _OF_PIXELS.items()}
    return {n: replace(way, size=size) for n, way in (_OF_PIXELS | _OF_COLOURS).items()}


def of_numbers(dtype: str) -> dict[str, Preprocessing]:
    """By name, for integers of a type that are no images; none for floats."""
    return dict(_OF_NUMBERS.get(dtype, {}))
