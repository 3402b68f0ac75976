"""Weights that a file stores as float16, or without their zeros, as float32."""

from __future__ import annotations

import numpy as np

from edgekit import tflite
from edgekit.compat import litert
from edgekit.core.errors import ModelError
from edgekit.quantize.imported import sparse_constants
from edgekit.tflite import Model, Operator, Tensor
from edgekit.tflite.constants import encode

HALF = ("float16", "bfloat16")
"""Types of 16 bits that float32 holds every value of."""
_FLOATS = ("float32", *HALF)


def widen(model: Model) -> tuple[int, int]:
    """Constants behind DENSIFY, DEQUANTIZE or CAST become the float32 that these give, in place.

    float16 is a part of float32 and zeros are zeros: every value stays what it was.

    Returns:
        How many float16 constants there were, and how many without their zeros.

    Raises:
        ModelError: A sparse constant contradicts itself.
    """
    half, sparse = set(), set()
    # What DENSIFY gives is itself read by DEQUANTIZE.
    for _ in range(2):
        folded: set[tuple[int, int]] = set()
        for op in list(tflite.operators(model)):
            source = _source(op)
            if source is None:
                continue
            place = (op.subgraph, source.index)
            if source.is_sparse:
                sparse.add(place)
            elif source.dtype in HALF:
                half.add(place)
            _fold(model, op, source)
            folded.add((op.subgraph, op.index))
        for number, graph in enumerate(model.subgraphs):
            graph.operators = [
                raw for i, raw in enumerate(graph.operators) if (number, i) not in folded
            ]
    return len(half), len(sparse)


def _source(op: Operator) -> Tensor | None:
    """The constant of floats that an operator changes in nothing but how it is stored."""
    if not op.facts.is_cast or len(op.inputs) != 1 or len(op.outputs) != 1:
        return None
    [source], [made] = op.inputs, op.outputs
    if not source.is_constant or source.dtype not in _FLOATS:
        return None
    if op.name == "DENSIFY":
        readable = source.is_sparse and source.dtype != "bfloat16"
        return source if readable and made.dtype == source.dtype else None
    narrow = source.dtype in HALF and made.dtype == "float32"
    return source if narrow and not source.is_sparse else None


def _fold(model: Model, op: Operator, source: Tensor) -> None:
    [made] = op.outputs
    raw = model.subgraphs[op.subgraph].tensors[made.index]
    if source.is_sparse:
        stored = np.asarray(model.buffers[source.buffer].data, np.uint8)
        if stored.size % np.dtype(source.dtype).itemsize:
            raise ModelError("The sparse constant is cut off.", received=repr(source.name))
        raw_source = model.subgraphs[op.subgraph].tensors[source.index]
        values = sparse_constants.with_zeros(raw_source, stored.view(source.dtype))
    else:
        values = tflite.constant(model, source)
    model.buffers.append(litert.schema().BufferT(data=encode(values, made.dtype)))
    raw.buffer = len(model.buffers) - 1
    raw.shape, raw.shapeSignature = list(values.shape), None
