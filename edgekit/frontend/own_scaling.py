"""The layer of a Keras model that scales an input first, such as a Rescaling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edgekit.compat.keras import calls_that_read, history
from edgekit.frontend.load.loaded import LoadedModel

# Layers that leave the range of pixels as it is, so the scaling may come behind them.
_PASSING = {
    "InputLayer",
    "Identity",
    "Cast",
    "Resizing",
    "CenterCrop",
    "Cropping2D",
    "ZeroPadding2D",
    "RandomFlip",
    "RandomRotation",
    "RandomZoom",
    "RandomTranslation",
    "RandomCrop",
}
# Scales that bring 0 to 255 near 1: 1/255, 1/128, 1/127.5. And means that only pixels have.
_PIXEL_SCALES = (1 / 300, 1 / 100)
_PIXEL_MEAN = 20.0
_MOST_LAYERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """The layer inside a model that scales an input first.

    `takes_pixels` tells that it expects values from 0 to 255.
    """

    layer: str
    does: str
    takes_pixels: bool


def own_scaling(loaded: LoadedModel) -> dict[str, Scaling]:
    """The layer that first scales each input; none where several read it, or nothing scales."""
    inputs = symbolic_tensors(loaded.model, "inputs")
    if len(inputs) != len(loaded.inputs):
        return {}
    found = {}
    for spec, tensor in zip(loaded.inputs, inputs, strict=True):
        # By layer: a Keras 3 Sequential notes each call twice.
        readers = {id(layer): (layer, node) for layer, node in _readers(tensor, _MOST_LAYERS)}
        scaling = _as_scaling(*readers.popitem()[1]) if len(readers) == 1 else None
        if scaling is not None:
            found[spec.name] = scaling
    return found


def _readers(tensor: Any, most: int) -> Iterator[tuple[Any, Any]]:
    """The layers that first do something with the values of `tensor`, with their calls."""
    source, _ = made_by(tensor)
    for node in calls_that_read(source)[:most]:
        layer = getattr(node, "operation", None) or getattr(node, "layer", None)
        inner = symbolic_tensors(layer, "inputs") if hasattr(layer, "layers") else []
        if len(inner) == 1:
            yield from _readers(inner[0], most - 1)
        elif type(layer).__name__ in _PASSING and most > 0:
            outputs = node.outputs if isinstance(node.outputs, (list, tuple)) else [node.outputs]
            for tensor in outputs:
                yield from _readers(tensor, most - 1)
        else:
            yield layer, node


def _as_scaling(layer: Any, node: Any) -> Scaling | None:
    import numpy as np

    kind, name = type(layer).__name__, str(layer.name)
    if kind == "Rescaling":
        scale, offset = np.asarray(layer.scale, float), np.asarray(layer.offset, float)
        does = f"value * {_shown(scale)}" + (f" + {_shown(offset)}" if offset.any() else "")
        does = does.replace("+ -", "- ")
        return Scaling(layer=name, does=does, takes_pixels=_brings_pixels_near_one(scale))
    if kind == "Normalization" and getattr(layer, "mean", None) is not None:
        mean, variance = np.asarray(layer.mean, float), np.asarray(layer.variance, float)
        does = f"(value - {_shown(mean)}) / {_shown(np.sqrt(variance))}"
        return Scaling(layer=name, does=does, takes_pixels=bool(mean.min() > _PIXEL_MEAN))
    if kind in ("TrueDivide", "Divide") or "truediv" in str(getattr(layer, "symbol", "")):
        divisor = _second_argument(node)
        if divisor:
            scale = np.asarray(1 / divisor)
            pixels = _brings_pixels_near_one(scale)
            return Scaling(layer=name, does=f"value / {divisor:g}", takes_pixels=pixels)
    return None


def _brings_pixels_near_one(scale: Any) -> bool:
    low, high = _PIXEL_SCALES
    return bool((scale > low).all() and (scale < high).all())


def _second_argument(node: Any) -> float | None:
    """What a division divides by, where that is a plain number."""
    arguments = getattr(node, "arguments", None)
    given = getattr(arguments, "args", None) or getattr(node, "call_args", None) or ()
    named = getattr(arguments, "kwargs", None) or getattr(node, "call_kwargs", None) or {}
    values = [*given[1:2], *(named[key] for key in ("x2", "y") if key in named)]
    return float(values[0]) if values and isinstance(values[0], (int, float)) else None


def _shown(values: Any) -> str:
    flat = [f"{value:.6g}" for value in values.reshape(-1)[:4]]
    return flat[0] if values.size == 1 else f"[{', '.join(flat)}{', ...' * (values.size > 4)}]"


def symbolic_tensors(model: Any, which: str) -> list[Any]:
    """Symbolic inputs or outputs; none for a subclassed model or a SavedModel."""
    try:
        return list(getattr(model, which, None) or ())
    except (AttributeError, ValueError):  # a Sequential that was never called
        return []


def made_by(tensor: Any) -> tuple[Any, int]:
    """The layer that made a tensor of either Keras, and which of its outputs it is."""
    found = history(tensor)
    return (found.operation, found.tensor_index) if found else (None, 0)
