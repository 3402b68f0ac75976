"""Make a Keras configuration ready to be built: its size, its dtypes, its batch, its names.

All functions here work on the plain JSON and need neither Keras nor TensorFlow; `check_config`
has said before that nothing in it runs code or reads a file.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from edgekit.core.errors import ModelError
from edgekit.frontend.trust.check_config import Item, Resolve, builtin, given, items, of_tfmot

_OTHER_FLOATS = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64")


def objects(config: Any) -> Iterator[Item]:
    """Every serialized object (`class_name` with `config`) in a configuration, outer first."""
    for item, _ in items(config):
        if isinstance(item["class_name"], str) and "config" in item:
            yield item


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
    """The configuration with half-precision and float64 dtype policies made float32.

    Mixed precision speeds up training. In an export its casts turn MatMul and BiasAdd into
    operators that no mobile runtime has; the variables are float32 anyway. float64 has no such
    operators either.

    Returns:
        A new configuration, and whether anything changed.
    """

    def widen(item: dict[str, Any]) -> dict[str, Any]:
        return {k: "float32" if k == "dtype" and _is_other_float(v) else v for k, v in item.items()}

    result = _rewritten(config, widen)
    return result, result != config


def _rewritten(config: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """The configuration with each of its dictionaries changed, the inner ones first."""
    if isinstance(config, list):
        return [_rewritten(item, change) for item in config]
    if not isinstance(config, dict):
        return config
    return change({key: _rewritten(value, change) for key, value in config.items()})


def _is_other_float(dtype: Any) -> bool:
    if isinstance(dtype, dict) and isinstance(dtype.get("config"), dict):
        return dtype["config"].get("name") in _OTHER_FLOATS
    return isinstance(dtype, str) and dtype in _OTHER_FLOATS


def functions_by_name(config: Any) -> Any:
    """The configuration with functions named by plain text, as Keras 2 reads them in `.h5`.

    Later releases of Keras 2 write a function of the person's own as an object there, which
    their own reader of `.h5` files does not understand.
    """

    def name(item: dict[str, Any]) -> Any:
        is_function = item.get("class_name") == "function" and isinstance(item.get("config"), str)
        return item["config"] if is_function else item

    return _rewritten(config, name)


def by_given_name(config: Any, resolve: Resolve) -> Any:
    """The configuration with the person's own classes and functions under their names there.

    A file may name a class by the module that it was written in, which Keras 2 would import.
    """

    def rename(item: dict[str, Any]) -> dict[str, Any]:
        own = "class_name" in item and not builtin(item) and given(item, resolve)
        if own and item["class_name"] == "function":
            return {**item, "config": own}
        return (
            {**item, "registered_name" if "module" in item else "class_name": own} if own else item
        )

    return _rewritten(config, rename)


def with_stand_ins(config: Any) -> Any:
    """The configuration with classes of tfmot by name alone, which edgekit's stand-ins have.

    By its module Keras 2 would import the package itself, where it is installed.
    """

    def rename(item: dict[str, Any]) -> dict[str, Any]:
        if "module" not in item or "class_name" not in item or not of_tfmot(item):
            return item
        return {**item, "module": None, "registered_name": item["class_name"]}

    return _rewritten(config, rename)


def without_compilation(config: Any) -> Any:
    """The configuration without losses, optimizers and metrics, which no conversion needs.

    Both Keras compile a nested model that says how, even where they are told not to compile.
    """

    def strip(item: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in item.items() if k != "compile_config" or "class_name" not in item}

    return _rewritten(config, strip)


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
