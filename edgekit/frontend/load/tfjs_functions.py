"""The functions of a TensorFlow.js graph: names of their own, and loops whose lists have sizes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

# Operator -> which of its operands is the shape of the list's elements.
_LISTS = {
    "TensorListReserve": 0,
    "TensorListStack": 1,
    "TensorListGetItem": 2,
    "EmptyTensorList": 0,
}


def bodies(graph: Any) -> Iterator[Any]:
    """The nodes of a `GraphDef`, then those of each of its functions."""
    yield graph.node
    yield from (function.node_def for function in graph.library.function)


def name_apart(graph: Any) -> None:
    """Give functions names that no other graph's have, in place: TensorFlow keeps one of a name."""
    mark = hashlib.sha256(graph.SerializeToString(deterministic=True)).hexdigest()[:8]
    names = {f.signature.name: f"{f.signature.name}_{mark}" for f in graph.library.function}
    for function in graph.library.function:
        function.signature.name = names[function.signature.name]
    for gradient in graph.library.gradient:
        gradient.function_name = names.get(gradient.function_name, gradient.function_name)
        gradient.gradient_func = names.get(gradient.gradient_func, gradient.gradient_func)
    for node in (node for body in bodies(graph) for node in body):
        node.op = names.get(node.op, node.op)
        pending = list(node.attr.values())
        while pending:
            value = pending.pop()
            for called in [value.func] if value.HasField("func") else value.list.func:
                called.name = names.get(called.name, called.name)
                pending.extend(called.attr.values())


def settle_lists(graph: Any) -> None:
    """A batch of 1 for a graph whose loops keep lists of tensors, in place.

    The converter of TensorFlow turns only lists of known sizes into plain tensors, and the first
    size of theirs is the batch.
    """
    import tensorflow as tf

    found = False
    for body in bodies(graph):
        named = {node.name: node for node in body}
        for node in body:
            if node.op not in _LISTS or len(node.input) <= _LISTS[node.op]:
                continue
            found = True
            shape = named.get(node.input[_LISTS[node.op]].split(":")[0])
            if shape is None or shape.op != "Const":
                continue
            sizes = tf.make_ndarray(shape.attr["value"].tensor).copy()
            if sizes.ndim and sizes.size and sizes[0] == -1:
                sizes[0] = 1
                shape.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(sizes))
    for node in graph.node if found else ():
        dims = node.attr["shape"].shape.dim if node.op == "Placeholder" else ()
        if dims and dims[0].size == -1:
            dims[0].size = 1
