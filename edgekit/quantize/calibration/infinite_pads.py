"""Padding with minus infinity before a maximum, which must not widen a range without end.

What PyTorch's max pooling becomes: PADV2 with -inf, then MAX_POOL_2D without padding. The smallest
value that the padded tensor has does the same to a maximum, as long as each window holds a value:
a static file clips to it anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from edgekit import tflite
from edgekit.tflite import Model, Operator, Tensor, interpreter
from edgekit.tflite.graph_edits import add_constant

_MAXIMA = ("MAX_POOL_2D", "REDUCE_MAX")


def limited(model: Model, inputs: Mapping[str, np.ndarray]) -> Model:
    """A copy that pads with the smallest value seen; the model itself where it pads so nowhere.

    Args:
        model: A float model, which stays as it is.
        inputs: Samples by input name, `(n, ...)`.

    Raises:
        QuantizeError: The interpreter could not run the samples.
    """
    pads = _pads(model)
    if not pads:
        return model
    padded = {str(op.index): op.inputs[0].index for op in pads}
    seen = interpreter.run(model, inputs, padded)
    copy = tflite.read(tflite.to_bytes(model))
    graph = copy.subgraphs[tflite.binding(copy).subgraph]
    for op in pads:
        values = seen[str(op.index)]
        lowest = values[np.isfinite(values)].min(initial=0.0).astype(np.float32)
        name = f"{op.outputs[0].name}/lowest"
        graph.operators[op.index].inputs[2] = add_constant(copy, graph, name, lowest)
    return copy


def _pads(model: Model) -> list[Operator]:
    """PADV2 with minus infinity, which maxima alone read."""
    readers: dict[int, list[str]] = defaultdict(list)
    operators = tflite.main_operators(model)
    for op in operators:
        for tensor in op.inputs:
            readers[tensor.index].append(op.name)
    results = set(tflite.binding(model).outputs.values())
    return [
        op
        for op in operators
        if op.name == "PADV2"
        and len(op.inputs) == 3
        and _is_minus_infinity(model, op.inputs[2])
        and op.outputs[0].index not in results
        and set(readers[op.outputs[0].index]) <= set(_MAXIMA)
    ]


def _is_minus_infinity(model: Model, tensor: Tensor) -> bool:
    return tensor.is_constant and bool(np.isneginf(tflite.constant(model, tensor)).all())
