"""A conversion's parts for tests: a small float file, samples of it, and a job in a folder."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import Contract, ConvertOptions, Pruning, Recipe, Training
from edgekit.data.export_messages import Exported, ExportRequest, SampleFacts
from edgekit.data.samples import Samples
from edgekit.pipeline.convert.converted_file import ConvertedFile
from edgekit.pipeline.convert.job import Job, Source
from edgekit.pipeline.convert.plan import Plan
from edgekit.quantize.quantize_messages import QuantizedFile, Trainable, WrittenFile
from edgekit.tflite.interpreter import run

NET = Path(__file__).parents[2] / "models" / "fully_connected.float32.tflite"
CONTRACT: Contract = tflite.contract(NET)
(INPUT,), (OUTPUT,) = CONTRACT.inputs, CONTRACT.outputs
EXPORTED = Exported(
    contract=CONTRACT,
    samples=SampleFacts(
        golden="data", calibration_sha256="c", calibration_ranges={INPUT.name: (-1.0, 1.0)}
    ),
    notes=("a note of the exporter",),
)
FLOAT, FLOAT16, INT8 = (recipes.get(name) for name in ("float32", "float16", "static_wi8_ai8"))
PRUNING = Pruning(sparsity=0.5)
TRAINING = Training(data="data.npz", distill=True, quantization_aware=True)


def inputs(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random inputs of the file, `(count, ...)`."""
    values = np.random.default_rng(seed).normal(size=(count, *INPUT.shape[1:]))
    return {INPUT.name: values.astype(np.float32)}


def outputs(path: Path, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a file computes for them, `(count, ...)`."""
    found = run(tflite.read(path), given)
    return {name: values.reshape(len(values), *OUTPUT.shape[1:]) for name, values in found.items()}


def exported_net(request: ExportRequest) -> Exported:
    """What the exporter leaves of a Keras model that computes what `NET` does."""
    shutil.copy(NET, request.out)
    golden = inputs(3)
    Samples(inputs=golden, reference=outputs(NET, golden)).save(request.draw.golden_out)
    if request.draw.calibration:
        Samples(inputs=inputs(9, seed=1)).save(request.draw.calibration_out)
    facts = SampleFacts(golden="synthetic")
    return Exported(contract=CONTRACT, samples=facts, notes=("a note of the exporter",))


def with_weights(path: Path, value: float) -> Path:
    """The file with each of its weights of two dimensions set to `value`."""
    model = tflite.read(NET)
    for tensor in tflite.tensors(model):
        if tensor.is_constant and len(tensor.shape) == 2:
            buffer = model.buffers[model.subgraphs[0].tensors[tensor.index].buffer]
            count = len(buffer.data) // 4
            buffer.data = np.full(count, value, np.float32).view(np.uint8)
    path.write_bytes(tflite.to_bytes(model))
    return path


def job(folder: Path, which: tuple[Recipe, ...] = (FLOAT, FLOAT16), **plan: Any) -> Job:
    """A job whose scratch folder holds what the exporter leaves there."""
    work = folder / "work"
    work.mkdir()
    model = folder / "net.tflite"
    shutil.copy(NET, model)
    made = Job(
        source=Source(model=model),
        plan=Plan(
            **{
                "recipes": which,
                "folder": folder / "out",
                "name": "net",
                "calibration": "data.npz",
                "notes": (),
                "judges": 4,
                **plan,
            }
        ),
        options=ConvertOptions(),
        work=work,
    )
    shutil.copy(NET, made.original)
    golden = inputs(3)
    Samples(inputs=golden, reference=outputs(NET, golden)).save(made.golden)
    Samples(inputs=inputs(30, seed=1)).save(made.calibration_out)
    Samples(inputs=inputs(20, seed=2)).save(made.training_samples)
    return made


def converted(made: Job, recipe: Recipe, path: Path | None = None) -> ConvertedFile:
    """A file of the quantizing stage: by default a copy of the float file."""
    place = made.work / f"net.{recipe.label}.tflite"
    if (path or NET) != place:
        shutil.copy(path or NET, place)
    trainable = None
    if recipe.trains_rounding:
        trainable = Trainable(source=made.original, grid=made.work / "grid.npz")
    return ConvertedFile(
        recipe=recipe,
        quantized=QuantizedFile(
            written=WrittenFile(
                path=place,
                sha256="of " + recipe.label,
                size_bytes=10,
                compressed_bytes=5,
                contract=CONTRACT,
                oldest_runtime="2.3.0",
            ),
            prepared=place.with_suffix(".prepared.npz"),
            seconds=0.5,
            trainable=trainable,
        ),
    )


def trained(recipe: Recipe, training: Training = TRAINING) -> Recipe:
    """The recipe with its rounding trained."""
    return replace(recipe, training=training)
