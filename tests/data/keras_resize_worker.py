"""What TensorFlow and Keras make of images, beside the reference. See `cases_worker.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from edgekit.core.records import Preprocessing, TensorSpec
from edgekit.data import images, keras_resize
from edgekit.data.preprocess import preprocess


def drawn(seed: int, count: int) -> dict[str, Any]:
    """Images of any two sizes: the sizes of which a bit is another one."""
    rng = np.random.default_rng(seed)
    wrong = []
    for number in range(count):
        sides = [int(side) * (9 if number % 8 == 0 else 1) for side in rng.integers(1, 70, 4)]
        pixels = rng.integers(0, 256, (*sides[:2], int(rng.integers(1, 4))), dtype=np.uint8)
        theirs = tf.image.resize(pixels, sides[2:]).numpy().astype(np.float32)
        ours = keras_resize.resize(pixels, sides[2], sides[3])
        if theirs.tobytes() != ours.tobytes():
            wrong.append(sides)
    return {"wrong": wrong}


def loaded(how: str, gray: bool) -> dict[str, Any]:
    """Whether an image file becomes what one of Keras' loaders makes of it."""
    rng = np.random.default_rng(3)
    size, mode = (13, 17), "grayscale" if gray else "rgb"
    rules = Preprocessing(
        kind="image",
        size=size,
        channels="gray" if gray else "rgb",
        resize="keras-bilinear" if how == "dataset" else "nearest",
    )
    shape = (1, *size, 1 if gray else 3)
    spec = TensorSpec(name="image", shape=shape, dtype="float32", preprocessing=rules)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "class" / "image.png"
        file.parent.mkdir()
        pixels = rng.integers(0, 256, (46, 31) if gray else (46, 31, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(file)
        if how == "dataset":
            batches = keras.utils.image_dataset_from_directory(
                folder, labels=None, image_size=size, color_mode=mode, batch_size=1, verbose=False
            )
            theirs = next(iter(batches)).numpy()[0]
        else:
            image = keras.utils.load_img(file, target_size=size, color_mode=mode)
            theirs = keras.utils.img_to_array(image)
        ours = preprocess(images.read(file), spec)
    return {"same": bool(np.array_equal(theirs, ours)), "shape": list(ours.shape)}
