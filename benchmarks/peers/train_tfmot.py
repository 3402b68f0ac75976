"""TensorFlow's toolkit for Keras 2, as its guides use it, on a Keras 2 model.

`python train_tfmot.py MODEL CALIB.npz prune|qat SPARSITY OUT.tflite`. `prune`: half of the
training's steps along a polynomial schedule, then constant; `qat`: its default int8. Both train
20 epochs on the samples, with Adam and what the model itself answers for them as targets, since
there are no labels; no augmentation, no early stopping: the toolkit brings neither.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras

EPOCHS, BATCH = 20, 32


def main() -> None:
    path, calibration, what, sparsity, out = sys.argv[1:]
    tf_keras.utils.set_random_seed(0)
    model = tf_keras.models.load_model(path, compile=False)
    samples = np.load(calibration)["x"].astype(np.float32)
    targets = model.predict(samples, batch_size=BATCH, verbose=0)
    if what == "prune":
        steps = EPOCHS * -(-len(samples) // BATCH)
        schedule = tfmot.sparsity.keras.PolynomialDecay(
            0.0,
            float(sparsity),
            0,
            steps // 2,
            frequency=1,  # its 100 are more than there are
        )
        student = tfmot.sparsity.keras.prune_low_magnitude(model, pruning_schedule=schedule)
        callbacks, rate = [tfmot.sparsity.keras.UpdatePruningStep()], 1e-3
    else:
        student = tfmot.quantization.keras.quantize_model(model)
        callbacks, rate = [], 1e-4
    student.compile(optimizer=tf_keras.optimizers.Adam(rate), loss="kl_divergence")
    student.fit(samples, targets, batch_size=BATCH, epochs=EPOCHS, callbacks=callbacks, verbose=0)
    if what == "prune":
        student = tfmot.sparsity.keras.strip_pruning(student)
    converter = tf.lite.TFLiteConverter.from_keras_model(student)
    if what == "qat":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    Path(out).write_bytes(converter.convert())


main()
