"""One honest file of each format that needs no TensorFlow to be made."""

from __future__ import annotations

import os
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from edgekit import tflite
from edgekit.core import artifacts, npz_record, recipes, serde
from edgekit.core.baseline_record import Baseline
from edgekit.core.records import (
    Artifact,
    Contract,
    Host,
    Measurement,
    Metric,
    Preprocessing,
    Target,
    TensorSpec,
)
from edgekit.data.samples import Samples
from edgekit.pipeline.cache import Cache
from edgekit.pipeline.gate import baseline

SINGLE_OPERATORS = Path(__file__).parents[1] / "models"
PLAIN = "fully_connected.float32.tflite"


def contract(kind: str = "none") -> Contract:
    """One input for each kind of data, and an output of two classes."""
    rules = {
        "image": Preprocessing(kind="image", size=(6, 5), channels="rgb", std=(255.0,)),
        "audio": Preprocessing(kind="audio", sample_rate=8000, window=200),
        "tabular": Preprocessing(kind="tabular", columns=("a", "b", "c")),
    }.get(kind, Preprocessing())
    shape = {"image": (1, 6, 5, 3), "audio": (1, 200)}.get(kind, (1, 3))
    return Contract(
        inputs=(TensorSpec(name="x", shape=shape, dtype="float32", preprocessing=rules),),
        outputs=(TensorSpec(name="y", shape=(1, 2), dtype="float32", labels=("no", "yes")),),
    )


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _npz(folder: Path) -> None:
    rows = _rng().normal(size=(6, 3)).astype(np.float32)
    np.savez_compressed(folder / "data.npz", x=rows, y=np.arange(6) % 2)


def _csv(folder: Path) -> None:
    rows = [",".join(f"{v:.3f}" for v in row) for row in _rng().normal(size=(6, 3))]
    lines = ["a,b,c,label", *(f"{row},{i % 2}" for i, row in enumerate(rows))]
    (folder / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _labels_csv(folder: Path) -> None:
    images = folder / "images"
    images.mkdir()
    for i in range(3):
        Image.fromarray(_picture()).save(images / f"{i}.png")
    lines = ["file,label", *(f"{i}.png,{'yes' if i % 2 else 'no'}" for i in range(3))]
    (images / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _picture() -> np.ndarray:
    return _rng().integers(0, 255, (12, 10, 3)).astype(np.uint8)


def _images(folder: Path) -> None:
    place = folder / "images" / "yes"
    place.mkdir(parents=True)
    for ending in ("png", "jpg", "bmp", "gif", "webp", "tif", "ppm"):
        Image.fromarray(_picture()).save(place / f"picture.{ending}")


def _wav(folder: Path) -> None:
    place = folder / "sounds" / "yes"
    place.mkdir(parents=True)
    with wave.open(str(place / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(_rng().integers(-9000, 9000, 200).astype("<i2").tobytes())


def _toml(folder: Path) -> None:
    (folder / "labels.txt").write_text("no\nyes\n", encoding="utf-8")
    (folder / "edgekit.toml").write_text(
        'model = "m.keras"\nname = "m"\nrecipes = ["float32", "static_wi8_ai8"]\n'
        'metric = "top1_accuracy"\n\n[data]\ncalibration = "c.npz"\nevaluation = "e.npz"\n'
        'seed = 3\n\n[input.x]\nkind = "tabular"\ncolumns = ["a", "b", "c"]\n'
        "mean = [0.0, 1.0, 2.0]\n"
        'std = [1.0, 2.0, 0.5]\n\n[output.y]\nlabels = "labels.txt"\nactivation = "softmax"\n\n'
        '[variant.small]\nrecipe = "static_wi8_ai8"\nprune = { sparsity = 0.5 }\n\n'
        '[[target]]\nruntime = "litert"\n\n[[rule]]\nmetric = "top1_accuracy"\nmax_loss = 0.01\n\n'
        '[[rule]]\nmetric = "size_bytes"\nat_most = 20000\n',
        encoding="utf-8",
    )


def _manifest(folder: Path) -> None:
    file = folder / "m.float32.tflite"
    file.write_bytes((SINGLE_OPERATORS / PLAIN).read_bytes())
    content = file.read_bytes()
    made = Artifact(
        path=str(file),
        sha256=serde.sha256(file),
        size_bytes=len(content),
        compressed_bytes=artifacts.compressed_bytes(content),
        recipe=recipes.get("float32"),
        contract=tflite.contract(tflite.read(file)),
        source_sha256="0" * 64,
        float_sha256=serde.sha256(file),
        notes=("made for a test",),
    )
    text = artifacts.manifest_text(made)
    artifacts.manifest_path(file).write_text(text, encoding="utf-8")


def _golden(folder: Path) -> None:
    rows = _rng().normal(size=(4, 3)).astype(np.float32)
    Samples(
        inputs={"x": rows}, labels=np.arange(4) % 2, source="here", reference={"y": rows[:, :2]}
    ).save(folder / "m.golden.npz")


def measurement() -> Measurement:
    """Of a file with two metrics, one of which has values of samples."""
    right = Metric(
        name="top1_accuracy", value=0.75, unit="", better="higher", raw=(1.0, 1.0, 1.0, 0.0)
    )
    size = Metric(name="size_bytes", value=1024.0, unit="bytes", better="lower")
    return Measurement(
        artifact="static_wi8_ai8",
        artifact_sha256="1" * 64,
        target=Target(),
        host=Host(machine="m", system="s", cpu="c", cores=1, python="3.11"),
        samples_sha256="2" * 64,
        num_samples=4,
        metrics=(right, size),
        created_at="2026-01-01T00:00:00+00:00",
    )


def _baseline(folder: Path) -> None:
    baseline.save(folder / "baseline.json", Baseline(model="m", measurements=(measurement(),)))


CACHED = "times-0123"


def _cache(folder: Path) -> None:
    os.environ["EDGEKIT_HOME"], before = str(folder), os.environ.get("EDGEKIT_HOME")
    try:
        with Cache().making(CACHED) as entry:
            (entry / "times.json").write_text('{"ratios": [1.0, 0.9]}', encoding="utf-8")
            npz_record.write(entry / "values.npz", {"x": np.arange(3)})
    finally:
        del os.environ["EDGEKIT_HOME"]
        if before is not None:
            os.environ["EDGEKIT_HOME"] = before


MAKERS: dict[str, Callable[[Path], None]] = {
    "npz": _npz,
    "csv": _csv,
    "labels_csv": _labels_csv,
    "images": _images,
    "wav": _wav,
    "toml": _toml,
    "manifest": _manifest,
    "golden": _golden,
    "baseline": _baseline,
    "cache": _cache,
}
