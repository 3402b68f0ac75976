"""How each item of the corpus becomes calibration and evaluation samples.

Every function takes the item's folder (or makes a function that does) and returns a `Split`
of model inputs; `corpus.ITEMS` says which item uses which.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks import corpus_dtln as dtln
from benchmarks.corpus_metrics import CLIP_BLOCKS
from edgekit.core.errors import DataError

ROOT = Path(__file__).resolve().parents[1]
SEED = 20
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Arrays of both files, and what was done to get them."""

    calib: Arrays
    eval: Arrays
    notes: str


def _read(path: Path) -> Arrays:
    try:
        with np.load(path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except (OSError, ValueError) as error:
        raise DataError(
            "The corpus holds the item's data.",
            received=str(error),
            hint="--corpus (or EDGEKIT_CORPUS) names the folder that holds corpus.json.",
        ) from None


def _draw(arrays: Arrays, count: int) -> Split:
    """`count` samples for calibration, the rest for evaluation, order kept in the rest.

    Drawn over the whole set, because some sets are ordered by class, and only from samples
    that occur once: a twin left behind would be a calibration sample in evaluation.
    """
    first = next(iter(arrays.values()))
    contents = [sample.tobytes() for sample in first]
    seen = Counter(contents)
    alone = np.array([i for i, content in enumerate(contents) if seen[content] == 1])
    taken = np.sort(np.random.default_rng(SEED).choice(alone, count, replace=False))
    left = np.setdiff1d(np.arange(len(first)), taken)
    return Split(
        calib={name: array[taken] for name, array in arrays.items()},
        eval={name: array[left] for name, array in arrays.items()},
        notes=f"{count} of {len(first)} samples drawn for calibration and left out of evaluation.",
    )


def resnet8(folder: Path) -> Split:
    data = _read(folder / "data.npz")
    return Split(
        # As floats: the model takes 0 to 255 as they are, which nothing in it or in labels tells.
        calib={"x": data["calib_x"][:200].astype(np.float32)},
        eval={"x": data["x"], "y": data["y"].astype(np.int64)},
        notes="calibration: the first 200 of calib_x, training images without labels; "
        "evaluation: all test images; uint8, the model takes raw 0..255.",
    )


def labelled(
    count: int,
    convert: Callable[[np.ndarray], np.ndarray] = lambda x: x.astype(np.float32),
    labels: str = "y",
) -> Callable[[Path], Split]:
    """An item whose `data.npz` is one labelled set: `convert` makes model inputs of `x`."""

    def make(folder: Path) -> Split:
        data = _read(folder / "data.npz")
        y = data[labels]
        if y.ndim == 1 and y.dtype.kind in "iu":
            y = y.astype(np.int64)
        return _draw({"x": convert(data["x"]), "y": y}, count)

    return make


_IMAGENET_NOTE = (
    "corpus.json states a shorter side of 256 and a centre crop of 224; all 500 files are "
    "256x256 already. Its figures (top 1 and top 5 of both models) come out exactly with a "
    "shorter side of 224, which is used here; as stated, top 1 is 0.570 (MobileNet) and 0.878 "
    "(EfficientNet) instead of 0.566 and 0.866."
)


def imagenet(mean: float, std: float) -> Callable[[Path], Split]:
    """ImageNet photographs: shorter side to 224 (bicubic), middle 224, `(v - mean) / std`.

    Not the shorter side that corpus.json states, but the one that gives its figures.
    """

    def make(folder: Path) -> Split:
        images = folder.parent / "imagenet500"
        try:
            with (images / "labels.csv").open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            pixels = np.stack([_crop(images / row["file"]) for row in rows])
        except OSError as error:
            raise DataError("The corpus holds imagenet500.", received=str(error)) from None
        y = np.array([int(row["class_index"]) for row in rows], np.int64)
        split = _draw({"x": pixels, "y": y}, 100)
        for part in (split.calib, split.eval):
            part["x"] = (part["x"].astype(np.float32) - np.float32(mean)) / np.float32(std)
        return replace(split, notes=f"{split.notes} {_IMAGENET_NOTE}")

    return make


def _crop(path: Path, size: int = 224) -> np.ndarray:
    """The middle `(size, size, 3)` of an image whose shorter side is resized to `size`."""
    from PIL import Image

    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = size / min(image.size)
    width, height = (round(side * scale) for side in image.size)
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - size) // 2, (height - size) // 2
    return np.asarray(image.crop((left, top, left + size, top + size)), np.uint8)


def quickdraw(_: Path) -> Split:
    """No drawings come with the model: the digits sample, enlarged, is what it may look at."""
    from PIL import Image

    data = _read(ROOT / "sample_models" / "digits" / "data.npz")

    def enlarge(images: np.ndarray) -> np.ndarray:
        large = [
            np.asarray(Image.fromarray(image[..., 0]).resize((28, 28), Image.Resampling.BICUBIC))
            for image in images
        ]
        pixels: np.ndarray = np.stack(large)[..., np.newaxis].astype(np.float32)
        return pixels / np.float32(255)

    return Split(
        calib={"x": enlarge(data["calibration_x"])},
        eval={"x": enlarge(data["evaluation_x"])},
        notes="no data of its own: digits of sample_models/digits enlarged to 28x28, without "
        "labels, so only float against quantized can be compared.",
    )


def basic_pitch(folder: Path) -> Split:
    """Labels are the official float file's three outputs, joined on the last axis by name."""
    from ai_edge_litert.interpreter import Interpreter

    x = _read(folder / "data.npz")["x"]
    run = Interpreter(model_path=str(folder / "nmp.tflite")).get_signature_runner()
    rows = []
    for sample in x:
        outputs = run(input_2=sample[np.newaxis])
        rows.append(np.concatenate([outputs[name][0] for name in sorted(outputs)], axis=-1))
    return _draw({"x": x, "y": np.stack(rows)}, 1)


def dtln_core(core: Literal["first", "second"]) -> Callable[[Path], Split]:
    """One of DTLN's cores, fed as the float cores are fed in the middle of a stream.

    Four of the twelve clips are for calibration (200 of their blocks, drawn), eight for
    evaluation (every block in order). States are those of the float run, so an error in a
    state is not carried on from block to block; `corpus_dtln.denoise` measures that.
    """

    def make(folder: Path) -> Split:
        data = _read(folder / "data.npz")
        noisy, clean = (data[name].astype(np.float32) / 32768 for name in ("noisy", "clean"))
        record = _record(folder, noisy)
        names = dtln.FIRST_INPUTS if core == "first" else dtln.SECOND_INPUTS
        rng = np.random.default_rng(SEED)
        clips = rng.permutation(len(noisy))
        for_calib, for_eval = np.sort(clips[:4]), np.sort(clips[4:])

        def blocks(name: str, chosen: np.ndarray) -> np.ndarray:
            return np.reshape(record[name][chosen], (-1, *record[name].shape[2:]))

        labels = _late_hops(clean[for_eval])
        if core == "first":
            labels = np.concatenate([_frames(noisy[for_eval]), labels], axis=1)
        drawn = np.sort(rng.choice(len(for_calib) * CLIP_BLOCKS, 200, replace=False))
        return Split(
            calib={name: blocks(name, for_calib)[drawn] for name in names},
            eval={name: blocks(name, for_eval) for name in names} | {"y": labels},
            notes=f"calibration: 200 blocks of 4 clips; evaluation: {len(labels)} blocks, all of "
            "the other 8 clips in order; states are those of the float run.",
        )

    return make


def _late_hops(clean: np.ndarray) -> np.ndarray:
    """For each block the 128 samples that it completes: clips `(n, samples)`, 384 late."""
    late = np.pad(clean, ((0, 0), (dtln.DELAY, 0)))[:, : clean.shape[1]]
    return late.reshape(-1, dtln.HOP)


def _frames(clips: np.ndarray) -> np.ndarray:
    """The frame of 512 samples that each block sees, zeros before a clip's begin."""
    padded = np.pad(clips, ((0, 0), (dtln.DELAY, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, dtln.FRAME, axis=1)
    return windows[:, :: dtln.HOP].reshape(-1, dtln.FRAME)


def _record(folder: Path, noisy: np.ndarray) -> Arrays:
    """Run `corpus_dtln.py` in a child: Keras stays out of this process."""
    with tempfile.TemporaryDirectory() as scratch:
        clips, record = Path(scratch, "noisy.npz"), Path(scratch, "record.npz")
        np.savez(clips, noisy=noisy)
        done = subprocess.run(
            [sys.executable, dtln.__file__, str(folder.resolve()), str(clips), str(record)],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"},
        )
        if done.returncode:
            raise DataError(
                "DTLN's float cores run in Keras.",
                received=done.stderr.strip().rpartition("\n")[2],
                hint="the environment needs edgekit's `convert` extra.",
            )
        return _read(record)
