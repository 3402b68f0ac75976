"""Input shapes: a batch of 1, and the sizes that the user fixed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from edgekit.core.errors import ModelError, UsageError
from edgekit.core.records import Contract, TensorSpec
from edgekit.core.suggest import nearest
from edgekit.core.text import printable
from edgekit.frontend.load.loaded import LoadedModel

Shapes = Mapping[str, tuple[int, ...]]

# Of one input; what a damaged or hostile file states may be 2**60.
_MOST_VALUES = 2**31


def fix_shapes(loaded: LoadedModel, shapes: Shapes) -> Contract:
    """The model's contract with a batch of 1 and the sizes that the user fixed.

    Raises:
        UsageError: An unknown input, a shape of another rank, or one that contradicts
            a size the model already fixes.
        ModelError: An input that no memory holds.
    """
    names = [spec.name for spec in loaded.inputs]
    for name in shapes:
        if name not in names:
            raise UsageError(
                f"--input-shape must name an input of the model: {', '.join(names)}.",
                received=f"--input-shape {name}=...",
                hint=nearest(name, names),
            )
    inputs = tuple(_fix_shape(spec, shapes.get(spec.name)) for spec in loaded.inputs)
    for spec in inputs:
        if math.prod(abs(size) for size in spec.shape) > _MOST_VALUES:
            raise ModelError(
                "The shape of an input is too large for any device.",
                received=f"{loaded.name}: {printable(spec.name)} of shape {list(spec.shape)}",
                hint="fix its sizes in the model; or copy or download it again, if it is damaged.",
            )
    return Contract(inputs=inputs, outputs=loaded.outputs)


def _fix_shape(spec: TensorSpec, wanted: tuple[int, ...] | None) -> TensorSpec:
    shape = (1, *spec.shape[1:])
    if wanted is not None:
        fits = len(wanted) == len(shape) and all(
            w > 0 and s in (-1, w) for w, s in zip(wanted, shape, strict=True)
        )
        if not fits:
            raise UsageError(
                f"--input-shape {spec.name} must fit the model's shape {list(shape)}, where -1 is "
                "free and the batch is 1.",
                received=str(list(wanted)),
            )
        shape = tuple(wanted)
    return replace(spec, shape=shape)


def open_sizes(contract: Contract) -> list[str]:
    """What to say of inputs whose sizes stay unknown."""
    return [
        f"input {spec.name} keeps unknown sizes {list(spec.shape)}: the app must resize it, "
        f"and buffers cannot be planned; fix them with --input-shape "
        f"{spec.name}={','.join('N' if s < 0 else str(s) for s in spec.shape)}."
        for spec in contract.inputs
        if -1 in spec.shape
    ]
