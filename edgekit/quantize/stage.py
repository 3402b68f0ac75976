"""The quantizing stage: one float file, all recipes, in one child process."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgekit import tflite
from edgekit.core import artifacts, serde
from edgekit.core.records import Contract, Recipe, TensorSpec
from edgekit.data.samples import Samples
from edgekit.quantize import candidates, select
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.rewrite import check_applied, engine
from edgekit.quantize.trained import apply_trained, grid
from edgekit.tflite.quantized_weights import Grid

SMALL = "one of the smallest: int8 weights cost next to nothing here"


def run(request: Mapping[str, Any], report: Callable[[str], None]) -> dict[str, Any]:
    """Apply every recipe to the float file and finish each result.

    Args:
        request: `float` (path), `original` (path of the float file of the model before it was
            pruned, whose recipe stands first; None where it was not), `folder` (where the files
            go), `name`, `contract`, `recipes`, `calibration` (an `.npz` of samples, or None),
            `seed`, and `bounded` (see `choose.Search`).
        report: Takes one line of progress.

    Returns:
        `float_sha256`, and `files`: for each recipe `path`, `sha256`, `size_bytes`,
        `compressed_bytes`, `contract`, `oldest_runtime`, `skipped`, `kept`, `candidates`,
        `equalized`, `seconds`, and `prepared`: an `.npz` of `prepare.Prepared`, to quantize
        again with exceptions. Where the rounding is to be trained, `source` (the float file that is
        quantized) and `grid` too (see `grid`).
    """
    float_model = Path(request["float"]).read_bytes()
    float_parsed = tflite.read(float_model)  # before anything else sees a damaged file
    original = Path(request.get("original") or request["float"]).read_bytes()
    contract = serde.from_dict(Contract, request["contract"])
    recipes = [serde.from_dict(Recipe, recipe) for recipe in request["recipes"]]
    selected = [candidates.by_hand(float_parsed, recipe) for recipe in recipes]  # refuses at once
    samples = None
    if request.get("calibration"):
        samples = Samples.load(Path(request["calibration"]))
    search = candidates.Search(
        float_model,
        samples,
        contract,
        seed=int(request.get("seed", 0)),
        bounded=bool(request.get("bounded")),
        report=report,
    )
    files: list[dict[str, Any]] = []
    # zlib works outside the interpreter's lock, so it compresses one file while the
    # quantizer makes the next.
    with ThreadPoolExecutor() as pool:
        sizes = []
        for recipe, exceptions in zip(recipes, selected, strict=True):
            started = time.perf_counter()
            report(f"quantizing: {recipe.name}")
            compressed = recipe.prune is not None or recipe.quantize is not None
            prepared = search.prepare(recipe) if compressed else Prepared(float_model=original)
            report(f"writing: {recipe.name}")
            path = artifacts.tflite_path(Path(request["folder"]), request["name"], recipe)
            entry, content = _made(
                prepared, recipe, exceptions, float_parsed, path, contract, request["name"]
            )
            sizes.append(pool.submit(artifacts.compressed_bytes, content))
            entry["prepared"] = str(path.with_suffix(".prepared.npz"))
            prepared.save(Path(entry["prepared"]))
            if recipe.training is not None and recipe.training.quantization_aware:
                entry["source"] = str(path.with_suffix(".source.tflite"))
                Path(entry["source"]).write_bytes(prepared.float_model)
                entry["grid"] = str(path.with_suffix(".grid.npz"))
                grid.grid(prepared, recipe, exceptions).save(Path(entry["grid"]))
            entry["seconds"] = round(time.perf_counter() - started, 2)
            files.append(entry)
        for entry, size in zip(files, sizes, strict=True):
            entry["compressed_bytes"] = size.result()
    return {"float_sha256": files[0]["sha256"], "files": files}


def bake(request: Mapping[str, Any], report: Callable[[str], None]) -> dict[str, Any]:
    """Write a file of `run` anew, with the weights and ranges that training found.

    Args:
        request: `entry` (of `run`'s `files`), `trained` (an `.npz` of its `grid`, after
            training), `contract`, `recipe`, `name`.
        report: Takes one line of progress.

    Returns:
        The entry of the new file, with what stays of the old one.
    """
    entry = request["entry"]
    recipe = serde.from_dict(Recipe, request["recipe"])
    report(f"writing: {recipe.label}")
    before = Prepared.load(Path(entry["prepared"]))
    prepared = apply_trained.apply_trained(before, Grid.load(Path(request["trained"])))
    parsed = tflite.read(prepared.float_model)
    made, content = _made(
        prepared,
        recipe,
        candidates.by_hand(parsed, recipe),
        parsed,
        Path(entry["path"]),
        serde.from_dict(Contract, request["contract"]),
        request["name"],
    )
    prepared.save(Path(entry["prepared"]))
    return {**entry, **made, "compressed_bytes": artifacts.compressed_bytes(content)}


def _made(
    prepared: Prepared,
    recipe: Recipe,
    exceptions: engine.Exceptions,
    before: tflite.Model,
    path: Path,
    contract: Contract,
    name: str,
) -> tuple[dict[str, Any], bytes]:
    reasons = {i: SMALL for i in prepared.cheap_int8 if i not in exceptions}
    entry, content = finish(
        prepared.apply(recipe, exceptions),
        before,
        path,
        contract,
        recipe,
        prepared.exceptions(exceptions),
        name,
        reasons,
    )
    entry["equalized"] = serde.to_dict(prepared.equalized)
    entry["candidates"] = serde.to_dict(prepared.candidates)
    return entry, content


def finish(
    model: tflite.Model,
    before: tflite.Model,
    path: Path,
    contract: Contract,
    recipe: Recipe,
    exceptions: engine.Exceptions,
    name: str,
    reasons: Mapping[int, str] | None = None,
) -> tuple[dict[str, Any], bytes]:
    """Check what was done to a file, write it, and tell what is known of it.

    Args:
        model: The quantized model; changed in place.
        before: The float file.
        path: Where it goes.
        contract: The float file's.
        recipe: What was asked for.
        exceptions: What single operators have instead.
        name: The model's name.
        reasons: Why single operators have something else; by hand where nothing is said.

    Returns:
        The entry of `run`'s `files` without what compressing tells, and the file's bytes.

    Raises:
        QuantizeError: Nothing was quantized.
    """
    skipped = check_applied.check(before, model, recipe, exceptions) if recipe.quantize else ()
    described = describe(contract, model)
    content = tflite.finish(model, contract=described, name=name, description=recipe.summary)
    path.write_bytes(content)
    entry = {
        "path": str(path),
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "contract": serde.to_dict(described),
        "oldest_runtime": tflite.oldest_runtime(model),
        "skipped": serde.to_dict(skipped),
        "kept": serde.to_dict(select.kept(before, recipe, exceptions, reasons)),
    }
    return entry, content


def describe(contract: Contract, content: bytes | tflite.Model) -> Contract:
    """What the file says of its tensors, with the float contract's words for them."""
    stored = tflite.contract(content)
    return Contract(
        inputs=_joined(stored.inputs, contract.inputs),
        outputs=_joined(stored.outputs, contract.outputs),
    )


def _joined(stored: tuple[TensorSpec, ...], said: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    words = {spec.name: spec for spec in said}
    return tuple(
        replace(
            spec,
            preprocessing=words[spec.name].preprocessing,
            labels=words[spec.name].labels,
            activation=words[spec.name].activation,
        )
        for spec in sorted(stored, key=lambda spec: list(words).index(spec.name))
    )
