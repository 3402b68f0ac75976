"""`python make_bilstm.py OUT/`: a small bidirectional LSTM, trained on made-up sequences.

Each sequence of 24 steps and 4 channels has a pulse in channel 0 and one in channel 1, among
noise; the class says which comes first and whether the later one is positive: only what
remembers both directions can tell. Writes `bilstm.keras`, `calib.npz` and `eval.npz`.
"""

import os
import sys
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", KERAS_BACKEND="tensorflow")

import keras
import numpy as np

STEPS, CHANNELS = 24, 4
TRAINING, CALIBRATION, EVALUATION = 4000, 200, 1000


def sequences(count, rng):
    """Sequences `(count, STEPS, CHANNELS)` and their classes, 0 to 3."""
    x = rng.normal(0, 0.3, (count, STEPS, CHANNELS))
    places = np.argsort(rng.random((count, STEPS)), axis=1)[:, :2]
    signs = rng.choice([-1.0, 1.0], (count, 2))
    rows = np.arange(count)
    for channel in (0, 1):
        x[rows, places[:, channel], channel] += 3 * signs[:, channel]
    first = places[:, 0] < places[:, 1]
    later_sign = np.where(first, signs[:, 1], signs[:, 0])
    return x.astype(np.float32), (2 * first + (later_sign > 0)).astype(np.int64)


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)
    x, y = sequences(TRAINING + CALIBRATION + EVALUATION, np.random.default_rng(0))
    model = keras.Sequential(
        [
            keras.Input((STEPS, CHANNELS)),
            keras.layers.Bidirectional(keras.layers.LSTM(16)),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x[:TRAINING], y[:TRAINING], batch_size=64, epochs=12, verbose=0)
    model.save(out / "bilstm.keras")
    end = TRAINING + CALIBRATION
    np.savez(out / "calib.npz", x=x[TRAINING:end], y=y[TRAINING:end])
    np.savez(out / "eval.npz", x=x[end:], y=y[end:])


main()
