"""Files of other people: test files of LiteRT, its quantizer and TFLite Micro, MediaPipe, models.

The corpus holds the first (`peers_fixtures`) and the models (`corpus.json`, with the `.tflite`
files that were published beside them). MediaPipe's wheel is downloaded into the cache folder, and
left out where that fails. A `.tflite` is judged by what LiteRT computes from it as it came; samples
are drawn for its inputs as edgekit sees them, and fed as the file takes them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.corpus import find_corpus
from benchmarks.sweep import Case, Source
from edgekit import tflite
from edgekit.core import cache_dir
from edgekit.core.errors import EdgekitError
from edgekit.core.records import Contract
from edgekit.data.synthetic import synthetic
from edgekit.tflite import enums

_RECIPES = ("float32", "dynamic_wi8_afp32", "static_wi8_ai8")
_MEDIAPIPE = "mediapipe==0.10.21"  # the last ones hold no models
_SAMPLES = 40


def cases() -> list[Case]:
    """Every file, and each signature of those with several."""
    corpus = find_corpus()
    found = []
    for path in (
        *sorted((corpus / "peers_fixtures").glob("*.tflite")),
        *sorted(_mediapipe()),
        *sorted(corpus.glob("[!p]*/*.tflite")),
    ):
        found += _of_file(path)
    for item, about in json.loads((corpus / "corpus.json").read_text(encoding="utf-8")).items():
        for model in about["model"].split(" (")[0].split(", "):
            path = corpus / item / model
            js = path.suffix == ".json"
            name = f"{item}/{path.name}"
            found.append(Case(name, partial(_keras, path), _RECIPES, peer=not js))
    return found


def _mediapipe() -> Iterator[Path]:
    folder = cache_dir.home() / "mediapipe"
    if not folder.is_dir():
        fresh = folder.with_name("mediapipe.new")
        shutil.rmtree(fresh, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", str(fresh)]
        done = subprocess.run([*command, _MEDIAPIPE], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"MediaPipe's models are left out: {done.stderr.strip()[-200:]}", file=sys.stderr)
            return iter(())
        [wheel] = fresh.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.namelist():
                if entry.endswith(".tflite"):
                    (fresh / Path(entry).name).write_bytes(archive.read(entry))
        wheel.unlink()
        fresh.rename(folder)
    return folder.glob("*.tflite")


def _of_file(path: Path) -> Iterator[Case]:
    """A case for the file, and one for each signature where there are several."""
    name = f"{path.parent.name}/{path.name}"
    recipes = _RECIPES if _is_taken(path) else _RECIPES[:1]  # one refusal is enough
    yield Case(name, partial(_tflite, path, None), recipes, peer=False)
    with suppress(EdgekitError):
        keys = [enums.text(s.signatureKey) for s in tflite.read(path).signatureDefs or []]
        for key in keys if len(keys) > 1 else ():
            recipes = _RECIPES if _is_taken(path, key) else _RECIPES[:1]
            make = partial(_tflite, path, key)
            yield Case(f"{name}@{key}", make, recipes, ("--signature", key), peer=False)


def _is_taken(path: Path, signature: str | None = None) -> bool:
    from edgekit.quantize.rewrite import import_float

    try:
        import_float.prepare(tflite.read(path), path, signature)
    except EdgekitError:
        return False
    return True


def _tflite(path: Path, signature: str | None, folder: Path) -> Source:
    """Samples for a file as edgekit brings it into form, and what the file itself computes."""
    from edgekit.quantize.rewrite import import_float

    model = tflite.read(path)
    try:
        import_float.prepare(model, path, signature)
        contract = tflite.contract(model)
        samples = _unlike_zero(synthetic(contract, _SAMPLES).inputs)
    except EdgekitError:
        return Source(model=path)  # edgekit says why
    try:
        expected = _as_it_came(path, signature, contract, samples)
    except (RuntimeError, ValueError):
        return Source(model=path)
    np.savez(folder / "samples.npz", **samples)
    np.savez(folder / "expected.npz", **expected)
    return Source(model=path, samples=folder / "samples.npz", expected=folder / "expected.npz")


def _unlike_zero(samples: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Integers from 1 on where they would be 0 and 1: many are divisors, or sizes."""
    return {
        name: values + 1 if values.dtype.kind in "iu" and values.max() <= 1 else values
        for name, values in samples.items()
    }


def _as_it_came(
    path: Path, signature: str | None, contract: Contract, samples: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What LiteRT computes from the untouched file, by output name, `(samples, 1, ...)`.

    Where edgekit made a batch of N one of 1, samples fill it; where it put an axis in front, each
    is fed without.
    """
    from ai_edge_litert.interpreter import Interpreter

    native = Interpreter(model_path=str(path))
    if native.get_signature_list():
        runner = native.get_signature_runner(signature)
        shapes = {n: tuple(d["shape"]) for n, d in runner.get_input_details().items()}
        run = runner
    else:
        inputs, outputs = native.get_input_details(), native.get_output_details()
        names = [spec.name for spec in contract.inputs]
        shapes = {n: tuple(d["shape"]) for n, d in zip(names, inputs, strict=True)}

        def run(**row: np.ndarray) -> dict[str, np.ndarray]:
            for details, name in zip(inputs, names, strict=True):
                native.resize_tensor_input(details["index"], row[name].shape)
            native.allocate_tensors()
            for details, name in zip(inputs, names, strict=True):
                native.set_tensor(details["index"], row[name])
            native.invoke()
            values = [native.get_tensor(d["index"]) for d in outputs]
            return dict(zip([spec.name for spec in contract.outputs], values, strict=True))

    specs = {spec.name: spec for spec in contract.inputs}
    batches = {
        shapes[name][0]
        for name, spec in specs.items()
        if len(shapes[name]) == len(spec.shape) and shapes[name] and shapes[name][0] > 1
    }
    rows = batches.pop() if batches else 1
    found: dict[str, list[np.ndarray]] = {spec.name: [] for spec in contract.outputs}
    for start in range(0, _SAMPLES - rows + 1, rows):
        row = {}
        for name, spec in specs.items():
            values = samples[name][start : start + rows]
            longer = len(spec.shape) > len(shapes[name])
            row[name] = np.ascontiguousarray(values[0] if longer else values)
        for name, value in run(**row).items():
            if rows > 1:
                found[name] += list(value[:, None])
            else:
                found[name].append(value if value.shape[:1] == (1,) else value[None])
    return {name: np.stack(values) for name, values in found.items()}


def _keras(path: Path, folder: Path) -> Source:
    """Samples drawn for a model's inputs as its loader describes them."""
    from edgekit.frontend.export.export import fix_shapes
    from edgekit.frontend.load.load import load

    model = load(path)
    samples = synthetic(fix_shapes(model, {}), _SAMPLES, id_limits=model.id_limits).inputs
    np.savez(folder / "samples.npz", **samples)
    expected = None
    if path.suffix == ".json":  # nothing but a browser reads it otherwise
        expected = folder / "expected.npz"
        np.savez(expected, **{n: v[:, None] for n, v in model.predict(samples).items()})
    return Source(model=path, samples=folder / "samples.npz", expected=expected)
