"""What people do without edgekit: one converter run for each variant, from the Keras model.

`python tensorflow_usual_path.py MODEL CALIB.npz OUT/ VARIANT...` with variants float32,
float16, dynamic, int8. Prints the seconds of each conversion as JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import keras
import numpy as np
import tensorflow as tf


def main() -> None:
    model_path, calibration, out, *variants = sys.argv[1:]
    model = keras.saving.load_model(model_path, compile=False)
    samples = np.load(calibration)["x"]
    seconds = {}
    for variant in variants:
        started = time.perf_counter()
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if variant != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if variant == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if variant == "int8":
            converter.representative_dataset = lambda: (
                [row[None].astype(np.float32)] for row in samples
            )
        content = converter.convert()
        seconds[variant] = time.perf_counter() - started
        (Path(out) / f"tensorflow.{variant}.tflite").write_bytes(content)
    print(json.dumps(seconds))


main()
