"""Variables that a file is fed and gives back: operators around them become plain tensors.

`with_state_inputs` assigns inputs to variables first and reads them last. Between the two an
assigned value is what is read next: so all of VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE go.
"""

from __future__ import annotations

from typing import Any

from edgekit import tflite
from edgekit.core.errors import ExportError

_VARIABLE = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE")


def forward_state(model: Any) -> None:
    """Take the variables out of a file whose main graph assigns to each before it reads it.

    Args:
        model: What the converter made, with a signature; changed in place.

    Raises:
        ExportError: A loop or a branch reads or writes one.
    """
    main = tflite.binding(model).subgraph
    names = {(op.subgraph, op.index): op.name for op in tflite.operators(model)}
    graph = model.subgraphs[main]
    held: dict[int, str] = {}
    value: dict[str, int] = {}
    same: dict[int, int] = {}
    kept = []
    for number, op in enumerate(graph.operators):
        op.inputs = [same.get(int(i), int(i)) for i in op.inputs]
        name = names[main, number]
        if name == "VAR_HANDLE":
            held[int(op.outputs[0])] = str(op.builtinOptions.sharedName)
        elif name == "ASSIGN_VARIABLE":
            value[held[op.inputs[0]]] = op.inputs[1]
        elif name == "READ_VARIABLE":
            same[int(op.outputs[0])] = value[held[op.inputs[0]]]
        elif name == "CALL_ONCE" and _only_fills_variables(model, op, names):
            _empty(model.subgraphs[op.builtinOptions.initSubgraphIndex])
        else:
            kept.append(op)
    graph.operators = kept
    graph.outputs = [same.get(int(i), int(i)) for i in graph.outputs]
    for signed in model.signatureDefs:
        for entry in signed.outputs:
            entry.tensorIndex = same.get(entry.tensorIndex, entry.tensorIndex)
    if any(op.name in _VARIABLE for op in tflite.operators(model)):
        raise ExportError(
            "State within a loop or a branch cannot become an input.",
            received="a variable that is read or written there",
            hint="leave [state] out of edgekit.toml: the file keeps the state then.",
        )


def _only_fills_variables(model: Any, op: Any, names: dict[tuple[int, int], str]) -> bool:
    called = op.builtinOptions.initSubgraphIndex
    count = len(model.subgraphs[called].operators)
    return all(names[called, number] in _VARIABLE for number in range(count))


def _empty(graph: Any) -> None:
    """A graph that nobody calls; others keep their numbers."""
    graph.operators, graph.inputs, graph.outputs, graph.tensors = [], [], [], []
