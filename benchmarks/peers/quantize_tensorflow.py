"""TensorFlow's converter, as its guide to post-training integer quantization calls it.

`python quantize_tensorflow.py MODEL CALIB.npz OUT.tflite` converts the trained model to
int8 with a representative dataset, and prints as JSON the seconds of a float conversion
and of the int8 one: medians of runs that take turns, after a first conversion that is not
counted, and how far these runs lie apart.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", KERAS_BACKEND="tensorflow")

import numpy as np
import tensorflow as tf

REPEATS = 3


def load(path):
    """Either Keras, whichever reads the file; a SavedModel stays a folder."""
    if Path(path).is_dir():
        return path
    import keras

    try:
        return keras.saving.load_model(path, compile=False)
    except Exception:
        import tf_keras

        return tf_keras.models.load_model(path, compile=False)


def converter_of(model):
    if isinstance(model, str):
        return tf.lite.TFLiteConverter.from_saved_model(model)
    return tf.lite.TFLiteConverter.from_keras_model(model)


def with_a_static_batch(model, folder):
    """What the guide says to do for recurrent layers: export with a batch of 1."""
    shape = (1, *model.inputs[0].shape[1:])
    signature = [tf.TensorSpec(shape, model.inputs[0].dtype)]
    model.export(folder, format="tf_saved_model", input_signature=signature, verbose=False)
    return folder


def rows(arrays):
    """Model inputs, a list for each sample; pixels as floats, ids stay 32-bit integers."""
    for i in range(len(arrays[0])):
        some = [values[i : i + 1] for values in arrays]
        yield [row if row.dtype == np.int32 else row.astype(np.float32) for row in some]


def to_int8(model, arrays):
    converter = converter_of(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: rows(arrays)
    return converter.convert()


def main() -> None:
    path, calibration, out = sys.argv[1:]
    model = load(path)
    stored = np.load(calibration)
    samples = [stored[name] for name in stored.files if name != "y"]
    scratch = tempfile.TemporaryDirectory()
    try:
        converter_of(model).convert()
    except Exception as error:
        if "static" not in str(error):
            raise
        model = with_a_static_batch(model, scratch.name)
        converter_of(model).convert()
    floats, integers = [], []
    for _ in range(REPEATS):
        started = time.perf_counter()
        converter_of(model).convert()
        floats.append(time.perf_counter() - started)
        started = time.perf_counter()
        content = to_int8(model, samples)
        integers.append(time.perf_counter() - started)
    Path(out).write_bytes(content)
    seconds = {"float": statistics.median(floats), "int8": statistics.median(integers)}
    seconds["spread"] = max(max(times) - min(times) for times in (floats, integers))
    print(json.dumps(seconds))


main()
