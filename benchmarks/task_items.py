"""Items of the corpus that are no plain classifiers, and three transformers: samples, scores."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Arrays = Mapping[str, np.ndarray]
Scores = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One model of the corpus.

    Attributes:
        model: Its file in the item's folder.
        inputs: Model inputs to names in `data.npz`; their calibration twins begin with `calib_`.
        prepare: What makes a model's input of such an array.
        score: Takes outputs by name, those of the float file, and `data.npz`; gives figures by
            name.
        better: Of all figures.
    """

    model: str = "model.keras"
    inputs: Mapping[str, str]
    prepare: Callable[[np.ndarray], np.ndarray]
    score: Callable[[Path, Arrays, Arrays, Arrays], Scores]
    better: str = "higher"


def _floats(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float32)


def _as_is(x: np.ndarray) -> np.ndarray:
    return x


def _own_score(folder: Path, outputs: object, data: Arrays) -> object:
    """What the item's `score.py` says."""
    spec = importlib.util.spec_from_file_location("score", folder / "score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.score(outputs, data)


def _of_only(name: str) -> Callable[[Path, Arrays, Arrays, Arrays], Scores]:
    def score(folder: Path, outputs: Arrays, expected: Arrays, data: Arrays) -> Scores:
        found = _own_score(folder, next(iter(outputs.values())), data)
        return found if isinstance(found, dict) else {name: float(found)}

    return score


def _heads(folder: Path, outputs: Arrays, expected: Arrays, data: Arrays) -> Scores:
    return dict(_own_score(folder, outputs, data))


def _top1(folder: Path, outputs: Arrays, expected: Arrays, data: Arrays) -> Scores:
    a, b = (next(iter(some.values())).argmax(axis=-1) for some in (outputs, expected))
    return {"top1": float((a == data["y"]).mean()), "agree": float((a == b).mean())}


def _argmax_agree(folder: Path, outputs: Arrays, expected: Arrays, data: Arrays) -> Scores:
    a, b = (next(iter(some.values())).argmax(axis=-1) for some in (outputs, expected))
    return {"agree": float((a == b).mean())}


def _agree_at_half(folder: Path, outputs: Arrays, expected: Arrays, data: Arrays) -> Scores:
    a, b = (next(iter(some.values())) > 0.5 for some in (outputs, expected))
    return {"agree": float((a == b).mean())}


ITEMS: dict[str, Item] = {
    "detector_yolo_digits": Item(inputs={"x": "x"}, prepare=_floats, score=_of_only("map_50")),
    "regression_diamonds": Item(inputs={"x": "x"}, prepare=_floats, score=_heads, better="lower"),
    "thai_words_deepcut": Item(
        model="deepcut.h5",
        inputs={"input_1": "chars", "input_2": "types"},
        prepare=_floats,
        score=_agree_at_half,
    ),
    "segmenter_unet_shapes": Item(
        inputs={"x": "x"},
        prepare=lambda x: (x / np.float32(127.5) - np.float32(1)).astype(np.float32),
        score=_of_only("mean_iou"),
    ),
    "tagger_debtags": Item(inputs={"x": "x"}, prepare=_as_is, score=_of_only("map")),
    "vit_mnist": Item(
        inputs={"x": "x"},
        prepare=lambda x: (x / np.float32(255)).astype(np.float32)[..., None],
        score=_top1,
    ),
    "vit_cct_cifar10": Item(inputs={"x": "x"}, prepare=_floats, score=_top1),
    "text_transformer_sections": Item(inputs={"x": "x"}, prepare=_as_is, score=_top1),
    "mltk_micro_speech": Item(
        model="tflite_micro_speech.h5",
        inputs={"x": "x"},
        prepare=lambda x: x.astype(np.float32)[..., None],
        score=_argmax_agree,
    ),
}
