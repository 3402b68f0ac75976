"""One signature of a file that may have several, and what of the file belongs to it."""

from __future__ import annotations

from edgekit import tflite
from edgekit.core.errors import ModelError, UsageError
from edgekit.core.suggest import nearest
from edgekit.tflite import Model, enums
from edgekit.tflite.signature import DEFAULT


def choose(model: Model, name: str | None) -> None:
    """Leave one signature and its graph, in place; the graph becomes the first.

    Other graphs stay where it calls them. Values that nothing is left to read are dropped.

    Args:
        model: What `tflite.read` returned.
        name: The signature's key; None for the only one, or `serving_default`.

    Raises:
        UsageError: No signature has this name.
        ModelError: Several signatures, and none was chosen; or it leaves out an input of its graph.
    """
    _select(model, name)
    names = tflite.binding(model)
    graph = model.subgraphs[names.subgraph]
    unnamed = set(graph.inputs) - set(names.inputs.values())
    if names.key and unnamed:
        missing = ", ".join(enums.text(graph.tensors[i].name) for i in sorted(unnamed))
        raise ModelError(
            "A signature must name every input of its graph.",
            received=f"{names.key} leaves out {missing}",
            hint="convert the original model again.",
        )
    if names.key:  # what a signature does not name nobody can read
        graph.outputs = list(dict.fromkeys(names.outputs.values()))
    _keep_graphs(model, names.subgraph)
    _drop_unread(model)


def _select(model: Model, name: str | None) -> None:
    # One that names nothing is none: the graph's own inputs and outputs stand for it.
    signatures = [s for s in model.signatureDefs or [] if s.inputs and s.outputs]
    keys = [enums.text(s.signatureKey) for s in signatures]
    if name is None and len(keys) > 1 and DEFAULT not in keys:
        raise ModelError(
            "Of several signatures one must be chosen.",
            received=", ".join(keys),
            hint=f"edgekit convert --signature {keys[0]} makes files of that one alone.",
        )
    if name is None:
        name = DEFAULT if DEFAULT in keys else next(iter(keys), None)
    elif name not in keys:
        raise UsageError(
            "--signature must name a signature of the model.",
            received=f"{name}; the model has {', '.join(keys) or 'none'}",
            hint=nearest(name, keys) if keys else "leave --signature out.",
        )
    model.signatureDefs = [signatures[keys.index(name)]] if name is not None else None


def _keep_graphs(model: Model, main: int) -> None:
    """The main graph first, then what it calls, in the file's order."""
    called: dict[int, set[int]] = {}
    for op in tflite.operators(model):
        numbers = {int(getattr(op.options, option)) for option in op.facts.called_subgraphs}
        called.setdefault(op.subgraph, set()).update(numbers)
    reached, pending = {main}, [main]
    while pending:
        new = called.get(pending.pop(), set()) - reached
        if any(not 0 <= number < len(model.subgraphs) for number in new):
            raise ModelError(
                "The TFLite file is cut off or damaged.",
                received=f"an operator calls one of the graphs {sorted(new)} of "
                f"{len(model.subgraphs)}",
                hint="export, copy or download it again.",
            )
        reached |= new
        pending += new
    order = [main, *sorted(reached - {main})]
    place = {old: new for new, old in enumerate(order)}
    for op in tflite.operators(model):
        for option in op.facts.called_subgraphs if op.subgraph in place else ():
            setattr(op.options, option, place[int(getattr(op.options, option))])
    model.subgraphs = [model.subgraphs[number] for number in order]
    for signature in model.signatureDefs or []:
        signature.subgraphIndex = 0


def _drop_unread(model: Model) -> None:
    read = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
    read |= {entry.buffer for entry in model.metadata or []}
    for number, buffer in enumerate(model.buffers):
        if number not in read:
            buffer.data = None
