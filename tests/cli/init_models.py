"""Models for `test_init.py`, each in a folder of its own. `python init_models.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
import tf_keras


def main(folder: Path) -> None:
    """Write all of them."""
    rng = np.random.default_rng(0)

    def home(name: str) -> Path:
        made = folder / name
        made.mkdir()
        return made

    # Keras 2, HDF5, scales pixels by itself; its samples are pictures by class.
    k = tf_keras
    x = pixels = k.Input((12, 10, 3), name="pixels")
    x = k.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(x)
    x = k.layers.GlobalAveragePooling2D()(k.layers.Conv2D(4, 3)(x))
    k.Model(pixels, k.layers.Dense(2, activation="softmax", name="kind")(x)).save(
        home("pictures") / "pictures.h5"
    )

    # Keras 3, several inputs and outputs, names that TOML wants quoted.
    left, right = keras.Input((4,), name="a.b"), keras.Input((3,), name='say "c"')
    x = keras.layers.Concatenate()([left, right])
    heads = [keras.layers.Dense(5, name="first"), keras.layers.Dense(2, name="second")]
    keras.Model([left, right], [head(x) for head in heads]).save(home("several") / "model.keras")
    arrays = {"a.b": rng.normal(size=(40, 4)), 'say "c"': rng.normal(size=(40, 3))}
    np.savez(folder / "several" / "samples.npz", **{k: v.astype("f4") for k, v in arrays.items()})

    # A SavedModel, whose folder is not written into.
    row = keras.Input((6,), name="row")
    keras.Model(row, keras.layers.Dense(3)(row)).export(home("saved") / "net", verbose=False)

    # Code in the model.
    layers = [keras.layers.InputLayer((4,)), keras.layers.Lambda(lambda x: x * 2, name="double")]
    keras.Sequential([*layers, keras.layers.Dense(2)]).save(home("code") / "code.keras")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
