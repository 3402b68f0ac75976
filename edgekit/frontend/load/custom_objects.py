"""A person's classes and functions for custom layers: `module:NAME` or `FILE.py:NAME`."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from edgekit.core.errors import UsageError
from edgekit.core.suggest import nearest

_FORM = "--custom-objects must be module:NAME (or FILE.py:NAME), of a dict, a class or a function."


def import_objects(source: str | None) -> dict[str, Any]:
    """What `module:NAME` stands for, as Keras' `custom_objects`.

    The current folder is searched first, as `python -m` does. Importing the module also
    runs its `register_keras_serializable` decorators.

    Raises:
        UsageError: Not of that form, the import fails, or the module has no such name.
    """
    if source is None:
        return {}
    value, name = _imported(source, "--custom-objects"), source.rpartition(":")[2]
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    if not callable(value):
        raise UsageError(_FORM, received=f"{source} is a {type(value).__name__}")
    return {name: value, getattr(value, "__name__", name): value}


def import_builder(source: str) -> Callable[[], Any]:
    """The function that `module:FUNCTION` of --builder stands for; searched for as above.

    Raises:
        UsageError: Not of that form, the import fails, or it is no function.
    """
    value = _imported(source, "--builder")
    if not callable(value):
        raise UsageError(
            "--builder must be module:FUNCTION, of a function that returns the built model.",
            received=f"{source} is a {type(value).__name__}",
        )
    function: Callable[[], Any] = value
    return function


def _imported(source: str, option: str) -> Any:
    module_name, _, name = source.rpartition(":")
    if not module_name or not name:
        example = "my_layers:CUSTOM_OBJECTS" if option == "--custom-objects" else "my_model:build"
        raise UsageError(
            f"{option} must be module:NAME.", received=repr(source), hint=f"as in {example}"
        )
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = _module(module_name)
    except Exception as error:  # the module is the person's own code: anything may happen
        raise UsageError(
            f"The module of {option} could not be imported from the current folder.",
            received=f"{source}: {type(error).__name__}: {error}",
            hint=f"try: python -c 'import {module_name}'",
        ) from None
    if not hasattr(module, name):
        raise UsageError(
            f"The module {module_name} does not have the name that {option} gives.",
            received=source,
            hint=nearest(name, vars(module)),
        )
    return getattr(module, name)


def _module(name: str) -> ModuleType:
    """The module of that name, or a file's whose name ends in `.py`."""
    if not name.endswith(".py"):
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(Path(name).stem, name)
    if spec is None or spec.loader is None:
        raise ImportError(f"{name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where a class of it is looked for by its name
    spec.loader.exec_module(module)
    return module


def registered(name: str, *, keras2: bool) -> str | None:
    """The full name under which the person's module registered a class or function.

    Args:
        name: That name, `package>Scale`, or its last part, as some releases of Keras write.
        keras2: Look in the registry of tf_keras instead of Keras 3's.
    """
    if keras2:
        import tf_keras as keras
    else:
        import keras
    for key, value in keras.saving.get_custom_objects().items():
        own = not str(value.__module__).startswith(("keras.", "tf_keras."))
        if own and (key == name or key.endswith(f">{name}")):
            return str(key)
    return None


def operations() -> dict[str, Any]:
    """The operations of Keras 3 (`NotEqual`, `Add`), by class name.

    Keras 3 writes them into `.h5` files, for a masked Embedding or any `keras.ops` between
    layers, and cannot find them again when it reads those files.
    """
    import keras

    found: dict[str, Any] = {}
    pending, others = [keras.Operation], (keras.Layer, keras.Function)
    while pending:
        for value in pending.pop().__subclasses__():
            if not value.__module__.startswith("keras.") or issubclass(value, others):
                continue
            pending.append(value)
            if not hasattr(keras.layers, value.__name__):  # Softmax and others are layers there
                found[value.__name__] = value
    return found
