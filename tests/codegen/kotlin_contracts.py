"""Odd contracts, and the Kotlin that is generated of them.

`python -m tests.codegen.kotlin_contracts FOLDER` writes the source of all of them, for a compiler;
the tests look at the text alone.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from edgekit.codegen.kotlin import kotlin_bundle, kotlin_identifiers
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
from edgekit.data import preprocess

_ODD = (
    "class", "val", "when", "object", "fun", "it", "String", "List", "FloatArray", "Engine",
    "File", "int", "default", "core", "new", "Unit", "TensorInfo", "engine", "variant", "run",
    "close", "k", "StatefulPartitionedCall:0", "serving_default_x:0", "a b", "a_b", "aB",
    "9 lives", "$price", "${evil}", 'say "hi"', "back\\slash", "*/ end", "/* begin",
    "new\nline", "tab\t", "Größe", "数字", "🙂", "e\u0301", "\u202eright", "", "_", "__", "`tick`",
    "'", "%s", "//", "hashCode", "toString", "getClass", "entries", "values", "name", "ordinal",
    "label", "file", "inputs", "golden",
)  # fmt: skip
_NAMES = st.one_of(
    st.sampled_from(_ODD), st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
)
# Of the same length, so that `mean` and `std` fit the shape.
_FLOATS = st.floats(-300, 300, width=32)
_STDS = st.floats(2**-10, 300, width=32)
_DTYPES = ("float32", "int8", "uint8", "int32", "uint32", "int64", "bool")


@st.composite
def _inputs(draw: st.DrawFn, name: str) -> TensorSpec:
    kind = draw(st.sampled_from(["none", "image", "audio", "tabular", "text"]))
    if kind == "image":
        size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
        channels = draw(st.sampled_from(["rgb", "bgr", "gray"]))
        count = 1 if channels == "gray" else 3
        rules = Preprocessing(
            kind="image",
            size=size,
            resize=draw(st.sampled_from(["bilinear", "bicubic", "nearest", "keras-bilinear"])),
            resize_shorter_to=draw(st.none() | st.integers(max(size), 20)),
            channels=channels,
            mean=tuple(draw(st.lists(_FLOATS, min_size=count, max_size=count))),
            std=(draw(_STDS),),
        )
        return TensorSpec(name=name, shape=(1, *size, count), dtype="float32", preprocessing=rules)
    if kind == "audio":
        window = draw(st.integers(1, 50))
        rules = Preprocessing(
            kind="audio",
            sample_rate=16000,
            window=window,
            mean=(draw(_FLOATS),),
            std=(draw(_STDS),),
        )
        return TensorSpec(name=name, shape=(1, window), dtype="float32", preprocessing=rules)
    if kind == "tabular":
        # Some longer than what one method of the JVM can hold as literals.
        features = draw(st.sampled_from([1, 3, 12, 1200]))
        rules = Preprocessing(
            kind="tabular",
            mean=tuple(i / 8 for i in range(features)),
            std=tuple((i + 1) / 8 for i in range(features)),
        )
        return TensorSpec(name=name, shape=(1, features), dtype="float32", preprocessing=rules)
    if kind == "text":
        vocabulary = draw(st.lists(_NAMES, min_size=1, max_size=12))
        if draw(st.booleans()):
            vocabulary += [f"word{i}" for i in range(1100)]
        rules = Preprocessing(kind="text", vocabulary=tuple(vocabulary), unknown_id=1)
        return TensorSpec(name=name, shape=(1, 7), dtype="int32", preprocessing=rules)
    shape = tuple(draw(st.lists(st.integers(1, 4), max_size=4)))
    return TensorSpec(name=name, shape=shape, dtype=draw(st.sampled_from(_DTYPES)))


@st.composite
def _outputs(draw: st.DrawFn, name: str) -> TensorSpec:
    size = draw(st.sampled_from([1, 2, 10, 1001]))
    labels: tuple[str, ...] = ()
    if draw(st.booleans()):
        labels = tuple(f"{draw(_NAMES)} {i}" if i < 9 else f"class {i}" for i in range(size))
    return TensorSpec(
        name=name,
        shape=(1, size),
        dtype=draw(st.sampled_from(_DTYPES)),
        labels=labels,
        activation=draw(st.sampled_from([None, "none", "softmax", "sigmoid"])),
    )


def _stored(draw: st.DrawFn, spec: TensorSpec, *, quantized: bool) -> TensorSpec:
    """The same tensor as another variant may store it."""
    if not quantized or spec.dtype != "float32":
        return spec
    return replace(
        spec,
        dtype=draw(st.sampled_from(["int8", "uint8"])),
        scale=(draw(_STDS),),
        zero_point=(draw(st.integers(0, 127)),),
    )


@st.composite
def bundles(draw: st.DrawFn) -> tuple[Bundle, dict[str, bytes]]:
    """A bundle of one to three variants, and the contents of its files."""
    names = draw(st.lists(_NAMES, min_size=2, max_size=7, unique=True))
    cut = draw(st.integers(1, len(names) - 1))
    inputs = [draw(_inputs(name)) for name in names[:cut]]
    # Outputs may have the inputs' names.
    outputs = [draw(_outputs(name)) for name in (names[cut:] if draw(st.booleans()) else names)]
    for spec in inputs:
        preprocess.validate(spec)
    contents: dict[str, bytes] = {}
    models = []
    for variant in draw(st.lists(_NAMES, min_size=1, max_size=3, unique=True)):
        quantized = bool(models) or draw(st.booleans())
        contract = Contract(
            inputs=tuple(_stored(draw, spec, quantized=quantized) for spec in inputs),
            outputs=tuple(_stored(draw, spec, quantized=quantized) for spec in outputs),
        )
        models.append(_model(f"{variant}.tflite", variant, contract, contents))
    return Bundle(name=draw(_NAMES), edgekit="0", models=tuple(models)), contents


def held(contract: Contract) -> dict[str, Any]:
    """Raw data and labels as a golden file would hold them, for the text of the code alone."""
    return {
        "raw": tuple(
            GoldenRaw(
                input=spec.name,
                dtype="uint8",
                shape=(2, 2, 3),
                offset=0,
                num_bytes=12,
                stride=1,
                expected_offset=12,
                expected_num_bytes=4,
            )
            for spec in contract.inputs
            if spec.preprocessing.kind != "none"
        ),
        "labels": tuple(
            GoldenLabels(output=spec.name, offset=16, num_bytes=4)
            for spec in contract.outputs
            if spec.labels
        ),
    }


def tolerance(spec: TensorSpec) -> Tolerance:
    """One of each form, by the number of columns."""
    width = spec.shape[-1] if spec.shape else 1
    columns = (
        ColumnError(start=0, stop=1, worst=1e-5, rms=float("inf")),
        ColumnError(start=1, stop=width, worst=2.0, rms=0.5),
    )
    return Tolerance(
        worst=1e-5,
        rms=float("inf"),
        agreement=0.5,
        threshold=0.5 if width % 2 else None,
        columns=columns if width % 3 == 0 else (),
    )


def _model(file: str, variant: str, contract: Contract, contents: dict[str, bytes]) -> BundledModel:
    tensors: list[GoldenTensor] = []
    for role, specs in (("input", contract.inputs), ("output", contract.outputs)):
        for spec in specs:
            tensors.append(
                GoldenTensor(
                    role="input" if role == "input" else "output",
                    name=spec.name,
                    dtype=spec.dtype,
                    shape=spec.shape,
                    offset=0,
                    num_bytes=1,
                    tolerance=tolerance(spec) if role == "output" else None,
                )
            )
    contents[file] = variant.encode()
    contents[f"{file}.golden.bin"] = b""
    return BundledModel(
        variant=variant,
        file=file,
        sha256=hashlib.sha256(contents[file]).hexdigest(),
        size_bytes=len(contents[file]),
        oldest_runtime="2.14.0",
        contract=contract,
        golden=Golden(
            file=f"{file}.golden.bin",
            sha256=hashlib.sha256(b"").hexdigest(),
            num_bytes=0,
            num_samples=0,
            sample_bytes=0,
            tensors=tuple(tensors),
            **held(contract),
        ),
    )


def examples(count: int) -> list[tuple[Bundle, dict[str, bytes]]]:
    """The same bundles each time, their names different as packages."""
    found: list[tuple[Bundle, dict[str, bytes]]] = []
    packages: set[str] = set()

    # pytest's plugin of hypothesis is not asked: this is no test.
    @seed(6)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(bundles())
    def collect(made: tuple[Bundle, dict[str, bytes]]) -> None:
        bundle, contents = made
        if kotlin_identifiers.Naming.of(bundle).package in packages:
            bundle = replace(bundle, name=f"{bundle.name} {len(found)}")
        packages.add(kotlin_identifiers.Naming.of(bundle).package)
        found.append((bundle, contents))

    collect()
    return found


def main() -> None:
    """Write the source of each: `FOLDER/NUMBER/...`, and the core once."""
    folder = Path(sys.argv[1])
    made = examples(20)
    for number, (bundle, contents) in enumerate(made):
        for path, content in kotlin_bundle.files(bundle, contents).items():
            if path.endswith(".kt") and (number == 0 or not path.startswith("core/")):
                place = folder / str(number) / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
    tensors = [
        spec
        for bundle, _ in made
        for model in bundle.models
        for spec in (*model.contract.inputs, *model.contract.outputs)
    ]
    kinds = {spec.preprocessing.kind for spec in tensors}
    dtypes = {spec.dtype for spec in tensors}
    assert kinds == {"none", "image", "audio", "tabular", "text"}, kinds
    assert dtypes == set(_DTYPES), dtypes
    print(f"{len(made)} contracts with {len(tensors)} tensors of {len(dtypes)} dtypes")


if __name__ == "__main__":
    main()
