"""Refuse a Keras configuration that reaches code, a file or the network.

A configuration is data, but Keras looks its texts up and calls what it finds. These are the ways in
tf_keras 2.21 and Keras 3.15, and where each one is checked; whatever is not on a list of
`allowed_classes` and `allowed_symbols` is refused.

- `class_name` with `module` and `registered_name`: a class of Keras' tables, any global of a
  Keras module (a regularizer `deserialize_keras_object`), or any module, imported: `_check_origin`.
- `function` objects and `__typespec__`, `TypeSpec`: the same: `_check_origin`.
- An activation, initializer, regularizer or constraint given as text: `_check_options`.
- `TFOpLambda`, `SlicingOpLambda`, `ClassMethod`, `InstanceMethod`, `InstanceProperty`,
  `TensorFlowOpLayer`: any name of TensorFlow's API, called: `_check_symbol`. Its arguments are
  constants of `inbound_nodes`: `_check_constants`.
- `Lambda`, `__lambda__`, `residual_fn` and `dropout_fn` of a cell wrapper: Python bytecode:
  `_check_lambda`, `_check_options`.
- `vocabulary`, `vocabulary_file`, `ckpt_to_load_from`: a path that is read: `_check_options`.
- `compile_config`, also of a nested model: losses and metrics: taken out before
  (`keras_config.without_compilation`); the `training_config` of an `.h5` is not read.
- Links out of an HDF5 file or an unpacked folder, entries of an archive: `archive`.
- The description beside a SavedModel's graph: `saved_metadata`, which comes back here.

All functions here work on plain JSON and need neither Keras nor TensorFlow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edgekit.core.errors import ModelError, UnsafeModelError
from edgekit.frontend.trust import allowed_classes, allowed_symbols

Resolve = Callable[[str], str | None]
"""The name under which Keras finds the person's own class or function, by a name of the file."""

Item = Mapping[str, Any]
"""A serialized object: `class_name`, mostly with `config`."""

_TRUST = "pass --unsafe if you trust whoever made the file"
_LOADS = {
    "TFSMLayer": "loads another SavedModel",
    "TorchModuleWrapper": "loads a PyTorch module",
}
# Packages whose import registers all of their classes: how to install each, and a name in it.
_PACKAGES = {"keras_hub": ("keras-hub", "keras_hub.models:Backbone")}
_CODE = ("residual_fn", "dropout_fn")
_FILES = ("vocabulary", "vocabulary_file", "ckpt_to_load_from")
_CONSTANT = "_CONSTANT_VALUE"
_EQUATION = re.compile(r"[A-Za-z.\s]*(,[A-Za-z.\s]*)*(->[A-Za-z.\s]*)?")


def check(config: Any, resolve: Resolve) -> None:
    """Refuse a configuration that names anything but Keras' own layers and tensor arithmetic.

    Args:
        config: The model's configuration, as JSON.
        resolve: Finds the person's own classes and functions, whose code is trusted.

    Raises:
        UnsafeModelError: It would run code or read a file; the layer and the symbol are named.
        ModelError: It names a class or function that neither Keras nor the person has.
    """
    for item, where in items(config):
        _check_origin(item, where, resolve)
        _check_symbol(item, where)
        _check_options(item, where, resolve)


def builtin(item: Item) -> bool:
    """Whether a serialized object is a class of Keras itself, under its own name."""
    kind, module = item["class_name"], item.get("module")
    return (
        kind in allowed_classes.CLASSES
        and (module is None or module in allowed_classes.MODULES)
        and item.get("registered_name") in (None, kind)
    )


def of_tfmot(item: Item) -> bool:
    """Whether a serialized object is a class of tfmot, which a stand-in of edgekit's replaces."""
    kind, module = item["class_name"], item.get("module")
    return (
        _in(kind, allowed_classes.TFMOT)
        and (module is None or module.startswith(allowed_classes.TFMOT_MODULES))
        and item.get("registered_name") in (None, kind)
    )


def items(config: Any) -> Iterator[tuple[Item, str]]:
    """Every serialized object in the order of the file, with the layer that it belongs to."""
    pending = [(config, "the model itself")]
    while pending:
        value, where = pending.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                where = _layer(value) or where
                yield value, where
            pending.extend((inner, where) for inner in reversed(value.values()))
        elif isinstance(value, list):
            pending.extend((inner, where) for inner in reversed(value))


def _layer(item: Item) -> str | None:
    name = _options(item).get("name") or item.get("name")
    return f"the layer {name!r}" if isinstance(name, str) else None


def _options(item: Item) -> Item:
    options = item.get("config")
    return options if isinstance(options, dict) else {}


def _in(value: Any, names: frozenset[str]) -> bool:
    return isinstance(value, str) and value in names


def _unsafe(where: str, what: str, hint: str = "") -> UnsafeModelError:
    return UnsafeModelError(
        "The model holds code that was not allowed to run.",
        received=f"{where}, which {what}",
        hint=f"{hint}{_TRUST}.",
    )


def missing_object(name: str, received: str, hint: str = "", package: str = "") -> ModelError:
    """The error for a layer or function that Keras does not have.

    Args:
        name: What the file calls it: `Scale`, or `package>Scale` where it was registered so.
        received: Where the file names it.
        hint: Another way out.
        package: The package that registered it, where that does not stand in the name.
    """
    package, short = name.partition(">")[0] if ">" in name else package, name.rpartition(">")[2]
    if package in _PACKAGES:
        install, objects = _PACKAGES[package]
        way = f"pip install {install}, and pass --custom-objects {objects}: importing it is enough"
    else:
        way = f"pass --custom-objects module:{short}, or module:NAME of a dict that holds it"
    return ModelError(
        f"Loading needs the code of {name!r}, which is not a part of Keras.",
        received=received,
        hint=f"{way}{hint}.",
    )


def _check_origin(item: Item, where: str, resolve: Resolve) -> None:
    kind, module = item["class_name"], item.get("module")
    if not isinstance(kind, str) or not isinstance(module, str | None):
        raise _unsafe(where, f"has the class {kind!r} of the module {module!r}")
    if kind == "Lambda":
        return _check_lambda(item, where, resolve)
    if kind == "__lambda__":
        raise _unsafe(where, "holds a Python lambda")
    name = item.get("config") if kind == "function" else kind
    if _of_keras(item) or of_tfmot(item) or given(item, resolve):
        return None
    if kind in _LOADS:
        raise _unsafe(where, f"is a {kind} and {_LOADS[kind]}", "convert that model itself, or ")
    of = f"which names {module}.{name}" if module else f"of the class {name}"
    registered = item.get("registered_name")
    package = str(registered).partition(">")[0] if registered else str(module).partition(".")[0]
    raise missing_object(str(name), f"{where}, {of}", f"; or {_TRUST}", package)


def _of_keras(item: Item) -> bool:
    kind, module = item["class_name"], item.get("module")
    if kind == "function":
        return (
            _in(item.get("config"), allowed_classes.ACTIVATIONS)
            and (module is None or module in allowed_classes.FUNCTION_MODULES)
            and item.get("registered_name") in (None, kind, item.get("config"))
        )
    if kind == "__typespec__":
        found = f"{module}.{item.get('spec_name')}"
        return found in allowed_classes.TYPE_SPECS and item.get("registered_name") is None
    if kind in allowed_classes.LITERALS or kind == "TypeSpec":
        # With a module, tf_keras takes one of them for a class, and imports the module.
        listed = kind != "TypeSpec" or _in(
            item.get("type_spec"), allowed_classes.REGISTERED_TYPE_SPECS
        )
        return listed and module is None and item.get("registered_name") is None
    return builtin(item)


def given(item: Item, resolve: Resolve) -> str | None:
    """The name under which the person's own code stands for a serialized object, if it does."""
    kind, registered = item["class_name"], item.get("registered_name")
    name = item.get("config") if kind == "function" else kind
    found = resolve(registered) if isinstance(registered, str) else None
    return found or (resolve(name) if isinstance(name, str) else None)


def _check_lambda(item: Item, where: str, resolve: Resolve) -> None:
    """A Lambda may call a function that the person gives, and hold no other code."""
    options = _options(item)
    where = where.replace("the layer", "the Lambda layer", 1)
    function = _named(options.get("function"))
    if function is None:
        raise _unsafe(where, "holds Python code", "rebuild the model with a layer class, or ")
    if resolve(function) is None:
        hint = f"pass --custom-objects module:{function} to give the function {function!r}; or "
        raise _unsafe(where, f"calls the function {function!r}", hint)
    for key in ("function", "output_shape", "mask"):
        name = _named(options.get(key))
        code = options.get(f"{key}_type") == "lambda" or (
            key == "mask" and options.get(key) is not None
        )
        if code or (name is not None and resolve(name) is None):
            raise _unsafe(where, f"holds Python code as its {key}")


def _named(function: Any) -> str | None:
    """The name of a serialized function, which stands as text or as a `function` object."""
    if isinstance(function, dict):
        function = function.get("config") if function.get("class_name") == "function" else None
    return function if isinstance(function, str) else None


def _check_symbol(item: Item, where: str) -> None:
    kind, options = item["class_name"], _options(item)
    if kind not in allowed_classes.SYMBOL_LAYERS:
        return
    if kind == "ClassMethod":
        symbol = f"{options.get('cls_symbol')}.{options.get('method_name')}"
        allowed = symbol in allowed_symbols.CLASS_METHODS
    elif kind in ("InstanceMethod", "InstanceProperty"):
        symbol = f"Tensor.{options.get('attr_name')}"
        is_method = kind == "InstanceMethod"
        names = allowed_symbols.METHODS if is_method else allowed_symbols.PROPERTIES
        allowed = _in(options.get("attr_name"), names)
    elif kind == "TensorFlowOpLayer":
        symbol = f"raw_ops.{_operator(options.get('node_def'))}"
        allowed = symbol.removeprefix("raw_ops.") in allowed_symbols.OPERATORS
    else:
        symbol = str(options.get("function"))
        allowed = symbol in allowed_symbols.FUNCTIONS
    if not allowed:
        raise _unsafe(where, f"calls tf.{symbol}: not known as plain arithmetic")
    _check_constants(item.get("inbound_nodes"), symbol, where)


def _operator(node_def: Any) -> str:
    """The operator of a node: a JSON object, or the protobuf's bytes in TensorFlow 2.0."""
    if isinstance(node_def, dict):
        return str(node_def.get("op"))
    import tensorflow as tf

    try:
        return str(tf.compat.v1.NodeDef.FromString(str(node_def).encode()).op)
    except Exception:  # protobuf's DecodeError; it will not do for Keras either
        return "(damaged)"


def _check_constants(nodes: Any, symbol: str, where: str) -> None:
    if symbol in allowed_symbols.TEXT_COMPARISONS:
        return
    for text in _texts(nodes):
        equation = symbol.endswith("einsum") and _EQUATION.fullmatch(text)
        if text not in allowed_symbols.WORDS and not equation:
            raise _unsafe(where, f"calls tf.{symbol} with the text {text!r}")


def _texts(nodes: Any) -> Iterator[str]:
    """Every text among the arguments of a layer's calls, without names of layers and operators."""
    pending = [nodes]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            skipped = ("name", "class_name")  # the latter is checked as an object of its own
            pending.extend(inner for key, inner in value.items() if key not in skipped)
        elif isinstance(value, list):
            # [layer, node, tensor] and [layer, node, tensor, kwargs] refer to another layer.
            refers = len(value) in (3, 4) and [type(v) for v in value[:3]] == [str, int, int]
            constant = len(value) > 2 and value[0] == _CONSTANT
            pending.extend(value[1:] if refers or constant else value)


def _check_options(item: Item, where: str, resolve: Resolve) -> None:
    options = _options(item)
    for key in _FILES:
        if isinstance(options.get(key), str):
            raise _unsafe(where, f"reads the file {options[key]!r}")
    for key in _CODE:
        name = _named(options.get(key))
        code = options.get(f"{key}_type") == "lambda" or name is None or resolve(name) is None
        if options.get(key) is not None and code:
            raise _unsafe(where, f"holds Python code as its {key}")
    if item["class_name"] == "NumericColumn" and options.get("normalizer_fn") is not None:
        raise _unsafe(where, f"calls {options['normalizer_fn']!r}")
    if not builtin(item) and not of_tfmot(item):
        return  # the person's own class reads its options as it likes
    # A SavedModel's description has some options beside `config`.
    for key, value in [*item.items(), *options.items()]:
        kind = key.rpartition("_")[2]
        names = allowed_classes.IDENTIFIERS.get(kind)
        if names is None or not isinstance(value, str) or value in names:
            continue
        if resolve(value) is None:
            raise missing_object(value, f"{where}, {key}: {value!r}", f"; or {_TRUST}")
