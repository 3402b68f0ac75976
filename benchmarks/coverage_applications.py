"""Every architecture of `keras.applications` in its smallest size: float, static int8, pruned.

Nobody trained them: weights are random (see `random_weights`), classes are ten, and images are as
small as leaves the last feature map some pixels. What is looked up in Keras and has no line here,
after an update, stops the sweep.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import applications

from benchmarks import random_weights
from benchmarks.sweep import Case, Source

_SAMPLES = 32
_CLASSES = 10


@dataclass(frozen=True, slots=True)
class _Architecture:
    """One architecture.

    Attributes:
        size: Height and width of its images, in pixels.
        options: Further arguments.
        low: The smallest value of a pixel.
        high: The largest one.
    """

    size: int = 64
    options: tuple[tuple[str, Any], ...] = ()
    low: float = -1.0
    high: float = 1.0


_PIXELS = _Architecture(low=0.0, high=255.0)  # the model scales them itself

# The smallest one of each architecture; what differs from it in depth or width alone is in _LARGER.
_SMALLEST: dict[str, _Architecture] = {
    "ConvNeXtTiny": _PIXELS,
    "DenseNet121": _Architecture(),
    "EfficientNetB0": _PIXELS,
    "EfficientNetV2B0": _PIXELS,
    "InceptionResNetV2": _Architecture(96),
    "InceptionV3": _Architecture(96),
    "MobileNet": _Architecture(options=(("alpha", 0.25),)),
    "MobileNetV2": _Architecture(options=(("alpha", 0.35),)),
    "MobileNetV3Large": _PIXELS,
    "MobileNetV3Small": _PIXELS,
    "NASNetMobile": _Architecture(),
    "ResNet50": _Architecture(),
    "ResNet50V2": _Architecture(),
    "VGG16": _Architecture(),
    "Xception": _Architecture(96),
}
_LARGER = {
    *(f"ConvNeXt{size}" for size in ("Small", "Base", "Large", "XLarge")),
    *(f"DenseNet{depth}" for depth in (169, 201)),
    *(f"EfficientNetB{number}" for number in range(1, 8)),
    *(f"EfficientNetV2{size}" for size in ("B1", "B2", "B3", "S", "M", "L")),
    *(f"ResNet{depth}{version}" for depth in (101, 152) for version in ("", "V2")),
    "NASNetLarge",
    "VGG19",
}


def cases() -> list[Case]:
    """Two cases for each architecture: as it is, and without a quarter of its channels."""
    missing = uncovered()
    assert not missing, f"coverage_applications has no line for {', '.join(missing)}"
    quarter = ("--prune", "structured", "--sparsity", "0.25")
    nearest = ("--rounding", "nearest")  # GPTQ of millions of random weights takes minutes
    found = []
    for name, architecture in _SMALLEST.items():
        make = partial(_make, function=getattr(applications, name), architecture=architecture)
        found += [
            Case(name, make, ("float32", "static_wi8_ai8"), nearest),
            Case(f"{name}, pruned", make, options=quarter, written_model="m.pruned.keras"),
        ]
    return found


def uncovered() -> list[str]:
    """The architectures of Keras without a line here."""
    return sorted(
        name
        for name, value in vars(applications).items()
        if inspect.isfunction(value) and name not in _SMALLEST and name not in _LARGER
    )


def _make(folder: Path, function: Callable[..., Any], architecture: _Architecture) -> Source:
    keras.utils.set_random_seed(0)
    model = function(
        weights=None,
        classes=_CLASSES,
        classifier_activation=None,
        input_shape=(architecture.size, architecture.size, 3),
        **dict(architecture.options),
    )
    images = _images(architecture)
    random_weights.vary(model)
    random_weights.fit_norms(model, images)
    path, samples = folder / "model.keras", folder / "samples.npz"
    model.save(path)
    np.savez(samples, **{model.layers[0].name: images})
    return Source(model=path, samples=samples)


def _images(architecture: _Architecture) -> np.ndarray:
    """Smooth spots of colour under a little noise, shape (samples, size, size, 3)."""
    random = np.random.default_rng(0)
    coarse = random.uniform(size=(_SAMPLES, 6, 6, 3))
    size = (architecture.size, architecture.size)
    smooth = np.asarray(keras.ops.image.resize(coarse, size, interpolation="bilinear"))
    mixed = np.clip(smooth + 0.05 * random.normal(size=smooth.shape), 0, 1)
    low, high = architecture.low, architecture.high
    return (low + (high - low) * mixed).astype("float32")
