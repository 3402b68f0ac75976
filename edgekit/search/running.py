"""Models run within this process, which is a child and may be killed."""

from __future__ import annotations

import os

import numpy as np

from edgekit import flatbuffer
from edgekit.data.samples import Samples
from edgekit.errors import RunError
from edgekit.flatbuffer import Model
from edgekit.quantize import codes


def outputs(model: Model, samples: Samples) -> dict[str, np.ndarray]:
    """What a model gives for samples.

    Args:
        model: What `flatbuffer.read` returned, with a fixed batch of 1.
        samples: Inputs by name, real values.

    Returns:
        By output name, `(n, ...)` without the batch dimension, in real units.

    Raises:
        RunError: The interpreter could not run it.
    """
    from ai_edge_litert import interpreter

    names = flatbuffer.binding(model)
    known = flatbuffer.tensors(model, names.subgraph)
    count = len(samples)
    try:
        runner = interpreter.Interpreter(
            model_content=flatbuffer.to_bytes(model), num_threads=os.cpu_count() or 1
        )
        runner.allocate_tensors()
        shapes = {entry["index"]: entry["shape"] for entry in runner.get_input_details()}
        fed = {
            index: codes.stored(samples.inputs[name], known[index]).reshape(count, *shapes[index])
            for name, index in names.inputs.items()
        }
        rows: dict[str, list[np.ndarray]] = {name: [] for name in names.outputs}
        for sample in range(count):
            runner.reset_all_variables()
            for index, values in fed.items():
                runner.set_tensor(index, values[sample])
            runner.invoke()
            for name, index in names.outputs.items():
                rows[name].append(runner.get_tensor(index))
    except (RuntimeError, ValueError) as error:
        raise RunError("The quantized file runs on the samples.", received=str(error)) from None
    return {
        name: _without_batch(codes.real(np.stack(rows[name]), known[index]))
        for name, index in names.outputs.items()
    }


def _without_batch(values: np.ndarray) -> np.ndarray:
    if values.ndim > 1 and values.shape[1] == 1:
        return values.reshape(len(values), *values.shape[2:])
    return values


def joined(first: Samples, second: Samples) -> Samples:
    """Two sets of samples as one; the same set twice stays one."""
    if first is second:
        return first
    labels = None
    if first.labels is not None and second.labels is not None:
        labels = np.concatenate([first.labels, second.labels])
    return Samples(
        inputs={n: np.concatenate([v, second.inputs[n]]) for n, v in first.inputs.items()},
        labels=labels,
        source=first.source,
    )
