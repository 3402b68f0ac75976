"""What a conversion will do, settled before anything slow begins."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.core import artifacts, compression_rules, recipes
from edgekit.core.errors import OutputError, UsageError
from edgekit.core.project import Project
from edgekit.core.records import ConvertOptions, Pruning, Quantization, Recipe, Training

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
    _check_numbers(options)
    compression_rules.check(options)
    if calibration is None and project.data.calibration:
        calibration = project.resolve(project.data.calibration)
    if calibration is None and options.training:
        calibration = options.training.data
    wanted = options.recipes or project.recipes
    if not wanted:
        wanted = recipes.WITH_DATA if calibration else recipes.WITHOUT_DATA
    chosen = [recipes.get(recipe, options.io_dtype) for recipe in dict.fromkeys(wanted)]
    chosen = [_as_asked(recipe, options) for recipe in chosen]
    _check_exceptions(chosen, options)
    needing = [r for r in chosen if needs_calibration(r)]
    static = [r.name for r in needing if r.quantize and r.quantize.needs_ranges]
    if needing and not calibration:
        raise UsageError(
            f"{needing[0].name} needs calibration samples.",
            received=f"no --calibration, and {project_name(project)}.",
            hint=_without_samples(needing[0]),
        )
    bounded = options.max_loss is not None or options.min_sqnr_db is not None
    if bounded and not calibration:
        raise UsageError(
            "A bound needs calibration samples: it is measured on a third of them.",
            received=f"no --calibration, and {project_name(project)}.",
            hint="pass --calibration DATA.npz (100 to 500 samples).",
        )
    if options.io_dtype != "float32" and not static:
        raise UsageError(
            "--io needs a static recipe.",
            received=f"--io {options.io_dtype} with {', '.join(r.name for r in chosen)}",
            hint="add --recipe static_wi8_ai8.",
        )
    notes = []
    calibrates = (
        bounded or options.prune is not None or any(_uses_calibration(recipe) for recipe in chosen)
    )
    if calibration and not calibrates:
        notes.append(
            f"none of {', '.join(r.name for r in chosen)} needs calibration; "
            "the samples serve as golden samples only."
        )
    # The float file is the reference of all others, so it is always made.
    floats = compression_rules.floats(recipes.get("float32"), options)
    rest = [compression_rules.compressed(r, options) for r in chosen if r.name != "float32"]
    notes += compression_rules.notes(rest, options)
    settled = Plan(
        recipes=(*floats, *rest),
        folder=output,
        name=check_name(name or project.name or default_name(model)),
        calibration=calibration,
        notes=tuple(notes),
        calibrates=calibrates,
        bounded=bounded,
        prune=options.prune,
        training=options.training,
        judges=_judges(options, bounded=bounded),
    )
    check_outputs(settled, model, options.force)
    return settled


def _judges(options: ConvertOptions, *, bounded: bool) -> int:
    if options.training is not None and bounded:
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
    return replace(recipe, quantize=how)


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
    for option, given in {
        "--override and --keep-float": options.overrides,
        "--max-loss": options.max_loss is not None,
        "--min-sqnr": options.min_sqnr_db is not None,
    }.items():
        if given:
            raise UsageError(
                f"{option} needs a recipe that quantizes.",
                received=f"--recipe {', '.join(recipe.name for recipe in chosen)}",
                hint="add one, such as --recipe static_wi8_ai8.",
            )


def _without_samples(recipe: Recipe) -> str:
    assert recipe.quantize is not None
    if recipe.quantize.needs_ranges:
        return (
            "pass --calibration DATA.npz (100 to 500 samples), or use --recipe dynamic_wi8_afp32."
        )
    if recipe.quantize.needs_calibration:
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
    return _cleaned(path.parent.name if stem in _NAMELESS else stem)


def _cleaned(name: str) -> str:
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
        hint=f"--name {_cleaned(name)}",
    )


def _check_numbers(options: ConvertOptions) -> None:
    if options.max_loss is not None and not 0 <= options.max_loss < 1:
        raise UsageError(
            "max_loss must be a fraction from 0 up to 1: 0.01 is one sample in a hundred.",
            received=str(options.max_loss),
        )
    if options.min_sqnr_db is not None and not math.isfinite(options.min_sqnr_db):
        raise UsageError(
            "min_sqnr must be a number of decibels.", received=str(options.min_sqnr_db)
        )
    least = {"seed": 0, "calibration_samples": 1, "golden_samples": 1}
    for name, minimum in least.items():
        value = getattr(options, name)
        if value < minimum:
            raise UsageError(f"{name} must be at least {minimum}.", received=str(value))


def check_outputs(settled: Plan, model: Path, force: bool) -> None:
    """Refuse a place that cannot take the files, before anything slow begins."""
    there = settled.folder.absolute()
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
    files = [artifacts.tflite_path(settled.folder, settled.name, r) for r in settled.recipes]
    paths = [
        *files,
        *map(artifacts.manifest_path, files),
        artifacts.golden_path(settled.folder, settled.name),
        *([artifacts.keras_path(settled.folder, settled.name)] if settled.prune else []),
    ]
    existing = [path for path in paths if path.exists()]
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


def project_name(project: Project) -> str:
    """What to say of data that a project does not name."""
    return f"{project.file} names none" if project.file else "there is no edgekit.toml"
