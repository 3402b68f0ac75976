"""Train the digits sample: a small convolutional network on scikit-learn's 8x8 digits.

```
python sample_models/digits/train.py
```

writes `digits.keras`, `data.npz` and `labels.txt` beside this file and prints the accuracy
measured on the evaluation images. It takes about a minute on two cores and needs
`keras`, `tensorflow` and `scikit-learn`. Same versions and machine, same bytes: the seed is
fixed, TensorFlow's deterministic kernels are on, and the archive carries no clock time.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

SEED = 20
EVALUATION = 720
CALIBRATION = 200
EPOCHS = 60
BATCH = 64
LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def load_splits() -> dict[str, np.ndarray]:
    """The digits, split by class and shuffled: disjoint, and the same on every run.

    Returns:
        `{training,calibration,evaluation}_{x,y}`: images uint8 `(n, 8, 8, 1)` in 0..255
        (the source counts 0..16: `round(v * 255 / 16)`), labels int64 `(n,)`.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    source = load_digits()
    x = np.rint(source.images * (255.0 / 16.0)).astype(np.uint8)[..., np.newaxis]
    y = source.target.astype(np.int64)
    rest_x, evaluation_x, rest_y, evaluation_y = train_test_split(
        x, y, test_size=EVALUATION, stratify=y, random_state=SEED
    )
    training_x, calibration_x, training_y, calibration_y = train_test_split(
        rest_x, rest_y, test_size=CALIBRATION, stratify=rest_y, random_state=SEED
    )
    return {
        "training_x": training_x,
        "training_y": training_y,
        "calibration_x": calibration_x,
        "calibration_y": calibration_y,
        "evaluation_x": evaluation_x,
        "evaluation_y": evaluation_y,
    }


def augment(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image shifted, zoomed, turned and slanted a little, sampled bilinearly.

    Args:
        images: float32 `(n, 8, 8, 1)`.
        rng: Where the chance comes from.

    Returns:
        float32 of the same shape; what comes from outside an image is 0.
    """
    count, height, width, _ = images.shape
    angle = rng.uniform(-0.2, 0.2, (count, 1, 1))  # radians
    zoom = rng.uniform(0.88, 1.12, (count, 1, 1))
    slant = rng.uniform(-0.15, 0.15, (count, 1, 1))
    shift_y, shift_x = rng.uniform(-0.8, 0.8, (2, count, 1, 1))  # pixels
    rows, columns = np.mgrid[:height, :width]
    rows, columns = rows - (height - 1) / 2, columns - (width - 1) / 2
    at_y = (np.cos(angle) * rows - np.sin(angle) * columns) * zoom + shift_y
    at_x = (np.sin(angle) * rows + np.cos(angle) * columns) * zoom + slant * rows + shift_x
    # A border of zeros keeps the four neighbours of every clipped position in range.
    padded = np.pad(images[..., 0], ((0, 0), (2, 2), (2, 2)))
    at_y = np.clip(at_y + (height - 1) / 2 + 2, 0, height + 2)
    at_x = np.clip(at_x + (width - 1) / 2 + 2, 0, width + 2)
    top, left = np.floor(at_y).astype(int), np.floor(at_x).astype(int)
    part_y, part_x = at_y - top, at_x - left
    index = np.arange(count)[:, None, None]
    mixed = (
        padded[index, top, left] * (1 - part_y) * (1 - part_x)
        + padded[index, top, left + 1] * (1 - part_y) * part_x
        + padded[index, top + 1, left] * part_y * (1 - part_x)
        + padded[index, top + 1, left + 1] * part_y * part_x
    )
    result: np.ndarray = mixed.astype(np.float32)[..., np.newaxis]
    return result


def build_model() -> keras.Model:
    """The network: float32 `image` `(8, 8, 1)` in [0, 1] to softmax `digit` `(10,)`.

    Two convolutions, a residual block of a depthwise-separable convolution, one more
    convolution, a dense layer: the operators that compressed image models consist of,
    wide enough (32 to 64 channels) that pruning and quantization have something to do.
    """
    from keras import Input, Model, layers

    def normalized(x: Any, name: str, relu: bool = True) -> Any:
        x = layers.BatchNormalization(name=f"{name}_norm")(x)
        return layers.ReLU(name=f"{name}_relu")(x) if relu else x

    def convolution(x: Any, filters: int, name: str, strides: int = 1) -> Any:
        layer = layers.Conv2D(
            filters, 3, strides=strides, padding="same", use_bias=False, name=name
        )
        return normalized(layer(x), name)

    image = Input((8, 8, 1), name="image")
    x = convolution(image, 32, "conv1")
    x = convolution(x, 64, "conv2", strides=2)
    branch = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
    branch = normalized(branch, "depthwise")
    branch = layers.Conv2D(64, 1, use_bias=False, name="pointwise")(branch)
    x = layers.Add(name="residual")([x, normalized(branch, "pointwise", relu=False)])
    x = layers.ReLU(name="residual_relu")(x)
    x = convolution(x, 64, "conv3", strides=2)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    digit = layers.Dense(10, activation="softmax", name="digit")(x)
    return Model(image, digit, name="digits")


def train(splits: dict[str, np.ndarray], epochs: int) -> keras.Model:
    """Train on freshly augmented images in every epoch; the evaluation split is not seen.

    Returns:
        A model that was never compiled, so that its file holds no optimizer state.
    """
    import keras

    keras.utils.set_random_seed(SEED)
    rng = np.random.default_rng(SEED)
    x = splits["training_x"].astype(np.float32) / 255
    y = splits["training_y"]
    steps = -(-len(x) // BATCH) * epochs
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)),
        loss="sparse_categorical_crossentropy",
    )
    for _ in range(epochs):
        order = rng.permutation(len(x))
        model.fit(augment(x[order], rng), y[order], batch_size=BATCH, shuffle=False, verbose=0)
    trained = build_model()
    trained.set_weights(model.get_weights())
    return trained


def accuracy(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """Fraction of images whose largest output is their label; `x` is uint8 pixels."""
    outputs = model.predict(x.astype(np.float32) / 255, batch_size=256, verbose=0)
    return float(np.mean(np.argmax(outputs, axis=1) == y))


def save_model(model: keras.Model, path: Path) -> None:
    """Write a `.keras` file whose bytes depend on the model alone.

    Keras stamps the archive's entries and its metadata with the time of day, and names
    shared objects by their memory address: the times go, the addresses become 1, 2, 3.
    """
    scratch = path.with_suffix(".part.keras")
    model.save(scratch)
    with zipfile.ZipFile(scratch) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    scratch.unlink()
    metadata = json.loads(entries["metadata.json"])
    metadata.pop("date_saved", None)
    entries["metadata.json"] = json.dumps(metadata).encode()
    addresses: dict[str, str] = {}
    entries["config.json"] = re.sub(
        r'(?<="shared_object_id": )\d+',
        lambda found: addresses.setdefault(found[0], str(len(addresses) + 1)),
        entries["config.json"].decode(),
    ).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(entries):
            archive.writestr(zipfile.ZipInfo(name), entries[name], zipfile.ZIP_DEFLATED)
    path.write_bytes(buffer.getvalue())


def main() -> None:
    """Train, save, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    splits = load_splits()
    model = train(splits, arguments.epochs)
    save_model(model, out / "digits.keras")
    np.savez_compressed(out / "data.npz", allow_pickle=False, **splits)
    (out / "labels.txt").write_text("\n".join(LABELS) + "\n", encoding="utf-8")
    # Measured on the file as written, not on the model in memory.
    model = keras.models.load_model(out / "digits.keras")
    print(f"{model.count_params()} parameters, {(out / 'digits.keras').stat().st_size} bytes")
    for name in ("training", "calibration", "evaluation"):
        x, y = splits[f"{name}_x"], splits[f"{name}_y"]
        print(f"{name}: top1_accuracy = {accuracy(model, x, y):.4f} of {len(x)} images")


if __name__ == "__main__":
    main()
