"""Converted files, with all that an app needs to run them as the host did."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import edgekit
from edgekit import artifacts, serde
from edgekit.bundling import Bundle, BundledModel
from edgekit.errors import ModelError, OutputError, UsageError
from edgekit.pipeline.golden import golden_samples
from edgekit.process import Progress, silent
from edgekit.records import Artifact, Limits, TensorSpec

# Platform: the function that turns a Bundle and its files' contents into files.
PLATFORMS = {
    "android": "edgekit.bundle.android:files",
    "ios": "edgekit.bundle.ios:files",
    "c": "edgekit.bundle.c:files",
    "python": "edgekit.bundle.python:files",
}


def bundle(
    files: Sequence[Path | str],
    destinations: Mapping[str, Path | str],
    *,
    name: str | None = None,
    force: bool = False,
    limits: Limits | None = None,
    on_progress: Progress = silent,
) -> Bundle:
    """Write bundles of converted files, for one platform or several.

    Args:
        files: `.tflite` files of `convert`, variants of one model, each with its manifest and
            golden samples beside it.
        destinations: By platform (`android`, `ios`, `c`, `python`) the folder to write.
        name: What the model is called in code; the files' own name by default.
        force: Replace a folder that holds a bundle.
        limits: Of the process that runs the golden samples.
        on_progress: Takes one line at each step.

    Returns:
        What `contract.json` holds.

    Raises:
        UsageError: No files or no destinations, an unknown platform, a folder that is there.
        ModelError: A file without manifest or golden samples, or variants of different models.
    """
    _check(files, destinations, force)
    paths = [Path(file) for file in files]
    if len({path.name for path in paths}) < len(paths):
        raise UsageError(
            "The files of a bundle have different names.",
            received=", ".join(path.name for path in paths),
        )
    made = [_artifact(path) for path in paths]
    called = name or artifacts.model_name(made[0])
    contents: dict[str, bytes] = {}
    models = []
    for path, artifact in zip(paths, made, strict=True):
        golden, data = golden_samples(path, artifact, limits or Limits(), on_progress)
        contents[path.name] = path.read_bytes()
        contents[golden.file] = data
        models.append(
            BundledModel(
                variant=artifact.recipe.label,
                file=path.name,
                sha256=artifact.sha256,
                size_bytes=artifact.size_bytes,
                oldest_runtime=artifact.oldest_runtime,
                contract=artifact.contract,
                golden=golden,
            )
        )
    _check_alike(models)
    _check_one_model(made)
    whole = Bundle(name=called, edgekit=edgekit.__version__, models=tuple(models))
    for platform, folder in destinations.items():
        module, _, function = PLATFORMS[platform].partition(":")
        generate = getattr(importlib.import_module(module), function)
        written = {"contract.json": serde.dumps(whole).encode(), **generate(whole, contents)}
        on_progress(f"writing {folder}")
        _write(written, Path(folder))
    return whole


def _check(
    files: Sequence[Path | str], destinations: Mapping[str, Path | str], force: bool
) -> None:
    if not files or not destinations:
        raise UsageError(
            "A bundle is of at least one .tflite, for at least one platform.",
            received=f"{len(files)} files, {len(destinations)} platforms",
            hint=f"--{next(iter(PLATFORMS))} DIR",
        )
    for platform, folder in destinations.items():
        if platform not in PLATFORMS:
            raise UsageError(f"A platform is one of {', '.join(PLATFORMS)}.", received=platform)
        path = Path(folder)
        if path.exists() and not path.is_dir():
            raise OutputError("A bundle is a folder.", received=f"{path} is a file")
        held = path.is_dir() and any(path.iterdir())
        if held and not (force and (path / "contract.json").is_file()):
            raise UsageError(
                "A folder that holds files is replaced only with --force, and only a bundle.",
                received=str(path),
                hint="choose an empty folder." if force else "add --force, or choose another one.",
            )
    folders = [Path(folder).resolve() for folder in destinations.values()]
    for i, folder in enumerate(folders):
        for other in folders[i + 1 :]:
            if folder == other or folder in other.parents or other in folder.parents:
                raise UsageError(
                    "Each platform's bundle has a folder of its own, none inside another.",
                    received=f"{folder} and {other}",
                )


def _artifact(path: Path) -> Artifact:
    artifact = artifacts.load(path)
    if artifact is None:
        raise ModelError(
            "A bundle is made of a file with its manifest: that holds the contract.",
            received=f"{path} without {artifacts.manifest_path(path).name}",
            hint="convert the model with edgekit; a float .tflite too.",
        )
    for spec in (*artifact.contract.inputs, *artifact.contract.outputs):
        if -1 in spec.shape:
            raise ModelError(
                "An app needs to know every size.",
                received=f"{path.name}: {spec.name!r} has shape {list(spec.shape)}",
                hint="convert again with --input-shape NAME=1,...",
            )
    return artifact


def _check_one_model(made: Sequence[Artifact]) -> None:
    sources = {artifact.source_sha256: Path(artifact.path).name for artifact in made}
    if len(sources) > 1:
        raise UsageError(
            "The files of a bundle are variants of one model.",
            received=f"{' and '.join(sources.values())}, converted from different ones",
            hint="bundle them apart, or convert all of them from the same model.",
        )


def _check_alike(models: Sequence[BundledModel]) -> None:
    """Refuse variants that an app could not switch between."""

    def shared(spec: TensorSpec) -> TensorSpec:
        return replace(spec, dtype="", scale=(), zero_point=(), quantized_dimension=0)

    first = models[0]
    for model in models[1:]:
        for side in ("inputs", "outputs"):
            mine, its = (
                [shared(spec) for spec in getattr(one.contract, side)] for one in (model, first)
            )
            if mine != its:
                raise UsageError(
                    f"The files of a bundle have the same {side}, but for how they are stored.",
                    received=f"{first.file} and {model.file}",
                    hint="bundle them apart.",
                )
    variants = [model.variant for model in models]
    if len(set(variants)) < len(variants):
        raise UsageError("Each file of a bundle is another variant.", received=", ".join(variants))


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    """All files of a bundle, or none: the folder is made beside its place, then moved there.

    Raises:
        OutputError: It cannot be written.
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
            new, old = Path(scratch) / "new", Path(scratch) / "old"
            for name in sorted(files):
                path = new / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(files[name])
            if folder.exists():
                folder.rename(old)
            try:
                new.rename(folder)
            except OSError:
                if old.exists():
                    old.rename(folder)
                raise
    except OSError as error:
        raise OutputError(
            f"{folder} can be written.",
            received=error.strerror or str(error),
            hint="look at free space and permissions there, or choose another place.",
        ) from None
