"""Models as `init` describes them, what it writes of them, and pictures beside them."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from edgekit.core import project as projects
from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.frontend.load.recognise import Recognised
from edgekit.frontend.own_scaling import Scaling
from edgekit.pipeline.init import lookup, model_summary, pixel_scaling, template


def described(*inputs: TensorSpec, outputs=None, **more) -> model_summary.Described:
    outputs = outputs or (TensorSpec(name="out", shape=(1, 3), dtype="float32"),)
    return model_summary.Described(
        recognised=Recognised(format="keras3", written_by="Keras 3", path=Path("m.keras")),
        contract=Contract(inputs=inputs, outputs=outputs),
        **more,
    )


def written(told: model_summary.Described, folder: Path, **more) -> tuple[str, projects.Project]:
    """The text for a model, read as every command does."""
    facts = {
        "folder": folder,
        "name": "m",
        "custom_objects": None,
        "recipes": ("float32", "dynamic_wi8_afp32"),
        "found": lookup.Found(),
        "labels": None,
        "metrics": (),
    }
    stated = model_summary.Described(
        recognised=told.recognised,
        contract=model_summary.stated(told),
        scaling=told.scaling,
        id_limits=told.id_limits,
    )
    text = template.text(template.Facts(described=stated, **{**facts, **more}))
    path = folder / "edgekit.toml"
    path.write_text(text, encoding="utf-8")
    project = projects.load(path)
    project.describe(told.contract)
    return text, project


def pixels(*, takes_pixels: bool, classes: int = 3) -> model_summary.Described:
    scaling = Scaling(layer="scale", does="value / 255", takes_pixels=takes_pixels)
    return described(
        TensorSpec(name="image", shape=(1, 8, 9, 3), dtype="float32"),
        outputs=(TensorSpec(name="kind", shape=(1, classes), dtype="float32"),),
        scaling={"image": scaling},
    )


def pictures(folder: Path, classes: list[str], size: tuple[int, int]) -> None:
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(2):
            Image.new("RGB", size, (number * 20, i, 0)).save(folder / name / f"{i}.png")


def trial(name: str, right: list[int]) -> pixel_scaling.Trial:
    rules = Preprocessing(kind="image", size=(8, 9), std=(255.0,))
    return pixel_scaling.Trial(name=name, preprocessing=rules, right=tuple(map(float, right)))
