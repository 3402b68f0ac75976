"""Custom layers for the tests of exporting: Flex operators, noise, NaN, a subclassed model."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class ErrorCurve(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return tf.math.erf(x)


class Inverse(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return tf.linalg.inv(x)


class Spectrum(keras.layers.Layer):
    """Singular values, which no rewrite gives."""

    def call(self, x: Any) -> Any:
        return tf.linalg.svd(x, compute_uv=False)


class Eigenvalues(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return tf.linalg.eigvalsh(x)


class Noise(keras.layers.Layer):
    """Noise that is on at inference too, as GaussianNoise is not."""

    def call(self, x: Any) -> Any:
        return x + 0.1 * tf.random.normal(tf.shape(x))


class Root(keras.layers.Layer):
    """NaN for everything below zero."""

    def call(self, x: Any) -> Any:
        return tf.sqrt(x)


class Wave(keras.Model):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.first = keras.layers.Dense(6, activation="tanh", name="first")
        self.last = keras.layers.Dense(3, name="last")

    def call(self, x: Any) -> Any:
        return self.last(self.first(x))


_REWRITTEN = (ErrorCurve, Inverse)
_REFUSED = (Eigenvalues, Spectrum)
OBJECTS = {cls.__name__: cls for cls in (*_REWRITTEN, *_REFUSED, Noise, Root, Wave)}
