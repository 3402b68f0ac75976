"""Layers that a child can import by their module's name."""

from __future__ import annotations

from typing import Any

import keras


class Scale(keras.layers.Layer):
    """Multiplies."""

    def __init__(self, by: float = 2.0, **options: Any) -> None:
        super().__init__(**options)
        self.by = by

    def call(self, x: Any) -> Any:
        return x * self.by

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "by": self.by}


class Forgetful(Scale):
    """Saves less than it needs."""

    def get_config(self) -> dict[str, Any]:
        return keras.layers.Layer.get_config(self)


class Closed(keras.layers.Layer):
    """It cannot be saved: Keras cannot write its argument down."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value

    def call(self, x: Any) -> Any:
        return x + 1.0


class Subclassed(keras.Model):
    """A model with nothing but a call."""

    def __init__(self, width: int = 4, **options: Any) -> None:
        super().__init__(**options)
        self.width, self.dense = width, keras.layers.Dense(width)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def get_config(self) -> dict[str, Any]:
        return {"width": self.width}


def activation(x: Any) -> Any:
    """One of somebody's own."""
    return keras.ops.tanh(x) * 1.5
