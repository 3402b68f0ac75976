"""What tfmot's `QuantizeConfig` of a layer says: which of its tensors are rounded, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgekit.core.errors import ModelError
from edgekit.core.text import printable

# Activations that a layer `Activation` rounds behind itself; the rest have fixed ranges.
_ROUNDED_ACTIVATIONS = ("relu", "relu6", "swish", "silu", "gelu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How one layer rounds.

    Attributes:
        weights: Attributes that hold weights to round, from -127 to 127.
        per_channel: Whether each channel, the last axis, has a range of its own.
        activations: Attributes that hold activations.
        output: Whether what it gives is rounded.
    """

    weights: tuple[str, ...] = ()
    per_channel: bool = False
    activations: tuple[str, ...] = ()
    output: bool = False


def rules(config: Mapping[str, Any], layer: Any) -> Rules:
    """The rules of a wrapped layer.

    Args:
        config: Its `quantize_config`, as the file has it.
        layer: The layer.

    Raises:
        ModelError: It is none of tfmot's default scheme, or names what the layer does not have.
    """
    kind, options = config.get("class_name"), dict(config.get("config") or {})
    found = Rules(
        weights=tuple(options.get("weight_attrs") or ()),
        per_channel=kind == "Default8BitConvQuantizeConfig",
        activations=tuple(options.get("activation_attrs") or ()),
        output=bool(options.get("quantize_output", kind in _ROUND_OUTPUT)),
    )
    if kind == "NoOpQuantizeConfig":
        return Rules()
    if kind == "Default8BitActivationQuantizeConfig":
        name = getattr(layer.activation, "__name__", "")
        return Rules(output=found.output and name in _ROUNDED_ACTIVATIONS)
    if kind == "OutputOnlyConfig" and isinstance(options.get("quantize_config"), Mapping):
        return replace(rules(options["quantize_config"], layer), weights=())
    known = kind in _BY_ATTRIBUTES and all(
        isinstance(name, str) and name.isidentifier() and not name.startswith("_")
        for name in (*found.weights, *found.activations)
    )
    if not known:
        raise ModelError(
            "A layer must be quantized by a QuantizeConfig of tfmot's default 8-bit scheme.",
            received=f"the layer {layer.name!r} with {printable(str(kind))}",
            hint="convert the SavedModel of this model: model.save(FOLDER, save_format='tf').",
        )
    return found


_ROUND_OUTPUT = ("Default8BitOutputQuantizeConfig", "Default8BitActivationQuantizeConfig")
_BY_ATTRIBUTES = (
    "Default8BitQuantizeConfig",
    "Default8BitConvQuantizeConfig",
    "Default8BitConvTransposeQuantizeConfig",
    "Default8BitOutputQuantizeConfig",
)
