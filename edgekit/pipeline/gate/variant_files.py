"""The files of a project's variants: those that are new are converted, the others are kept."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

from edgekit.core import artifacts, recipes, scratch, serde
from edgekit.core.errors import ModelError, ProjectError
from edgekit.core.gate_rules import Variant
from edgekit.core.installed import installed
from edgekit.core.json_values import Json
from edgekit.core.project import Project
from edgekit.core.records import Artifact, ConvertOptions, Limits, Override
from edgekit.pipeline import cache
from edgekit.pipeline.gate.run_options import RunOptions

# Names the variant's file in an entry of the cache.
_FILE = "variant.txt"


def model_path(project: Project) -> Path:
    """The model of an `edgekit.toml`.

    Raises:
        ProjectError: It names none.
        ModelError: There is no such file.
    """
    if project.model is None:
        raise ProjectError(
            "edgekit.toml does not name the model that the gate converts.",
            received=f"{project.file} without model",
            hint='add model = "NAME.keras" at its top.',
        )
    path = project.folder / project.model
    if not path.exists():
        raise ModelError("The model of edgekit.toml was not found.", received=str(path))
    return path


def made(project: Project, wanted: Sequence[str], run: RunOptions) -> dict[str, Artifact]:
    """The artifact of each variant, converted where the cache has none.

    Args:
        project: With its file.
        wanted: Names of variants.
        run: How they are converted.

    Returns:
        By variant; each file has its float file beside it.

    Raises:
        EdgekitError: What `convert` raises.
    """
    model = model_path(project)
    common = _common(project, model)
    options = {name: _options(project, project.variants[name], run) for name in wanted}
    keys = {name: _key(common, options[name], project.variants[name].recipe) for name in wanted}
    cached = {name: run.cache.read(key, _load) for name, key in keys.items()}
    missing = [name for name in wanted if cached[name] is None]
    while missing:
        # Variants that differ in their recipe only share one export.
        alike = [name for name in missing if options[name] == options[missing[0]]]
        run.on_progress(f"converting {', '.join(alike)}")
        recipe_of = {name: project.variants[name].recipe for name in alike}
        _convert(project, options[alike[0]], recipe_of, keys, run)
        for name in alike:
            cached[name] = run.cache.read(keys[name], _load)
        missing = [name for name in missing if name not in alike]
    return {name: artifact for name, artifact in cached.items() if artifact is not None}


def _convert(
    project: Project,
    options: ConvertOptions,
    recipe_of: Mapping[str, str],
    keys: Mapping[str, str],
    run: RunOptions,
) -> None:
    """Convert variants that share their options, and put each into the cache."""
    from edgekit.pipeline.convert.conversion import convert

    with scratch.folder() as folder:
        converted = convert(
            model_path(project),
            output=folder,
            project=project,
            options=replace(
                options,
                recipes=tuple(dict.fromkeys(recipe_of.values())),
                fresh=run.cache.is_fresh,
            ),
            on_progress=run.on_progress,
        )
        for name, recipe in recipe_of.items():
            # The original's float file comes first; that of a pruned one has the same name.
            artifact = next(made for made in reversed(converted) if made.recipe.name == recipe)
            with run.cache.making(keys[name]) as entry:
                _keep(artifact, entry)


def _keep(artifact: Artifact, folder: Path) -> None:
    """Copy a file and those it is compared with, each with its manifest."""
    files = {Path(artifact.path), artifacts.float_path(artifact), artifacts.origin_path(artifact)}
    for file in files:
        for path in (file, artifacts.manifest_path(file)):
            shutil.copyfile(path, folder / path.name)
    (folder / _FILE).write_text(Path(artifact.path).name, encoding="utf-8")


def _load(folder: Path) -> Artifact:
    artifact = artifacts.load(folder / (folder / _FILE).read_text(encoding="utf-8"))
    if artifact is None or not artifacts.float_path(artifact).is_file():
        raise ProjectError("The cache entry lacks its manifest, or its float file.")
    return artifact


def _options(project: Project, variant: Variant, run: RunOptions) -> ConvertOptions:
    """What `convert` is asked for, but for the recipe."""
    named = {
        field.name: value
        for field in fields(ConvertOptions)
        if (value := getattr(variant, field.name, None)) not in (None, ())
    }
    options = ConvertOptions(**named, seed=project.data.seed, unsafe=run.unsafe, limits=run.limits)
    if options.training is not None:
        data = project.resolve(options.training.data)
        options = replace(options, training=replace(options.training, data=data))
    floats = tuple(Override(layers=layer, recipe="float32") for layer in variant.keep_float)
    return replace(options, overrides=(*variant.overrides, *floats))


def _common(project: Project, model: Path) -> dict[str, Json]:
    """What every conversion of a project depends on."""
    data = project.data.calibration
    return {
        "model": serde.sha256(model),
        "name": project.name or model.name,
        "calibration": data and source_digest(project.resolve(data)),
        "input": serde.to_dict(project.input),
        "output": serde.to_dict(project.output),
        "metric": project.metric,
        "custom_objects": project.custom_objects and source_digest(project.custom_objects),
        "input_shapes": serde.to_dict(project.input_shapes),
        "tools": {tool: installed(tool) for tool in cache.TOOLS},
    }


def _key(common: dict[str, Json], options: ConvertOptions, recipe: str) -> str:
    recipes.get(recipe)  # refuses an unknown one
    training = options.training
    if training is not None:  # what it holds, not where it lies
        training = replace(training, data=source_digest(training.data))
    return cache.key(
        "file",
        **common,
        recipe=recipe,
        options=serde.to_dict(replace(options, limits=Limits(), training=None)),
        training=serde.to_dict(training),
    )


def source_digest(source: str) -> str:
    """A hash of what a data source holds; of a function, of the file it is written in."""
    path = Path(source)
    if path.exists():
        return serde.sha256(path)
    module = source.partition(":")[0].partition(".")[0]
    beside = Path(os.getcwd()) / f"{module}.py"
    if beside.is_file():
        return f"{source} {serde.sha256(beside)}"
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return source
    place = Path(spec.origin)
    return f"{source} {serde.sha256(place.parent if place.name == '__init__.py' else place)}"
