"""What TensorFlow's converter means when it refuses a model: operators, and their layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from edgekit.compat.keras import traced_function
from edgekit.compat.tensorflow import graph_functions
from edgekit.core.errors import ExportError, FlexError
from edgekit.frontend.export import operator_place, text_operators
from edgekit.frontend.load.loaded import LoadedModel

_OPERATOR_LIST = re.compile(r"(?:TF Select|Custom|Flex) ops?: ([\w, .]+)")
_DIALECT_OPERATOR = re.compile(r"'tf\.(\w+)' op ")
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
# The converter lists these where a table or a function could not be brought along. They are
# part of every graph and tell nothing.
_PLUMBING = {"Placeholder", "Const", "Identity", "NoOp", "PartitionedCall"}
# Lists of tensors become plain tensors where all sizes are known: in a loop over time steps
# that is a question of the batch, not of the layer.
_LISTS = ("TensorList", "tensor list", "element_shape")

# Where an operator stands -> what is said of it, and the next step.
_PLACES = {
    "start": (
        ", at the start of the model",
        "take it out of the model: compute it in the app, and let the model begin behind it.",
    ),
    "middle": (
        ", in the middle of the model",
        "replace it in the model by functions that can be converted (docs/sources.md), and train "
        "the model again.",
    ),
    "end": (
        ", at the end of the model",
        "let the model end before it, and compute it in the app from the model's outputs.",
    ),
    None: (
        "",
        "move it out of the model into the app, or replace it by functions that can be converted "
        "(docs/sources.md).",
    ),
}


def explain(error: Exception, loaded: LoadedModel, function: Any) -> ExportError:
    """The error to raise in place of the converter's.

    Args:
        error: What the converter raised.
        loaded: The model, for the names of its layers.
        function: The traced function, whose graph holds the operators.
    """
    text = str(error)
    operators = operator_names(text)
    if any(word in text for word in _LISTS) and not operators - _list_operators(operators):
        return _recurrent(loaded, _where(_list_operators(operators), loaded, function))
    if not operators:
        return ExportError(
            "TensorFlow's converter did not accept the model.",
            received=last_words(error),
            hint="if sizes are unknown, fix them with --input-shape.",
        )
    place = operator_place.place(function.graph, operators)
    where = f"{_where(operators, loaded, function)}{_PLACES[place][0]}"
    if (of_text := text_operators.refusal(operators, where)) is not None:
        return of_text
    return FlexError(
        "The model needs operators that mobile runtimes do not have.",
        received=f"{', '.join(sorted(operators))}{where}: TensorFlow-only (Flex) operators, which "
        "run in no LiteRT or tflite-runtime package.",
        hint=_PLACES[place][1],
    )


def operator_names(text: str) -> set[str]:
    """The operators that the converter names as unsupported."""
    found = {
        name.strip().removeprefix("Flex")
        for names in _OPERATOR_LIST.findall(text)
        for name in names.split(",")
        if name.strip()
    } or set(_DIALECT_OPERATOR.findall(text))
    return found - _PLUMBING or found


def _list_operators(operators: set[str]) -> set[str]:
    return {name for name in operators if name.startswith("TensorList")} or {"TensorListReserve"}


def _recurrent(loaded: LoadedModel, where: str) -> ExportError:
    hint = "fix the unknown sizes with --input-shape."
    if loaded.kind == "saved_model":
        hint = (
            "give the original .keras or .h5 file: in a SavedModel the layer's batch is unknown "
            "for good. Or export it again with an input_signature whose batch is 1."
        )
    return FlexError(
        "The sizes of a loop over time steps must be known when it is exported.",
        received=f"unknown sizes{where} (TensorListReserve), for which mobile runtimes have no "
        "operator",
        hint=hint,
    )


def last_words(error: BaseException) -> str:
    """The line of a long message that says what was wrong."""
    text = _COLORS.sub("", str(error)).split("Arguments received by")[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line and "failed while converting" not in line]
    line = (errors or lines[-1:] or ["no message"])[-1]
    return f"{type(error).__name__}: {line[:400]}"


def _where(operators: set[str], loaded: LoadedModel, function: Any) -> str:
    layers: set[str] = set()
    functions: set[str] = set()
    for node in nodes(function.graph):
        if node.type in operators:
            layers |= _layer_names(node.name.split("/"), set(loaded.layers))
            functions |= _keras_function(node)
    called = ", ".join(sorted(functions))
    if layers:
        return f" in layer {', '.join(sorted(layers))}" + (f" ({called})" if called else "")
    return f" in {called}" if called else ""


def nodes(graph: Any) -> Iterator[Any]:
    """The operators of a graph and of all functions that it knows."""
    seen: set[int] = set()
    pending = [graph]
    while pending:
        graph = pending.pop()
        if id(graph) not in seen:
            seen.add(id(graph))
            yield from graph.get_operations()
            pending += graph_functions(graph)


def _layer_names(scopes: list[str], known: set[str]) -> set[str]:
    # Keras 3 numbers a layer's scope at each call: `hashing_1` is a call of `hashing`.
    named = {s for s in scopes if s in known}
    return named or {base for s in scopes if (base := re.sub(r"_\d+$", "", s)) in known}


def _keras_function(node: Any) -> set[str]:
    """The public function of Keras 3 that made an operator.

    A functional model may call `keras.ops.argmax` itself; such a call has no scope, only
    the place in Keras' own code where it was traced.
    """
    name = traced_function(node.traceback or ())
    return {name} if name else set()
