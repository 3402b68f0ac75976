"""`python make_chains.py OUT/ BLOCKS...`: chains of equal convolutions, `chainBLOCKS.keras`.

A chain of a tenth more blocks does a tenth more of the same work.
"""

import os
import sys
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", KERAS_BACKEND="tensorflow")

import keras


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for blocks in map(int, sys.argv[2:]):
        keras.utils.set_random_seed(0)
        image = tensor = keras.Input((24, 24, 16), name="image")
        for _ in range(blocks):
            tensor = keras.layers.Conv2D(
                16, 3, padding="same", activation="relu", kernel_initializer="he_normal"
            )(tensor)
        pooled = keras.layers.GlobalAveragePooling2D()(tensor)
        keras.Model(image, pooled).save(out / f"chain{blocks}.keras")


main()
