"""What loading and running a SavedModel reach, and where the paths of its files come from.

A model of TensorFlow 2 is a library of functions: TensorFlow calls those that its objects name
(initializers, creators, restorers, signatures), and what they call; its main graph does nothing.
One of TensorFlow 1 is a main graph: its initializer runs with the paths of assets fed to it, its
saver's restore with the path of the variables, its signatures with neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from edgekit.compat.tensorflow import variable_initializer
from edgekit.frontend.trust.allowed_operators import READING, SAVING

MAIN = ""
"""The main graph, among the names of functions."""

_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}


def place_of(operator: str, node: Any, function: str) -> str:
    """An operator for people: its type, its node and the function around it."""
    return f"{operator} ({node.name!r}{f' in the function {function!r}' if function else ''})"


def functions_of(node: Any) -> Iterator[str]:
    """The functions that a node's attributes name, those of nested attributes among them."""
    pending = list(node.attr.values())
    while pending:
        value = pending.pop()
        named = [value.func] if value.HasField("func") else value.list.func
        for function in named:
            yield function.name
            pending.extend(function.attr.values())


class Reach:
    """What one meta graph reaches, and which tensors hold a path that TensorFlow put there."""

    def __init__(self, meta: Any) -> None:
        self.meta = meta
        self.functions = {f.signature.name: f for f in meta.graph_def.library.function}
        # Of each function that is reached: its arguments that hold such a path in every call.
        self.paths: dict[str, frozenset[str]] = {}

    def found(self) -> list[str]:
        """Savers that are reached, and readers of other files."""
        main = list(self._main())
        pending = list(self._entry_functions())
        for nodes, paths in main:
            pending += self._called(nodes, paths)
        while pending:
            name, paths = pending.pop()
            known = self.paths.get(name)
            if name in self.functions and (known is None or known - paths):
                self.paths[name] = paths if known is None else known & paths
                pending += self._called(self.functions[name].node_def, self.paths[name])
        entries = [(nodes, paths, MAIN) for nodes, paths in main]
        bodies = [(self.functions[name].node_def, self.paths[name], name) for name in self.paths]
        return [line for entry in entries + bodies for line in self._judge(*entry)]

    def _judge(self, nodes: Iterable[Any], paths: frozenset[str], place: str) -> list[str]:
        by_name = {node.name: node for node in nodes}
        found = []
        for node in nodes:
            if node.op in SAVING:
                found.append(f"{place_of(node.op, node, place)}, which writes a file when it runs")
            elif node.op in READING:
                operand = _operands(by_name, node)[READING[node.op] :][:1]
                if not paths.issuperset(operand) or not operand:
                    found.append(
                        f"{place_of(node.op, node, place)}, which reads a file of its choice"
                    )
        return found

    def _called(
        self, nodes: Iterable[Any], paths: frozenset[str]
    ) -> Iterator[tuple[str, frozenset[str]]]:
        """The functions that nodes call, each with its arguments that hold a path."""
        by_name = {node.name: node for node in nodes}
        for node in by_name.values():
            for name in (node.op, *functions_of(node)):
                if name not in self.functions:
                    continue
                held: frozenset[str] = frozenset()
                if node.op in _CALLS or node.op == name:
                    pairs = zip(self._arguments(name), _operands(by_name, node), strict=False)
                    held = frozenset(argument for argument, tensor in pairs if tensor in paths)
                yield name, held

    def _arguments(self, function: str) -> list[str]:
        arguments = self.functions[function].signature.input_arg
        if any(argument.number_attr or argument.type_list_attr for argument in arguments):
            return []  # one of several tensors: their places are not those of the operands
        return [argument.name for argument in arguments]

    def _entry_functions(self) -> Iterator[tuple[str, frozenset[str]]]:
        """What TensorFlow calls by itself: functions of objects, gradients, and substitutes."""
        library, objects = self.meta.graph_def.library, self.meta.object_graph_def
        for name, concrete in objects.concrete_functions.items():
            if name in self.functions:
                # What a function captured follows its own arguments.
                arguments = self._arguments(name)
                captured = arguments[max(0, len(arguments) - len(concrete.bound_inputs)) :]
                pairs = zip(captured, concrete.bound_inputs, strict=False)
                yield name, frozenset(a for a, node in pairs if _is_asset(objects.nodes, node))
        for gradient in (*library.registered_gradients, *library.gradient):
            yield gradient.gradient_func, frozenset()
        for function in library.function:
            if "api_implements" in function.attr:
                yield function.signature.name, frozenset()

    def _main(self) -> Iterator[tuple[list[Any], frozenset[str]]]:
        """Parts of the main graph that run, each with the tensors that a path is fed to.

        None in a model of TensorFlow 2, which runs functions only.
        """
        meta = self.meta
        if meta.HasField("object_graph_def"):
            return
        paths = {asset.tensor_info.name for asset in assets(meta)}
        yield self._behind(_outputs(meta), set()), frozenset()
        yield self._behind(_initializers(meta), paths), _spellings(paths)
        filename = {meta.saver_def.filename_tensor_name}
        restore = [meta.saver_def.restore_op_name]
        yield self._behind(restore, filename), _spellings(filename)

    def _behind(self, fetches: Iterable[str], fed: set[str]) -> list[Any]:
        """The nodes that the fetched tensors or operators need, where `fed` has its values."""
        nodes = {node.name: node for node in self.meta.graph_def.node}
        stops = _spellings(fed)
        needed: dict[str, Any] = {}
        pending = list(fetches)
        while pending:
            operand = pending.pop()
            name = operand.removeprefix("^").split(":")[0]
            if operand not in stops and name in nodes and name not in needed:
                needed[name] = nodes[name]
                pending.extend(nodes[name].input)
        return list(needed.values())


def _operands(nodes: Mapping[str, Any], node: Any) -> list[str]:
    """A node's operands as the tensors that their values come from, behind identities."""
    return [_source(nodes, operand) for operand in node.input if not operand.startswith("^")]


def _source(nodes: Mapping[str, Any], operand: str) -> str:
    for _ in range(len(nodes)):
        node = nodes.get(operand.split(":")[0])
        if node is None or node.op != "Identity" or not node.input:
            break
        operand = node.input[0]
    return operand


def _spellings(tensors: Iterable[str]) -> frozenset[str]:
    """Both ways in which a graph writes the first output of a node."""
    names = {tensor for tensor in tensors if tensor}
    return frozenset(names | {name.removesuffix(":0") for name in names})


def _is_asset(objects: Any, node: int) -> bool:
    """Whether an object of the model is a file of its folder `assets`, and nothing else."""
    if not 0 <= node < len(objects):
        return False
    saved = objects[node]
    return bool(saved.HasField("asset") and not saved.registered_name and not saved.children)


def _outputs(meta: Any) -> Iterator[str]:
    for signature in meta.signature_def.values():
        for info in signature.outputs.values():
            components = [info, *info.composite_tensor.components]
            yield from (component.name for component in components)
            sparse = info.coo_sparse
            yield from (sparse.values_tensor_name, sparse.indices_tensor_name)
            yield sparse.dense_shape_tensor_name


def _initializers(meta: Any) -> Iterator[str]:
    """What an old model names to be run once it is loaded, and more: all collections' nodes."""
    yield from _outputs(meta)
    for name, collection in meta.collection_def.items():
        yield from collection.node_list.value
        for variable in collection.bytes_list.value if name == "local_variables" else ():
            yield variable_initializer(variable)


def assets(meta: Any) -> Iterator[Any]:
    """The files below `assets` that a meta graph names, in the places of both TensorFlows."""
    yield from meta.asset_file_def
    for name, collection in meta.collection_def.items():
        for packed in collection.any_list.value if name == "saved_model_assets" else ():
            asset = type(meta)().asset_file_def.add()  # an empty one
            packed.Unpack(asset)
            yield asset
