"""Small models for the tests of exporting, built by name in a process with TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Built = tuple[Any, str]  # a Keras model and the ending to save it under


def _dense_pair(k: Any) -> Any:
    """Two inputs of one shape, two outputs of one shape; each output knows its inputs apart."""
    zebra, ant = k.Input((4,), name="zebra"), k.Input((4,), name="ant")
    lean = k.layers.Dense(4, name="lean")(ant)
    odd = k.layers.Subtract(name="odd")([zebra, lean])
    even = k.layers.Multiply(name="even")([zebra, ant])
    # Neither order is alphabetical, so that sorting anywhere would show.
    return k.Model([zebra, ant], [odd, even], name="pair")


def _strange_names(k: Any) -> Any:
    first = k.Input((3,), name="my input")
    second = k.Input((3,), name="größe")
    out = k.layers.Subtract(name="the.output")([first, second])
    return k.Model([first, second], [out, k.layers.Dense(2, name="9_lives")(out)])


def _slash(k: Any) -> Any:
    x = k.Input((3,), name="x/y")
    return k.Model(x, k.layers.Dense(2, name="a/b")(x))


def _one(k: Any, shape: tuple[int | None, ...], body: Callable[[Any], Any], **of: Any) -> Any:
    x = k.Input(shape, name="x", **of)
    return k.Model(x, body(x))


def _recurrent(k: Any, layer: Any) -> Any:
    def body(x: Any) -> Any:
        return k.layers.Dense(3, name="y")(layer(x))

    return _one(k, (6, 4), body)


def _states(k: Any) -> Any:
    x = k.Input((1, 4), name="frame")
    h, c = k.Input((5,), name="h"), k.Input((5,), name="c")
    y, new_h, new_c = k.layers.LSTM(5, return_state=True, name="cell")(x, initial_state=[h, c])
    return k.Model([x, h, c], [k.layers.Dense(2, name="y")(y), new_h, new_c])


def _embedding(k: Any, length: int | None = 7) -> Any:
    def body(ids: Any) -> Any:
        x = k.layers.Embedding(11, 4, name="table")(ids)
        return k.layers.Dense(2, name="y")(k.layers.GlobalAveragePooling1D(name="mean")(x))

    return _one(k, (length,), body, dtype="int32")


def _attention(k: Any) -> Any:
    def body(x: Any) -> Any:
        y = k.layers.MultiHeadAttention(2, 4, name="heads")(x, x)
        return k.layers.LayerNormalization(name="y")(k.layers.Add(name="skip")([x, y]))

    return _one(k, (5, 8), body)


def _every_convolution(k: Any) -> Any:
    line, plane, space = (
        k.Input((8, 3), name="line"),
        k.Input((8, 8, 3), name="plane"),
        k.Input((4, 4, 4, 2), name="space"),
    )
    layers = k.layers
    return k.Model(
        [line, plane, space],
        [
            layers.Conv1DTranspose(2, 3, 2, name="up1")(layers.Conv1D(4, 3, name="c1")(line)),
            layers.Conv2DTranspose(2, 3, 2, name="up2")(
                layers.SeparableConv2D(4, 3, name="c2")(plane)
            ),
            layers.Conv3DTranspose(2, 2, 2, name="up3")(layers.Conv3D(3, 2, name="c3")(space)),
        ],
    )


def _unet(k: Any) -> Any:
    layers = k.layers

    def body(x: Any) -> Any:
        a = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x))
        b = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
        c = layers.UpSampling2D(interpolation="bilinear")(b)
        return layers.Conv2D(1, 1, name="mask")(layers.Concatenate()([a, c]))

    return _one(k, (16, 16, 3), body)


def _preprocessing(k: Any) -> Any:
    def body(x: Any) -> Any:
        x = k.layers.Rescaling(1 / 255.0)(x)
        normalized = k.layers.Normalization(mean=[0.4, 0.5, 0.6], variance=[0.1, 0.2, 0.3])(x)
        return k.layers.Resizing(6, 6, interpolation="bilinear", name="y")(normalized)

    return _one(k, (9, 9, 3), body)


def _nested(k: Any) -> Any:
    inner = k.Sequential([k.layers.Dense(5, activation="relu"), k.layers.Dense(4)], name="inner")
    x = k.Input((4,), name="x")
    return k.Model(x, k.layers.Dense(2, name="y")(inner(inner(x))))


def _twice(k: Any) -> Any:
    x = k.Input((4,), name="x")
    y = k.layers.Dense(4, name="y")(x)
    return k.Model(x, [y, x, y])


def _integers(k: Any) -> Any:
    x = k.Input((4,), dtype="int32", name="x")
    return k.Model(x, k.layers.Multiply(name="square")([x, x]))


def _sum_of_integers(k: Any) -> Any:
    x = k.Input((4,), dtype="int32", name="x")
    return k.Model(x, k.layers.Add(name="sum")([x, x]))


def _bad_scope(k: Any) -> Any:
    x = k.Input((4,), name="x")
    return k.Model(x, k.layers.Dense(2, name="two words")(x))


def _unused(k: Any) -> Any:
    x, spare = k.Input((4,), name="x"), k.Input((2,), name="spare")
    return k.Model([x, spare], k.layers.Dense(2, name="y")(x))


def _image(k: Any) -> Any:
    def body(x: Any) -> Any:
        x = k.layers.Conv2D(4, 3, name="conv")(x)
        return k.layers.Dense(2, name="y")(k.layers.GlobalAveragePooling2D(name="mean")(x))

    return _one(k, (None, None, 3), body)


def _mixed(k: Any) -> Any:
    k.mixed_precision.set_global_policy("mixed_float16")
    try:
        return _one(
            k,
            (8, 8, 3),
            lambda x: k.layers.Dense(2, name="y", dtype="float32")(
                k.layers.Flatten()(k.layers.Conv2D(4, 3, name="conv")(x))
            ),
        )
    finally:
        k.mixed_precision.set_global_policy("float32")


def _custom(k: Any, name: str) -> Any:
    """A custom layer between two dense ones, so that a wrong layer would be named."""
    import export_layers

    layer = export_layers.OBJECTS[name](name=f"my_{name.lower()}")
    return _one(
        k,
        (4, 4),
        lambda x: k.layers.Dense(2, name="after")(layer(k.layers.Dense(4, name="before")(x))),
    )


def _subclassed() -> Any:
    import export_layers

    wave = export_layers.Wave(name="wave")
    wave(np.zeros((1, 5), np.float32))
    return wave


def _text(k: Any, layer: Any, dtype: str) -> Any:
    return k.Sequential([k.Input((1,), dtype=dtype, name="x"), layer])


def builders(keras: Any, tf_keras: Any) -> dict[str, Callable[[], Built]]:
    """What builds each model: name to a function without arguments."""
    k, old, layers = keras, tf_keras, keras.layers

    def both(name: str, build: Callable[[Any], Any]) -> dict[str, Callable[[], Built]]:
        return {
            f"{name}": lambda: (build(k), ".keras"),
            f"{name}_k2": lambda: (build(old), ".h5"),
        }

    return {
        **both("pair", _dense_pair),
        "pair_export": lambda: (_dense_pair(k), ""),
        "pair_k2_saved": lambda: (_dense_pair(old), ""),
        "names": lambda: (_strange_names(k), ".keras"),
        "slash_k2": lambda: (_slash(old), ".h5"),
        **both("lstm", lambda k: _recurrent(k, k.layers.LSTM(5))),
        **both("gru", lambda k: _recurrent(k, k.layers.GRU(5))),
        **both("bidirectional", lambda k: _recurrent(k, k.layers.Bidirectional(k.layers.LSTM(3)))),
        "masked": lambda: (
            _recurrent(k, lambda x: layers.GRU(3)(layers.Masking(name="mask")(x))),
            ".keras",
        ),
        "lstm_export": lambda: (_recurrent(k, layers.LSTM(5)), ""),
        "lstm_k2_saved": lambda: (_recurrent(old, old.layers.LSTM(5)), ""),
        **both("states", _states),
        "states_export": lambda: (_states(k), ""),
        "states_k2_saved": lambda: (_states(old), ""),
        "bidirectional_export": lambda: (
            _recurrent(k, layers.Bidirectional(layers.GRU(3, return_sequences=True))),
            "",
        ),
        **both("embedding", _embedding),
        "embedding_any": lambda: (_embedding(k, None), ".keras"),
        **both("attention", _attention),
        **both("convolutions", _every_convolution),
        **both("unet", _unet),
        **both("preprocessing", _preprocessing),
        **both("nested", _nested),
        "subclassed": lambda: (_subclassed(), ".keras"),
        **both("twice", _twice),
        **both("integers", _integers),
        "integer_sum": lambda: (_sum_of_integers(k), ".keras"),
        "bad_scope": lambda: (_bad_scope(k), ".keras"),
        **both("unused", _unused),
        **both("image", _image),
        **both("mixed", _mixed),
        "argmax": lambda: (_one(k, (4, 5), lambda x: k.ops.argmax(x, axis=-1)), ".keras"),
        "erf": lambda: (_custom(k, "ErrorCurve"), ".keras"),
        "inverse": lambda: (_custom(k, "Inverse"), ".keras"),
        "spectrum": lambda: (_custom(k, "Spectrum"), ".keras"),
        "two_flex": lambda: (_two_refused(k), ".keras"),
        "pool3d": lambda: (
            _one(k, (4, 4, 4, 1), lambda x: layers.MaxPooling3D(2, name="shrink")(x)),
            ".keras",
        ),
        "bicubic": lambda: (
            _one(
                k,
                (4, 4, 3),
                lambda x: layers.Resizing(7, 7, interpolation="bicubic", name="smooth")(x),
            ),
            ".keras",
        ),
        "hashing": lambda: (_text(k, layers.Hashing(5, name="buckets"), "int32"), ".keras"),
        "strings": lambda: (
            _text(k, layers.StringLookup(vocabulary=["a", "b"], name="words"), "string"),
            ".keras",
        ),
        "vectorized": lambda: (
            _text(k, layers.TextVectorization(vocabulary=["a", "b"], name="tokens"), "string"),
            ".keras",
        ),
        "noisy": lambda: (_custom(k, "Noise"), ".keras"),
        "flipped": lambda: (_custom(k, "Root"), ".keras"),
    }


def _two_refused(keras: Any) -> Any:
    from export_layers import Eigenvalues, Spectrum

    x = keras.Input((4, 4), name="x")
    first, second = Spectrum(name="first")(x), Eigenvalues(name="second")(x)
    return keras.Model(x, keras.layers.Dense(2, name="dense")(keras.ops.multiply(first, second)))


def save(model: Any, ending: str, path: Path, old: bool) -> None:
    """Write the model where the tests expect it: a file, or a SavedModel without ending."""
    if ending:
        model.save(path)
    elif old:
        model.save(path, save_format="tf")
    else:
        model.export(str(path), verbose=False)
