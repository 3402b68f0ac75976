"""A conversion of an image classifier that is right where pixels go in from 0 to 1.

Its three classes have images of one colour each. `sharp` it knows them by the level itself; else it
is right at any scale, as a network whose biases are small.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core import recipes
from edgekit.core.project import Project
from edgekit.core.records import Contract, ConvertOptions, TensorSpec
from edgekit.data.export_messages import Exported, SampleFacts, WholeNumbers
from edgekit.data.samples import Samples
from edgekit.pipeline.convert import input_check
from edgekit.pipeline.convert.job import Job, Source
from edgekit.pipeline.convert.plan import Plan
from edgekit.runtimes.fake import FakeModel, FakeRuntime

IMAGE = TensorSpec(name="image", shape=(1, 8, 8, 1), dtype="float32")
CLASSES = TensorSpec(name="kind", shape=(1, 3), dtype="float32")
CONTRACT = Contract(inputs=(IMAGE,), outputs=(CLASSES,))
LEVELS = np.array([20, 120, 220])
PIXELS = WholeNumbers(dtype="uint8", low=20, high=220)


def sharp(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Right from 0 to 1 alone."""
    level = inputs["image"].mean()
    return {"kind": -np.abs(LEVELS.astype(np.float32) / 255 - level)}


def of_any_scale(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Right at any scale: by the part of the image that is dark."""
    values = inputs["image"].astype(np.float32)
    share = values.min() / max(float(values.max()), 1e-6)
    return {"kind": -np.abs(np.array([0.2, 0.5, 0.9], np.float32) - share)}


def of_pixels(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Right from 0 to 255 alone."""
    return sharp({"image": inputs["image"].astype(np.float32) / 255})


def images(values: str = "uint8", count: int = 60) -> Samples:
    """Images with labels: as pixels, or scaled to 0 to 1."""
    labels = np.arange(count) % 3
    x = np.repeat(LEVELS[labels][:, None], 64, axis=1).reshape(count, 8, 8, 1)
    bright = LEVELS[labels] / np.array([0.2, 0.5, 0.9])[labels]
    x[:, 0, 0, 0] = np.minimum(bright, 255)
    pixels = x.astype(np.uint8)
    return Samples(
        inputs={"image": pixels if values == "uint8" else pixels.astype(np.float32) / 255},
        labels=labels,
    )


def conversion(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: Any,
    samples: Samples | None,
    *,
    whole: bool = True,
    recipe: str = "static_wi8_ai8",
    project: Project | None = None,
    prepares: tuple[str, ...] = (),
    **options: Any,
) -> tuple[Job, Exported]:
    """A job whose float file is `model`, and what the exporter said of it."""
    fake = FakeRuntime({"float.tflite": FakeModel((IMAGE,), (CLASSES,), model)})
    monkeypatch.setattr(input_check, "local", fake)
    chosen = (recipes.get("float32"), recipes.get(recipe))
    job = Job(
        source=Source(model=folder / "m.keras", project=project or Project()),
        plan=Plan(recipes=chosen, folder=folder, name="m", calibration="d.npz", notes=()),
        options=ConvertOptions(**options),
        work=folder,
    )
    if samples is not None:
        samples.save(job.labelled)
    facts = SampleFacts(
        golden="data",
        labelled="evaluation" if samples is not None else None,
        whole_numbers={"image": PIXELS} if whole else {},
    )
    return job, Exported(contract=CONTRACT, samples=facts, prepares=prepares)
