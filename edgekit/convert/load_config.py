"""Judge a Keras configuration before anything is built from it.

A configuration is data, but it names what Keras will import and run: marshalled Python in a
Lambda layer, any module by name (Keras 2), TensorFlow functions that read and write files.
All functions here work on the plain JSON and need neither Keras nor TensorFlow.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from edgekit.errors import ModelError, UnsafeModelError

_KERAS_ROOTS = ("keras", "tf_keras", "tensorflow", "builtins")
# TensorFlow functions that a layer may name and that do more than compute.
_DANGEROUS = (
    "io.",
    "raw_ops.",
    "gfile.",
    "py_func",
    "py_function",
    "numpy_function",
    "load_",
    "saved_model.",
    "summary.",
    "train.",
    "data.",
    "write_file",
    "read_file",
    "autograph.",
    "keras.utils",
)
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


def layer_name(item: dict[str, Any]) -> str:
    """The name of a serialized layer, or its class where it has none."""
    inner = item["config"]
    name = inner.get("name") if isinstance(inner, dict) else None
    return str(name or item.get("name") or item["class_name"])


def check(config: dict[str, Any], *, unsafe: bool, known: Callable[[str], bool]) -> None:
    """Refuse a configuration that would run code, or that needs code which nobody gave.

    Args:
        config: The model's configuration, as JSON.
        unsafe: The person trusts the file: code stored in it may run.
        known: Whether a class or function of that (registered) name was given.

    Raises:
        UnsafeModelError: A Lambda layer, or a layer that reads or writes files.
        ModelError: A layer of a class that neither Keras nor the person has.
    """
    for item in objects(config):
        if not unsafe:
            _check_code(item, known)
        _check_origin(item, known)


def _check_code(item: dict[str, Any], known: Callable[[str], bool]) -> None:
    kind, inner = item["class_name"], item["config"]
    options = inner if isinstance(inner, dict) else {}
    if kind == "Lambda":
        function = options.get("function")
        named = function.get("config") if isinstance(function, dict) else function
        if isinstance(named, str):
            if known(named):
                return  # its code comes from the person's own module, not from the file
            hint = f"pass --custom-objects module:{named} to give the function {named!r}"
        else:
            hint = "pass --unsafe if you trust whoever made the file"
        raise _unsafe(
            f"the Lambda layer {layer_name(item)!r}",
            f"{hint}, or rebuild the model with a layer class in its place.",
        )
    if kind == "__lambda__":
        raise _unsafe("a Python lambda", "pass --unsafe if you trust whoever made the file.")
    if kind == "TFSMLayer":
        raise _unsafe(
            f"the TFSMLayer {layer_name(item)!r}, which loads another SavedModel",
            "convert that SavedModel itself, or pass --unsafe.",
        )
    symbol = options.get("function") if kind in ("TFOpLambda", "SlicingOpLambda") else None
    if isinstance(symbol, str) and symbol.removeprefix("compat.v1.").startswith(_DANGEROUS):
        raise _unsafe(
            f"the layer {layer_name(item)!r}, which calls tf.{symbol}",
            "pass --unsafe if you trust whoever made the file.",
        )
    if isinstance(options.get("vocabulary"), str):
        raise _unsafe(
            f"the layer {layer_name(item)!r}, which reads the file {options['vocabulary']!r}",
            "pass --unsafe if you trust whoever made the file.",
        )


def _unsafe(what: str, hint: str) -> UnsafeModelError:
    return UnsafeModelError(
        "A model runs no code of its own while it is loaded, unless you allow it.",
        received=what,
        hint=hint,
    )


def _check_origin(item: dict[str, Any], known: Callable[[str], bool]) -> None:
    module, kind = item.get("module"), item["class_name"]
    if not isinstance(module, str):
        return
    name = item["config"] if kind == "function" and isinstance(item["config"], str) else kind
    if known(str(item.get("registered_name"))) or known(name):
        return
    parts = module.split(".")
    if parts[0] not in _KERAS_ROOTS or "utils" in parts:
        raise missing_object(name, f"{module}.{name}")


def missing_object(name: str, received: str) -> ModelError:
    """The error for a layer or function that Keras does not have."""
    return ModelError(
        f"Loading needs the code of {name!r}, which is not a part of Keras.",
        received=received,
        hint=f"pass --custom-objects module:{name}, or module:NAME of a dict that holds it.",
    )


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
            "A model file holds the weights that its architecture asks for.",
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
