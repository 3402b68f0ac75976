"""What a trained model says of itself, for `edgekit init`: names, activations, own scaling.

`run` and `run_scaled` are called in a child process (see `isolate`); nothing is exported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from edgekit.core.isolate import Stage
from edgekit.core.output_kinds import recognised
from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.data import preprocess
from edgekit.data.samples import Samples
from edgekit.frontend.export.fixed_shapes import fix_shapes
from edgekit.frontend.load import load
from edgekit.frontend.load.loaded import LoadedModel
from edgekit.frontend.own_scaling import Scaling, made_by, own_scaling, symbolic_tensors

_Activation = Literal["softmax", "sigmoid"]


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
        scaling=own_scaling(loaded),
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


def _activations(loaded: LoadedModel) -> list[_Activation | None]:
    outputs = symbolic_tensors(loaded.model, "outputs")
    if len(outputs) != len(loaded.outputs):
        return [None] * len(loaded.outputs)
    return [_activation(tensor) for tensor in outputs]


def _activation(tensor: Any) -> _Activation | None:
    layer, index = made_by(tensor)
    inner = symbolic_tensors(layer, "outputs")
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
