"""What a conversion will do, planned before anything slow begins."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.core import artifacts, compression_rules, recipes
from edgekit.core.errors import OutputError, UsageError
from edgekit.core.project import Project
from edgekit.core.records import ConvertOptions, Pruning, Quantization, Recipe, Training
from edgekit.pipeline.convert import budget_recipe, storage_bits

# Enough to see that a file computes something else; how well it computes, `validate` says.
_FEW_JUDGES = 16
# Enough to see what each step of a compression loses; and what judges is not trained on.
_JUDGES = 32
# With a recipe, an ending and a temporary part behind it, a name stays below 255 bytes.
_NAME_BYTES = 180

# File names that say nothing of the model: its folder names it better.
_NAMELESS = {"model", "saved_model", ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The recipes, the float one first, and where their files go.

    `calibrates` tells that the samples take part in a file, `bounded` that a loss is bounded.
    Where the model is pruned, the recipes of the pruned one follow the original's float one.
    So many of the held-out calibration samples as `judges` says judge each file when it is made.
    """

    recipes: tuple[Recipe, ...]
    folder: Path
    name: str
    calibration: str | None
    notes: tuple[str, ...]
    calibrates: bool = False
    bounded: bool = False
    prune: Pruning | None = None
    training: Training | None = None
    judges: int = 0


def plan(
    model: Path,
    *,
    output: Path,
    name: str | None,
    calibration: str | None,
    project: Project,
    options: ConvertOptions,
) -> Plan:
    """Choose recipes, names and data, and refuse what cannot end well.

    Raises:
        UsageError: An unknown recipe, a static one without samples, an output that is
            there already, or `--io` with no recipe that it concerns.
        OutputError: The folder cannot take the files.
    """
    compression_rules.check(options)
    _check_tensorflow(options)
    if calibration is None:
        calibration = _calibration(project, options)
    if options.has_budget:
        chosen = [_as_asked(budget_recipe.of(project, options, calibration), options)]
    else:
        chosen = _chosen(project, options, has_samples=bool(calibration))
    _check_exceptions(chosen, options)
    storage_bits.check(chosen, options)
    if not calibration:
        _check_without_samples(chosen, project, options)
    _check_io(chosen, options)
    uses_samples = any(_uses_calibration(recipe) for recipe in chosen)
    measures = options.is_bounded or options.has_budget
    calibrates = measures or options.prune is not None or uses_samples
    notes = []
    if calibration and not calibrates:
        notes.append(
            f"none of {_names(chosen)} needs calibration; the samples serve as golden samples only."
        )
    # The float file is the reference of all others, so it is always made.
    floats = compression_rules.floats(recipes.get("float32"), options)
    rest = [compression_rules.compressed(r, options) for r in chosen if r.name != "float32"]
    planned = Plan(
        recipes=(*floats, *rest),
        folder=output,
        name=check_name(name or project.name or default_name(model)),
        calibration=calibration,
        notes=(*notes, *compression_rules.notes(rest, options)),
        calibrates=calibrates,
        bounded=options.is_bounded,
        prune=options.prune,
        training=options.training,
        judges=_judges(options),
    )
    check_outputs(planned, model, options.force)
    return planned


def _calibration(project: Project, options: ConvertOptions) -> str | None:
    """The samples that the project names; else those to train on."""
    if project.data.calibration:
        return project.resolve(project.data.calibration)
    return options.training.data if options.training else None


def _chosen(project: Project, options: ConvertOptions, *, has_samples: bool) -> list[Recipe]:
    default = recipes.WITH_DATA if has_samples else recipes.WITHOUT_DATA
    wanted = options.recipes or project.recipes or default
    chosen = [recipes.get(recipe, options.io_dtype) for recipe in dict.fromkeys(wanted)]
    return [_as_asked(recipe, options) for recipe in chosen]


def _names(chosen: Sequence[Recipe]) -> str:
    return ", ".join(recipe.name for recipe in chosen)


def _check_without_samples(
    chosen: Sequence[Recipe], project: Project, options: ConvertOptions
) -> None:
    """Refuse what cannot be done without calibration samples."""
    received = f"no --calibration, and {project_name(project)}."
    for recipe in chosen:
        if recipe.quantize is not None and needs_calibration(recipe):
            raise UsageError(
                f"{recipe.name} needs calibration samples.",
                received=received,
                hint=_without_samples(recipe.quantize),
            )
    if options.is_bounded:
        raise UsageError(
            "A bound needs calibration samples: it is measured on a third of them.",
            received=received,
            hint="pass --calibration DATA.npz (100 to 500 samples).",
        )


def _check_io(chosen: Sequence[Recipe], options: ConvertOptions) -> None:
    static = any(recipe.quantize is not None and recipe.quantize.needs_ranges for recipe in chosen)
    if options.io_dtype != "float32" and not static:
        raise UsageError(
            "--io needs a static recipe.",
            received=f"--io {options.io_dtype} with {_names(chosen)}",
            hint="add --recipe static_wi8_ai8.",
        )


def _check_tensorflow(options: ConvertOptions) -> None:
    """Of a `.tflite` nothing else would need it, and that is seen only when the file is made."""
    if options.effort == "high" and importlib.util.find_spec("tensorflow") is None:
        raise UsageError(
            "--effort high needs TensorFlow, which learns the rounding.",
            received="a Python without it",
            hint="pip install 'edgekit-tflite[convert]', or leave --effort high out.",
        )


def _judges(options: ConvertOptions) -> int:
    if options.training is not None and options.is_bounded:
        return options.calibration_samples  # a bound is measured on all that are held out
    return _JUDGES if options.prune or options.training else _FEW_JUDGES


def needs_calibration(recipe: Recipe) -> bool:
    """Whether a recipe, or an exception from it, cannot be done without samples."""
    how = recipe.quantize
    if how is None:
        return False
    return how.needs_calibration or any(
        other is not None and other.needs_ranges for other in _exceptions(recipe)
    )


def calibrates_activations(recipe: Recipe) -> bool:
    """Whether samples give activations their ranges, in all of a file or in an exception."""
    whole = recipe.quantize.needs_ranges if recipe.quantize else False
    return whole or any(other is not None and other.needs_ranges for other in _exceptions(recipe))


def _uses_calibration(recipe: Recipe) -> bool:
    how = recipe.quantize
    return needs_calibration(recipe) or (how is not None and how.refines_weights)


def _exceptions(recipe: Recipe) -> list[Quantization | None]:
    overrides = recipe.quantize.overrides if recipe.quantize else ()
    return [recipes.get(override.recipe).quantize for override in overrides]


def _as_asked(recipe: Recipe, options: ConvertOptions) -> Recipe:
    """The recipe with the rounding and the exceptions of the options."""
    if recipe.quantize is None:
        return recipe
    how = replace(
        recipe.quantize,
        rounding=options.rounding,
        bias_correction=options.bias_correction,
        overrides=options.overrides,
    )
    return storage_bits.with_bits(replace(recipe, quantize=how), options.storage_bits)


def _check_exceptions(chosen: Sequence[Recipe], options: ConvertOptions) -> None:
    """Refuse exceptions and bounds that concern no recipe, or cannot be right."""
    for override in options.overrides:
        recipes.get(override.recipe)
        try:
            re.compile(override.layers)
        except re.error as error:
            raise UsageError(
                "A selector must be a layer's name, or a regular expression that matches whole "
                "names.",
                received=f"{override.layers!r}: {error}",
            ) from None
    if any(recipe.quantize for recipe in chosen):
        return
    for option, is_asked in {
        "--override and --keep-float": options.overrides,
        "--max-loss": options.max_loss is not None,
        "--min-sqnr": options.min_sqnr_db is not None,
    }.items():
        if is_asked:
            raise UsageError(
                f"{option} needs a recipe that quantizes.",
                received=f"--recipe {_names(chosen)}",
                hint="add one, such as --recipe static_wi8_ai8.",
            )


def _without_samples(how: Quantization) -> str:
    if how.needs_ranges:
        return (
            "pass --calibration DATA.npz (100 to 500 samples), or use --recipe dynamic_wi8_afp32."
        )
    if how.storage_bits is not None:
        return "pass --calibration DATA.npz (100 to 500 samples), or leave --storage-bits out."
    if how.needs_calibration:
        return (
            "pass --calibration DATA.npz (100 to 500 samples) to choose the integers by; or take "
            "the nearest ones, which are much worse: --rounding nearest --no-bias-correction."
        )
    return "pass --calibration DATA.npz (100 to 500 samples): static exceptions need ranges."


def default_name(model: Path) -> str:
    """The model's own name: its file's without the ending, else its folder's.

    Characters that `check_name` refuses become `_`.
    """
    path = model.absolute()
    stem = re.sub(r"(\.float32)?\.(keras|h5|hdf5|tflite|json)$", "", path.name)
    return cleaned(path.parent.name if stem in _NAMELESS else stem)


def cleaned(name: str) -> str:
    """A name without the characters that `check_name` refuses."""
    kept = re.sub(r"[^\w.\-]+", "_", name).strip("._-")
    return kept.encode()[:_NAME_BYTES].decode(errors="ignore") or "model"


def check_name(name: str) -> str:
    """`name`, when a file can be called so on every system.

    Raises:
        UsageError: It is empty, too long, or has characters besides letters, digits
            and `._-`.
    """
    if re.fullmatch(r"[\w][\w.\-]*", name) and len(name.encode()) <= _NAME_BYTES:
        return name
    raise UsageError(
        f"A name must be of letters, digits, '.', '_' and '-', and at most {_NAME_BYTES} bytes.",
        received=repr(name),
        hint=f"--name {cleaned(name)}",
    )


def check_outputs(planned: Plan, model: Path, force: bool) -> None:
    """Refuse a place that cannot take the files, before anything slow begins."""
    _check_folder(planned.folder)
    existing = [path for path in _outputs(planned) if path.exists()]
    blocked = [path for path in existing if path.is_dir()]
    if blocked:
        raise OutputError(
            "An output cannot replace a folder.",
            received=f"{blocked[0]} is a folder",
            hint="choose another --output or --name.",
        )
    if model.exists() and any(path.samefile(model) for path in existing):
        raise UsageError(
            "A conversion must not replace the model that it reads.",
            received=str(model),
            hint="choose another --output or --name.",
        )
    if existing and not force:
        raise UsageError(
            "The output exists already.",
            received=", ".join(map(str, existing[:4])) + (", ..." if len(existing) > 4 else ""),
            hint="add --force, or choose another --output or --name.",
        )


def _check_folder(folder: Path) -> None:
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise OutputError(
            "--output must be a folder.",
            received=f"{there} is a file",
            hint="choose another --output.",
        )
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(
            "--output must be a folder that you may write to.",
            received=str(there),
            hint="choose another --output.",
        )


def _outputs(planned: Plan) -> list[Path]:
    folder, name = planned.folder, planned.name
    files = [artifacts.tflite_path(folder, name, recipe) for recipe in planned.recipes]
    return [
        *files,
        *map(artifacts.manifest_path, files),
        artifacts.golden_path(folder, name),
        *([artifacts.keras_path(folder, name)] if planned.prune else []),
    ]


def project_name(project: Project) -> str:
    """What to say of data that a project does not name."""
    return f"{project.file} names none" if project.file else "there is no edgekit.toml"
