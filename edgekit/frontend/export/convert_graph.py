"""A traced model to a float `.tflite`, with the names that Keras gave."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit import tflite
from edgekit.compat import fallbacks, litert
from edgekit.compat.tensorflow import convert_by_saved_model, convert_directly
from edgekit.frontend.export import (
    export_errors,
    export_graph,
    forwarded_state,
    tensor_names,
)
from edgekit.frontend.export.trace import Traced
from edgekit.frontend.rewrites import rewrite_graph, rewrite_rules
from edgekit.tflite import integer_rewrites, signature


def convert(traced: Traced) -> bytes:
    """The float `.tflite` of a traced model.

    Raises:
        FlexError: The model needs TensorFlow operators; they and their layers are named.
        ExportError: TensorFlow's converter refused it.
    """
    loaded, function = traced.loaded, traced.function
    if traced.state is not None:
        traced.state.reset()  # the file starts with what they hold now
    try:
        inlines = loaded.kind == "saved_model" and traced.state is None
        flat = export_graph.inline(function) if inlines else function
        model = _convert_rewritten(flat, traced)
    except Exception as error:  # TensorFlow raises many kinds here, none of them documented
        raise export_errors.explain(error, loaded, function) from error
    if traced.keeping is not None:
        forwarded_state.forward_state(model)
    tensor_names.name_layers(model, loaded, tensor_names.producers(model, function))
    _name_signature(model, traced)
    return integer_rewrites.rewritten(tflite.to_bytes(model))


def _convert_rewritten(function: Any, traced: Traced) -> Any:
    """The converter's model of a function without the operators that TFLite lacks."""
    try:
        return _convert(rewrite_graph.rewrite(function), traced)
    except Exception as error:  # TensorFlow raises many kinds here, none of them documented
        if not export_errors.operator_names(str(error)) & rewrite_rules.FUSED:
            raise
        # The converter did not fuse what it mostly fuses.
        return _convert(rewrite_graph.rewrite(function, fused=False), traced)


def _convert(function: Any, traced: Traced) -> Any:
    """The converter's model, its signature in TensorFlow's safe names.

    The fast way leaves the signature out, so it is made here. What cannot be frozen (tables,
    variables that change) takes the slow one.
    """
    trackable, frozen = traced.trackable, traced.state is None and not traced.tables
    content = convert_directly(function, trackable) if frozen else None
    if content is not None:
        model = litert.unpack(bytearray(content))
        # TensorFlow gives a dict's values in the order of its sorted keys: so is `outputs`.
        if _sign(model, set(traced.inputs), sorted(traced.outputs)):
            return model
        fallbacks.note("convert_directly", "inputs or outputs are not where they were")
    return litert.unpack(bytearray(convert_by_saved_model(function, trackable)))


def _sign(model: Any, wanted: set[str], outputs: list[str]) -> bool:
    """Bind inputs by the names of their tensors, outputs by their order; False if in doubt."""
    graph = model.subgraphs[0]
    inputs = {graph.tensors[i].name.decode(): int(i) for i in graph.inputs}
    if set(inputs) != wanted or len(graph.outputs) != len(outputs):
        return False

    for number, index in enumerate(graph.outputs):
        # The name that it has on the long way, where no better one is found.
        if graph.tensors[index].name.startswith(b"Identity"):
            graph.tensors[index].name = f"StatefulPartitionedCall:{number}".encode()

    places = map(int, graph.outputs)
    signature.sign(model, dict(sorted(inputs.items())), dict(zip(outputs, places, strict=True)))
    return True


def _name_signature(model: Any, traced: Traced) -> None:
    """Inputs and outputs by the model's own names; shapes that the converter lost are said."""
    names = {safe: spec.name for safe, spec in (*traced.inputs.items(), *traced.outputs.items())}
    shapes = {spec.name: (1, *spec.shape[1:]) for spec in traced.outputs.values() if spec.shape}
    for signed in model.signatureDefs:
        tensors = model.subgraphs[signed.subgraphIndex].tensors
        for entry in (*signed.inputs, *signed.outputs):
            entry.name = names[entry.name.decode()].encode()
        for entry in signed.inputs:
            tensors[entry.tensorIndex].name = b"serving_default_" + entry.name + b":0"
        for entry in signed.outputs:  # what a table gives has none
            tensor, shape = tensors[entry.tensorIndex], shapes.get(entry.name.decode(), ())
            lost = tensor.shape is None or not len(tensor.shape)
            if lost and min(shape, default=0) > 0:
                tensor.shape = np.array(shape, np.int32)
