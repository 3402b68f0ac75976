"""Tensor names no longer than it takes to tell the layer of each operator.

Converters name a fused tensor after all that went into it, scopes and variables included: of a
small transformer's int8 file a twelfth was names. What an operator's layer is follows from the
names of what it gives (`source_layers`), and one part of such a name says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgekit.tflite import enums
from edgekit.tflite.graph import Operator, operators
from edgekit.tflite.read import read
from edgekit.tflite.schema_objects import Model
from edgekit.tflite.signature import binding
from edgekit.tflite.source_layers import layer_of, scopes, split
from edgekit.tflite.write import to_bytes

# Constants that no layer named. Digits tell several apart.
_NAMELESS = re.compile(r"^(arith\.constant|tfl\.pseudo_\w*const|cst|Const)_?\d*$")
_NUMBER = re.compile(r"_?\d+$")
_OF_CONVERTER = b"CONVERSION_METADATA"


def shortened(content: bytes) -> bytes:
    """A float file with `shorten` done to it."""
    model = read(content)
    shorten(model)
    return to_bytes(model)


def shorten(model: Model) -> None:
    """Rename tensors in place, each `SCOPES/LAYER/OPERATOR` with a number where it takes one.

    Inputs and outputs of the model and variables keep their names, which apps may know, and so
    does whatever would tell another layer. Names that differed still do. What the converter says of
    itself goes too: the manifest says what took part.

    Args:
        model: As `read` returned it.
    """
    before = {_place(op): op for op in operators(model)}
    old_names = [[enums.text(t.name) for t in graph.tensors] for graph in model.subgraphs]
    kept = _kept(model)
    taken = {name for names in old_names for name in names}
    for number, graph in enumerate(model.subgraphs):
        for index, raw in enumerate(graph.tensors):
            if (number, index) not in kept:
                old = old_names[number][index]
                raw.name = _unique(old, taken).encode()
    for op in operators(model):
        if op.layer != before[_place(op)].layer:
            for tensor in (*op.outputs, *op.constants):
                model.subgraphs[op.subgraph].tensors[tensor.index].name = old_names[op.subgraph][
                    tensor.index
                ].encode()
    _forget_converter(model)


def _place(op: Operator) -> tuple[int, int]:
    return op.subgraph, op.index


def _kept(model: Model) -> set[tuple[int, int]]:
    """Tensors that keep their names, by subgraph and index."""
    main = binding(model).subgraph
    return {
        (number, index)
        for number, graph in enumerate(model.subgraphs)
        for index, raw in enumerate(graph.tensors)
        if raw.isVariable
        or not raw.name
        or (number == main and (index in graph.inputs or index in graph.outputs))
    }


def _unique(old: str, taken: set[str]) -> str:
    """The shortest of the candidates for a name that no other tensor has."""
    name = next(name for name in _numbered(_stem(old)) if name == old or name not in taken)
    if len(name) >= len(old):
        return old
    taken.add(name)
    return name


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 1
    while True:
        yield f"{stem}{number}"
        number += 1


def _stem(old: str) -> str:
    """The part of a name that tells its layer, with the last word of that part's operator."""
    if _NAMELESS.match(old):
        return "c"
    layer = layer_of(old)
    part = next((p for p in old.split(";") if split(p)[0] == layer and "/" in p), None)
    if part is None:
        return old
    steps = scopes(part)
    operator = _NUMBER.sub("", steps[-1].rsplit(".", 1)[-1]) or "x"
    own = [i for i, step in enumerate(steps[:-1]) if step.replace("%2F", "/") == layer]
    stem = "/".join([*steps[: own[-1] + 1], operator]) if own else old
    return stem if layer_of(stem) == layer else old


def _forget_converter(model: Model) -> None:
    for entry in model.metadata or []:
        if entry.name == _OF_CONVERTER:
            model.buffers[entry.buffer].data = None
    model.metadata = [entry for entry in model.metadata or [] if entry.name != _OF_CONVERTER]
