"""Average pools over a whole map, as MEAN.

The same floats. In integers a pool's output has to have its input's scale, though a mean is small
beside the largest value; MEAN has a scale of its own. And XNNPACK takes MEAN in int8, the pool not.

Other average pools stay. As depthwise convolutions by `1 / n` three of 2x2 took 0.067 ms behind
convolutions and left 41.1 dB; the pools themselves, in floats between integers, 0.067 ms and 41.2.
"""

from __future__ import annotations

import numpy as np

from edgekit.tflite.graph import Operator, operators
from edgekit.tflite.graph_edits import add_constant, become
from edgekit.tflite.schema_objects import Model

_HEIGHT_AND_WIDTH = np.array([1, 2], np.int32)


def as_means(model: Model) -> int:
    """Put MEAN in place of the float average pools that cover their whole input.

    Args:
        model: Changed in place.

    Returns:
        How many there were.
    """
    axes: dict[int, int] = {}  # by subgraph: its constant
    pools = [op for op in operators(model) if _covers_all(op)]
    for op in pools:
        graph = model.subgraphs[op.subgraph]
        if op.subgraph not in axes:
            name = f"{op.outputs[0].name}/axes"
            axes[op.subgraph] = add_constant(model, graph, name, _HEIGHT_AND_WIDTH)
        raw = graph.operators[op.index]
        raw.inputs = [raw.inputs[0], axes[op.subgraph]]
        become(model, raw, "MEAN", keepDims=True)
    return len(pools)


def _covers_all(op: Operator) -> bool:
    """Whether a pool's one window holds all of its input's map, with nothing fused behind it."""
    if op.name != "AVERAGE_POOL_2D" or op.options is None or op.options.fusedActivationFunction:
        return False
    given, result = op.inputs[0], op.outputs[0]
    if given.dtype != "float32" or len(given.shape) != 4 or result.shape[1:3] != (1, 1):
        return False
    height, width = given.shape[1:3]
    # What a window has beyond the map is padding, which the pool does not count.
    window = (op.options.filterHeight, op.options.filterWidth)
    return 1 <= height <= window[0] and 1 <= width <= window[1] and (height, width) != (1, 1)
