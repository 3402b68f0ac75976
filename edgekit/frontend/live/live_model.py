"""Tell what somebody gives as a model in Python. No library is imported that is not there already.

A live model can only be of a library that its process has imported: `sys.modules` has it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal, Protocol

from edgekit.core.errors import EdgekitError, ModelError, UsageError

Library = Literal["keras", "tf_keras", "tensorflow"]


class KerasModel(Protocol):
    """What every Keras 3 and tf_keras model has."""

    name: str
    built: bool

    @property
    def layers(self) -> list[Any]:
        """Its layers, from its inputs on."""

    @property
    def variables(self) -> list[Any]:
        """Everything it learned."""

    @property
    def save(self) -> Callable[..., Any]:
        """Writes it to a path."""


class TfModule(Protocol):
    """A `tf.Module`."""

    @property
    def submodules(self) -> Any:
        """The modules in it."""

    @property
    def trainable_variables(self) -> Any:
        """What it learns."""


_TAKEN = "A model must be a path, a Keras model or a tf.Module."
_NEXT = {
    "torch": "edgekit reads Keras models; convert PyTorch models with litert-torch.",
    "sklearn": "edgekit reads Keras models: train the like of it in Keras.",
    "jax": "wrap the function in a Keras model, or in a tf.Module with jax2tf.",
    "flax": "wrap the function in a Keras model, or in a tf.Module with jax2tf.",
}


def library(model: object) -> Library:
    """Which library a live model is of.

    Args:
        model: What `convert` was given in place of a path.

    Raises:
        UsageError: It is no model that can be converted; the error says what it is.
        ModelError: It is one, and its weights are not made yet.
    """
    for name in ("keras", "tf_keras"):
        keras = _loaded(name)
        if keras is None:
            continue
        if isinstance(model, type) and issubclass(model, keras.Model):
            raise UsageError(
                "A model must be an instance, not a class.",
                received=f"the class {model.__name__}",
                hint=f"make one: edgekit.convert({model.__name__}(...)).",
            )
        if isinstance(model, keras.Model):
            _check_built(model)
            return "keras" if name == "keras" else "tf_keras"
        if isinstance(model, keras.layers.Layer):
            raise UsageError(
                "A model must be a Keras model, not a layer.",
                received=f"the layer {model.name!r}",
                hint="put it into one: keras.Sequential([keras.Input(SHAPE), layer]).",
            )
    tensorflow = _loaded("tensorflow")
    if tensorflow is not None and isinstance(model, tensorflow.Module):
        return "tensorflow"
    raise _no_model(model)


def version(name: Library) -> str:
    """The version of a library that is imported."""
    return str(getattr(sys.modules[name], "__version__", ""))


def _loaded(name: str) -> ModuleType | None:
    """A library that is imported, all of it."""
    module = sys.modules.get(name)
    return module if hasattr(module, "Module" if name == "tensorflow" else "Model") else None


def _check_built(model: Any) -> None:
    if not model.built:
        raise ModelError(
            "The shapes of the model's inputs and weights are not known.",
            received=f"the {type(model).__name__} {model.name!r}, which was never built",
            hint="call it once on real data: model(x[:1]); or begin it with keras.Input(SHAPE).",
        )


def _no_model(model: object) -> EdgekitError:
    kind = type(model)
    package = kind.__module__.partition(".")[0]
    bases = {base.__module__.partition(".")[0] for base in kind.__mro__}
    hint = next((text for name, text in _NEXT.items() if name in bases), None)
    if isinstance(model, (bytes, bytearray, memoryview)):
        hint = "write them to a file, and give its path."
    if callable(model) and hint is None:
        hint = "call it, if it makes a model; a tf.function goes into a tf.Module as __call__."
    called = kind.__name__ if package == "builtins" else f"{package}.{kind.__name__}"
    return UsageError(
        _TAKEN,
        received="None" if model is None else f"one of type {called}",
        hint=hint or "give the path of a saved model, or the model itself.",
    )
