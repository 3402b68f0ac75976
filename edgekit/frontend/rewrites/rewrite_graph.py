"""Operators of a traced function replaced by what their rules compute.

Each such operator becomes a call of a function that its rule was traced to, for the shapes at this
place; TensorFlow's converter puts such calls in line. So the same rules hold in the main graph and
within loops and branches, and for a model of either Keras and a SavedModel alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgekit.compat.tensorflow import graph_of_definition
from edgekit.frontend.rewrites.operator_call import NoRewrite, OperatorCall, Rule
from edgekit.frontend.rewrites.rewrite_rules import RULES, applies

_CALL = "PartitionedCall"


def rewrite(function: Any, *, fused: bool = True) -> Any:
    """The concrete function with every operator replaced that has a rule.

    Args:
        function: A concrete function, traced with the shapes that will be converted.
        fused: Leave what the converter makes one operator of together with its neighbours.

    Returns:
        A function of the same inputs, outputs and variables; `function` itself where nothing of it
        has a rule that holds.
    """
    graph = function.graph
    if not any(name in RULES for name in operator_types(graph)):
        return function
    definition = graph.as_graph_def()
    pass_ = _Pass(fused=fused)
    pass_.rewrite_nodes(definition.node, graph, inside_function=False)
    for inner in list(definition.library.function):
        if any(node.op in RULES for node in inner.node_def):
            traced = graph_of_definition(inner)
            if traced is not None:
                outputs = pass_.rewrite_nodes(inner.node_def, traced, inside_function=True)
                _rename_outputs(inner, outputs)
    if not pass_.library:
        return function
    known = {entry.signature.name for entry in definition.library.function}
    definition.library.function.extend(
        entry for name, entry in pass_.library.items() if name not in known
    )
    return _traced_again(function, definition)


def operator_types(graph: Any) -> Iterator[str]:
    """The raw names of the operators of a graph and of the functions that it calls."""
    definition = graph.as_graph_def()
    for node in definition.node:
        yield node.op
    for inner in definition.library.function:
        for node in inner.node_def:
            yield node.op


@dataclass
class _Pass:
    """One pass over a graph and its functions, and the functions that it adds."""

    fused: bool
    library: dict[str, Any] = field(default_factory=dict)

    def rewrite_nodes(
        self, nodes: Any, graph: Any, *, inside_function: bool
    ) -> dict[str, dict[str, int]]:
        """Replace nodes in place.

        Returns:
            Of each that was replaced, the place of each of its named outputs.
        """
        places: dict[str, dict[str, int]] = {}
        for node in nodes:
            rule = RULES.get(node.op)
            if rule is None:
                continue
            operation = graph.get_operation_by_name(node.name)
            if self.fused and not applies(operation):
                continue
            named = {arg.name: i for i, arg in enumerate(operation.op_def.output_arg)}
            if self._replace(node, operation, rule):
                places[node.name] = named
        if inside_function:
            for node in nodes:
                node.input[:] = [_renamed(name, places) for name in node.input]
        return places

    def _replace(self, node: Any, operation: Any, rule: Rule) -> bool:
        call = _call_of(operation)
        if call.constants and all(value is not None for value in call.constants):
            return False  # the converter folds it
        try:
            traced = _traced_rule(rule, call, operation)
        except NoRewrite:
            return False
        name = traced.function_def.signature.name
        self.library[name] = traced.function_def
        for inner in traced.graph.as_graph_def().library.function:
            self.library[inner.signature.name] = inner
        node.op = _CALL
        node.attr.clear()
        node.attr["Tin"].list.type.extend(t.dtype.as_datatype_enum for t in operation.inputs)
        node.attr["Tout"].list.type.extend(t.dtype.as_datatype_enum for t in operation.outputs)
        node.attr["f"].func.name = name
        return True


def _call_of(operation: Any) -> OperatorCall:
    import tensorflow as tf

    constants = [tf.get_static_value(tensor) for tensor in operation.inputs]
    return OperatorCall(
        type=operation.type,
        attributes={name: operation.get_attr(name) for name in operation.node_def.attr},
        constants=[None if value is None else np.asarray(value) for value in constants],
        shapes=[tuple(_shape(tensor)) for tensor in operation.inputs],
    )


def _shape(tensor: Any) -> list[int | None]:
    if tensor.shape.rank is None:
        raise NoRewrite("a rank is not known")
    return list(tensor.shape.as_list())


def _traced_rule(rule: Rule, call: OperatorCall, operation: Any) -> Any:
    import tensorflow as tf

    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in operation.inputs]

    def compute(*tensors: Any) -> Any:
        results = rule(call, *tensors)
        results = results if isinstance(results, tuple) else (results,)
        return tuple(
            tf.ensure_shape(value, output.shape)
            for value, output in zip(results, operation.outputs, strict=True)
        )

    with tf.init_scope():
        traced = tf.function(compute, autograph=False).get_concrete_function(*specs)
    if traced.captured_inputs:
        raise AssertionError(f"the rule of {call.type} must make its constants within the graph")
    return traced


def _renamed(name: str, places: Mapping[str, Mapping[str, int]]) -> str:
    """Within a function a result is `node:output:number`; a call has one output, `output`."""
    node, *rest = name.split(":")
    if len(rest) != 2 or node not in places:
        return name
    return f"{node}:output:{places[node][rest[0]]}"


def _rename_outputs(definition: Any, places: Mapping[str, Mapping[str, int]]) -> None:
    for key in list(definition.ret):
        definition.ret[key] = _renamed(definition.ret[key], places)


def _traced_again(function: Any, definition: Any) -> Any:
    """A concrete function of a changed graph, over the same variables and tables."""
    import tensorflow as tf

    captured = [t.op.name for t in function.graph.internal_captures]
    arguments = {
        tensor.op.name: tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor.op.name)
        for tensor in function.inputs
        if tensor.op.name not in captured
    }
    for place in reversed(range(len(definition.node))):
        if definition.node[place].name in (*captured, *arguments):
            del definition.node[place]
    used = {_source(name) for node in definition.node for name in node.input}
    names = sorted(function.structured_outputs)
    results = [tensor.name for tensor in function.outputs]

    def serve(**tensors: Any) -> dict[str, Any]:
        for variable in function.variables:
            variable.read_value()  # so that freezing knows whose value a captured handle is
        graph = tf.compat.v1.get_default_graph()
        outer = zip(captured, function.captured_inputs, strict=True)
        values = {**tensors, **{name: graph.capture(value) for name, value in outer}}
        inputs = {f"{name}:0": value for name, value in values.items() if name in used}
        found = tf.import_graph_def(definition, inputs, return_elements=results, name="")
        return dict(zip(names, found, strict=True))

    return tf.function(serve, autograph=False).get_concrete_function(**arguments)


def _source(name: str) -> str:
    return name.split(":")[0].lstrip("^")
