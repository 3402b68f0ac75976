"""One small model as a bundle: a picture to two labelled classes, as float and as int8."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edgekit.core.bundle_record import (
    Bundle,
    BundledModel,
    ColumnError,
    Golden,
    GoldenLabels,
    GoldenRaw,
    GoldenTensor,
    Tolerance,
)
from edgekit.core.records import Contract, Preprocessing, TensorSpec

IMAGE = Preprocessing(kind="image", size=(2, 2), channels="gray", mean=(127.5,), std=(0.1,))
PICTURE = TensorSpec(name="photo", shape=(1, 2, 2, 1), dtype="float32", preprocessing=IMAGE)
CLASSES = TensorSpec(
    name="probs", shape=(1, 2), dtype="float32", labels=("cat", "dog"), activation="softmax"
)
TOLERANCE = Tolerance(worst=2e-6, rms=float("inf"), agreement=0.5)
PLAIN = TensorSpec(name="x", shape=(1, 4), dtype="float32")


def model(
    variant: str = "float32",
    inputs: tuple[TensorSpec, ...] = (PICTURE,),
    outputs: tuple[TensorSpec, ...] = (CLASSES,),
    tolerance: Tolerance = TOLERANCE,
    **golden: Any,
) -> BundledModel:
    """A variant with these tensors; golden samples say how far outputs may be off."""
    tensors, offset = [], 0
    for role, specs in (("input", inputs), ("output", outputs)):
        for spec in specs:
            tensors.append(
                GoldenTensor(
                    role=role,
                    name=spec.name,
                    dtype=spec.dtype,
                    shape=spec.shape,
                    offset=offset,
                    num_bytes=16,
                    tolerance=tolerance if role == "output" else None,
                )
            )
            offset += 16
    return BundledModel(
        variant=variant,
        file=f"pets.{variant}.tflite",
        sha256=f"{len(variant):064x}",
        size_bytes=12_345,
        oldest_runtime="2.3.0",
        contract=Contract(inputs=inputs, outputs=outputs),
        golden=Golden(
            file=f"pets.{variant}.golden.bin",
            sha256="f" * 64,
            num_bytes=100,
            num_samples=2,
            sample_bytes=offset,
            tensors=tuple(tensors),
            **golden,
        ),
    )


def of(*models: BundledModel, name: str = "pets") -> Bundle:
    """A bundle of these variants."""
    return Bundle(name=name, edgekit="0.1.0", models=models)


INT8 = model(
    "static_wi8_ai8",
    outputs=(replace(CLASSES, dtype="int8", scale=(1 / 256,), zero_point=(-128,)),),
)
RAW = GoldenRaw(
    input="photo",
    dtype="uint8",
    shape=(2, 2, 3),
    offset=64,
    num_bytes=12,
    stride=1,
    expected_offset=76,
    expected_num_bytes=16,
)
FLOAT = model(raw=(RAW,), labels=(GoldenLabels(output="probs", offset=92, num_bytes=8),))
BY_COLUMNS = model(
    tolerance=Tolerance(
        worst=2.0,
        rms=0.5,
        agreement=0.75,
        threshold=0.5,
        columns=(
            ColumnError(start=0, stop=1, worst=2.0, rms=0.5),
            ColumnError(start=1, stop=2, worst=0.01, rms=0.002),
        ),
    )
)
PETS = of(FLOAT, INT8)
