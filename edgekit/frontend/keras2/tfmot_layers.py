"""Stand-ins for the layers of tensorflow-model-optimization, so that its files load without it.

`quantize_model` wraps each layer of Keras 2 in one that rounds weights and activations to ranges
that training found; `prune_low_magnitude` in one that keeps a mask. A stand-in has the name, the
options and the weights of the original, in its order, and computes what that computes when it is
not trained. Read in tensorflow-model-optimization 0.8.1 (`QuantizeWrapperV2`, `QuantizeLayer`,
`PruneLowMagnitude`); what its files may name is `trust.allowed_classes.TFMOT`.

Imports tf_keras: not for the front.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
import tf_keras

from edgekit.compat.tf_keras import attention_kernels, own_weights
from edgekit.core.errors import ModelError
from edgekit.core.text import printable
from edgekit.frontend.keras2.tfmot_rules import Rules, rules
from edgekit.frontend.trust.allowed_classes import ACTIVATIONS

_STEP = {"trainable": False, "initializer": "zeros"}
_KERNELS = ("kernel", "recurrent_kernel")
# Which weights of a layer the mask is of; none of others.
_MASKED = {
    **dict.fromkeys(
        ("Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "Dense"), ("kernel",)
    ),
    **dict.fromkeys(("LocallyConnected1D", "LocallyConnected2D"), ("kernel",)),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), ("pointwise_kernel",)),
    "Embedding": ("embeddings",),
}


class _Range:
    """A range that training found: two weights of a layer, one of each or one for each channel."""

    def __init__(self, layer: Any, name: str, shape: tuple[int, ...] = ()) -> None:
        self._low = layer.add_weight(name=f"{name}_min", shape=shape, **_STEP)
        self._high = layer.add_weight(name=f"{name}_max", shape=shape, **_STEP)
        self._per_channel = bool(shape)

    def round(self, values: Any, *, bits: int = 8, narrow: bool = False) -> Any:
        """The values on the grid of the range."""
        function = (
            tf.quantization.fake_quant_with_min_max_vars_per_channel
            if self._per_channel
            else tf.quantization.fake_quant_with_min_max_vars
        )
        return function(values, self._low, self._high, num_bits=bits, narrow_range=narrow)


class QuantizeLayer(tf_keras.layers.Layer):  # type: ignore[misc]  # tf_keras has no types
    """Rounds an input of the model."""

    def __init__(self, quantizer: Mapping[str, Any] | None, **options: Any) -> None:
        super().__init__(**options)
        self._options = dict((quantizer or {}).get("config") or {})
        self._rounds = quantizer is not None

    def build(self, input_shape: Any) -> None:
        """Make the range, and the step that training counts."""
        super().build(input_shape)
        if self._rounds:
            self._range = _Range(self, self.name)
        self.add_weight(name="optimizer_step", dtype="int32", **_STEP)

    def call(self, inputs: Any) -> Any:
        """The rounded inputs."""
        if not self._rounds:
            return inputs
        narrow = bool(self._options.get("narrow_range"))
        return self._range.round(inputs, bits=int(self._options.get("num_bits", 8)), narrow=narrow)


class _Activation:
    """A layer's activation with rounding before and behind it."""

    def __init__(self, wrapper: Any, activation: Callable[..., Any]) -> None:
        self._function = activation
        name = getattr(activation, "__name__", "")
        before = name in ("softmax", "sigmoid", "tanh", "gelu")
        behind = name in ("linear", "relu", "swish", "silu", "gelu")
        if not (before or behind or isinstance(activation, NoOpActivation)):
            raise ModelError(
                "The activation of a layer that tfmot wraps must be one that it rounds.",
                received=f"the layer {wrapper.name!r} with {printable(name)}",
                hint="convert the SavedModel of this model: model.save(FOLDER, save_format='tf').",
            )
        self._before = _Range(wrapper, "pre_activation") if before else None
        self._behind = _Range(wrapper, "post_activation") if behind else None

    def __call__(self, values: Any) -> Any:
        if self._before is not None:
            values = self._before.round(values)
        values = self._function(values)
        return values if self._behind is None else self._behind.round(values)


class QuantizeWrapper(tf_keras.layers.Wrapper):  # type: ignore[misc]  # as above
    """A layer whose weights, activation and output are rounded, as its rules say."""

    def __init__(self, layer: Any, quantize_config: Mapping[str, Any], **options: Any) -> None:
        super().__init__(layer, **options)
        self._rules: Rules = rules(quantize_config, layer)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """The wrapper of a file, around the layer that it describes."""
        options = dict(config)
        return cls(layer=_layer(options.pop("layer")), **options)

    def build(self, input_shape: Any) -> None:
        """Make the ranges, in the order in which the file has them."""
        super().build(input_shape)
        self.add_weight(name="optimizer_step", dtype="int32", **_STEP)
        self._weights_of: list[tuple[str, Any, _Range]] = []
        for name in self._rules.weights:
            weight = getattr(self.layer, name)
            shape = (int(weight.shape[-1]),) if self._rules.per_channel else ()
            last = weight.name.split(":")[0].split("/")[-1]
            self._weights_of.append((name, weight, _Range(self, last, shape)))
            own_weights(self).append(weight)
        self._activations = {
            name: _Activation(self, getattr(self.layer, name)) for name in self._rules.activations
        }
        self._output = _Range(self, "output") if self._rules.output else None

    def call(self, inputs: Any, **options: Any) -> Any:
        """What the layer gives with rounded weights."""
        # Keras stops to track a weight whose place a tensor takes, as it did for the original.
        for name, weight, found in self._weights_of:
            setattr(self.layer, name, found.round(weight, narrow=True))
        for name, activation in self._activations.items():
            setattr(self.layer, name, activation)
        values = _called(self.layer, inputs, options)
        return values if self._output is None else self._output.round(values)

    @property
    def trainable_weights(self) -> list[Any]:
        """Those of the layer, then those that are rounded."""
        return [*self.layer.trainable_weights, *own_weights(self)]

    @property
    def non_trainable_weights(self) -> list[Any]:
        """Those of the layer, then the ranges."""
        return [*self.layer.non_trainable_weights, *own_weights(self, trainable=False)]


class QuantizeWrapperV2(QuantizeWrapper):
    """The same, with the weights in the order that they have without it."""

    def build(self, input_shape: Any) -> None:
        """Count the layer's weights as its own, then as before."""
        own_weights(self).extend(self.layer.trainable_weights)
        super().build(input_shape)

    @property
    def trainable_weights(self) -> list[Any]:
        """Each weight once, in the layer's order."""
        both = [*own_weights(self), *self.layer.trainable_weights]
        return list({id(weight): weight for weight in both}.values())


class NoOpActivation:
    """The activation of a layer that another layer rounds."""

    def __call__(self, values: Any) -> Any:
        """The values as they are."""
        return values

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> NoOpActivation:
        """One from a file, which says nothing of it."""
        del config
        return cls()

    def get_config(self) -> dict[str, Any]:
        """Nothing."""
        return {}


class QuantizeAwareActivation:
    """How a file names the activation of a wrapped layer."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Callable[..., Any]:
        """The activation itself: the wrapper rounds it."""
        named = config.get("activation")
        if isinstance(named, str) and named in ACTIVATIONS:
            function: Callable[..., Any] = tf_keras.activations.get(named)
            return function
        if isinstance(named, Mapping) and named.get("class_name") == "NoOpActivation":
            return NoOpActivation()
        raise ModelError(
            "The activation of a layer that tfmot wraps must be one of Keras.",
            received=f"the activation {printable(str(named)[:60])}",
            hint="convert the SavedModel of this model: model.save(FOLDER, save_format='tf').",
        )


class PruneLowMagnitude(tf_keras.layers.Wrapper):  # type: ignore[misc]  # as above
    """A layer with a mask for each weight that is pruned. `without_wrappers` takes it off."""

    def __init__(self, layer: Any, **options: Any) -> None:
        # How the mask came to be says nothing of what it is.
        known = {key: options[key] for key in ("name", "trainable", "dtype") if key in options}
        super().__init__(layer, **known)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """The wrapper of a file, around the layer that it describes."""
        options = dict(config)
        return cls(layer=_layer(options.pop("layer")), **options)

    def build(self, input_shape: Any) -> None:
        """Make the masks, in the order in which the file has them."""
        super().build(input_shape)
        self._masks = []
        for weight in _masked(self.layer):
            mask = self.add_weight(name="mask", shape=weight.shape, trainable=False)
            self.add_weight(name="threshold", shape=(), trainable=False)
            self._masks.append((weight, mask))
        self.add_weight(name="pruning_step", shape=(), dtype="int64", **_STEP)

    def call(self, inputs: Any, **options: Any) -> Any:
        """What the layer gives."""
        return _called(self.layer, inputs, options)

    @property
    def trainable_weights(self) -> list[Any]:
        """Those of the layer."""
        return list(self.layer.trainable_weights)

    @property
    def non_trainable_weights(self) -> list[Any]:
        """Those of the layer, then masks and their like."""
        return [*self.layer.non_trainable_weights, *own_weights(self, trainable=False)]

    def unwrapped(self) -> Any:
        """The layer, with its weights where the mask has them."""
        for weight, mask in self._masks:
            weight.assign(weight * mask)
        return self.layer


STAND_INS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        QuantizeLayer,
        QuantizeWrapper,
        QuantizeWrapperV2,
        QuantizeAwareActivation,
        NoOpActivation,
        PruneLowMagnitude,
    )
}
"""By the names that files have."""


def without_wrappers(model: Any) -> Any:
    """A functional or sequential model with its pruned layers themselves, nested ones included."""
    if not any(isinstance(layer, PruneLowMagnitude) for layer in _all_layers(model)):
        return model

    def strip(layer: Any) -> Any:
        if isinstance(layer, PruneLowMagnitude):
            return layer.unwrapped()
        if isinstance(layer, tf_keras.Model):
            return without_wrappers(layer)
        return layer

    return tf_keras.models.clone_model(model, clone_function=strip)


def _all_layers(model: Any) -> list[Any]:
    return [
        inner
        for layer in model.layers
        for inner in ([layer, *_all_layers(layer)] if hasattr(layer, "layers") else [layer])
    ]


def _layer(config: Mapping[str, Any]) -> Any:
    """A wrapped layer, built where the file says of what: so it was when it was wrapped."""
    layer = tf_keras.layers.deserialize(config, use_legacy_format="module" not in config)
    if config.get("build_config") and not layer.built:
        layer.build_from_config(config["build_config"])
    return layer


def _called(layer: Any, inputs: Any, options: Mapping[str, Any]) -> Any:
    """What a layer gives, where nothing is trained; options that it does not take are left out."""
    taken = inspect.signature(layer.call).parameters
    known = {key: value for key, value in {**options, "training": False}.items() if key in taken}
    return layer.call(inputs, **known)


def _masked(layer: Any) -> list[Any]:
    kind = type(layer).__name__
    if kind == "MultiHeadAttention":
        return attention_kernels(layer)
    if hasattr(layer, "cell"):
        cells = getattr(layer.cell, "cells", [layer.cell])
        return [getattr(cell, name) for cell in cells for name in _KERNELS]
    return [getattr(layer, name) for name in _MASKED.get(kind, ())]
