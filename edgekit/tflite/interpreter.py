"""LiteRT within this process, which is a child and may be killed."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping

import numpy as np

from edgekit import tflite
from edgekit.core.errors import QuantizeError
from edgekit.tflite import Model
from edgekit.tflite.dequantize import dequantize, quantize


class Interpreter:
    """A file that runs one sample at a time, on values as they are stored.

    Inputs and outputs go by their place in the file's lists. Sizes are settled by `resize`, then
    `allocate`; LiteRT's errors pass through, RuntimeError and ValueError.

    Args:
        content: A `.tflite`.
        num_threads: As many as there are cores by default.
        delegated: Whether XNNPACK may take over parts of the graph.

    Attributes:
        shapes: Of the inputs.
    """

    def __init__(
        self, content: bytes, num_threads: int | None = None, *, delegated: bool = True
    ) -> None:
        from ai_edge_litert import interpreter

        kinds = interpreter.OpResolverType
        self._native = interpreter.Interpreter(
            model_content=content,
            num_threads=num_threads or os.cpu_count() or 1,
            experimental_op_resolver_type=kinds.AUTO
            if delegated
            else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._inputs = self._native.get_input_details()
        self._outputs = [entry["index"] for entry in self._native.get_output_details()]
        self.shapes = [tuple(int(size) for size in entry["shape"]) for entry in self._inputs]

    def resize(self, place: int, shape: tuple[int, ...]) -> None:
        """Give an input another shape."""
        if shape != self.shapes[place]:
            self._native.resize_tensor_input(self._inputs[place]["index"], shape)
            self.shapes[place] = shape

    def allocate(self) -> None:
        """Take memory for all tensors."""
        self._native.allocate_tensors()

    def settled_shapes(self) -> dict[int, tuple[int, ...]]:
        """The shape of each tensor of the first graph by its index, as `allocate` left it."""
        return {
            int(entry["index"]): tuple(map(int, entry["shape"]))
            for entry in self._native.get_tensor_details()
        }

    def reset(self) -> None:
        """Forget what the file keeps from one sample to the next."""
        self._native.reset_all_variables()

    def set(self, place: int, value: np.ndarray) -> None:
        """Feed an input; it keeps the value until it is fed again."""
        self._native.set_tensor(self._inputs[place]["index"], value.reshape(self.shapes[place]))

    def outputs(self) -> list[np.ndarray]:
        """Compute all outputs from what was fed."""
        self._native.invoke()
        return [self._native.get_tensor(index) for index in self._outputs]


def run(
    model: Model,
    inputs: Mapping[str, np.ndarray],
    read: Mapping[str, int] | None = None,
    *,
    serialize: Callable[[Model], bytes] = tflite.to_bytes,
) -> dict[str, np.ndarray]:
    """What a model gives for samples.

    Args:
        model: What `tflite.read` returned; it stays as it is.
        inputs: By input name, `(n, ...)`, real values.
        read: Which tensors to read, by the name to give them; the outputs by default.
        serialize: Gives the model's bytes, for those who have them already.

    Returns:
        `(n, *shape)` for each, in real units: a batch of 1 is in the shape.

    Raises:
        QuantizeError: The interpreter could not run it.
    """
    names = tflite.binding(model)
    known = tflite.tensors(model, names.subgraph)
    read = names.outputs if read is None else read
    fed = {index: quantize(inputs[name], known[index]) for name, index in names.inputs.items()}
    count = len(next(iter(fed.values())))
    places = {index: place for place, index in enumerate(model.subgraphs[names.subgraph].inputs)}
    wanted = list(dict.fromkeys(read.values()))
    rows: list[list[np.ndarray]] = []
    try:
        runner = Interpreter(_reading(model, names.subgraph, wanted, serialize))
        for index, stored in fed.items():
            if math.prod(runner.shapes[places[index]]) != math.prod(stored.shape[1:]):
                runner.resize(places[index], (1, *stored.shape[1:]))  # a size that is left open
        runner.allocate()
        for sample in range(count):
            runner.reset()
            for index, stored in fed.items():
                runner.set(places[index], stored[sample])
            rows.append(runner.outputs())
    except (RuntimeError, ValueError) as error:
        raise QuantizeError(
            "The file could not be run on the samples.", received=str(error)
        ) from None
    results = {
        index: dequantize(np.stack(values), known[index])
        for index, values in zip(wanted, zip(*rows, strict=True), strict=True)
    }
    return {name: results[index] for name, index in read.items()}


def _reading(
    model: Model, subgraph: int, wanted: list[int], serialize: Callable[[Model], bytes]
) -> bytes:
    """The model with these tensors for outputs: others may be overwritten while it runs."""
    graph = model.subgraphs[subgraph]
    usual = graph.outputs
    try:
        graph.outputs = wanted
        return serialize(model)
    finally:
        graph.outputs = usual
