"""Small trainings with the pruning callbacks. See `cases_worker.py`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from edgekit.compress.prune.sparsity_schedule import KeepZeros, PolynomialDecay

STRICT = True


def _model(seed: int = 0) -> Any:
    keras.utils.set_random_seed(seed)
    image = keras.Input((8, 8, 4))
    x = keras.layers.Conv2D(16, 3, activation="relu", name="first")(image)
    x = keras.layers.DepthwiseConv2D(3, name="deep")(x)
    inner_input = keras.Input((4, 4, 16))
    y = keras.layers.Conv2D(8, 1, name="point")(inner_input)
    inner = keras.Model(inner_input, y, name="inner")
    x = keras.layers.GlobalAveragePooling2D()(inner(x))
    model = keras.Model(image, keras.layers.Dense(2, name="last")(x))
    model.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    return model


def _data(count: int = 64) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, 8, 8, 4)).astype(np.float32)
    return x, (x.mean((1, 2, 3)) > 0).astype(np.int32)


def _zeros(model: Any) -> dict[str, float]:
    layers = {layer.name: layer for layer in model._flatten_layers() if hasattr(layer, "kernel")}
    return {name: float(np.mean(np.asarray(layer.kernel) == 0)) for name, layer in layers.items()}


class _Watch(keras.callbacks.Callback):
    def __init__(self, layer: str) -> None:
        super().__init__()
        self.layer, self.seen = layer, []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        kernel = np.asarray(self.model.get_layer(self.layer).kernel)
        self.seen.append(float(np.mean(kernel == 0)))


def schedule(steps: list[int], **options: Any) -> list[float]:
    decay = PolynomialDecay(**options)
    return [decay.sparsity_at(step) for step in steps]


def train(epochs: int = 4, first_epoch: int = 0, **options: Any) -> dict[str, Any]:
    """Eight steps an epoch."""
    model, watch = _model(), _Watch("first")
    x, y = _data()
    decay = PolynomialDecay(**options)
    before = np.asarray(model.get_layer("first").kernel)
    model.fit(
        x, y, batch_size=8, epochs=epochs, initial_epoch=first_epoch, verbose=0,
        callbacks=[decay, watch],
    )  # fmt: skip
    kernel = np.asarray(model.get_layer("first").kernel)
    groups = np.moveaxis(kernel, -2, -1).reshape(-1, 4)
    return {
        "zeros": _zeros(model),
        "seen": watch.seen,
        "moved": bool(np.abs(kernel - before).max() > 0),
        "zeros_of_four": sorted({int(n) for n in (groups == 0).sum(-1)}),
        "steps": int(model.optimizer.iterations),
    }


def smallest_go() -> dict[str, Any]:
    """One step without learning: exactly the smaller half of a kernel is gone."""
    model = _model()
    model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=False)
    x, _ = _data(8)
    before = np.asarray(model.get_layer("first").kernel)
    decay = PolynomialDecay(0.5, end_step=1)
    model.fit(x, np.zeros((8, 2)), batch_size=8, verbose=0, callbacks=[decay])
    after = np.asarray(model.get_layer("first").kernel)
    gone = np.abs(before[after == 0])
    stayed = np.abs(before[after != 0])
    same = bool(np.array_equal(before[after != 0], after[after != 0]))
    return {"largest_gone": float(gone.max()), "smallest_left": float(stayed.min()), "same": same}


def unknown_length() -> None:
    model = _model()
    x, y = _data()

    def endless() -> Any:
        while True:
            yield x[:8], y[:8]

    decay = PolynomialDecay(0.5, end_step=1)
    model.fit(endless(), shuffle=False, verbose=0, callbacks=[decay])


def keep_zeros(keep: bool) -> dict[str, Any]:
    model = _model()
    kernel = model.get_layer("first").kernel
    values = np.asarray(kernel).copy()
    mask = np.random.default_rng(0).random(values.shape) < 0.6
    values[mask] = 0
    kernel.assign(values)
    optimizer = keras.optimizers.Adam(1e-2, use_ema=True)
    model.compile(
        optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    x, y = _data()
    model.fit(x, y, epochs=2, verbose=0, callbacks=[KeepZeros(model)] if keep else [])
    after = np.asarray(kernel)
    return {
        "kept": bool((after[mask] == 0).all()),
        "others_zero": int((after[~mask] == 0).sum()),
        "bias_learned": bool(np.abs(np.asarray(model.get_layer("first").bias)).max() > 0),
    }
