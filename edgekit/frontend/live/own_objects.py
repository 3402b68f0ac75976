"""The classes and functions of a live model that are the person's own, for a child that loads it.

What a child can import is written into a small file as `custom_objects`; what it cannot (a class of
a notebook or of `__main__`, a lambda, a class inside a function) is named.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.compat.keras import all_layers

NAME = "OBJECTS"
_LIBRARIES = {"keras", "tf_keras", "tensorflow", "numpy", "builtins", "jax", "torch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnObjects:
    """Code that a saved copy of a model needs.

    Attributes:
        places: By the name that the copy calls it, module and name within it.
        elsewhere: What no other process can import, by what errors call it.
    """

    places: dict[str, tuple[str, str]]
    elsewhere: tuple[str, ...] = ()

    def write(self, path: Path) -> str | None:
        """A file that makes them, as `custom_objects` takes it; None where there are none.

        The child looks for modules where this process does.
        """
        if not self.places:
            return None
        modules = sorted({module for module, _ in self.places.values()})
        entries = [
            f"    {name!r}: sys.modules[{module!r}].{within},"
            for name, (module, within) in sorted(self.places.items())
        ]
        folders = [folder for folder in sys.path if folder]
        lines = [
            "import importlib, sys",
            f"sys.path += [path for path in {folders!r} if path not in sys.path]",
            f"for module in {modules!r}:",
            "    importlib.import_module(module)",
            f"{NAME} = {{",
            *entries,
            "}",
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return f"{path}:{NAME}"


def own_objects(model: Any) -> OwnObjects:
    """The person's own classes and functions in a model of either Keras."""
    library = sys.modules["tf_keras" if _root(type(model), "tf_keras") else "keras"]
    places: dict[str, tuple[str, str]] = {}
    elsewhere: dict[str, None] = {}
    for value in _parts(model):
        if not _is_own(value):
            continue
        where = _importable(value)
        name = getattr(value, "__qualname__", None) or f"a {type(value).__name__}"
        if where is None:
            elsewhere[f"{getattr(value, '__module__', '')}.{name}"] = None
            continue
        called = value.__name__  # what can be imported by a name has one
        for spelled in (called, library.saving.get_registered_name(value)):
            places[spelled] = where
    return OwnObjects(places=places, elsewhere=tuple(elsewhere))


def _root(kind: type, package: str) -> bool:
    return any(base.__module__.partition(".")[0] == package for base in kind.__mro__)


def _parts(model: Any) -> Iterator[Any]:
    """Classes and functions that the model, its layers and what these hold are made of."""
    for layer in all_layers(model):
        yield type(layer)
        for name, value in vars(layer).items():
            # Attributes of the class that were wrapped for the instance (`build`, `call`) are no
            # settings of it; nor is what has an underscore.
            if name.startswith("_") or hasattr(type(layer), name):
                continue
            for item in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(item, (type, types.FunctionType)):
                    yield item
                elif hasattr(item, "get_config"):
                    yield type(item)
                elif callable(item):
                    yield item


def _is_own(value: Any) -> bool:
    module = getattr(value, "__module__", None) or type(value).__module__
    return module.partition(".")[0] not in _LIBRARIES


def _importable(value: Any) -> tuple[str, str] | None:
    """Module and name by which another process finds the same; None where there are none."""
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    name = getattr(value, "__qualname__", "")
    if module is None or module.__name__ == "__main__" or not getattr(module, "__spec__", None):
        return None
    there: Any = module
    for part in name.split("."):
        there = getattr(there, part, None)
    return (module.__name__, name) if there is value else None
