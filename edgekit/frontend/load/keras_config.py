"""Make a Keras configuration ready to be built: its size, its dtypes, its batch, its names.

All functions here work on the plain JSON and need neither Keras nor TensorFlow; `check_config`
has said before that nothing in it runs code or reads a file.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from edgekit.core.errors import ModelError
from edgekit.frontend.trust.check_config import Resolve, builtin, given

_HALF = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16")


def objects(config: Any) -> Iterator[dict[str, Any]]:
    """Every serialized object (`class_name` with `config`) in a configuration, outer first."""
    pending = [config]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if isinstance(item.get("class_name"), str) and "config" in item:
                yield item
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def fewest_weights(config: dict[str, Any]) -> int:
    """A lower bound of the numbers that the model's layers hold.

    Only what each layer says alone is counted: its units or filters, and the table of an
    Embedding. A file that stores far fewer is not worth building: 900 million units take
    all memory before Keras notices that their weights are missing.
    """
    total = 0
    for item in objects(config):
        inner = item["config"]
        if not isinstance(inner, dict):
            continue
        rows, columns = inner.get("input_dim"), inner.get("output_dim")
        if item["class_name"] == "Embedding":
            total += _size(rows) * _size(columns)
        total += _size(inner.get("units")) + _size(inner.get("filters"))
    return total


def _size(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def check_size(config: dict[str, Any], stored: int, file_name: str) -> None:
    """Refuse an architecture that is far larger than the weights stored with it.

    Args:
        config: The model's configuration, as JSON.
        stored: Numbers in the file's weights.
        file_name: What to call the file.

    Raises:
        ModelError: The layers ask for several times what is stored.
    """
    needed = fewest_weights(config)
    # A shared layer may be written more than once, hence the factor.
    if needed > 4 * stored + 1_000_000:
        raise ModelError(
            "The model file does not hold the weights that its architecture asks for.",
            received=f"{file_name} stores {stored} numbers; its layers hold at least {needed}.",
            hint="the file is damaged or made to exhaust memory; save the model again.",
        )


def in_float32(config: Any) -> tuple[Any, bool]:
    """The configuration with half-precision dtype policies made float32.

    Mixed precision speeds up training. In an export its casts turn MatMul and BiasAdd into
    operators that no mobile runtime has; the variables are float32 anyway.

    Returns:
        A new configuration, and whether anything changed.
    """
    if isinstance(config, list):
        pairs = [in_float32(item) for item in config]
        return [item for item, _ in pairs], any(changed for _, changed in pairs)
    if not isinstance(config, dict):
        return config, False
    result, changed = {}, False
    for key, value in config.items():
        if key == "dtype" and _is_half(value):
            result[key], changed = "float32", True
        else:
            result[key], inner = in_float32(value)
            changed = changed or inner
    return result, changed


def _is_half(dtype: Any) -> bool:
    if isinstance(dtype, dict) and isinstance(dtype.get("config"), dict):
        return dtype["config"].get("name") in _HALF
    return isinstance(dtype, str) and dtype in _HALF


def functions_by_name(config: Any) -> Any:
    """The configuration with functions named by plain text, as Keras 2 reads them in `.h5`.

    Later releases of Keras 2 write a function of the person's own as an object there, which
    their own reader of `.h5` files does not understand.
    """
    if isinstance(config, list):
        return [functions_by_name(item) for item in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "function" and isinstance(config.get("config"), str):
        return config["config"]
    return {key: functions_by_name(value) for key, value in config.items()}


def by_given_name(config: Any, resolve: Resolve) -> Any:
    """The configuration with the person's own classes and functions under their names there.

    A file may name a class by the module that it was written in, which Keras 2 would import.
    """
    if isinstance(config, list):
        return [by_given_name(item, resolve) for item in config]
    if not isinstance(config, dict):
        return config
    result = {key: by_given_name(value, resolve) for key, value in config.items()}
    own = "class_name" in config and not builtin(config) and given(config, resolve)
    if own and config["class_name"] == "function":
        result["config"] = own
    elif own:
        result["registered_name" if "module" in config else "class_name"] = own
    return result


def without_compilation(config: Any) -> Any:
    """The configuration without losses, optimizers and metrics, which no conversion needs.

    Both Keras compile a nested model that says how, even where they are told not to compile.
    """
    if isinstance(config, list):
        return [without_compilation(item) for item in config]
    if not isinstance(config, dict):
        return config
    return {
        key: without_compilation(value)
        for key, value in config.items()
        if key != "compile_config" or "class_name" not in config
    }


def free_batch(config: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The configuration of a Sequential with its batch size left free.

    A Sequential without an Input records the batch that it first saw, which says nothing
    about the model: the last batch of some training. A stateful layer does depend on it.

    Returns:
        A new configuration, and whether anything changed.
    """
    inner = config["config"]
    layers = inner.get("layers") if isinstance(inner, dict) else None
    stateful = any(
        isinstance(item["config"], dict) and item["config"].get("stateful")
        for item in objects(config)
    )
    if config["class_name"] != "Sequential" or not layers or stateful:
        return config, False
    result: dict[str, Any] = copy.deepcopy(config)
    first = result["config"]["layers"][0].get("config")
    holders = [
        (result["config"], "build_input_shape"),
        (result.get("build_config"), "input_shape"),
        (first, "batch_shape"),
        (first, "batch_input_shape"),
    ]
    for holder, key in holders:
        shape = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(shape, list) and shape and isinstance(shape[0], int):
            holder[key] = [None, *shape[1:]]
    return result, result != config
