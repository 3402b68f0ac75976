"""The quantizing stage: one float file, all recipes, in one child process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgekit import artifacts, flatbuffer, serde
from edgekit.data.samples import Samples
from edgekit.errors import QuantizeError
from edgekit.quantize import calibrate, check, engine
from edgekit.records import Contract, Recipe, TensorSpec


def run(request: Mapping[str, Any], report: Callable[[str], None]) -> dict[str, Any]:
    """Apply every recipe to the float file and finish each result.

    Args:
        request: `float` (path), `folder` (where the files go), `name`, `contract`,
            `recipes`, and `calibration` (an `.npz` of samples, or None).
        report: Takes one line of progress.

    Returns:
        `float_sha256`, and `files`: for each recipe `path`, `sha256`, `size_bytes`,
        `compressed_bytes`, `contract`, `oldest_runtime`, `skipped`.
    """
    float_path = Path(request["float"])
    float_model = float_path.read_bytes()
    float_parsed = flatbuffer.read(float_model)  # before anything else sees a damaged file
    contract = serde.from_dict(Contract, request["contract"])
    recipes = [serde.from_dict(Recipe, recipe) for recipe in request["recipes"]]
    ranges = None
    if any(recipe.quantize and recipe.quantize.needs_calibration for recipe in recipes):
        if not request.get("calibration"):
            raise QuantizeError(
                "Static recipes need calibration samples.",
                received="none",
                hint="pass --calibration DATA.npz (100 to 500 samples).",
            )
        samples = Samples.load(Path(request["calibration"]))
        report(f"calibrating on {len(samples)} samples")
        ranges = calibrate.collect_ranges(float_path, samples, contract)
    files: list[dict[str, Any]] = []
    # zlib works outside the interpreter's lock, so it compresses one file while the
    # quantizer makes the next.
    with ThreadPoolExecutor() as pool:
        sizes = []
        for recipe in recipes:
            report(f"quantizing: {recipe.name}")
            content = engine.quantize(float_model, recipe, ranges)
            # Parsing a large file costs as much as quantizing it: once is enough.
            model = flatbuffer.read(content)
            skipped = check.check(float_parsed, model, recipe) if recipe.quantize else ()
            described = describe(contract, model)
            content = flatbuffer.finish(
                model, contract=described, name=request["name"], description=recipe.summary
            )
            sizes.append(pool.submit(artifacts.compressed_bytes, content))
            path = artifacts.tflite_path(Path(request["folder"]), request["name"], recipe.name)
            path.write_bytes(content)
            files.append(
                {
                    "path": str(path),
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size_bytes": len(content),
                    "contract": serde.to_dict(described),
                    "oldest_runtime": flatbuffer.oldest_runtime(model),
                    "skipped": serde.to_dict(skipped),
                }
            )
        for entry, size in zip(files, sizes, strict=True):
            entry["compressed_bytes"] = size.result()
    return {"float_sha256": files[0]["sha256"], "files": files}


def describe(contract: Contract, content: bytes | flatbuffer.Model) -> Contract:
    """What the file says of its tensors, with the float contract's words for them."""
    stored = flatbuffer.contract(content)
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
