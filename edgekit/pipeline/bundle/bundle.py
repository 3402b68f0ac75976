"""Converted files, with all that an app needs to run them as the host did."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import edgekit
from edgekit.core import artifacts, serde
from edgekit.core.arguments import checked
from edgekit.core.artifacts import File
from edgekit.core.bundle_record import Bundle, BundledModel, Golden
from edgekit.core.errors import UsageError
from edgekit.core.process import Progress, silent
from edgekit.core.records import Artifact, Limits, TensorSpec
from edgekit.pipeline.bundle import bundle_checks, bundle_folders
from edgekit.pipeline.bundle.golden import golden_samples

# Platform: the function that turns a Bundle and its files' contents into files.
PLATFORMS = {
    "android": "edgekit.codegen.kotlin.kotlin_bundle:files",
    "ios": "edgekit.codegen.swift.swift_bundle:files",
    "c": "edgekit.codegen.c.c_bundle:files",
    "python": "edgekit.codegen.python.python_bundle:files",
}


@checked
def bundle(
    files: Sequence[File] | File,
    destinations: Mapping[str, Path | str],
    *,
    name: str | None = None,
    force: bool = False,
    limits: Limits | None = None,
    on_progress: Progress = silent,
) -> Bundle:
    """Write bundles of converted files, for one platform or several.

    Args:
        files: `.tflite` files of `convert`, or what it returned: variants of one model, each
            with its manifest and golden samples beside it.
        destinations: By platform (`android`, `ios`, `c`, `python`) the folder to write.
        name: What the model is called in code; the files' own name by default.
        force: Replace a folder that holds a bundle; take files that convert found wrecked.
        limits: Of the process that runs the golden samples.
        on_progress: Takes one line at each step.

    Returns:
        What `contract.json` holds.

    Raises:
        UsageError: No files or no destinations, an unknown platform, a folder that holds what
            edgekit did not write.
        ModelError: A file without manifest or golden samples, a manifest of another file, a
            wrecked file, variants of different models, or what a platform's self-test cannot
            replay: text, and state that a file keeps.
        ProjectError: A manifest that breaks a rule of `edgekit.toml`.
    """
    paths = artifacts.paths(files, "bundle")
    folders = {platform: Path(folder) for platform, folder in destinations.items()}
    _check_names(paths)
    _check_destinations(folders, force)
    made = [bundle_checks.load(path) for path in paths]
    if not force:
        bundle_checks.refuse_wrecked(made)
    bundle_checks.refuse_platforms(made, list(folders))
    called = name or artifacts.model_name(made[0])
    bundle_checks.check_text(called, "the model's name")
    contents: dict[str, bytes] = {}
    models = []
    for path, artifact in zip(paths, made, strict=True):
        golden, data = golden_samples(path, artifact, limits or Limits(), on_progress)
        contents |= {path.name: path.read_bytes(), golden.file: data}
        models.append(_bundled(artifact, golden))
    _check_alike(models)
    _check_one_model(made)
    whole = Bundle(name=called, edgekit=edgekit.__version__, models=tuple(models))
    written = {}
    for platform, folder in folders.items():
        module, _, function = PLATFORMS[platform].partition(":")
        generate = getattr(importlib.import_module(module), function)
        own = {"contract.json": serde.dumps(whole).encode()}
        written[folder] = {**own, **generate(whole, contents)}
    on_progress(f"writing {', '.join(map(str, folders.values()))}")
    bundle_folders.write(written, force=force)
    return whole


def _bundled(artifact: Artifact, golden: Golden) -> BundledModel:
    return BundledModel(
        variant=artifact.recipe.label,
        file=Path(artifact.path).name,
        sha256=artifact.sha256,
        size_bytes=artifact.size_bytes,
        oldest_runtime=artifact.oldest_runtime,
        contract=artifact.contract,
        golden=golden,
    )


def _check_names(paths: Sequence[Path]) -> None:
    """Refuse names that two files share or that no list of files can hold."""
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        raise UsageError(
            "The files of a bundle must have different names.", received=", ".join(names)
        )
    for name in names:
        if not name.isprintable():
            raise UsageError(
                "The name of a file of a bundle must be of printable characters.",
                received=name,
                hint="rename the file, its manifest and its golden samples.",
            )


def _check_destinations(folders: Mapping[str, Path], force: bool) -> None:
    if not folders:
        raise UsageError(
            "A bundle needs at least one platform.",
            received="none",
            hint=f"--{next(iter(PLATFORMS))} DIR",
        )
    for platform, path in folders.items():
        if platform not in PLATFORMS:
            raise UsageError(
                f"A platform must be one of {', '.join(PLATFORMS)}.", received=platform
            )
        bundle_folders.check(path, force=force)
    real = [path.resolve() for path in folders.values()]
    for i, folder in enumerate(real):
        for other in real[i + 1 :]:
            if folder == other or folder in other.parents or other in folder.parents:
                raise UsageError(
                    "Each platform's bundle must have a folder of its own, none inside another.",
                    received=f"{folder} and {other}",
                )


def _check_one_model(made: Sequence[Artifact]) -> None:
    sources = {artifact.source_sha256: Path(artifact.path).name for artifact in made}
    if len(sources) > 1:
        raise UsageError(
            "The files of a bundle must be variants of one model.",
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
                    f"The files of a bundle must have the same {side}, but for how they are "
                    "stored.",
                    received=f"{first.file} and {model.file}",
                    hint="bundle them apart.",
                )
    variants = [model.variant for model in models]
    if len(set(variants)) < len(variants):
        raise UsageError(
            "Each file of a bundle must be another variant.", received=", ".join(variants)
        )
