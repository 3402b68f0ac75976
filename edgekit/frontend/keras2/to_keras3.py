"""Models of Keras 2, rebuilt of Keras 3 layers and proven equal, so that they can be pruned.

The original runs beside its copy on random inputs: the outputs agree to 100 dB, or there is no
copy. What a layer's configuration loses on the way (initializers, `groups` of a depthwise
convolution, `implementation`) therefore needs no list: what matters is found.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.core.errors import DataError, ModelError, UnsafeModelError
from edgekit.core.records import Contract
from edgekit.data.synthetic import synthetic
from edgekit.frontend.keras2.function_layers import translate
from edgekit.frontend.load.keras_model import wrap_keras3
from edgekit.frontend.load.load import informative_line
from edgekit.frontend.load.loaded import LoadedModel, unique
from edgekit.frontend.load.recognise import recognise
from edgekit.frontend.trust.saved_metadata import check_metadata

LEAST_DB = 100.0
"""How near the outputs of the copy come to those of the original."""

_SAMPLES = 4
_NEXT = "save the model with Keras 3; or leave --prune out: --qat and all recipes need no layers."


def to_keras3(loaded: LoadedModel, path: Path, *, unsafe: bool = False) -> Any:
    """The Keras 3 model that computes what a loaded model does.

    Args:
        loaded: What `load` returned.
        path: The file or folder it was loaded from; read again for a SavedModel only.
        unsafe: Allow code that is stored in a SavedModel, as in a Lambda layer.

    Returns:
        A functional `keras.Model` with the inputs and layer names of the original ("/" becomes
        "_"), all layers trainable. A Keras 3 model is returned as it is.

    Raises:
        ModelError: A layer cannot be brought over (named), a SavedModel holds a graph only, or
            the outputs differ.
    """
    if loaded.kind == "keras3":
        return loaded.model
    original = loaded.model if loaded.kind == "keras2" else _from_saved_model(path, unsafe)
    model = rebuild(original)
    _prove(loaded, model)
    return model


def _from_saved_model(path: Path, unsafe: bool) -> Any:
    """The Keras 2 model that a SavedModel describes beside its graph."""
    import tf_keras
    from tf_keras.src.saving.serialization_lib import SafeModeScope

    folder = recognise(path).path
    try:
        check_metadata(folder, unsafe=unsafe)
        with SafeModeScope(safe_mode=not unsafe):
            model = tf_keras.models.load_model(folder, compile=False)
    except UnsafeModelError:
        raise
    except ModelError as error:
        raise _no_layers(folder, error.received or error.rule) from None
    except Exception as error:  # tf_keras raises many kinds for a folder that is not its own
        raise _no_layers(folder, informative_line(str(error))) from None
    if not isinstance(model, tf_keras.Model):
        raise _no_layers(folder, "a graph without Keras' description of its layers")
    return model


def _no_layers(folder: Path, why: str) -> ModelError:
    return ModelError(
        "The SavedModel cannot be pruned: its layers were not saved with it.",
        received=f"{folder.name}: {why}",
        hint=_NEXT,
    )


def rebuild(original: Any) -> Any:
    """A functional Keras 3 model of a functional or sequential tf_keras model's layers.

    Raises:
        ModelError: A layer cannot be brought over; the error names it.
    """
    flags = [(layer, layer.trainable) for layer in original._flatten_layers()]
    try:
        # The order of a layer's weights depends on whether it is trainable.
        for layer, _ in flags:
            layer.trainable = True
        return _Rebuild().model(original)
    finally:
        for layer, trainable in flags:
            layer.trainable = trainable


def _cannot(layer: Any, why: str) -> ModelError:
    kind = getattr(layer, "symbol", None)
    called = f"tf.{kind}" if kind else f"of the class {type(layer).__name__}"
    return ModelError(
        "A layer could not be converted to Keras 3, which pruning needs.",
        received=f"the layer {layer.name!r} {called}: {why}",
        hint=_NEXT,
    )


@dataclass(slots=True)
class _Rebuild:
    """One model on its way: layers that are called twice are made once."""

    layers: dict[int, Any] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def model(self, original: Any) -> Any:
        """A Keras 3 model; nested models are models again."""
        import keras
        import tensorflow as tf

        if not getattr(original, "_is_graph_network", False):
            raise ModelError(
                "A model to prune must be functional or sequential.",
                received=f"the {type(original).__name__} {original.name!r}, whose call is code",
                hint=_NEXT,
            )
        values: dict[str, list[Any]] = {}

        def keep(key: str, value: Any) -> None:
            values[key] = [value] * original._tensor_usage_count[key]

        inputs = []
        for tensor, name in zip(original.inputs, _input_names(original), strict=True):
            made = keras.Input(
                batch_shape=tuple(tensor.shape), dtype=tensor.dtype.name, name=self._name(name)
            )
            keep(str(id(tensor)), made)
            inputs.append(made)
        for depth in sorted(original._nodes_by_depth, reverse=True):
            for node in original._nodes_by_depth[depth]:
                if node.is_input or any(i not in values for i in _needs(node)):
                    continue
                results = self._call(node, values)
                flat = keras.tree.flatten(results)
                if len(flat) != len(node.flat_output_ids):
                    raise _cannot(node.layer, f"it has {len(flat)} outputs in Keras 3")
                for key, value in zip(node.flat_output_ids, flat, strict=True):
                    keep(str(key), value)
        outputs = tf.nest.map_structure(
            lambda tensor: values[str(id(tensor))][0], original._nested_outputs
        )
        structure = tf.nest.pack_sequence_as(original._nested_inputs, inputs)
        model = keras.Model(_plain(structure), _plain(outputs), name=_clean(original.name))
        _copy_weights(self._of(original), self.layers)
        return model

    def _call(self, node: Any, values: Mapping[str, list[Any]]) -> Any:
        layer = node.layer
        args, kwargs = node.map_arguments(values)
        args, kwargs = _plain(args), _plain(kwargs)
        symbol = getattr(layer, "symbol", None)
        try:
            if isinstance(symbol, str):
                results = translate(symbol, args, kwargs, self._name(layer.name))
                if results is None:
                    raise _cannot(layer, "this function, or its options, is not known here")
                return results
            if id(layer) not in self.layers:
                self.layers[id(layer)] = self._layer(layer)
            new = self.layers[id(layer)]
            accepted = inspect.signature(new.call).parameters
            given = {k: v for k, v in kwargs.items() if k in accepted and k != "training"}
            return new(*args, **given)
        except ModelError:
            raise
        except Exception as error:  # whatever Keras says of arguments that it does not take
            raise _cannot(layer, informative_line(str(error))) from None

    def _layer(self, layer: Any) -> Any:
        import tf_keras

        if isinstance(layer, tf_keras.Model):
            # One table for all: a layer may be called in several models.
            inner = _Rebuild(layers=self.layers).model(layer)
            inner.name = self._name(layer.name)
            return inner
        return _convert_layer(layer, self._name(layer.name))

    def _of(self, original: Any) -> list[Any]:
        import tf_keras

        return [layer for layer in original.layers if not isinstance(layer, tf_keras.Model)]

    def _name(self, name: str) -> str:
        proposal = unique([*sorted(self.names), _clean(name)])[-1]
        self.names.add(proposal)
        return proposal


def _clean(name: str) -> str:
    return name.replace("/", "_")


def _input_names(model: Any) -> list[str]:
    names = getattr(model, "input_names", None)
    return list(names) if names else [tensor.name for tensor in model.inputs]


def _needs(node: Any) -> list[str]:
    return [str(id(tensor)) for tensor in node.keras_inputs]


def _plain(value: Any) -> Any:
    """Keras 2's own wrappers of lists and dicts, as lists and dicts."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _convert_layer(layer: Any, name: str) -> Any:
    """A Keras 3 layer of the same class and options, without weights."""
    import keras

    kind = type(layer).__name__
    if kind == "Lambda":
        return keras.layers.Lambda(layer.function, arguments=layer.arguments or None, name=name)
    target = getattr(keras.layers, kind.removesuffix("V1").removesuffix("V2"), None)
    if target is None or not type(layer).__module__.startswith(("tf_keras.", "keras.")):
        raise _cannot(layer, "Keras 3 has no such layer")
    config = layer.get_config()
    if config.get("time_major"):
        raise _cannot(layer, "time_major = True")
    options = {key: _option(value) for key, value in config.items() if _matters(key, value)}
    accepted = _parameters(target)
    options = {key: value for key, value in options.items() if key in accepted}
    # What TimeDistributed and Bidirectional wrap.
    if "layer" in config:
        inner = layer.forward_layer if hasattr(layer, "forward_layer") else layer.layer
        options["layer"] = _convert_layer(inner, _clean(inner.name))
    if "backward_layer" in config:
        backward = layer.backward_layer
        options["backward_layer"] = _convert_layer(backward, _clean(backward.name))
    if "cell" in config:
        options["cell"] = _convert_cell(layer.cell)
    try:
        return target(**options, name=name)
    except (TypeError, ValueError) as error:
        raise _cannot(layer, informative_line(str(error))) from None


def _convert_cell(cell: Any) -> Any:
    import keras

    if type(cell).__name__ == "StackedRNNCells":
        return keras.layers.StackedRNNCells([_convert_cell(item) for item in cell.cells])
    return _convert_layer(cell, _clean(cell.name))


def _matters(key: str, value: Any) -> bool:
    """Whether an option says what the layer computes, rather than how it came to be."""
    if key.endswith(("_initializer", "_regularizer", "_constraint")):
        return False
    apart = ("name", "dtype", "trainable", "batch_input_shape", "groups")
    inner = ("layer", "backward_layer", "cell", "cells")
    return key not in (*apart, *inner) or (key == "groups" and value not in (None, 1))


def _option(value: Any) -> Any:
    """An option as Keras 3 takes it: an axis `[3]` is 3, a serialized activation its name."""
    if isinstance(value, Mapping) and isinstance(value.get("class_name"), str):
        import keras

        if value["class_name"] == "function":
            return value["config"]
        target = getattr(keras.layers, value["class_name"], None)
        inner = dict(value.get("config") or {})
        if target is not None:
            accepted = _parameters(target)
            return target(**{k: v for k, v in inner.items() if k in accepted})
    value = _plain(value)
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _parameters(kind: type) -> set[str]:
    """The names of the options that a class and its bases take."""
    found: set[str] = set()
    for base in kind.__mro__:
        init = base.__dict__.get("__init__")
        if init is None:
            continue
        parameters = inspect.signature(init).parameters.values()
        found |= {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return found


def _copy_weights(originals: list[Any], made: Mapping[int, Any]) -> None:
    for layer in originals:
        new = made.get(id(layer))
        if new is None:
            continue
        weights = layer.get_weights()
        have, want = [w.shape for w in weights], [tuple(w.shape) for w in new.weights]
        if have != want:
            raise _cannot(layer, f"its weights of shapes {have} are {want} in Keras 3")
        new.set_weights(weights)
        if hasattr(new, "finalize_state"):
            new.finalize_state()


def _prove(loaded: LoadedModel, model: Any) -> None:
    """Raise unless the model's outputs on random inputs are those of the original."""
    wrapped = wrap_keras3(model)
    try:
        contract = Contract(inputs=loaded.inputs, outputs=loaded.outputs)
        samples = synthetic(contract, _SAMPLES, 0, loaded.id_limits)
    except DataError as error:
        raise ModelError(
            "The Keras 3 copy could not be compared with the model: that needs inputs of numbers.",
            received=error.received,
            hint=_NEXT,
        ) from None
    named = _by_position(
        [s.name for s in loaded.inputs], [s.name for s in wrapped.inputs], samples.inputs
    )
    expected, got = loaded.predict(samples.inputs), wrapped.predict(named)
    names = [spec.name for spec in wrapped.outputs]
    for name, value in _by_position([s.name for s in loaded.outputs], names, expected).items():
        agreement = _decibels(value, got[name])
        if not agreement >= LEAST_DB:
            raise ModelError(
                f"The Keras 3 copy of the model must compute the same outputs, to {LEAST_DB:.0f} "
                "dB.",
                received=f"output {name!r} of {loaded.name!r}: {agreement:.1f} dB",
                hint=_NEXT,
            )


def _by_position(
    old: list[str], new: list[str], values: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Values under the new names: equal names stay, others follow their position."""
    if set(old) == set(new):
        return dict(values)
    return {name: values[before] for before, name in zip(old, new, strict=True)}


def _decibels(expected: np.ndarray, got: np.ndarray) -> float:
    """Signal over error, summed in float64; minus infinity where shapes or finiteness differ."""
    if expected.shape != got.shape:
        return -np.inf
    wanted, error = expected.astype(np.float64), expected.astype(np.float64) - got
    noise = float(np.sum(error**2))
    if noise == 0:
        return np.inf
    signal = float(np.sum(wanted**2))
    ratio = 10 * np.log10(signal / noise) if signal > 0 else -np.inf
    return float(ratio) if np.isfinite(ratio) else -np.inf
