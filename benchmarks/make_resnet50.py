"""`python make_resnet50.py OUT/`: ResNet50 with random weights, sane batch statistics."""

import os
import sys
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import keras
import numpy as np


def main() -> None:
    keras.utils.set_random_seed(0)
    model = keras.applications.ResNet50(weights=None)
    images = np.random.default_rng(0).uniform(-1, 1, (32, 224, 224, 3)).astype(np.float32)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.5
    for start in range(0, 32, 8):  # a forward pass in training mode updates the statistics
        for _ in range(2):
            model(images[start : start + 8], training=True)
    path = Path(sys.argv[1]) / "resnet50.keras"
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)


main()
