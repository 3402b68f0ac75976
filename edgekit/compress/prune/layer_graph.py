"""A Keras model as a list of calls over numbered tensors, which can be run call by call.

Nested models are written out in place, so that a tensor has one number wherever it goes. Keras
has this graph too, but as one graph for each nested model, behind a `call` that runs it whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.compat.keras import input_name
from edgekit.compress.prune.keras_graph import (
    arguments_with,
    caller,
    is_walkable,
    leaves,
    ordered_calls,
)
from edgekit.core.errors import DataError, ModelError
from edgekit.frontend.load.loaded import unique

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Node:
    """One call of a layer or of an operation.

    Attributes:
        operation: A Keras layer, or an operation of `keras.ops`. A layer that is called twice
            is the operation of two nodes.
        name: The layer's name, behind those of the models it is nested in: `backbone/conv_1`.
        inputs: The tensors it reads, in the order of its arguments; one that is given twice
            is there twice.
        outputs: The tensors it gives.
        arguments: What it is called with beside tensors: `(args, kwargs)` with the tensors'
            places holding Keras' own symbolic tensors.
        call: The values of `inputs` to the values of `outputs`: the operation in inference
            mode, its other arguments as in the model. Takes and gives TensorFlow tensors, and
            works inside `tf.function`.
    """

    operation: Any
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    call: Callable[[Sequence[Any]], list[Any]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Nested:
    """A model that is a layer of the walked one, and has been written out.

    Attributes:
        model: It.
        calls: For each place where it is called, the tensors that it reads, in order of its
            inputs.
    """

    model: Any
    calls: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Graph:
    """All calls of a model.

    Attributes:
        nodes: In order of computation, nested models written out.
        inputs: Input name to tensor.
        outputs: The model's outputs, in its own (flattened) order.
        shapes: By tensor, the batch first, None where a size is unknown.
        dtypes: By tensor, Keras' names.
        readers: By tensor, the nodes that read it.
        nested: The nested models that have been written out.
    """

    nodes: tuple[Node, ...]
    inputs: dict[str, int]
    outputs: tuple[int, ...]
    shapes: Mapping[int, Shape]
    dtypes: Mapping[int, str]
    readers: Mapping[int, tuple[Node, ...]]
    nested: tuple[Nested, ...]

    def consumers(self, tensor: int) -> tuple[Node, ...]:
        """The nodes that read a tensor, in order of computation, each once."""
        return self.readers.get(tensor, ())

    def producer(self, tensor: int) -> Node | None:
        """The node that gives a tensor; None for an input of the model."""
        return next((node for node in self.nodes if tensor in node.outputs), None)

    def calls(self, operation: Any) -> tuple[Node, ...]:
        """All calls of one layer, in order of computation."""
        return tuple(node for node in self.nodes if node.operation is operation)

    @property
    def layers(self) -> dict[str, Any]:
        """The layers (no plain operations) by name, in order of first call."""
        import keras

        return {n.name: n.operation for n in self.nodes if isinstance(n.operation, keras.Layer)}


def walk(model: Any, sizes: Mapping[str, Sequence[int | None]] | None = None) -> Graph:
    """The graph of a Functional or Sequential Keras 3 model.

    Args:
        model: The model.
        sizes: Shapes by input name (the batch first) that take the place of the model's own,
            where those leave sizes open; all other shapes follow.

    Raises:
        ModelError: It is of another kind: subclassed, of Keras 2, or not built.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ModelError(
            "A model to prune must be a Keras 3 model.",
            received=f"{type(model).__module__.split('.')[0]}'s {type(model).__name__}",
            hint="save it again with Keras 3.",
        )
    if not is_walkable(model):
        raise ModelError(
            "A model with a `call` of its own cannot be pruned: its layers cannot be told apart.",
            received=f"{model.name!r}, a {type(model).__name__}"
            + ("" if model.built else " that was never built"),
            hint="build it as keras.Model(inputs, outputs); start a Sequential with keras.Input.",
        )
    walker = _Walker()
    names = unique([input_name(tensor) for tensor in model.inputs])
    for name, tensor in zip(names, model.inputs, strict=True):
        walker.new((sizes or {}).get(name, tensor.shape), tensor.dtype)
    numbers = {id(tensor): i for i, tensor in enumerate(model.inputs)}
    outputs = walker.inline(model, numbers, "")
    readers: dict[int, list[Node]] = {}
    for node in walker.nodes:
        for number in dict.fromkeys(node.inputs):
            readers.setdefault(number, []).append(node)
    return Graph(
        nodes=tuple(walker.nodes),
        inputs={name: i for i, name in enumerate(names)},
        outputs=tuple(outputs),
        shapes=dict(enumerate(walker.shapes)),
        dtypes=dict(enumerate(walker.dtypes)),
        readers={number: tuple(nodes) for number, nodes in readers.items()},
        nested=tuple(
            Nested(model=model, calls=tuple(calls)) for model, calls in walker.nested.values()
        ),
    )


class _Walker:
    """Numbers tensors and writes nested models out, as far as they can be."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.shapes: list[Shape] = []
        self.dtypes: list[str] = []
        self.nested: dict[int, tuple[Any, list[tuple[int, ...]]]] = {}

    def new(self, shape: Iterable[int | None], dtype: Any) -> int:
        self.shapes.append(tuple(None if n is None else int(n) for n in shape))
        self.dtypes.append(str(dtype))
        return len(self.shapes) - 1

    def inline(self, model: Any, numbers: dict[int, int], prefix: str) -> list[int]:
        """Add a model's calls. `numbers` maps its symbolic tensors (by id) to numbers."""
        for call in ordered_calls(model):
            operation = call.operation
            tensors = list(call.arguments.keras_tensors)
            read = [numbers[id(tensor)] for tensor in tensors]
            name = prefix + operation.name
            inner = self._inner_inputs(call, read)
            if inner is not None:
                calls = self.nested.setdefault(id(operation), (operation, []))[1]
                calls.append(tuple(inner[id(tensor)] for tensor in operation.inputs))
                given = self.inline(operation, inner, name + "/")
            else:
                given = self._outputs(call, read)
                self.nodes.append(
                    Node(
                        operation=operation,
                        name=name,
                        inputs=tuple(read),
                        outputs=tuple(given),
                        arguments=(call.arguments.args, call.arguments.kwargs),
                        call=caller(operation, call.arguments),
                    )
                )
            for tensor, number in zip(call.outputs, given, strict=True):
                numbers[id(tensor)] = number
        return [numbers[id(tensor)] for tensor in model.outputs]

    def _inner_inputs(self, call: Any, read: list[int]) -> dict[int, int] | None:
        """Numbers of a nested model's inputs; None where it must stay one opaque call.

        It must where Keras would do more than hand the tensors over: change a rank or a type,
        apply a mask.
        """
        import keras

        model = call.operation
        if not is_walkable(model) or len(call.arguments.args) != 1:
            return None
        if any(isinstance(leaf, keras.KerasTensor) for leaf in leaves(call.arguments.kwargs)):
            return None
        given = call.arguments.args[0]
        if isinstance(given, dict) and not isinstance(getattr(model, "input", None), dict):
            if not all(tensor.name in given for tensor in model.inputs):
                return None
            given = [given[tensor.name] for tensor in model.inputs]
        flat = leaves(given)
        if len(flat) != len(model.inputs):
            return None
        by_id = dict(zip(map(id, call.arguments.keras_tensors), read, strict=True))
        numbers = [by_id.get(id(leaf)) for leaf in flat]
        found: dict[int, int] = {}
        for tensor, number in zip(model.inputs, numbers, strict=True):
            if number is None or self.dtypes[number] != str(tensor.dtype):
                return None
            if len(self.shapes[number]) != len(tensor.shape):
                return None
            found[id(tensor)] = number
        return found

    def _outputs(self, call: Any, read: list[int]) -> list[int]:
        """Numbers for what a call gives, with shapes as they are here.

        A nested model may have been built for any height and width and be called on a certain
        one; or be called on two.
        """
        import keras

        tensors = list(call.arguments.keras_tensors)
        sizes = [(tensor.shape, tensor.dtype) for tensor in call.outputs]
        if any(self.shapes[n] != tuple(t.shape) for n, t in zip(read, tensors, strict=True)):
            specs = iter([keras.KerasTensor(self.shapes[n], dtype=self.dtypes[n]) for n in read])
            args, kwargs = arguments_with(call.arguments, specs)
            inferred = leaves(call.operation.compute_output_spec(*args, **kwargs))
            sizes = [(spec.shape, spec.dtype) for spec in inferred]
        return [self.new(shape, dtype) for shape, dtype in sizes]


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The tensors of a model that is computed call by call, until their last reader has read them.

    Attributes:
        values: By tensor.
        left: By tensor, how many calls are still to read it.
    """

    values: dict[int, Any]
    left: dict[int, int]

    @classmethod
    def start(cls, graph: Graph, values: dict[int, Any]) -> Held:
        """Before the first call: `values` are the model's inputs."""
        return cls(values, {number: len(nodes) for number, nodes in graph.readers.items()})

    def read(self, node: Node) -> list[Any]:
        """What a call reads."""
        return [self.values[number] for number in node.inputs]

    def keep(self, node: Node, outputs: Sequence[Any]) -> None:
        """Take what a call gave, and let go what it was the last to read."""
        for number in set(node.inputs):
            self.left[number] -= 1
            if not self.left[number]:
                del self.values[number]
        for number, value in zip(node.outputs, outputs, strict=True):
            if self.left.get(number):
                self.values[number] = value


def steps(graph: Graph, inputs: Mapping[str, Any]) -> Iterator[tuple[Node, list[Any], list[Any]]]:
    """Compute a batch call by call; a tensor is let go after its last reader.

    Args:
        graph: What to compute.
        inputs: By input name, one batch, arrays or tensors.

    Yields:
        Each node, with the values that it read and those that it gave.

    Raises:
        DataError: An input is missing.
    """
    import keras

    values: dict[int, Any] = {}
    for name, number in graph.inputs.items():
        if name not in inputs:
            raise DataError(
                f"Every input of the model needs an array: {', '.join(graph.inputs)}.",
                received=f"no input {name!r}",
                hint="give an array for each of them.",
            )
        values[number] = keras.ops.convert_to_tensor(inputs[name], dtype=graph.dtypes[number])
    held = Held.start(graph, values)
    for node in graph.nodes:
        read = held.read(node)
        outputs = node.call(read)
        yield node, read, outputs
        held.keep(node, outputs)
        del read, outputs


def run(
    graph: Graph,
    inputs: Mapping[str, np.ndarray],
    *,
    batch_size: int = 32,
) -> dict[int, np.ndarray]:
    """The model's outputs for a number of samples.

    Args:
        graph: What to compute.
        inputs: By input name, shape `(samples, ...)`.
        batch_size: Samples at once.

    Returns:
        By tensor, shape `(samples, ...)`.

    Raises:
        DataError: An input is missing, there are no samples, or not as many of each input.
    """
    lengths = {len(array) for array in inputs.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise DataError(
            "Every input must hold the same number of samples, at least one.",
            received=", ".join(f"{name}: {len(array)}" for name, array in inputs.items()),
        )
    samples = lengths.pop()
    parts: dict[int, list[np.ndarray]] = {number: [] for number in graph.outputs}
    for start in range(0, samples, batch_size):
        batch = {name: array[start : start + batch_size] for name, array in inputs.items()}
        for name, number in graph.inputs.items():
            if number in parts and name in batch:
                parts[number].append(np.asarray(batch[name]))
        for node, _, given in steps(graph, batch):
            for number, value in zip(node.outputs, given, strict=True):
                if number in parts:
                    parts[number].append(np.asarray(value))
    return {number: np.concatenate(arrays) for number, arrays in parts.items()}
