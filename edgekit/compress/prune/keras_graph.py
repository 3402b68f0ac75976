"""The graph that Keras keeps of a Functional or Sequential model: its calls and their arguments.

Keras has no public way to it: see `compat.keras`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from edgekit.compat.keras import call_that_made


def is_walkable(layer: Any) -> bool:
    """Whether it is a model whose call is nothing but its graph."""
    import keras

    functional = _functional_class()
    if isinstance(layer, keras.Sequential):
        own = type(layer).call is not keras.Sequential.call
    elif isinstance(layer, functional):
        own = type(layer).call is not functional.call
    else:
        return False
    try:
        return not own and bool(layer.inputs) and bool(layer.outputs)
    except (AttributeError, ValueError):  # a Sequential that was never built
        return False


@cache
def _functional_class() -> Any:
    """The class of most models: Keras has no public name of it."""
    import keras

    tensor = keras.Input((1,), name="x")
    return type(keras.Model(tensor, tensor, name="x"))


def ordered_calls(model: Any) -> list[Any]:
    """Keras' own nodes that the outputs depend on, each after those it depends on."""
    inputs = {id(tensor) for tensor in model.inputs}
    ordered: list[Any] = []
    done: set[int] = set()

    pending = [call_that_made(t) for t in reversed(model.outputs) if id(t) not in inputs]
    while pending:
        call = pending[-1]
        if id(call) in done:
            pending.pop()
            continue
        before = [call_that_made(t) for t in call.arguments.keras_tensors if id(t) not in inputs]
        missing = [parent for parent in before if id(parent) not in done]
        if missing:
            pending.extend(reversed(missing))
        else:
            pending.pop()
            done.add(id(call))
            ordered.append(call)
    return ordered


def leaves(structure: Any) -> list[Any]:
    """A nested structure of arguments or tensors as a flat list, in Keras' order."""
    import keras

    return list(keras.tree.flatten(structure))


def arguments_with(arguments: Any, values: Iterator[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments with values, one after the other, in the tensors' places."""
    import keras

    def fill(leaf: Any) -> Any:
        return next(values) if isinstance(leaf, keras.KerasTensor) else leaf

    # In this order and together: the order in which Keras lists a call's tensors.
    filled = keras.tree.map_structure(fill, (arguments.args, arguments.kwargs))
    return filled[0], dict(filled[1])


def caller(operation: Any, arguments: Any) -> Callable[[Sequence[Any]], list[Any]]:
    """An operation in inference mode as a function of tensors alone; see `Node.call`."""
    takes_training = "training" in getattr(operation, "call_signature_parameters", ())

    def call(values: Sequence[Any]) -> list[Any]:
        args, kwargs = arguments_with(arguments, iter(values))
        if takes_training:
            kwargs["training"] = False
        return leaves(operation(*args, **kwargs))

    return call
