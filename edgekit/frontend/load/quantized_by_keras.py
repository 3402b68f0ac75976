"""Models that Keras itself quantized, which nothing can be made of: refused with the way out."""

from __future__ import annotations

from typing import Any

from edgekit.core.errors import ModelError
from edgekit.core.text import printable
from edgekit.frontend.trust.check_config import items

# A policy of `Model.quantize` is named `int8_from_float32`, `gptq/4/32_from_float32`.
_FROM = "_from_"
_POLICIES = (
    "QuantizedDTypePolicy",
    "QuantizedFloat8DTypePolicy",
    "Int4DTypePolicy",
    "GPTQDTypePolicy",
    "AWQDTypePolicy",
)


def refuse(config: Any, file_name: str) -> None:
    """Refuse a configuration whose layers `Model.quantize` rewrote.

    Args:
        config: The model's configuration, as JSON.
        file_name: What to call the file.

    Raises:
        ModelError: A layer has the dtype policy of a quantized one; it is named.
    """
    for item, where in items(config):
        policy = _policy(item)
        if policy is not None:
            raise error(f"{file_name}: {where} has the dtype policy {printable(policy)!r}")


def error(received: str) -> ModelError:
    """The error for a model that Keras quantized."""
    return ModelError(
        "A model that Keras quantized cannot be converted: its layers compute in integers of "
        "Keras' own, for which TensorFlow's converter has no operators.",
        received=received,
        hint="convert the model as it was before model.quantize(...); --recipe dynamic_wi8_afp32 "
        "or weight_only_wi4_afp32 then quantizes its weights.",
    )


def _policy(item: Any) -> str | None:
    """The dtype policy of a quantized layer that a serialized object is, or names as text."""
    options = item.get("config")
    if item.get("class_name") in _POLICIES:
        mode = options.get("mode") if isinstance(options, dict) else None
        return str(mode or item["class_name"])
    dtype = options.get("dtype") if isinstance(options, dict) else None
    return dtype if isinstance(dtype, str) and _FROM in dtype else None
