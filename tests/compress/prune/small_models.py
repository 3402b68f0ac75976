"""Small Keras models, one for each rule of which channels go together. Not a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers as L


def residual() -> Any:
    """A stream of two layers, and one channel axis inside."""
    inputs = keras.Input((8, 8, 3))
    stem = L.Conv2D(6, 3, padding="same", name="stem")(inputs)
    inner = L.Conv2D(10, 3, padding="same", name="inner")(stem)
    back = L.BatchNormalization(name="norm")(
        L.Conv2D(6, 3, padding="same", name="back", use_bias=False)(L.ReLU()(inner))
    )
    x = L.GlobalAveragePooling2D()(L.Add(name="add")([stem, back]))
    return keras.Model(inputs, L.Dense(4, name="head", activation="softmax")(x))


def scaled() -> Any:
    """A residual stream as Inception-ResNet adds to it, by a layer of keras.applications."""
    from keras.src.applications.convnext import StochasticDepth
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    inputs = keras.Input((8, 8, 3))
    stem = L.Conv2D(6, 3, padding="same", name="stem")(inputs)
    branch = L.Conv2D(5, 3, padding="same", name="inner", activation="relu")(stem)
    branch = StochasticDepth(0.1)(L.Conv2D(6, 1, name="back")(branch))
    x = CustomScaleLayer(0.2, name="sum")([stem, branch])
    return keras.Model(inputs, L.Dense(4, name="head")(L.GlobalAveragePooling2D()(x)))


def gated() -> Any:
    """Squeeze-and-excite: the gate's channels go with those that it opens."""
    inputs = keras.Input((8, 8, 3))
    x = L.Conv2D(6, 3, name="body")(inputs)
    gate = L.GlobalAveragePooling2D(keepdims=True)(x)
    gate = L.Conv2D(3, 1, activation="relu", name="squeeze")(gate)
    gate = L.Conv2D(6, 1, activation="sigmoid", name="excite")(gate)
    x = L.Flatten()(L.Multiply()([x, gate]))
    return keras.Model(inputs, L.Dense(4, name="head")(x))


def joined() -> Any:
    """Two layers side by side, with a depthwise layer of twice as many channels behind."""
    inputs = keras.Input((8, 8, 3))
    x = L.Concatenate()([L.Conv2D(4, 1, name="left")(inputs), L.Conv2D(5, 1, name="right")(inputs)])
    x = L.DepthwiseConv2D(3, depth_multiplier=2, name="deep")(x)
    return keras.Model(inputs, L.Dense(4, name="head")(L.GlobalMaxPooling2D()(x)))


def unknown() -> Any:
    """Layers that need all channels, and others behind them that do not."""
    inputs = keras.Input((8, 8, 3))
    x = L.Conv2D(6, 1, name="before")(inputs)
    x = L.LayerNormalization(name="norm")(x)
    x = L.Conv2D(6, 1, groups=2, name="grouped")(x)
    x = L.Conv2D(5, 1, name="after")(x)
    x = L.Reshape((64, 5))(x)
    x = L.LSTM(7, name="lstm")(x)
    x = L.Dense(6, name="mixed", activation="softmax")(x)
    x = L.Dense(3, name="between", activation="relu")(x)
    return keras.Model(inputs, L.Dense(2, name="head")(x))


class Doubled(L.Layer):
    """A layer of somebody's own."""

    def call(self, inputs: Any) -> Any:
        """Twice the input."""
        return inputs * 2


def custom() -> Any:
    """A custom layer between two of Keras' own."""
    inputs = keras.Input((8, 3))
    x = Doubled(name="doubled")(L.Conv1D(6, 3, name="before")(inputs))
    x = L.Conv1D(5, 3, name="after")(x)
    return keras.Model(inputs, L.Dense(2, name="head")(L.Flatten()(x)))


def channels_first() -> Any:
    """A convolution that cannot even run on a CPU, but can be described."""
    inputs = keras.Input((3, 8))
    x = L.Permute((2, 1))(L.ZeroPadding1D(1)(inputs))
    x = L.Conv1D(4, 1, name="plain")(x)
    x = L.Conv1D(4, 1, data_format="channels_first", name="first")(x)
    return keras.Model(inputs, L.Dense(2, name="head")(L.Flatten()(x)))


def twins() -> Any:
    """One nested model and one layer on two inputs; outputs in a dict."""
    one, two = keras.Input((8, 4), name="one"), keras.Input((8, 4), name="two")
    tower = keras.Sequential(
        [keras.Input((8, 6)), L.ReLU(), L.Conv1D(5, 3, name="conv"), L.Flatten()], name="tower"
    )
    first, second = L.Conv1D(6, 1, name="first"), L.Conv1D(6, 1, name="second")
    head = L.Dense(3, name="head")
    joined = L.Subtract(name="less")([tower(first(one)), tower(second(two))])
    mixed = L.Dense(7, name="mixed")(joined)
    return keras.Model({"one": one, "two": two}, {"a": head(mixed), "b": L.Softmax()(head(mixed))})


def text() -> Any:
    """Ids, an embedding whose channels can go, one-dimensional layers."""
    inputs = keras.Input((12,), dtype="int32")
    x = L.Embedding(10, 8, name="embedding", mask_zero=True)(inputs)
    x = L.Conv1D(6, 3, padding="causal", name="conv")(x)
    x = L.GlobalAveragePooling1D()(L.SpatialDropout1D(0.2)(x))
    return keras.Model(inputs, L.Dense(2, name="head")(x))


def open_sizes() -> Any:
    """Any height and width, with a nested model that leaves them open too."""
    inputs = keras.Input((None, None, 3), name="image")
    inner = keras.Sequential(
        [keras.Input((None, None, 4)), L.Conv2D(6, 3, strides=2, padding="same", name="down")],
        name="inner",
    )
    x = inner(L.Conv2D(4, 3, padding="same", name="stem")(inputs))
    x = L.Conv2DTranspose(5, 2, strides=2, name="up")(x)
    return keras.Model(inputs, L.SeparableConv2D(3, 3, padding="same", name="out")(x))


def frozen() -> Any:
    """Layers that are not to be trained, one of them by way of its model."""
    inner = keras.Sequential([keras.Input((8, 3)), L.Conv1D(4, 3, name="conv")], name="base")
    inner.trainable = False
    inputs = keras.Input((8, 3))
    x = inner(inputs, training=False)
    x = L.Conv1D(5, 3, name="fixed", trainable=False)(x)
    x = L.Lambda(lambda value: value * 3.0, name="thrice")(x)
    return keras.Model(inputs, L.Dense(2, name="head")(L.Flatten()(x)))


def prepared() -> Any:
    """Statistics of the inputs inside the model, and constants for each channel."""
    inputs = keras.Input((8, 8, 3))
    statistics = L.Normalization(name="statistics")
    statistics.adapt(np.random.default_rng(0).normal(2.0, 3.0, (20, 8, 8, 3)))
    x = statistics(L.Rescaling(scale=[1.0, 2.0, 3.0], offset=[0.0, 0.1, 0.2])(inputs))
    x = L.Conv2D(5, 3, name="before")(x)
    x = L.Rescaling(scale=[1.0, 2.0, 3.0, 4.0, 5.0], name="scaled")(x)
    x = L.Conv2D(6, 3, name="between")(x)
    x = x * np.arange(6, dtype="float32")
    x = L.Conv2D(7, 3, name="after")(x)[:, :, 0]
    return keras.Model(inputs, L.Dense(2, name="head")(L.Flatten()(x)))


def transfer() -> Any:
    """A Sequential around a frozen backbone that has a Sequential inside."""
    inputs = keras.Input((8, 8, 3))
    block = keras.Sequential(
        [L.Conv2D(6, 3, padding="same", name="deep"), L.BatchNormalization(), L.ReLU()],
        name="block",
    )
    x = L.Conv2D(5, 3, padding="same", name="early")(inputs)
    x = L.Concatenate()([block(x), x])
    backbone = keras.Model(inputs, L.Activation("hard_swish")(x), name="backbone")
    backbone.trainable = False
    head = [L.GlobalAveragePooling2D(), L.Dense(7, name="middle"), L.Dense(2, name="head")]
    return keras.Sequential([backbone, *head, L.Activation("softmax")], name="transfer")


def inside() -> Any:
    """Outputs that other layers read too, an input that is an output, a wrapper."""
    inputs = keras.Input((8, 4), name="signal")
    shown = L.Conv1D(5, 3, padding="same", name="shown")(inputs)
    hidden = L.Conv1D(6, 3, padding="same", name="hidden")(shown)
    wrapped = L.TimeDistributed(L.Dense(3), name="wrapped")(hidden)
    free = L.Dense(4, name="free")(wrapped)
    return keras.Model(inputs, [shown, inputs, L.Dense(2, name="head")(free)])


def keras2() -> Any:
    """A model of the Keras before this one."""
    import tf_keras

    layers = [tf_keras.layers.Dense(3, input_shape=(4,)), tf_keras.layers.Dense(2)]
    return tf_keras.Sequential(layers)


class Secretive(L.Layer):
    """A layer that cannot be made again: it does not say what it was made with."""

    def __init__(self, factor: Any) -> None:
        super().__init__()
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        """Some multiple of the input."""
        return inputs * self.factor


def secretive() -> Any:
    """A model that cannot be made again."""
    inputs = keras.Input((8, 3))
    x = L.Conv1D(6, 3, name="conv")(Secretive(np.float32(2))(inputs))
    return keras.Model(inputs, L.Dense(2, name="head")(L.Flatten()(x)))


def subclassed() -> Any:
    """A model with a `call` of its own."""

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.dense = L.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    model = Own()
    model(keras.ops.zeros((1, 4)))
    return model


def unbuilt() -> Any:
    """A Sequential that does not know its input."""
    return keras.Sequential([L.Dense(2)], name="unbuilt")


SMALL: dict[str, Callable[[], Any]] = {
    made.__name__: made
    for made in (
        residual,
        scaled,
        gated,
        joined,
        unknown,
        custom,
        channels_first,
        twins,
        text,
        open_sizes,
        frozen,
        prepared,
        secretive,
        transfer,
        inside,
        keras2,
        subclassed,
        unbuilt,
    )
}
