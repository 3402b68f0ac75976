"""SavedModel folders: `model.save` of Keras 2, `model.export` of Keras 3, TensorFlow's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgekit.compat.tensorflow import parse_saved_model
from edgekit.core.errors import ModelError, UsageError, reading
from edgekit.core.suggest import nearest
from edgekit.core.text import printable
from edgekit.frontend.load import quantized_by_keras, single_precision
from edgekit.frontend.load.id_limits import embedding_limits
from edgekit.frontend.load.loaded import LoadedModel, tensor_spec
from edgekit.frontend.load.signature_names import names_of_keys
from edgekit.frontend.trust import check_saved_model

_SERVING = ("serving_default", "serve")
_CANNOT_READ = "TensorFlow could not read the SavedModel."
_KERNELS = ("kernel", "embeddings", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel")
_ID_OPERATORS = {"GatherV2", "Gather", "ResourceGather", "OneHot"}


def load_saved_model(
    path: Path, *, unsafe: bool = False, signature: str | None = None
) -> LoadedModel:
    """The serving signature of a SavedModel, or the one that is asked for.

    Raises:
        UsageError: It has not the signature that is asked for.
        ModelError: Damaged, or without one serving signature.
        UnsafeModelError: It holds operators or names files that are not allowed (see
            `check_saved_model`), and `unsafe` is False.
    """
    import tensorflow as tf

    with reading(path, _CANNOT_READ, kind=ModelError, hint=check_saved_model.DAMAGED):
        # TensorFlow's own reader, so that what is checked is what is loaded below.
        stored = parse_saved_model(path)
    if not unsafe:
        check_saved_model.refuse_unsafe(path, stored)
    with reading(path, _CANNOT_READ, kind=ModelError, hint=check_saved_model.DAMAGED):
        loaded = tf.saved_model.load(str(path))
    name, serving = _signature(path, loaded, signature)
    _refuse_quantized(path, serving)
    specs = serving.structured_input_signature[1]
    notes = [f"SavedModel signature {name!r}"]
    given = sorted(specs)
    function = serving
    if single_precision.computes_in_float64(serving):
        function = single_precision.in_float32(serving)
        notes.append("float64 was made float32")
    keys = names_of_keys(loaded, specs)
    inputs = tuple(
        tensor_spec(keys.get(key, key), _shape(specs[key]), _dtype(specs[key])) for key in given
    )
    results = serving.structured_outputs
    outputs = tuple(tensor_spec(key, _shape(t), _dtype(t)) for key, t in sorted(results.items()))
    if not inputs or not outputs:
        raise ModelError(
            "A serving signature must have inputs and outputs.",
            received=f"{path.name}, {name}: {len(inputs)} inputs, {len(outputs)} outputs",
            hint="export it again: model.export(FOLDER).",
        )

    def call(values: dict[str, Any]) -> dict[str, Any]:
        tensors = [values[spec.name] for spec in inputs]
        if function is serving:
            return dict(serving(**dict(zip(given, tensors, strict=True))))
        return dict(function(*tensors))

    ids = any("int" in spec.dtype for spec in inputs)
    ids = ids or bool(check_saved_model.operators(stored) & _ID_OPERATORS)
    return LoadedModel(
        kind="saved_model",
        name=path.resolve().name,
        inputs=inputs,
        outputs=outputs,
        trackable=loaded,
        call=call,
        layers=_layers(function),
        id_limits=embedding_limits(call, inputs) if ids else {},
        notes=tuple(notes),
    )


def _dtype(tensor: Any) -> str:
    name = str(tensor.dtype.name)
    return "float32" if name == "float64" else name


def _refuse_quantized(path: Path, signature: Any) -> None:
    """Refuse the export of a model that Keras quantized: its kernels are integers or float8."""
    for variable in signature.variables:
        kind, what = str(variable.dtype.name), variable.name.split(":")[0]
        stored = kind in ("int8", "uint8") or kind.startswith("float8")
        if stored and what.rpartition("/")[2] in _KERNELS:
            raise quantized_by_keras.error(f"{path.name} with {printable(what)} of {kind}")


def _shape(tensor: Any) -> tuple[int | None, ...]:
    if tensor.shape.rank is None:
        raise ModelError(
            "The signature does not say how many dimensions a tensor has.",
            received=f"{tensor.name!r} of unknown rank",
            hint="export the model again with an input_signature.",
        )
    return tuple(tensor.shape.as_list())


def _signature(path: Path, loaded: Any, wanted: str | None) -> tuple[str, Any]:
    # What TensorFlow 1 keeps for itself, as the signature that initializes, is none to serve.
    signatures = {k: v for k, v in loaded.signatures.items() if not k.startswith("__saved_model")}
    if wanted is not None and wanted not in signatures:
        raise UsageError(
            "--signature must name a signature of the model.",
            received=f"{wanted}; {path.name} has {', '.join(sorted(signatures)) or 'none'}",
            hint=nearest(wanted, signatures),
        )
    for name in _SERVING if wanted is None else (wanted,):
        if name in signatures:
            return name, signatures[name]
    if len(signatures) == 1:
        return next(iter(signatures.items()))
    raise ModelError(
        "A SavedModel must have one signature to serve: serving_default, serve, or its only one.",
        received=f"{path.name} has {', '.join(sorted(signatures)) or 'no signatures'}",
        hint=f"choose one: --signature {min(signatures)}."
        if signatures
        else "load it in Python and save it with signatures={'serving_default': FUNCTION}.",
    )


def _layers(signature: Any) -> tuple[str, ...]:
    names = (variable.name.split("/")[0].split(":")[0] for variable in signature.variables)
    return tuple(dict.fromkeys(names))
