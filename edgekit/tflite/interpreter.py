"""A model run within this process, which is a child and may be killed."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from edgekit import tflite
from edgekit.core.errors import QuantizeError
from edgekit.tflite import Model, dequantize


def run(
    model: Model, inputs: Mapping[str, np.ndarray], read: Mapping[str, int] | None = None
) -> dict[str, np.ndarray]:
    """What a model gives for samples.

    Args:
        model: What `tflite.read` returned; it stays as it is.
        inputs: By input name, `(n, ...)`, real values.
        read: Which tensors to read, by the name to give them; the outputs by default.

    Returns:
        `(n, *shape)` for each, in real units: a batch of 1 is in the shape.

    Raises:
        QuantizeError: The interpreter could not run it.
    """
    from ai_edge_litert import interpreter

    names = tflite.binding(model)
    known = tflite.tensors(model, names.subgraph)
    read = names.outputs if read is None else read
    fed = {
        index: dequantize.stored(inputs[name], known[index]) for name, index in names.inputs.items()
    }
    count = len(next(iter(fed.values())))
    results: dict[str, list[np.ndarray]] = {name: [] for name in read}
    try:
        runner = interpreter.Interpreter(
            model_content=_reading(model, names.subgraph, read), num_threads=os.cpu_count() or 1
        )
        shapes = {entry["index"]: tuple(entry["shape"]) for entry in runner.get_input_details()}
        for index, rows in fed.items():
            if np.prod(shapes[index]) != np.prod(
                rows.shape[1:]
            ):  # a size that the file leaves open
                shapes[index] = (1, *rows.shape[1:])
                runner.resize_tensor_input(index, shapes[index])
        runner.allocate_tensors()
        for sample in range(count):
            runner.reset_all_variables()
            for index, rows in fed.items():
                runner.set_tensor(index, rows[sample].reshape(shapes[index]))
            runner.invoke()
            for name, index in read.items():
                results[name].append(runner.get_tensor(index))
    except (RuntimeError, ValueError) as error:
        raise QuantizeError(
            "The file could not be run on the samples.", received=str(error)
        ) from None
    return {
        name: dequantize.real(np.stack(rows), known[read[name]]) for name, rows in results.items()
    }


def _reading(model: Model, subgraph: int, read: Mapping[str, int]) -> bytes:
    """The model with these tensors for outputs: others may be overwritten while it runs."""
    graph = model.subgraphs[subgraph]
    usual = graph.outputs
    try:
        graph.outputs = list(dict.fromkeys(read.values()))
        return tflite.to_bytes(model)
    finally:
        graph.outputs = usual
