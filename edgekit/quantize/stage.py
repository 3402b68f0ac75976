"""The quantizing stage: one float file, all recipes, in one child process."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit import tflite
from edgekit.core import artifacts
from edgekit.core.errors import QuantizeError
from edgekit.core.process import Progress
from edgekit.core.records import Contract, Kept, Recipe, Skipped, TensorSpec
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.quantize import candidates, select
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.quantize_messages import (
    ApplyTrainedRequest,
    QuantizedFile,
    QuantizeRequest,
    QuantizeResult,
    Trainable,
    WrittenFile,
)
from edgekit.quantize.rewrite import check_applied, engine
from edgekit.quantize.trained import apply_trained as trained
from edgekit.quantize.trained import grid, keep_learned
from edgekit.tflite.quantized_weights import Grid
from edgekit.tflite.trained_ranges import plain

# Behind the name of the file that they belong to.
_PREPARED, _SOURCE, _GRID = ".prepared.npz", ".source.tflite", ".grid.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """What a file is to be.

    Attributes:
        path: Where it goes.
        recipe: What is done to the float file.
        contract: The float file's.
        name: The model's.
    """

    path: Path
    recipe: Recipe
    contract: Contract
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A file that was checked and written; its content has yet to be compressed."""

    spec: FileSpec
    content: bytes
    contract: Contract
    oldest_runtime: str
    skipped: tuple[Skipped, ...]
    kept: tuple[Kept, ...]

    def compress(self) -> WrittenFile:
        """All that is known of the file. This takes as long as DEFLATE does."""
        return WrittenFile(
            path=self.spec.path,
            sha256=hashlib.sha256(self.content).hexdigest(),
            size_bytes=len(self.content),
            compressed_bytes=artifacts.compressed_bytes(self.content),
            contract=self.contract,
            oldest_runtime=self.oldest_runtime,
            skipped=self.skipped,
            kept=self.kept,
        )


def run(request: QuantizeRequest, report: Progress) -> QuantizeResult:
    """Apply every recipe to the float file and finish each result.

    Raises:
        ModelError: The float file is damaged.
        QuantizeError: A recipe needs samples, or the quantizer refused it.
        UsageError: A selector matches no layer.
    """
    original = (request.original or request.float_file).read_bytes()
    float_model = request.float_file.read_bytes()
    before = tflite.read(plain(float_model)[0])  # before anything else sees a damaged file
    by_hand = [select.by_hand(before, recipe) for recipe in request.recipes]  # refuses at once
    search = candidates.Search(
        float_model,
        Samples.load(request.calibration) if request.calibration else None,
        request.contract,
        seed=request.seed,
        bounded=request.bounded,
        device=request.device,
        report=report,
    )
    results: list[tuple[Prepared, Future[WrittenFile], float]] = []
    # zlib works outside the interpreter's lock, so it compresses one file while the
    # quantizer makes the next.
    with ThreadPoolExecutor() as pool:
        for recipe, exceptions in zip(request.recipes, by_hand, strict=True):
            started = time.perf_counter()
            report(f"quantizing: {recipe.name}")
            compressed = recipe.prune is not None or recipe.quantize is not None
            prepared = search.prepare(recipe) if compressed else Prepared(float_model=original)
            report(f"writing: {recipe.name}")
            spec = _spec(request, recipe)
            finished = _finish(prepared, before, spec, exceptions)
            _save(prepared, spec, exceptions)
            results.append(
                (prepared, pool.submit(finished.compress), time.perf_counter() - started)
            )
    return QuantizeResult(
        files=tuple(
            _entry(prepared, _spec(request, recipe), written.result(), seconds)
            for recipe, (prepared, written, seconds) in zip(request.recipes, results, strict=True)
        ),
        notes=tuple(search.notes),
    )


def _spec(request: QuantizeRequest, recipe: Recipe) -> FileSpec:
    return FileSpec(
        path=artifacts.tflite_path(request.folder, request.name, recipe),
        recipe=recipe,
        contract=request.contract,
        name=request.name,
    )


def _save(prepared: Prepared, spec: FileSpec, exceptions: engine.Exceptions) -> None:
    """Write what it takes to make the file again, and what its training starts from."""
    prepared.save(spec.path.with_suffix(_PREPARED))
    if spec.recipe.trains_rounding:
        grid.grid(prepared, spec.recipe, exceptions).save(spec.path.with_suffix(_GRID))
    elif spec.recipe.learns_rounding:
        with suppress(QuantizeError):  # nothing to learn: the file stays as it is
            grid.grid(prepared, spec.recipe, exceptions).save(spec.path.with_suffix(_GRID))
    if spec.path.with_suffix(_GRID).exists():
        spec.path.with_suffix(_SOURCE).write_bytes(prepared.float_model)


def _entry(
    prepared: Prepared, spec: FileSpec, written: WrittenFile, seconds: float
) -> QuantizedFile:
    trainable = None
    if spec.path.with_suffix(_GRID).exists():
        trainable = Trainable(
            source=spec.path.with_suffix(_SOURCE), grid=spec.path.with_suffix(_GRID)
        )
    return QuantizedFile(
        written=written,
        prepared=spec.path.with_suffix(_PREPARED),
        seconds=round(seconds, 2),
        candidates=prepared.candidates,
        equalized=prepared.equalized,
        rewritten=prepared.rewritten,
        trainable=trainable,
    )


def apply_trained(request: ApplyTrainedRequest, report: Progress) -> QuantizedFile:
    """Write a file of `run` anew, with the weights and ranges that training found.

    Where samples are named, the better one of both is written, and its candidates say which.

    Returns:
        The new file, with what stays of the old one.
    """
    file, recipe = request.file, request.recipe
    old = Prepared.load(file.prepared)
    prepared = trained.apply_trained(old, Grid.load(request.trained))
    before = tflite.read(prepared.float_model)
    if request.judges is not None:
        report(f"comparing learned rounding with what it began from: {recipe.label}")
        _, held = split.held_back(Samples.load(request.judges), request.seed)
        by_hand = select.by_hand(before, recipe)
        judged = [old.apply(recipe, by_hand), prepared.apply(recipe, by_hand)]
        prepared = keep_learned.better(old, prepared, judged, held, request.contract)
    report(f"writing: {recipe.label}")
    spec = FileSpec(
        path=file.written.path, recipe=recipe, contract=request.contract, name=request.name
    )
    finished = _finish(prepared, before, spec, select.by_hand(before, recipe))
    prepared.save(file.prepared)
    return replace(
        file,
        written=finished.compress(),
        candidates=prepared.candidates,
        equalized=prepared.equalized,
    )


def written(
    prepared: Prepared, before: tflite.Model, spec: FileSpec, exceptions: engine.Exceptions
) -> QuantizedFile:
    """Check and write one file, with what it takes to make it again.

    Args:
        prepared: How the recipe quantizes it.
        before: The float file.
        spec: What the file is to be.
        exceptions: What was asked for by hand.

    Raises:
        QuantizeError: Nothing was quantized.
    """
    file = _finish(prepared, before, spec, exceptions).compress()
    _save(prepared, spec, exceptions)
    return _entry(prepared, spec, file, 0.0)


def _finish(
    prepared: Prepared, before: tflite.Model, spec: FileSpec, exceptions: engine.Exceptions
) -> Finished:
    return finish(
        prepared.apply(spec.recipe, exceptions),
        before,
        spec,
        prepared.exceptions(exceptions),
        {i: why for i, why in prepared.reasons.items() if i not in exceptions},
    )


def finish(
    model: tflite.Model,
    before: tflite.Model,
    spec: FileSpec,
    exceptions: engine.Exceptions,
    reasons: Mapping[int, str] | None = None,
) -> Finished:
    """Check what was done to a file, and write it.

    Args:
        model: The quantized model; changed in place.
        before: The float file.
        spec: What the file is to be.
        exceptions: What single operators have instead.
        reasons: Why single operators have something else; by hand where nothing is said.

    Raises:
        QuantizeError: Nothing was quantized.
    """
    recipe = spec.recipe
    skipped = check_applied.check(before, model, recipe, exceptions) if recipe.quantize else ()
    described = describe(spec.contract, model)
    content = tflite.finish(model, contract=described, name=spec.name, description=recipe.summary)
    spec.path.write_bytes(content)
    return Finished(
        spec=spec,
        content=content,
        contract=described,
        oldest_runtime=tflite.oldest_runtime(model),
        skipped=tuple(skipped),
        kept=select.kept(before, recipe, exceptions, reasons),
    )


def describe(contract: Contract, content: bytes | tflite.Model) -> Contract:
    """What the file says of its tensors, with the float contract's words for them."""
    stored = tflite.contract(content)
    return replace(
        stored,
        inputs=_described(stored.inputs, contract.inputs),
        outputs=_described(stored.outputs, contract.outputs),
    )


def _described(
    stored: tuple[TensorSpec, ...], stated: tuple[TensorSpec, ...]
) -> tuple[TensorSpec, ...]:
    words = {spec.name: spec for spec in stated}
    return tuple(
        replace(
            words[spec.name],
            shape=spec.shape,
            dtype=spec.dtype,
            scale=spec.scale,
            zero_point=spec.zero_point,
            quantized_dimension=spec.quantized_dimension,
        )
        for spec in sorted(stored, key=lambda spec: list(words).index(spec.name))
    )
