"""How pixels become inputs, by trial."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import WorkerCrashed
from edgekit.core.records import Contract, Limits, Preprocessing, TensorSpec
from edgekit.data import usual_scalings
from edgekit.data.samples import Samples
from edgekit.frontend.describe import ScaledOutputs, ScaledPixels, Source
from edgekit.frontend.load.recognise import Recognised
from edgekit.pipeline.init import lookup, pixel_scaling
from edgekit.runtimes.fake import FakeModel, FakeRuntime
from tests.pipeline.init.descriptions import pixels, trial


@pytest.mark.parametrize(
    ("best", "other", "wins"),
    [
        ([1] * 90 + [0] * 10, [1] * 60 + [0] * 40, True),
        ([1] * 90 + [0] * 10, [1] * 85 + [0] * 15, False),  # 5 samples are chance
        ([1] * 40 + [0] * 60, [0] * 100, False),  # a third is right by chance alone
        ([1] * 100, [1] * 100, False),
    ],
)
def test_a_way_wins_that_is_right_more_often_than_chance(best, other, wins):
    trials = [trial("0 to 1", best), trial("0 to 255", other)]
    won = pixel_scaling.winner(trials, pixels(takes_pixels=False).contract)
    assert (won is trials[0]) == wins and (won is None) != wins


def test_one_way_alone_wins_nothing():
    assert pixel_scaling.winner([trial("a", [1])], pixels(takes_pixels=False).contract) is None


@pytest.mark.parametrize(
    ("array", "labels"),
    [
        (np.zeros((6, 8, 9, 3), np.float32), True),  # inputs already
        (np.full((6, 8, 9, 3), 999), True),
        (np.zeros((6, 8, 9, 3), np.uint8), False),
    ],
    ids=["floats", "no pixels", "no labels"],
)
def test_nothing_is_tried_where_a_trial_would_say_nothing(tmp_path, array, labels):
    np.savez(tmp_path / "data.npz", x=array, **({"y": [0, 1, 2] * 2} if labels else {}))
    told = pixels(takes_pixels=False)
    source = Source(model=told.recognised.path, unsafe=False)
    found = lookup.beside(tmp_path, told.contract, tmp_path / "m.keras")
    assert found.num_samples == 6
    ways = pixel_scaling.tries(
        told.recognised, source, told.contract, found, limits=Limits(), on_progress=pytest.fail
    )
    assert ways == ()


# A model of three classes that is right where pixels go in from -1 to 1: each class has images of
# one colour, 0, 64 or 128.
IMAGE = TensorSpec(name="image", shape=(1, 8, 8, 3), dtype="float32")
CLASSES = TensorSpec(name="kind", shape=(1, 3), dtype="float32")
CONTRACT = Contract(inputs=(IMAGE,), outputs=(CLASSES,))


def classify(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    level = inputs["image"].mean()
    return {"kind": -np.abs(np.array([-1, -0.5, 0], np.float32) - level)}


@pytest.fixture
def painted(tmp_path: Path) -> lookup.Found:
    """Sixty images, each of the class that its colour says."""
    y = np.arange(60) % 3
    x = np.broadcast_to((y * 64).astype(np.uint8)[:, None, None, None], (60, 8, 8, 3))
    np.savez(tmp_path / "data.npz", x=x, y=y)
    return lookup.beside(tmp_path, CONTRACT, tmp_path / "m.tflite")


def tries(found: lookup.Found, format: str = "tflite") -> tuple[pixel_scaling.Trial, ...]:
    model = Recognised(format=format, written_by="", path=Path("m.tflite"))
    source = Source(model=model.path, unsafe=False)
    said: list[str] = []
    return pixel_scaling.tries(
        model, source, CONTRACT, found, limits=Limits(), on_progress=said.append
    )


def test_the_way_of_training_wins_on_labelled_pixels(painted, monkeypatch):
    fake = FakeRuntime({"m.tflite": FakeModel((IMAGE,), (CLASSES,), classify)})
    monkeypatch.setattr(pixel_scaling, "local", fake)
    trials = tries(painted)
    assert {trial.name for trial in trials} == {
        "0 to 255",
        "0 to 1",
        "-1 to 1",
        "torchvision's",
        "BGR less its means",
    }
    best = pixel_scaling.winner(trials, CONTRACT)
    assert best is trials[0] and (best.name, best.share) == ("-1 to 1", 1.0)
    rules = best.preprocessing
    assert (rules.kind, rules.size, rules.channels) == ("image", (8, 8), "rgb")
    assert (rules.mean, rules.std) == ((127.5,), (127.5,))


def test_gray_images_have_gray_ways():
    ways = usual_scalings.of_pixels(TensorSpec(name="image", shape=(1, 8, 9, 1), dtype="float32"))
    assert list(ways) == ["0 to 255", "0 to 1", "-1 to 1"]
    assert {way.channels for way in ways.values()} == {"gray"}
    assert {way.size for way in ways.values()} == {(8, 9)}


def test_keras_models_are_tried_in_one_child(painted, monkeypatch):
    asked = []

    def child(stage: object, request: ScaledPixels, **how: object) -> ScaledOutputs:
        asked.append((request.source, how["own_code"]))
        pixels = Samples.load(request.pixels).inputs["image"].astype(np.float32)
        files = []
        for number, way in enumerate(request.ways):
            scaled = (pixels - np.float32(way.mean)) / np.float32(way.std)
            outputs = np.stack([classify({"image": one})["kind"] for one in scaled])
            files.append(request.folder / f"{number}.npz")
            Samples(inputs={"image": pixels[:, :1]}, reference={"kind": outputs}).save(files[-1])
        return ScaledOutputs(files=tuple(files))

    monkeypatch.setattr(pixel_scaling.onednn, "call", child)
    best = pixel_scaling.winner(tries(painted, "keras3"), CONTRACT)
    assert best is not None and best.name == "-1 to 1"
    assert asked == [(Source(model=Path("m.tflite"), unsafe=False), False)]


def test_a_trial_that_fails_is_no_answer(painted, monkeypatch):
    def crash(*_: object, **__: object) -> None:
        raise WorkerCrashed("The loader crashed.")

    monkeypatch.setattr(pixel_scaling.onednn, "call", crash)
    assert tries(painted, "keras3") == ()


def by_level(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Right where striped images are resized as Keras does it: two middle columns count."""
    return {"kind": -np.abs(np.array([30, 80, 130], np.float32) - inputs["image"].mean())}


def resized(folder: Path, monkeypatch: pytest.MonkeyPatch, x: np.ndarray):
    np.savez(folder / "data.npz", x=x, y=np.arange(len(x)) % 3)
    spec = TensorSpec(
        name="image",
        shape=(1, 8, 8, 3),
        dtype="float32",
        preprocessing=Preprocessing(kind="image", size=(8, 8)),
    )
    contract = Contract(inputs=(spec,), outputs=(CLASSES,))
    fake = FakeRuntime({"m.tflite": FakeModel((spec,), (CLASSES,), by_level)})
    monkeypatch.setattr(pixel_scaling, "local", fake)
    found = lookup.beside(folder, contract, folder / "m.tflite")
    model = Recognised(format="tflite", written_by="", path=Path("m.tflite"))
    said: list[str] = []
    trials = pixel_scaling.resizes(
        model,
        Source(model=model.path, unsafe=False),
        contract,
        found,
        limits=Limits(),
        on_progress=said.append,
    )
    return trials, contract, said


def test_the_resize_of_training_wins_on_images_of_another_size(tmp_path, monkeypatch):
    # Of each four columns the middle two tell the class; all images are as bright on the whole.
    told = np.array([10, 110, 210])[np.arange(60) % 3]
    columns = np.stack([(350 - told) / 2, told, np.full(60, 50), (350 - told) / 2], axis=1)
    striped = np.tile(columns[:, None, :, None], (1, 32, 8, 3)).astype(np.uint8)
    trials, contract, said = resized(tmp_path, monkeypatch, striped)
    assert {trial.name for trial in trials} == {"bilinear", "bicubic", "nearest", "keras-bilinear"}
    best = pixel_scaling.winner(trials, contract)
    assert best is not None and (best.name, best.share) == ("keras-bilinear", 1.0)
    assert best.preprocessing.resize == "keras-bilinear"
    assert said == ["trying 4 ways to resize 60 images"]


def test_images_of_the_inputs_size_need_no_resize(tmp_path, monkeypatch):
    trials, _, said = resized(tmp_path, monkeypatch, np.full((60, 8, 8, 3), 80, np.uint8))
    assert trials == () and said == []
