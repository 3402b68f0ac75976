"""What a conversion will do, settled before anything slow begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edgekit import artifacts, recipes
from edgekit.errors import UsageError
from edgekit.project import Project
from edgekit.records import ConvertOptions, Recipe

# File names that say nothing of the model: its folder names it better.
_NAMELESS = {"model", "saved_model", ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The recipes, the float one first, and where their files go."""

    recipes: tuple[Recipe, ...]
    folder: Path
    name: str
    calibration: str | None
    notes: tuple[str, ...]


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
    """
    if calibration is None and project.data.calibration:
        calibration = project.resolve(project.data.calibration)
    wanted = options.recipes or project.recipes
    if not wanted:
        wanted = recipes.WITH_DATA if calibration else recipes.WITHOUT_DATA
    chosen = [recipes.get(recipe, options.io_dtype) for recipe in dict.fromkeys(wanted)]
    static = [r.name for r in chosen if r.quantize and r.quantize.needs_calibration]
    if static and not calibration:
        raise UsageError(
            f"{static[0]} needs calibration samples.",
            received=f"no --calibration, and {_project_name(project)} names none.",
            hint="pass --calibration DATA.npz (100 to 500 samples), or use --recipe "
            "dynamic_wi8_afp32.",
        )
    if options.io_dtype != "float32" and not static:
        raise UsageError(
            "--io sets the inputs and outputs of static recipes.",
            received=f"--io {options.io_dtype} with {', '.join(r.name for r in chosen)}",
            hint="add --recipe static_wi8_ai8.",
        )
    notes = []
    if calibration and not static:
        notes.append(
            f"none of {', '.join(r.name for r in chosen)} needs calibration; "
            "the samples serve as golden samples only."
        )
    # The float file is the reference of all others, so it is always made.
    chosen = [recipes.get("float32"), *(r for r in chosen if r.name != "float32")]
    settled = Plan(
        recipes=tuple(chosen),
        folder=output,
        name=check_name(name or project.name or default_name(model)),
        calibration=calibration,
        notes=tuple(notes),
    )
    if not options.force:
        _refuse_overwrite(settled)
    return settled


def default_name(model: Path) -> str:
    """The model's own name: its file's without the ending, else its folder's."""
    path = model.absolute()
    stem = re.sub(r"(\.float32)?\.(keras|h5|hdf5|tflite|json)$", "", path.name)
    return path.parent.name if stem in _NAMELESS else stem


def check_name(name: str) -> str:
    """`name`, when a file can be called so on every system.

    Raises:
        UsageError: It is empty, or has characters besides letters, digits and `._-`.
    """
    if re.fullmatch(r"[\w][\w.\-]*", name):
        return name
    cleaned = re.sub(r"[^\w.\-]+", "_", name).strip("._-")
    raise UsageError(
        "A name has letters, digits, '.', '_' and '-' only.",
        received=repr(name),
        hint=f"--name {cleaned or 'model'}",
    )


def _refuse_overwrite(settled: Plan) -> None:
    paths = [artifacts.tflite_path(settled.folder, settled.name, r.name) for r in settled.recipes]
    existing = [path for path in paths if path.exists()]
    if existing:
        raise UsageError(
            "An existing output is replaced only with --force.",
            received=", ".join(map(str, existing)),
            hint="add --force, or choose another --output or --name.",
        )


def _project_name(project: Project) -> str:
    return str(project.file) if project.file else "no edgekit.toml"
