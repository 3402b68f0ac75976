"""A Keras model, of either Keras, as a LoadedModel: tensors by name, inference mode."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from edgekit.compat.keras import input_name
from edgekit.core.errors import ModelError
from edgekit.core.records import TensorSpec
from edgekit.frontend.load.id_limits import embedding_limits
from edgekit.frontend.load.loaded import Kind, LoadedModel, tensor_spec, unique

# In the class or the name of layers that turn ids into vectors, of either Keras.
_ID_LAYERS = ("Embedding", "embedding", "one_hot", "OneHot", "CategoryEncoding")


def wrap_keras3(model: Any, notes: Sequence[str] = ()) -> LoadedModel:
    """A Keras 3 model for inference.

    Raises:
        ModelError: The model is not built, or takes sparse or ragged tensors.
    """
    import keras
    import tensorflow as tf

    # With the model itself as trackable the converter leaves variables unfrozen: garbage.
    holder = tf.Module()
    holder.variables_of_model = [variable.value for variable in model.variables]
    return _wrap("keras3", model, holder, keras.tree, notes)


def wrap_keras2(model: Any, notes: Sequence[str] = ()) -> LoadedModel:
    """A tf_keras model for inference.

    Raises:
        ModelError: The model is not built, or takes sparse or ragged tensors.
    """
    import tensorflow as tf

    return _wrap("keras2", model, model, tf.nest, notes)


def input_names(model: Any) -> tuple[str, ...]:
    """The names of a built model's inputs, in their order.

    Raises:
        ModelError: A subclassed model that does not know the shapes it was built with.
    """
    symbolic = _symbolic(model, "inputs")
    if symbolic:
        return unique(_input_names(model, symbolic))
    return tuple(spec.name for spec in _subclassed(model)[0])


def require_built(model: Any) -> None:
    """Raise unless the model's weights exist.

    Raises:
        ModelError: They do not.
    """
    if not model.built:
        raise ModelError(
            "The shapes of the model's inputs and weights are not known.",
            received=f"the {type(model).__name__} {model.name!r}, which was never built",
            hint="call the model once on real data, then save it; or build it with keras.Input.",
        )


def _wrap(kind: Kind, model: Any, trackable: Any, tree: Any, notes: Sequence[str]) -> LoadedModel:
    require_built(model)
    notes = list(notes)
    symbolic = _symbolic(model, "inputs")
    if symbolic:
        names = unique(_input_names(model, symbolic))
        inputs = tuple(
            tensor_spec(n, t.shape, t.dtype) for n, t in zip(names, symbolic, strict=True)
        )
        if any(getattr(t, "sparse", False) or getattr(t, "ragged", False) for t in symbolic):
            raise ModelError(
                "The inputs of the model must be dense tensors.",
                received=f"{model.name!r} has a sparse or ragged input",
                hint="rebuild it with dense inputs.",
            )
        structure = _structure(model, "input", symbolic)

        def arguments(values: list[Any]) -> tuple[list[Any], dict[str, Any]]:
            return [tree.pack_sequence_as(structure, values)], {}

    else:
        inputs, arguments = _subclassed(model)
        notes.append("a subclassed model does not say the dtype of its inputs: float32 is taken")
    training = {"training": False} if _takes_training(model) else {}

    def flat(values: dict[str, Any]) -> list[tuple[tuple[Any, ...], Any]]:
        positional, named = arguments([values[spec.name] for spec in inputs])
        return _flatten(model(*positional, **named, **training))

    symbolic_outputs = _symbolic(model, "outputs") if symbolic else None
    if symbolic_outputs:
        paths = [path for path, _ in _flatten(_structure(model, "output", symbolic_outputs))]
        outputs_at = [(t.shape, t.dtype) for t in symbolic_outputs]
    else:
        paths, outputs_at = _traced_outputs(flat, inputs)
    names_out = unique(_output_names(model, paths, symbolic_outputs))
    outputs = tuple(
        tensor_spec(n, shape, dtype)
        for n, (shape, dtype) in zip(names_out, outputs_at, strict=True)
    )

    def call(values: dict[str, Any]) -> dict[str, Any]:
        results = [value for _, value in flat(values)]
        return dict(zip(names_out, results, strict=True))

    layers = tuple(layer.name for layer in _layers(model))
    return LoadedModel(
        kind=kind,
        name=model.name,
        inputs=inputs,
        outputs=outputs,
        trackable=trackable,
        call=call,
        layers=layers,
        layer_paths=tuple(_paths(model)),
        id_limits=embedding_limits(call, inputs) if _may_hold_ids(model, inputs) else {},
        notes=tuple(notes),
        model=model,
    )


def _symbolic(model: Any, which: str) -> list[Any] | None:
    """The model's symbolic inputs or outputs; None for a subclassed model."""
    try:
        tensors = getattr(model, which)
    except (AttributeError, ValueError):
        return None
    return list(tensors) if tensors else None


def _structure(model: Any, which: str, tensors: list[Any]) -> Any:
    """How the model's tensors are nested; a Keras 3 Sequential takes and returns one."""
    try:
        return getattr(model, which)
    except (AttributeError, ValueError):
        return tensors[0]


def _input_names(model: Any, tensors: list[Any]) -> list[str]:
    names = getattr(model, "input_names", None)
    if names and len(names) == len(tensors):  # of tf_keras
        return list(names)
    return [input_name(tensor) for tensor in tensors]


def _takes_training(model: Any) -> bool:
    parameters = inspect.signature(model.call).parameters
    return "training" in parameters or any(
        p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()
    )


def _flatten(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Leaves with their paths. Dictionaries go by sorted key, as in both Keras."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in _flatten(value[key], (*path, key))]
    if isinstance(value, (list, tuple)):
        return [leaf for i, item in enumerate(value) for leaf in _flatten(item, (*path, i))]
    return [(path, value)]


def _output_names(
    model: Any, paths: list[tuple[Any, ...]], symbolic: list[Any] | None
) -> list[str]:
    if any(isinstance(part, str) for path in paths for part in path):
        return ["_".join(map(str, path)) for path in paths]
    if symbolic:
        return list(getattr(model, "output_names", None) or [model.layers[-1].name])
    return ["output"] if len(paths) == 1 else [f"output_{i}" for i in range(len(paths))]


def _subclassed(model: Any) -> tuple[tuple[TensorSpec, ...], Callable[..., Any]]:
    """Inputs of a model that has only a `call`, from the shapes it was built with."""
    built = model.get_build_config() or {}
    shapes = built.get("shapes_dict") or {
        key: shape for key, shape in built.items() if key.endswith("shape")
    }
    if not shapes or any(shape is None for shape in shapes.values()):
        raise ModelError(
            "The shapes of the model's inputs and weights are not known.",
            received=f"the subclassed model {model.name!r}, whose build shapes were not saved",
            hint="call the model once on real data before saving, or build it with keras.Input.",
        )
    accepted = [
        p
        for p in inspect.signature(model.call).parameters.values()
        if p.name not in ("training", "mask") and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    parameters = [p.name for p in accepted]
    specs: list[TensorSpec] = []
    templates: dict[str, Any] = {}
    for key, shape in shapes.items():
        argument = key.removesuffix("_shape")
        if len(shapes) == 1 or argument not in parameters:
            argument = parameters[len(templates)]
        leaves = _shape_leaves(shape, ())
        for path, leaf in leaves:
            name = str(path[-1]) if path and isinstance(path[-1], str) else argument
            if path and not isinstance(path[-1], str):
                name = f"{argument}_{'_'.join(map(str, path))}"
            specs.append(tensor_spec(name, leaf, "float32"))
        templates[argument] = shape
    lacking = [p.name for p in accepted if p.default is p.empty and p.name not in templates]
    if lacking:
        raise ModelError(
            "The shape of an input of the model is not known.",
            received=f"the subclassed model {model.name!r} without the shape of {lacking[0]!r}",
            hint="give it one input that is a dict, or define build(self, a_shape, b_shape).",
        )
    names = unique([spec.name for spec in specs])
    specs = [
        tensor_spec(n, (None, *s.shape[1:]), s.dtype) for n, s in zip(names, specs, strict=True)
    ]

    def arguments(values: list[Any]) -> tuple[list[Any], dict[str, Any]]:
        remaining = iter(values)
        return [], {name: _fill_shape(shape, remaining) for name, shape in templates.items()}

    return tuple(specs), arguments


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(
        size is None or isinstance(size, int) for size in value
    )


def _shape_leaves(value: Any, path: tuple[Any, ...]) -> list[tuple[tuple[Any, ...], Any]]:
    if _is_shape(value):
        return [(path, value)]
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in _shape_leaves(value[key], (*path, key))]
    return [leaf for i, item in enumerate(value) for leaf in _shape_leaves(item, (*path, i))]


def _fill_shape(shape: Any, values: Any) -> Any:
    if _is_shape(shape):
        return next(values)
    if isinstance(shape, dict):
        return {key: _fill_shape(shape[key], values) for key in sorted(shape)}
    return [_fill_shape(item, values) for item in shape]


def _traced_outputs(
    flat: Callable[[dict[str, Any]], list[tuple[tuple[Any, ...], Any]]],
    inputs: tuple[TensorSpec, ...],
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, Any]]]:
    """Paths, shapes and dtypes of the outputs, by tracing the call once."""
    import tensorflow as tf

    specs = {
        spec.name: tf.TensorSpec([None if n < 0 else n for n in spec.shape], spec.dtype)
        for spec in inputs
    }
    leaves: list[tuple[tuple[Any, ...], Any]] = []

    def trace(values: dict[str, Any]) -> list[Any]:
        leaves.extend(flat(values))
        return [leaf for _, leaf in leaves]

    tf.function(trace, autograph=False).get_concrete_function(specs)
    return (
        [path for path, _ in leaves],
        [(tuple(leaf.shape), leaf.dtype) for _, leaf in leaves],
    )


def _layers(model: Any) -> list[Any]:
    """Every layer, nested ones included, outer first."""
    found: list[Any] = []
    pending = list(model.layers)
    while pending:
        layer = pending.pop(0)
        found.append(layer)
        pending.extend(getattr(layer, "layers", None) or ())
    return found


def _paths(model: Any, outer: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The names that lead to each layer, of the models it is nested in and its own."""
    found: list[tuple[str, ...]] = []
    for layer in model.layers:
        path = (*outer, layer.name)
        found.append(path)
        if getattr(layer, "layers", None):
            found.extend(_paths(layer, path))
    return found


def _may_hold_ids(model: Any, inputs: tuple[TensorSpec, ...]) -> bool:
    return any("int" in spec.dtype for spec in inputs) or any(
        any(mark in f"{type(inner).__name__} {inner.name}" for mark in _ID_LAYERS)
        for layer in _layers(model)
        for inner in (layer, getattr(layer, "layer", layer))  # what TimeDistributed wraps
    )
