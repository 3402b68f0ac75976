"""Operators of a traced function replaced by what their rules compute.

Each such operator becomes a call of a function that its rule was traced to, for the shapes at this
place; TensorFlow's converter puts such calls in line. So the same rules hold in the main graph and
within loops and branches, and for a model of either Keras and a SavedModel alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgekit.compat.tensorflow import graph_of_definition
from edgekit.frontend.rewrites import complex_pairs, fourier
from edgekit.frontend.rewrites.complex_pairs import has_complex, is_complex, needs_pairs
from edgekit.frontend.rewrites.constant_operands import constant_value
from edgekit.frontend.rewrites.operator_call import NoRewrite, OperatorCall, Rule
from edgekit.frontend.rewrites.rewrite_rules import RULES, applies

_CALL = "PartitionedCall"
# Complex tensors come out of one of these.
_REWRITTEN = RULES.keys() | fourier.RULES.keys() | {"Complex", "RFFT2D"}

_NUMBERS = itertools.count()


def rewrite(function: Any, *, fused: bool = True) -> Any:
    """The concrete function with every operator replaced that has a rule.

    Args:
        function: A concrete function, traced with the shapes that will be converted.
        fused: Leave what the converter makes one operator of together with its neighbours.

    Returns:
        A function of the same inputs, outputs and variables; `function` itself where nothing of it
        has a rule that holds.
    """
    if not has_rules(function):
        return function
    graph = function.graph
    pairs = needs_pairs(graph.get_operations())
    definition = graph.as_graph_def()
    pass_ = _Pass(fused=fused)
    pass_.rewrite_nodes(definition.node, graph, pairs=pairs)
    for inner in definition.library.function:
        if any(node.op in RULES for node in inner.node_def):
            traced = graph_of_definition(inner)
            if traced is not None:
                places = pass_.rewrite_nodes(inner.node_def, traced)
                _rename_results(inner, places)
    if not pass_.library:
        return function
    _rename_functions(definition)
    definition.library.function.extend(pass_.library.values())
    return _traced_again(function, definition)


def has_rules(function: Any) -> bool:
    """Whether a concrete function, or one that it calls, holds operators that may be rewritten."""
    definition = function.graph.as_graph_def()
    nodes = [definition.node, *(inner.node_def for inner in definition.library.function)]
    return any(node.op in _REWRITTEN for part in nodes for node in part)


@dataclass
class _Pass:
    """One pass over a graph and its functions, and the functions that it adds."""

    fused: bool
    library: dict[str, Any] = field(default_factory=dict)

    def rewrite_nodes(
        self, nodes: Any, graph: Any, *, pairs: bool = False
    ) -> dict[str, dict[str, int]]:
        """Replace nodes in place.

        Args:
            nodes: Of a graph's or a function's definition.
            graph: The same as a graph, which knows shapes.
            pairs: Rewrite complex tensors as pairs.

        Returns:
            Of each that was replaced, the place of each of its named outputs.
        """
        places: dict[str, dict[str, int]] = {}
        for node in nodes:
            operation = graph.get_operation_by_name(node.name)
            if pairs and has_complex(operation):
                rule = complex_pairs.RULES[node.op]
            elif node.op in RULES and applies(operation, fused=self.fused):
                rule = RULES[node.op]
            else:
                continue
            named = {arg.name: i for i, arg in enumerate(operation.op_def.output_arg)}
            if self._replace(node, operation, rule):
                places[node.name] = named
        return places

    def _replace(self, node: Any, operation: Any, rule: Rule) -> bool:
        try:
            call = _call_of(operation)
            if _folds(call) and not has_complex(operation):
                return False
            traced = _traced_rule(rule, call, operation)
        except NoRewrite:
            return False
        name = traced.function_def.signature.name
        self.library[name] = traced.function_def
        for inner in traced.graph.as_graph_def().library.function:
            self.library[inner.signature.name] = inner
        node.op = _CALL
        node.attr.clear()
        node.attr["Tin"].list.type.extend(_spec(t).dtype.as_datatype_enum for t in operation.inputs)
        results = [_spec(tensor).dtype.as_datatype_enum for tensor in operation.outputs]
        node.attr["Tout"].list.type.extend(results)
        node.attr["f"].func.name = name
        return True


def _call_of(operation: Any) -> OperatorCall:
    return OperatorCall(
        type=operation.type,
        attributes={name: operation.get_attr(name) for name in operation.node_def.attr},
        constants=[constant_value(tensor) for tensor in operation.inputs],
        shapes=[tuple(_shape(tensor)) for tensor in operation.inputs],
        paired=[is_complex(tensor) for tensor in operation.inputs],
        protos=dict(operation.node_def.attr),
    )


def _folds(call: OperatorCall) -> bool:
    """Whether the converter computes a call itself."""
    return bool(call.constants) and all(value is not None for value in call.constants)


def _spec(tensor: Any) -> Any:
    """What stands for a tensor: complex ones as pairs."""
    import tensorflow as tf

    if is_complex(tensor):
        return tf.TensorSpec([*_shape(tensor), 2], tf.float32)
    return tf.TensorSpec(tensor.shape, tensor.dtype)


def _shape(tensor: Any) -> list[int | None]:
    if tensor.shape.rank is None:
        raise NoRewrite("a rank is not known")
    return list(tensor.shape.as_list())


def _traced_rule(rule: Rule, call: OperatorCall, operation: Any) -> Any:
    import tensorflow as tf

    specs = [_spec(tensor) for tensor in operation.inputs]

    def compute(*tensors: Any) -> Any:
        results = rule(call, *tensors)
        results = results if isinstance(results, tuple) else (results,)
        return tuple(
            tf.ensure_shape(value, _spec(output).shape)
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


def _rename_results(definition: Any, places: Mapping[str, Mapping[str, int]]) -> None:
    for node in definition.node_def:
        node.input[:] = [_renamed(name, places) for name in node.input]
    for key in list(definition.ret):
        definition.ret[key] = _renamed(definition.ret[key], places)


def _rename_functions(definition: Any) -> None:
    """Give the functions of a graph names of their own: TensorFlow still knows the old ones."""
    number = next(_NUMBERS)
    library = definition.library.function
    names = {f.signature.name: f"{f.signature.name}_rewritten_{number}" for f in library}
    for inner in library:
        inner.signature.name = names[inner.signature.name]
    for nodes in (definition.node, *(inner.node_def for inner in library)):
        for node in nodes:
            node.op = names.get(node.op, node.op)  # a call as TensorFlow 1 wrote it
            for attribute in node.attr.values():
                called = [*attribute.list.func]
                if attribute.HasField("func"):
                    called.append(attribute.func)
                for function in called:
                    function.name = names.get(function.name, function.name)


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
