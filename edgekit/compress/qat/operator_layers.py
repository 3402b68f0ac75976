"""Keras layers of TFLite operators, plain or rounding as the quantized file does.

Imports Keras: not for the front.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from edgekit.compress.qat import linear_functions, operator_functions
from edgekit.tflite import Operator
from edgekit.tflite.quantized_weights import SMALLEST, Group, QuantizedWeights, from_range

# All that is trained is counted in units in which Adam's step, the learning rate, means the same:
# weights and biases in the channel's largest weight, scales and ends of ranges by their logarithm.

CELL = 0.45
"""How far at most from its code a weight begins, which from 0.5 on would round to another."""


class Range(keras.layers.Layer):
    """Rounds activations to a grid whose ends are trained, until they are frozen.

    Args:
        group: The grid to begin with.
        constant: Whether it is written as constants, for a converter to recognise.
    """

    def __init__(self, group: Group, *, constant: bool, name: str) -> None:
        super().__init__(name=name)
        self.group, self.constant, self.written = group, constant or group.fixed, constant
        if not self.constant:
            zero = keras.initializers.Zeros()
            self.low = self.add_weight(shape=(), initializer=zero, name="low")
            self.high = self.add_weight(shape=(), initializer=zero, name="high")
            kept = {"shape": (), "initializer": zero, "trainable": False}
            self.kept_low = self.add_weight(name="kept_low", **kept)
            self.kept_high = self.add_weight(name="kept_high", **kept)
            self.frozen = self.add_weight(name="frozen", **kept)
        self.built = True

    def freeze(self) -> None:
        """Leave the range as it is from now on."""
        if not self.constant:
            self.kept_low.assign(self.low)
            self.kept_high.assign(self.high)
            self.frozen.assign(1.0)

    def ends(self) -> tuple[Any, Any]:
        """Both ends of the range, float64; computed alike in training and for its result."""
        frozen = tf.convert_to_tensor(self.frozen) > 0.5
        low = tf.where(frozen, self.kept_low, self.low)
        high = tf.where(frozen, self.kept_high, self.high)
        return (
            self.group.low * tf.exp(tf.cast(low, tf.float64)),
            self.group.high * tf.exp(tf.cast(high, tf.float64)),
        )

    def trained(self) -> Group:
        """The group as it is now."""
        if self.constant:
            return self.group
        low, high = (float(end) for end in self.ends())
        scale, zero = from_range(low, high, self.group.bits)
        return Group(
            scale=scale,
            zero_point=zero,
            bits=self.group.bits,
            low=low,
            high=high,
            names=self.group.names,
        )

    def call(self, x: Any, cast: bool = False) -> Any:
        """`x` rounded; its gradient is that inside the range, the ends take the rest.

        Args:
            x: Real values.
            cast: Whether the file has an operator for it, which rounds halves to even. Pixels
                that were made -1 to 1 lie on halves, all of them; TensorFlow's fake
                quantization rounds halves up.
        """
        first, last = self.group.limits
        if self.constant:
            zero, scale = self.group.zero_point, np.float64(self.group.scale)
            low, high = np.float32((first - zero) * scale), np.float32((last - zero) * scale)
        else:
            low, high = self._nudged(first, last)
        if not cast or self.written:
            return tf.quantization.fake_quant_with_min_max_vars(
                x, low, high, num_bits=self.group.bits, narrow_range=self.group.bits > 8
            )
        width = tf.cast(high, tf.float64) - tf.cast(low, tf.float64)
        scale = tf.cast(width / (last - first), tf.float32)
        clipped = tf.clip_by_value(x, low, high)
        # Real values first, as the kernel does it: quantized, then their limits.
        rounded = tf.clip_by_value(tf.round(x * (1.0 / scale)) * scale, low, high)
        return clipped + tf.stop_gradient(rounded - clipped)

    def _nudged(self, first: int, last: int) -> tuple[Any, Any]:
        """Ends that zero lies on the grid of, as `from_range` puts it, in float64 as there."""
        low, high = self.ends()
        if self.group.bits > 8:
            bound = tf.cast(tf.maximum(tf.maximum(-low, high), SMALLEST), tf.float32)
            return -bound, bound
        scale = tf.maximum(high - low, SMALLEST) / (last - first)
        zero = tf.round(first - low / scale)
        least, most = (
            tf.cast(end + tf.stop_gradient((limit - zero) * scale - end), tf.float32)
            for end, limit in ((low, first), (high, last))
        )
        return least, most


class Layer(keras.layers.Layer):
    """One operator of the file.

    Args:
        op: The operator.
        constants: Its constant operands by place, in real units.
        name: The layer's name.
    """

    def __init__(self, op: Operator, constants: Mapping[int, np.ndarray], *, name: str) -> None:
        super().__init__(name=name)
        self.op = op
        # Not a dictionary: Keras would track it, and wants names for keys.
        self.constants = tuple(constants.items())
        # By which a softmax or a sigmoid before the output is recognised.
        activation = op.facts.output_activation
        if activation and getattr(op.options, "beta", 1) == 1:
            self.activation = keras.activations.get(activation)
        self._add_weights(dict(constants))
        self.built = True

    def _add_weights(self, constants: Mapping[int, np.ndarray]) -> None:
        self.held = tuple(
            (place, self._variable(constants[place], "kernel" if number == 0 else "bias"))
            for number, place in enumerate(self.op.facts.linear_places)
            if place in constants
        )

    def _variable(self, values: np.ndarray, name: str) -> Any:
        start = keras.initializers.Constant(0.0)
        variable = self.add_weight(shape=values.shape, initializer=start, name=name)
        variable.assign(values.astype(np.float32))
        return variable

    def call(self, given: Sequence[Any]) -> Any:
        """The operator's output; a list of them where there are several."""
        results = operator_functions.run(self.op, self._operands(list(given)))
        results = [self._rounded(i, result) for i, result in enumerate(results)]
        return results[0] if len(results) == 1 else results

    def _operands(self, given: list[Any]) -> list[Any]:
        constants, held = dict(self.constants), dict(self.held)
        values: list[Any] = []
        for place, tensor in enumerate(self.op.operands):
            if tensor is None:
                values.append(None)
            elif place in held:
                values.append(self._weights(place, held[place]))
            elif place in constants:
                values.append(self._in_order(place, constants[place]))
            else:
                values.append(self._read(place, given.pop(0)))
        return values

    def _in_order(self, place: int, values: Any) -> Any:
        if self.op.facts.linear_places[:1] == (place,):
            return linear_functions.kernel(self.op.name, values)
        return values

    def _weights(self, place: int, variable: Any) -> Any:
        return self._in_order(place, tf.convert_to_tensor(variable))

    def _read(self, place: int, value: Any) -> Any:
        return value

    def _rounded(self, number: int, value: Any) -> Any:
        return value


class RoundingLayer(Layer):
    """One operator, rounding where the quantized file does.

    Args:
        op: The operator.
        constants: Its constant operands by place, in real units.
        quantized: Its quantized weights, if it has any.
        read: By place, the range to which an operand is rounded.
        give: By number, the range to which an output is rounded.
        constant: Whether weights are written as constants, for a converter to recognise.
        cell: How far at most from its code a weight begins.
        name: The layer's name.
    """

    def __init__(
        self,
        op: Operator,
        constants: Mapping[int, np.ndarray],
        *,
        quantized: QuantizedWeights | None,
        read: Mapping[int, Range],
        give: Mapping[int, Range],
        constant: bool,
        cell: float = CELL,
        name: str,
    ) -> None:
        # Keras tracks what is set before as well.
        self._quantized, self._constant, self._cell = quantized, constant, cell
        self._read_on, self._give_on = tuple(read.items()), tuple(give.items())
        super().__init__(op, constants, name=name)
        self.ranges = [*read.values(), *give.values()]

    def _add_weights(self, constants: Mapping[int, np.ndarray]) -> None:
        quantized = self._quantized
        self.held = ()
        if quantized is None:
            return
        places = self.op.facts.linear_places
        if self._constant:
            self.held = tuple((place, None) for place in places if place in constants)
            return
        # What was rounded, as far as it rounds to the same: the first step computes what the
        # quantized file computes.
        steps = constants[places[0]] / quantized.spread - quantized.integers
        begin = quantized.integers + np.clip(steps, -self._cell, self._cell)
        self.kernel = self._variable(begin / quantized.largest, "kernel")
        self.scale = self._variable(np.zeros(quantized.scales.shape), "scale")
        held: list[tuple[int, Any]] = [(places[0], self.kernel)]
        if places[1] in constants and quantized.bias is not None:
            # One bias for all channels of a single scale, or one for each.
            self.unit = (quantized.scales * np.float32(quantized.largest)).astype(np.float32)
            self.bias = self._variable(np.zeros(quantized.bias.shape), "bias")
            held.append((places[1], self.bias))
        self.held = tuple(held)

    def rounded(self) -> tuple[Any, Any]:
        """Integers, as floats with straight-through gradients, and scales in the integers' shape.

        What is trained counts in integers, so that a moving scale rounds no weight anew: weights
        that calibration rounded to make up for each other stay so until they move themselves.
        """
        quantized = self._quantized
        assert quantized is not None  # only of layers with quantized weights
        begin = quantized.spread.astype(np.float32)
        scale = begin * tf.exp(tf.reshape(tf.convert_to_tensor(self.scale), begin.shape))
        exact = tf.convert_to_tensor(self.kernel) * np.float32(quantized.largest)
        exact = tf.clip_by_value(exact, -float(quantized.largest), float(quantized.largest))
        return exact + tf.stop_gradient(tf.round(exact) - exact), scale

    def trained(self) -> QuantizedWeights | None:
        """The weights as they are now; None where none are trained."""
        quantized = self._quantized
        if quantized is None or self._constant:
            return quantized
        rounded, scale = self.rounded()
        return QuantizedWeights(
            integers=np.rint(rounded.numpy()).astype(np.int8),
            scales=np.asarray(scale.numpy().reshape(-1), np.float32),
            bias=None if quantized.bias is None else self._bias().numpy(),
            bits=quantized.bits,
            axis=quantized.axis,
        )

    def _bias(self) -> Any:
        assert self._quantized is not None and self._quantized.bias is not None
        return self._quantized.bias + self.unit * tf.convert_to_tensor(self.bias)

    def _weights(self, place: int, variable: Any) -> Any:
        quantized = self._quantized
        assert quantized is not None  # nothing else is held
        weights, _ = self.op.facts.linear_places
        if place != weights:
            return quantized.bias if self._constant else self._bias()
        if self._constant:
            return self._recognisable(quantized)
        rounded, scale = self.rounded()
        return self._in_order(place, rounded * scale)

    def _recognisable(self, quantized: QuantizedWeights) -> Any:
        """Constants behind TensorFlow's own operator, which converters take scales from."""
        kernel = linear_functions.kernel(self.op.name, quantized.real)
        bound = (quantized.scales * quantized.largest).astype(np.float32)
        if len(bound) == 1:
            return tf.quantization.fake_quant_with_min_max_vars(
                kernel, -bound[0], bound[0], quantized.bits, narrow_range=True
            )
        return tf.quantization.fake_quant_with_min_max_vars_per_channel(
            kernel, -bound, bound, quantized.bits, narrow_range=True
        )

    def _read(self, place: int, value: Any) -> Any:
        on = dict(self._read_on).get(place)
        return value if on is None else on(value, cast=True)

    def _rounded(self, number: int, value: Any) -> Any:
        on = dict(self._give_on).get(number)
        return value if on is None else on(value)


class Freezing(keras.callbacks.Callback):
    """Leaves the ranges of a model as they are for the last part of a training.

    Args:
        model: What `fake_quant.build_rounding` made.
        part: The fraction of the epochs in which only weights are trained.
    """

    def __init__(self, model: Any, part: float) -> None:
        super().__init__()
        self._ranges, self._part = model.rounding_ranges, part

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Freeze once the last part begins, and where a resumed training is in it already."""
        if epoch >= round(self.params["epochs"] * (1 - self._part)):
            for layer in self._ranges:
                layer.freeze()
