"""A Swift package of odd contracts, to be compiled: names, dtypes and kinds that hypothesis draws.

    python tests/codegen/swift_contracts.py FOLDER

writes the package, whose program prints all strings of the contracts, and `expected.txt`, what it
has to print. `ios_demo/checks/check_contracts.sh` compiles it and compares.
"""

from __future__ import annotations

import hashlib
import math
import re
import sys
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from edgekit.codegen.swift import swift_bundle, swift_source
from edgekit.core.bundle_record import Bundle, BundledModel, Golden, GoldenTensor
from edgekit.core.records import Contract, Preprocessing, TensorSpec

if __package__ in (None, ""):  # run as a script, Python knows this folder only
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.codegen.kotlin_contracts import held, tolerance

COUNT = 20
_SEED = 20261122
_ODD = """class|Self|init|default|Type|in|String|Digits|Inputs|Labels|Int|seconds|variant|runner
self|serving_default_x:0|StatefulPartitionedCall:1|1st|naïve|数字|größe|a-b|a_b|a b|🎉|é|é|\\(x)
say "hi"|'|`|$x|*/|//|#if|\\u{0}|{}|%@""".replace("\n", "|").split("|")
_ODD += ["e\u0301", "", "\0", "a\nb", "\u2028", "\\", '"""', "tab\t", "\x7f"]
_TEXT = st.sampled_from(_ODD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_INTEGERS = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()
_FLOATS = "float16 float32 float64".split()
_NUMBERS = st.floats(-1e6, 1e6, width=32)
_DIVISORS = st.floats(2.0**-20, 1e6, width=32)
_SIZES = st.integers(1, 7)


@st.composite
def _stored(draw: st.DrawFn) -> dict[str, object]:
    """A dtype, and a scale where it may have one."""
    dtype = draw(st.sampled_from([*_INTEGERS, *_FLOATS]))
    if dtype.startswith(("int", "uint")) and draw(st.booleans()):
        return {"dtype": dtype, "scale": (draw(_DIVISORS),), "zero_point": (draw(_SIZES),)}
    return {"dtype": dtype}


@st.composite
def _input(draw: st.DrawFn, name: str) -> TensorSpec:
    kind = draw(st.sampled_from(["none", "image", "audio", "tabular", "text"]))
    shape: tuple[int, ...] = (1, *draw(st.lists(_SIZES, max_size=3)))
    rules = Preprocessing()
    if kind == "image":
        gray = draw(st.booleans())
        size = (draw(_SIZES), draw(_SIZES))
        rules = Preprocessing(
            kind="image",
            size=size,
            resize=draw(st.sampled_from(["bilinear", "bicubic", "nearest", "keras-bilinear"])),
            resize_shorter_to=draw(st.none() | st.just(max(size) + 1)),
            channels="gray" if gray else draw(st.sampled_from(["rgb", "bgr"])),
        )
        shape = (1, *size, 1 if gray else 3)
    elif kind == "audio":
        window = draw(st.integers(1, 20000))
        rules = Preprocessing(
            kind="audio", window=window, sample_rate=draw(st.none() | st.just(16000))
        )
        shape = (1, window)
    elif kind == "tabular":
        shape = (*shape, draw(_SIZES))
        columns = draw(st.lists(_TEXT, min_size=shape[-1], max_size=shape[-1], unique=True))
        rules = Preprocessing(kind="tabular", columns=tuple(columns))
    elif kind == "text":
        shape = (1, draw(_SIZES))
        vocabulary = draw(st.lists(_TEXT, min_size=1, max_size=9))
        vocabulary *= draw(st.sampled_from([1, 60]))  # a long one is written in another way
        rules = Preprocessing(kind="text", vocabulary=tuple(vocabulary), unknown_id=0)
    if kind in ("image", "audio", "tabular"):
        many = {"image": shape[-1], "tabular": shape[-1]}.get(kind, 1)
        count = draw(st.sampled_from([1, many]))
        rules = replace(
            rules,
            mean=tuple(draw(st.lists(_NUMBERS, min_size=count, max_size=count))),
            std=tuple(draw(st.lists(_DIVISORS, min_size=count, max_size=count))),
        )
    return TensorSpec(name=name, shape=shape, preprocessing=rules, **draw(_stored()))


@st.composite
def _output(draw: st.DrawFn, name: str) -> TensorSpec:
    count = draw(st.sampled_from([1, 3, 300]))
    labels = tuple(f"{draw(_TEXT)}{i if count > 9 else ''}" for i in range(min(count, 9)))
    labels += tuple(f"label {i}" for i in range(len(labels), count))
    if draw(st.booleans()):
        labels = ()
    return TensorSpec(name=name, shape=(1, count), labels=labels, **draw(_stored()))


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    """A bundle of one to three variants, whose records are valid and whose names are odd."""
    names = st.lists(_TEXT, min_size=1, max_size=4, unique=True)
    inputs = tuple(draw(_input(name)) for name in draw(names))
    outputs = tuple(draw(_output(name)) for name in draw(names))
    models = []
    for number, variant in enumerate(draw(st.lists(_TEXT, min_size=1, max_size=3, unique=True))):
        contract = Contract(
            inputs=tuple(_restored(draw, spec, number) for spec in inputs),
            outputs=tuple(_restored(draw, spec, number) for spec in outputs),
        )
        models.append(_model(variant, f"größe {number}.tflite", contract))
    return Bundle(name=draw(_TEXT), edgekit="0", models=tuple(models))


def _restored(draw: st.DrawFn, spec: TensorSpec, number: int) -> TensorSpec:
    """The tensor as another variant stores it."""
    if number == 0 or spec.dtype != "float32":
        return spec
    return replace(spec, dtype="int8", scale=(draw(_DIVISORS),), zero_point=(-3,))


def _model(variant: str, file: str, contract: Contract) -> BundledModel:
    tensors, offset = [], 0
    for role, specs in (("input", contract.inputs), ("output", contract.outputs)):
        for spec in specs:
            size = math.prod(spec.shape)
            tensors.append(
                GoldenTensor(
                    role="input" if role == "input" else "output",
                    name=spec.name,
                    dtype=spec.dtype,
                    shape=spec.shape,
                    offset=offset,
                    num_bytes=size,
                    tolerance=None if role == "input" else tolerance(spec),
                )
            )
            offset += size
    golden = Golden(
        file=f"{file}.golden.bin",
        sha256=hashlib.sha256(b"").hexdigest(),
        num_bytes=1,
        num_samples=1,
        sample_bytes=offset,
        tensors=tuple(tensors),
        **held(contract),
    )
    return BundledModel(
        variant=variant,
        file=file,
        sha256=hashlib.sha256(file.encode()).hexdigest(),
        size_bytes=1,
        oldest_runtime="",
        contract=contract,
        golden=golden,
    )


def contents(bundle: Bundle) -> dict[str, bytes]:
    """Some bytes for each file of a bundle."""
    files = [file for model in bundle.models for file in (model.file, model.golden.file)]
    return dict.fromkeys(files, b"x")


def drawn() -> list[Bundle]:
    """`COUNT` bundles, the same at each call, whose modules have different names."""
    found: dict[str, Bundle] = {}

    @seed(_SEED)
    @settings(
        max_examples=20 * COUNT,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(bundles())
    def collect(bundle: Bundle) -> None:
        # Files lie by module: some systems take names as equal that differ in case only.
        module = swift_source.Naming.of(bundle).type.lower()
        if len(found) < COUNT:
            found.setdefault(module, bundle)

    collect()
    return list(found.values())


def package(bundles_: list[Bundle]) -> dict[str, bytes]:
    """One package that holds all of them, and a program that prints their strings."""
    made: dict[str, bytes] = {}
    modules = []
    for bundle in bundles_:
        module = swift_source.Naming.of(bundle).type
        modules.append(module)
        made |= swift_bundle.files(bundle, contents(bundle))
    listed = ", ".join(f'"{module}"' for module in modules)
    manifest = re.sub(r"let models = \[.*\]", f"let models = [{listed}]", _text(made))
    made["Package.swift"] = manifest.replace(
        "targets: litert + [",
        "targets: litert + [\n    .executableTarget(\n"
        '      name: "PrintStrings", dependencies: models.map { .target(name: $0) }),',
    ).encode()
    made["Sources/PrintStrings/main.swift"] = _program(bundles_, modules).encode()
    made["expected.txt"] = "".join(f"{line}\n" for line in _strings(bundles_)).encode()
    return made


def _text(files: dict[str, bytes]) -> str:
    return files["Package.swift"].decode()


def _program(bundles_: list[Bundle], modules: list[str]) -> str:
    lines = [*(f"import {module}" for module in modules), "import EdgeKitCore", ""]
    lines += [
        "func show(_ text: String) {",
        '  print(text.utf8.map { String($0, radix: 16) }.joined(separator: " "))',
        "}",
        "",
    ]
    for bundle, module in zip(bundles_, modules, strict=True):
        naming = swift_source.Naming.of(bundle)
        lines += [
            f"for variant in {module}Variant.allCases {{",
            "  show(variant.rawValue)",
            "  show(variant.info.file)",
            "  for spec in variant.info.inputs + variant.info.outputs { show(spec.name) }",
            "}",
        ]
        lines += [
            f"{module}.Labels.{naming.outputs[spec.name]}.forEach(show)"
            for spec in bundle.models[0].contract.outputs
            if spec.labels
        ]
        lines += [
            f"{module}.Inputs.{naming.inputs[spec.name]}.columns.forEach(show)"
            for spec in bundle.models[0].contract.inputs
            if spec.preprocessing.columns
        ]
    return "\n".join(lines) + "\n"


def _strings(bundles_: list[Bundle]) -> list[str]:
    texts: list[str] = []
    for bundle in bundles_:
        for model in bundle.models:
            texts += [model.variant, model.file]
            texts += [s.name for s in (*model.contract.inputs, *model.contract.outputs)]
        for spec in bundle.models[0].contract.outputs:
            texts += spec.labels
        for spec in bundle.models[0].contract.inputs:
            texts += spec.preprocessing.columns
    return [" ".join(f"{byte:x}" for byte in text.encode()) for text in texts]


def main(folder: Path) -> None:
    """Write the package into `folder`."""
    bundles_ = drawn()
    for name, data in package(bundles_).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    dtypes = {
        spec.dtype
        for bundle in bundles_
        for model in bundle.models
        for spec in (*model.contract.inputs, *model.contract.outputs)
    }
    print(f"{len(bundles_)} contracts, {len(dtypes)} dtypes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
