"""What the quantizer leaves wrong in static files, put right."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from edgekit import tflite
from edgekit.tflite import Model, Operator


def apply_fixups(model: Model, io_dtype: str) -> bool:
    """Put right what no runtime could load or read.

    Args:
        model: The quantized model; changed in place.
        io_dtype: The type that the model's float outputs were to have.

    Returns:
        Whether something changed.
    """
    known = tuple(tflite.operators(model))
    retyped = _retype_unread(model, known) | _read_integers(model, known)
    restored = _restore_outputs(model, known, io_dtype)
    return _restore_signatures(model, known) or restored or retyped


def _retype_unread(model: Model, operators: Sequence[Operator]) -> bool:
    """Unread float outputs of operators that split integers get the type of what is split.

    A tensor gets the type that its readers want, and one without readers stays float: the
    first step of an unrolled LSTM has nothing to forget, so nobody reads its forget gate.
    LiteRT refuses such a file ("failed to delegate SPLIT node").
    """
    changed = False
    for op in operators:
        activation = op.operand(op.facts.activation) if op.facts.splits else None
        if activation is None or not activation.scale:
            continue
        tensors = model.subgraphs[op.subgraph].tensors
        source = tensors[activation.index]
        for tensor in op.outputs:
            if tensor.dtype == "float32":
                tensors[tensor.index].type = source.type
                tensors[tensor.index].quantization = copy.deepcopy(source.quantization)
                changed = True
    return changed


def _read_integers(model: Model, operators: Sequence[Operator]) -> bool:
    """What gives integers reads integers, where the model returns them as floats as well.

    Where an activation is an output of the model and others go on with it, the quantizer lets
    them read the float that it returns: integer weights and a float input. LiteRT 2.3 happens to
    run such an int8 file and refuses an int16 one ("output->type != input_type").
    """
    before = {
        (op.subgraph, op.outputs[0].index): op.inputs[0]
        for op in operators
        if op.name == "DEQUANTIZE" and op.inputs[0].scale and not op.inputs[0].is_constant
    }
    changed = False
    for op in operators:
        if op.facts.is_cast or not any(t.scale for t in op.outputs):
            continue
        raw = model.subgraphs[op.subgraph].operators[op.index]
        for place, tensor in enumerate(op.operands):
            source = None if tensor is None else before.get((op.subgraph, tensor.index))
            if source is not None:
                raw.inputs[place] = source.index
                changed = True
    return changed


def _restore_outputs(model: Model, operators: Sequence[Operator], io_dtype: str) -> bool:
    """A float result that integers are computed from as well stays the result.

    Where the quantizer inserts a QUANTIZE after such a tensor, it makes the graph's output the
    integers: in the main graph another tensor than the signature names ("Tensor data is
    null"), in a loop's body another type than the loop carries.
    """
    main = tflite.binding(model).subgraph
    changed = False
    for number, graph in enumerate(model.subgraphs):
        wanted = io_dtype if number == main else "float32"
        casts = [op for op in operators if op.subgraph == number and op.name == "QUANTIZE"]
        for place, index in enumerate(graph.outputs):
            source = next((op.inputs[0] for op in casts if op.outputs[0].index == index), None)
            if source is None or source.dtype != "float32":
                continue
            same = [source, *(op.outputs[0] for op in casts if op.inputs[0].index == source.index)]
            chosen = next((t.index for t in same if t.dtype == wanted), index)
            changed |= chosen != index
            graph.outputs[place] = chosen
    return changed


def _restore_signatures(model: Model, operators: Sequence[Operator]) -> bool:
    """Signatures name the graph's outputs, behind their casts.

    The quantizer forgets the second of two names for one tensor: what a GRU gives is its state
    as well.
    """
    changed = False
    for signature in model.signatureDefs or []:
        outputs = model.subgraphs[signature.subgraphIndex].outputs
        before = {
            op.outputs[0].index: op.inputs[0].index
            for op in operators
            if op.subgraph == signature.subgraphIndex and op.name in ("QUANTIZE", "DEQUANTIZE")
        }
        for entry in signature.outputs or []:
            if entry.tensorIndex in outputs:
                continue
            root = before.get(entry.tensorIndex, entry.tensorIndex)
            named = next((i for i in outputs if before.get(i, i) == root), None)
            if named is not None:
                entry.tensorIndex = named
                changed = True
    return changed
