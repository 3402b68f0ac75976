"""Models for the gate's tests, made from the digits sample: `python THIS DIGITS_FOLDER OUT`.

- `worse.keras`: trained for two epochs instead of sixty.
- `again.keras`: trained as the sample is, from another seed.
- `slower.keras`: the sample with layers that compute nothing but take their time.
"""

import importlib.util
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np


def main(digits: Path, out: Path) -> None:
    spec = importlib.util.spec_from_file_location("train_digits", digits / "train.py")
    sample = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sample)
    with np.load(digits / "data.npz") as arrays:
        splits = dict(arrays)
    sample.train(splits, 2).save(out / "worse.keras")
    sample.SEED += 1
    sample.train(splits, sample.EPOCHS).save(out / "again.keras")
    slower(keras.models.load_model(digits / "digits.keras")).save(out / "slower.keras")


def slower(model: keras.Model) -> keras.Model:
    """The same answers, behind convolutions that hand on what they get."""
    identity = np.zeros((3, 3, 32, 32), np.float32)
    identity[1, 1] = np.eye(32)

    def slowed(layer: keras.layers.Layer) -> keras.layers.Layer:
        return layer.from_config(layer.get_config())

    x = model.inputs[0]
    values = {id(x): keras.Input(x.shape[1:], name=x.name)}
    given = values[id(x)]
    for layer in model.layers[1:]:
        sources = layer.input if isinstance(layer.input, list) else [layer.input]
        copy = slowed(layer)
        taken = [values[id(source)] for source in sources]
        result = copy(taken if len(taken) > 1 else taken[0])
        copy.set_weights(layer.get_weights())
        if layer.name == "conv1_relu":
            for number in range(3):
                extra = keras.layers.Conv2D(
                    32, 3, padding="same", use_bias=False, name=f"extra{number}"
                )
                result = extra(result)
                extra.set_weights([identity])
        values[id(layer.output)] = result
    return keras.Model(given, result, name="digits")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
