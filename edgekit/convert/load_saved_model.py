"""SavedModel folders: `model.save` of Keras 2, `model.export` of Keras 3, TensorFlow's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgekit.convert.load_ids import embedding_limits
from edgekit.convert.loaded import LoadedModel, tensor_spec
from edgekit.errors import ModelError, UnsafeModelError

_SERVING = ("serving_default", "serve")
# Operators that read or write files, or call back into Python.
_DANGEROUS = {"ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "PyFuncStateless", "EagerPyFunc"}
_ID_OPERATORS = {"GatherV2", "Gather", "ResourceGather", "OneHot"}


def load_saved_model(path: Path, *, unsafe: bool = False) -> LoadedModel:
    """The serving signature of a SavedModel.

    Raises:
        ModelError: Damaged, or without one serving signature.
        UnsafeModelError: Its graph reads or writes files, and `unsafe` is False.
    """
    import tensorflow as tf

    operators = _operators(path)
    dangerous = sorted(operators & _DANGEROUS)
    if dangerous and not unsafe:
        raise UnsafeModelError(
            "A model touches no files and runs no Python, unless you allow it.",
            received=f"{path.name} with the operators {', '.join(dangerous)}",
            hint="pass --unsafe if you trust whoever made it.",
        )
    try:
        loaded = tf.saved_model.load(str(path))
    except (FileNotFoundError, tf.errors.NotFoundError, tf.errors.DataLossError) as error:
        raise ModelError(
            "A SavedModel's folder holds saved_model.pb and whole variables and assets.",
            received=f"{path.name}: {str(error).splitlines()[0][:200]}",
            hint="copy or download the whole folder again.",
        ) from None
    name, signature = _signature(path, loaded)
    specs = signature.structured_input_signature[1]
    inputs = tuple(tensor_spec(key, _shape(s), s.dtype) for key, s in sorted(specs.items()))
    results = signature.structured_outputs
    outputs = tuple(tensor_spec(key, _shape(t), t.dtype) for key, t in sorted(results.items()))
    if not inputs or not outputs:
        raise ModelError(
            "A serving signature has inputs and outputs.",
            received=f"{path.name}, {name}: {len(inputs)} inputs, {len(outputs)} outputs",
            hint="export it again: model.export(FOLDER).",
        )

    def call(values: dict[str, Any]) -> dict[str, Any]:
        return dict(signature(**{spec.name: values[spec.name] for spec in inputs}))

    ids = any("int" in spec.dtype for spec in inputs) or operators & _ID_OPERATORS
    return LoadedModel(
        kind="saved_model",
        name=path.resolve().name,
        inputs=inputs,
        outputs=outputs,
        trackable=loaded,
        call=call,
        layers=_layers(signature),
        id_limits=embedding_limits(call, inputs) if ids else {},
        notes=(f"SavedModel signature {name!r}",),
    )


def _shape(tensor: Any) -> tuple[int | None, ...]:
    if tensor.shape.rank is None:
        raise ModelError(
            "A signature says how many dimensions each tensor has.",
            received=f"{tensor.name!r} of unknown rank",
            hint="export the model again with an input_signature.",
        )
    return tuple(tensor.shape.as_list())


def _operators(path: Path) -> set[str]:
    """The types of all operators in the file, read without running anything."""
    from tensorflow.core.protobuf import saved_model_pb2

    file = path / "saved_model.pb"
    if not file.is_file():
        return set()  # saved_model.pbtxt, TensorFlow's text form
    proto = saved_model_pb2.SavedModel()
    try:
        proto.ParseFromString(file.read_bytes())
    except Exception as error:  # protobuf.DecodeError; its package ships no types
        raise ModelError(
            "saved_model.pb is whole.",
            received=f"{file}: {error}",
            hint="copy or download the folder again.",
        ) from None
    graphs = [meta.graph_def for meta in proto.meta_graphs]
    return {node.op for graph in graphs for node in graph.node} | {
        node.op
        for graph in graphs
        for function in graph.library.function
        for node in function.node_def
    }


def _signature(path: Path, loaded: Any) -> tuple[str, Any]:
    signatures = dict(loaded.signatures)
    for name in _SERVING:
        if name in signatures:
            return name, signatures[name]
    if len(signatures) == 1:
        return next(iter(signatures.items()))
    raise ModelError(
        "A SavedModel has one signature to serve: serving_default, serve, or its only one.",
        received=f"{path.name} has {', '.join(sorted(signatures)) or 'no signatures'}",
        hint="load it in Python and save it with signatures={'serving_default': FUNCTION}.",
    )


def _layers(signature: Any) -> tuple[str, ...]:
    names = (variable.name.split("/")[0].split(":")[0] for variable in signature.variables)
    return tuple(dict.fromkeys(names))
