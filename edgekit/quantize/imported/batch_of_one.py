"""A first size of 1 for every input and output: the batch, which the rest of edgekit counts on.

A file may have a batch of ten, or none at all: a waveform `[15600]`, a matrix `[10, 10]`, a number.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from edgekit import tflite
from edgekit.compat import litert
from edgekit.core.errors import EdgekitError, ModelError
from edgekit.core.records import Contract
from edgekit.data.synthetic import synthetic
from edgekit.quantize.imported import fix_sizes
from edgekit.tflite import Model, enums, interpreter, signal
from edgekit.tflite.constants import encode
from edgekit.tflite.graph_edits import operator_code
from edgekit.tflite.schema_objects import RawOperator, SubGraph

_EXACT_DB = 80.0


def settle(model: Model) -> list[str]:
    """Make every first size 1, in place; nothing of what the model computes changes.

    Where all first sizes are alike, and each row of the outputs is proven to follow from the same
    row of the inputs alone, they are a batch, and are made 1. Otherwise a RESHAPE puts an axis of
    1 in front of each input and output whose first size is another.

    Args:
        model: With one graph that has a signature.

    Returns:
        What was done, in sentences; nothing where all first sizes are 1.

    Raises:
        ModelError: An axis cannot be put in front of sizes that are open.
    """
    contract = tflite.contract(model)
    specs = (*contract.inputs, *contract.outputs)
    others = [spec for spec in specs if spec.shape[:1] != (1,)]
    if not others:
        return []
    sizes = {spec.shape[0] if len(spec.shape) > 1 else 0 for spec in specs}
    if len(sizes) == 1 and min(sizes) > 1 and (smaller := _as_batch(model, contract)):
        model.subgraphs = smaller.subgraphs
        return [f"its batch of {sizes.pop()} was made 1: its rows do not depend on each other"]
    for spec in others:
        if min(spec.shape, default=1) < 0:
            raise ModelError(
                "A model with open sizes must have a first size of 1, the batch.",
                received=f"{spec.name} of shape {list(spec.shape)}",
                hint="fix the open sizes with --input-shape.",
            )
    _put_in_front(model, {spec.name for spec in others})
    was = ", ".join(f"{spec.name} {list(spec.shape)}" for spec in others)
    return [f"an axis of 1, the batch, was put in front of {was}: each sample is a whole one"]


def _as_batch(model: Model, contract: Contract) -> Model | None:
    """The model with a batch of 1, if its rows are independent: one row alone gives the same."""
    single = replace(
        contract, inputs=tuple(replace(s, shape=(1, *s.shape[1:])) for s in contract.inputs)
    )
    smaller = copy.copy(model)
    smaller.subgraphs = copy.deepcopy(model.subgraphs)
    rows = contract.inputs[0].shape[0]
    try:
        fix_sizes.resize(smaller, {spec.name: spec.shape for spec in single.inputs})
        samples = synthetic(single, rows).inputs
        together = interpreter.run(model, {name: values[None] for name, values in samples.items()})
        alone = interpreter.run(smaller, samples)
    except EdgekitError:
        return None
    if any(spec.shape[:1] != (1,) for spec in tflite.contract(smaller).outputs):
        return None
    return smaller if _agree(together, alone) else None


def _agree(together: Mapping[str, np.ndarray], alone: Mapping[str, np.ndarray]) -> bool:
    for name, values in alone.items():
        whole = together[name].reshape(len(values), -1).astype(np.float64)
        rows = values.reshape(len(values), -1).astype(np.float64)
        if whole.shape != rows.shape or not np.array_equal(np.isnan(whole), np.isnan(rows)):
            return False
        for one, other in zip(np.nan_to_num(whole), np.nan_to_num(rows), strict=True):
            if signal.sqnr_db(one, other) < _EXACT_DB:
                return False
    return True


def _put_in_front(model: Model, names: set[str]) -> None:
    """A RESHAPE before or behind each of these inputs and outputs."""
    graph = model.subgraphs[0]
    [signature] = model.signatureDefs or []
    first: list[RawOperator] = []
    for entry in signature.inputs or []:
        if enums.text(entry.name) in names:
            inner = entry.tensorIndex
            entry.tensorIndex = _longer(model, graph, inner)
            graph.inputs = [entry.tensorIndex if i == inner else i for i in graph.inputs]
            first.append(_reshape(model, graph, entry.tensorIndex, inner))
    last: list[RawOperator] = []
    made: dict[int, int] = {}
    for entry in signature.outputs or []:
        if enums.text(entry.name) in names:
            inner = entry.tensorIndex
            if inner not in made:
                made[inner] = _longer(model, graph, inner)
                last.append(_reshape(model, graph, inner, made[inner]))
            entry.tensorIndex = made[inner]
    graph.operators = [*first, *graph.operators, *last]
    graph.outputs = [made.get(i, i) for i in graph.outputs]


def _longer(model: Model, graph: SubGraph, index: int) -> int:
    """A new tensor with an axis of 1 before those of another."""
    old = graph.tensors[index]
    name = f"{enums.text(old.name)}/sample"
    return _tensor(model, graph, name, [1, *old.shape], old.type)


def _reshape(model: Model, graph: SubGraph, source: int, target: int) -> RawOperator:
    schema = litert.schema()
    sizes = [int(size) for size in graph.tensors[target].shape]
    added = schema.OperatorT()
    added.inputs, added.outputs = [source], [target]
    if sizes:
        values = np.array(sizes, np.int32)
        name = f"{enums.text(graph.tensors[target].name)}/shape"
        number = schema.TensorType.INT32
        added.inputs.append(_tensor(model, graph, name, [len(sizes)], number, values))
        added.opcodeIndex = operator_code(model, "RESHAPE")
        added.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
        added.builtinOptions = schema.ReshapeOptionsT(newShape=sizes)
    else:  # no list of sizes stands for a single number
        added.opcodeIndex = operator_code(model, "SQUEEZE")
        added.builtinOptionsType = schema.BuiltinOptions.SqueezeOptions
        added.builtinOptions = schema.SqueezeOptionsT(squeezeDims=[0])
    reshape: RawOperator = added
    return reshape


def _tensor(
    model: Model,
    graph: SubGraph,
    name: str,
    shape: Sequence[int],
    number: int,
    values: np.ndarray | None = None,
) -> int:
    """A new tensor of a graph; its index."""
    schema = litert.schema()
    added = schema.TensorT(name=name.encode(), shape=list(shape), type=number)
    added.buffer = 0  # by the format, the empty one
    if values is not None:
        model.buffers.append(schema.BufferT(data=encode(values, str(values.dtype))))
        added.buffer = len(model.buffers) - 1
    graph.tensors.append(added)
    return len(graph.tensors) - 1
