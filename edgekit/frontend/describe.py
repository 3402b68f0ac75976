"""What a trained model says of itself, for `edgekit init`: names, activations, own scaling.

`run` and `run_scaled` are called in a child process (see `isolate`); nothing is exported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from edgekit.compat.keras import calls_that_read, history
from edgekit.core.isolate import Stage
from edgekit.core.output_kinds import recognised
from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.data import preprocess
from edgekit.data.samples import Samples
from edgekit.frontend.export.export import fix_shapes
from edgekit.frontend.load import load
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
_Activation = Literal["softmax", "sigmoid"]
# Scales that bring 0 to 255 near 1: 1/255, 1/128, 1/127.5. And means that only pixels have.
_PIXEL_SCALES = (1 / 300, 1 / 100)
_PIXEL_MEAN = 20.0
_MOST_LAYERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A model to load, and what it may do: as `load.load` takes it."""

    model: Path
    unsafe: bool
    custom_objects: str | None = None

    @property
    def own_code(self) -> bool:
        """Whether it may run the person's own code, which may write what the person may."""
        return self.unsafe or self.custom_objects is not None

    def load(self) -> LoadedModel:
        """The model, in this process.

        Raises:
            ModelError: It cannot be loaded; UnsafeModelError where it holds code.
        """
        return load.load(self.model, unsafe=self.unsafe, custom_objects=self.custom_objects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """The layer inside a model that scales an input first.

    `takes_pixels` tells that it expects values from 0 to 255.
    """

    layer: str
    does: str
    takes_pixels: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a model says of itself.

    Attributes:
        contract: With a batch of 1, and activations where the last layer tells them.
        scaling: By input.
        id_limits: By input that holds ids: the first number that is none.
        notes: What loading it had to say.
    """

    contract: Contract
    scaling: dict[str, Scaling] = field(default_factory=dict)
    id_limits: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledPixels:
    """Pixels for a model's image input, and ways to scale them.

    Attributes:
        source: The model.
        input: Its input.
        ways: Each a preprocessing of that input.
        pixels: An `.npz` of `Samples`, uint8 of the input's size.
        folder: Where outputs are written to.
    """

    source: Source
    input: TensorSpec
    ways: tuple[Preprocessing, ...]
    pixels: Path
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledOutputs:
    """An `.npz` of `Samples` for each way, whose reference is what the model computed."""

    files: tuple[Path, ...]


def run(request: Source, report: Callable[[str], None]) -> Description:
    """Load a model and describe it.

    Raises:
        ModelError: It cannot be loaded; UnsafeModelError where it holds code.
    """
    report("loading the model")
    loaded = request.load()
    contract = fix_shapes(loaded, {})
    outputs = tuple(
        replace(
            spec,
            activation=activation,
            kind=recognised(
                spec.shape, spec.dtype, quantized=False, activation=activation, labelled=False
            ),
        )
        for spec, activation in zip(contract.outputs, _activations(loaded), strict=True)
    )
    return Description(
        contract=replace(contract, outputs=outputs),
        scaling=_scaling(loaded),
        id_limits=dict(loaded.id_limits),
        notes=tuple(loaded.notes),
    )


def run_scaled(request: ScaledPixels, report: Callable[[str], None]) -> ScaledOutputs:
    """Compute a model's outputs of pixels that are scaled in several ways.

    Raises:
        ModelError: The model cannot be loaded.
    """
    del report
    loaded, spec = request.source.load(), request.input
    pixels = Samples.load(request.pixels).inputs[spec.name]
    files = []
    for number, way in enumerate(request.ways):
        values = preprocess.preprocess_batch(pixels, replace(spec, preprocessing=way))
        outputs = loaded.predict({spec.name: values})
        few = Samples(inputs={spec.name: pixels[:, :1, :1]}, reference=outputs)
        files.append(request.folder / f"{number}.npz")
        few.save(files[-1], compress=False)
    return ScaledOutputs(files=tuple(files))


DESCRIBE = Stage(f"{__name__}:run", Source, Description)
RUN_SCALED = Stage(f"{__name__}:run_scaled", ScaledPixels, ScaledOutputs)


def _tensors(model: Any, which: str) -> list[Any]:
    """Symbolic inputs or outputs; none for a subclassed model or a SavedModel."""
    try:
        return list(getattr(model, which, None) or ())
    except (AttributeError, ValueError):  # a Sequential that was never called
        return []


def _history(tensor: Any) -> tuple[Any, int]:
    """The layer that made a tensor of either Keras, and which of its outputs it is."""
    found = history(tensor)
    return (found.operation, found.tensor_index) if found else (None, 0)


def _activations(loaded: LoadedModel) -> list[_Activation | None]:
    outputs = _tensors(loaded.model, "outputs")
    if len(outputs) != len(loaded.outputs):
        return [None] * len(loaded.outputs)
    return [_activation(tensor) for tensor in outputs]


def _activation(tensor: Any) -> _Activation | None:
    layer, index = _history(tensor)
    inner = _tensors(layer, "outputs")
    if inner:  # a nested model: its own last layer
        return _activation(inner[index]) if index < len(inner) else None
    kind = _named(type(layer).__name__.lower())
    if kind:
        axis = getattr(layer, "axis", -1)
        return kind if axis in (-1, len(tensor.shape) - 1) else None
    return _named(getattr(getattr(layer, "activation", None), "__name__", ""))


def _named(name: str) -> _Activation | None:
    known: tuple[_Activation, ...] = get_args(_Activation)
    return next((activation for activation in known if activation == name), None)


def _scaling(loaded: LoadedModel) -> dict[str, Scaling]:
    inputs = _tensors(loaded.model, "inputs")
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
    source, _ = _history(tensor)
    for node in calls_that_read(source)[:most]:
        layer = getattr(node, "operation", None) or getattr(node, "layer", None)
        inner = _tensors(layer, "inputs") if hasattr(layer, "layers") else []
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
