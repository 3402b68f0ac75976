"""Small Keras models put together at random from what real ones are made of. Not a test."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers as L

ACTIVATIONS = ("relu", "relu6", "swish", "gelu", "leaky_relu", "tanh")


class Maker:
    """One random model from a seed, with random weights."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.seed = seed

    def some(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def width(self) -> int:
        return int(self.rng.integers(2, 9))

    def model(self) -> Any:
        """Blocks after blocks on images, then one of several heads; sometimes two outputs."""
        inputs = keras.Input((8, 8, 3), name="image")
        x = L.Rescaling(0.5, offset=-0.1)(inputs) if self.some(True, False) else inputs
        x = L.Conv2D(self.width(), 3, padding="same")(x)
        blocks = [
            self.plain,
            self.bottleneck,
            self.identity,
            self.joined,
            self.squeeze_excite,
            self.depthwise,
            self.grouped,
            self.separable,
            self.nested,
            self.shared,
            self.shared_model,
            self.operations,
            self.split,
            self.transposed,
            self.spatial_gate,
            self.normalised,
            self.folded,
        ]
        for _ in range(int(self.rng.integers(2, 6))):
            x = self.some(*blocks)(x)
        outputs = self.head(x)
        if self.some(True, False, False):
            outputs = [outputs, L.Conv2D(2, 1, name="second")(x)]
        model = keras.Model(inputs, outputs, name=f"random_{self.seed}")
        randomize(model, self.rng)
        return model

    def activate(self, x: Any) -> Any:
        pick = int(self.rng.integers(5))
        if pick == 0:
            return L.PReLU(shared_axes=self.some([1, 2], None, [1, 2, 3]))(x)
        if pick == 1:
            return L.Activation(self.some(*ACTIVATIONS))(x)
        if pick == 2:
            return L.ReLU(max_value=6.0)(x)
        return L.LeakyReLU(negative_slope=0.2)(x) if pick == 3 else x

    def finish(self, x: Any) -> Any:
        x = L.BatchNormalization()(x) if self.some(True, False) else x
        x = self.activate(x)
        return L.Dropout(0.3)(x) if self.some(True, False, False) else x

    def conv(self, x: Any, width: int | None = None) -> Any:
        return L.Conv2D(
            width or self.width(),
            self.some(1, 3),
            padding="same",
            use_bias=self.some(True, False),
            activation=self.some(None, *ACTIVATIONS),
        )(x)

    def plain(self, x: Any) -> Any:
        x = self.finish(self.conv(x))
        if x.shape[1] > 2 and self.some(True, False):
            pool = self.some(L.MaxPooling2D(2), L.AveragePooling2D(2), L.Cropping2D(1))
            return pool(x)
        return x

    def bottleneck(self, x: Any) -> Any:
        inner = self.finish(self.conv(self.finish(self.conv(x)), x.shape[-1]))
        merge = self.some(L.Add(), L.Subtract(), L.Maximum(), L.Average(), L.Minimum())
        return self.activate(merge([x, inner]))

    def identity(self, x: Any) -> Any:
        for _ in range(2):
            x = x + self.conv(x, x.shape[-1])
        return x

    def joined(self, x: Any) -> Any:
        parts = [self.conv(x), x, self.depthwise(x)]
        if self.some(True, False):
            return self.finish(L.Concatenate()(parts))
        tall = L.Concatenate(axis=1)([self.conv(x, 4), self.conv(x, 4)])
        return L.Cropping2D(((x.shape[1], 0), (0, 0)))(tall)

    def squeeze_excite(self, x: Any) -> Any:
        width = x.shape[-1]
        gate = L.GlobalAveragePooling2D(keepdims=self.some(True, False))(x)
        if len(gate.shape) == 2:
            gate = L.Dense(self.width(), activation="relu")(gate)
            gate = L.Reshape((1, 1, -1) if self.some(True, False) else (1, 1, width))(
                L.Dense(width, activation="sigmoid")(gate)
            )
        else:
            gate = L.Conv2D(self.width(), 1, activation="swish")(gate)
            gate = L.Conv2D(width, 1, activation="sigmoid")(gate)
        return L.Multiply()([x, gate])

    def depthwise(self, x: Any) -> Any:
        x = L.DepthwiseConv2D(3, padding="same", depth_multiplier=self.some(1, 2))(x)
        return self.finish(x)

    def grouped(self, x: Any) -> Any:
        width = x.shape[-1]
        return L.Conv2D(width * self.some(1, 2), 3, padding="same", groups=width)(x)

    def separable(self, x: Any) -> Any:
        return L.SeparableConv2D(self.width(), 3, padding="same", depth_multiplier=self.some(1, 2))(
            x
        )

    def nested(self, x: Any) -> Any:
        if self.some(True, False):
            body = [L.Conv2D(self.width(), 3, padding="same"), L.BatchNormalization(), L.ReLU()]
            return keras.Sequential([keras.Input(x.shape[1:]), *body])(x)
        inputs = keras.Input((None, None, x.shape[-1]))
        inner = L.Conv2D(self.width(), 3, padding="same")(inputs)
        outputs = L.Conv2D(x.shape[-1], 1)(L.BatchNormalization()(inner)) + inputs
        return keras.Model(inputs, outputs)(x)

    def shared(self, x: Any) -> Any:
        layer, norm = L.Conv2D(x.shape[-1], 3, padding="same"), L.BatchNormalization()
        once = L.ReLU()(norm(layer(x)))
        return self.finish(norm(layer(once)))

    def shared_model(self, x: Any) -> Any:
        inputs = keras.Input(x.shape[1:])
        inner = L.Conv2D(self.width(), 1)(L.ReLU()(inputs))
        model = keras.Model(inputs, inner)
        other = self.conv(x, x.shape[-1])
        return L.Concatenate()([model(x), model(other)])

    def operations(self, x: Any) -> Any:
        x = keras.ops.relu(x * 0.5 + 0.1)
        rows = x.shape[1]
        x = keras.ops.reshape(x, (-1, rows * x.shape[2], x.shape[-1]))
        x = keras.ops.reshape(x, (-1, rows, x.shape[1] // rows, x.shape[-1]))
        return keras.ops.concatenate([x, keras.ops.maximum(x, self.conv(x, x.shape[-1]))], axis=-1)

    def split(self, x: Any) -> Any:
        x = self.conv(x, 8)
        parts = keras.ops.split(x, self.some(2, (3, 5)), axis=-1)
        return L.Concatenate()([self.conv(parts[0]), self.finish(parts[-1])])

    def transposed(self, x: Any) -> Any:
        return L.Conv2DTranspose(self.width(), 3, padding="same")(x)

    def spatial_gate(self, x: Any) -> Any:
        return x * L.Conv2D(1, 1, activation="sigmoid")(x)

    def normalised(self, x: Any) -> Any:
        return self.conv(L.LayerNormalization()(x))

    def folded(self, x: Any) -> Any:
        """Channels that a Reshape takes out of and puts into the last axis."""
        rows, columns = x.shape[1], x.shape[2]
        flat = L.Reshape((rows, columns * x.shape[-1]))(x)
        mixed = L.Conv1D(columns * 3, 3, padding="same")(flat)
        return L.Reshape((rows, columns, 3))(mixed)

    def head(self, x: Any) -> Any:
        pick = int(self.rng.integers(4))
        if pick == 0:
            x = L.Flatten()(x)
        elif pick == 1:
            x = L.GlobalAveragePooling2D()(x)
        elif pick == 2:
            x = L.Reshape((math.prod(x.shape[1:]),))(x)
        else:
            x = keras.ops.mean(x, axis=(1, 2))
        x = L.Dense(self.width(), activation="relu")(x)
        if self.some(True, False):
            return L.Softmax()(L.Dense(4)(x))
        return L.Dense(4, activation="softmax")(x)


def randomize(model: Any, rng: np.random.Generator) -> None:
    """Random weights that keep activations near one; variances are positive."""
    for weight in model.weights:
        if weight.name in ("seed_generator_state", "mean", "variance", "count"):
            continue
        shape = tuple(weight.shape)
        if weight.name in ("gamma", "moving_variance"):
            value = rng.uniform(0.5, 1.5, shape)
        else:
            fan = math.prod(shape[:-1]) if len(shape) > 1 else 10
            value = rng.normal(scale=1 / math.sqrt(fan), size=shape)
        weight.assign(value.astype(np.float32))
