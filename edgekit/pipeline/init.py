"""Write an `edgekit.toml` for a model, from what the model says and what lies beside it."""

from __future__ import annotations

import os
import shlex
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit import project as projects
from edgekit import serde
from edgekit.convert.recognise import recognise
from edgekit.errors import InternalError, OutputError, ProjectError, UsageError
from edgekit.measure.accuracy import default_metric
from edgekit.pipeline.initial import describe, lookup, scaling, template
from edgekit.pipeline.plan import check_name, default_name
from edgekit.process import Progress, silent
from edgekit.records import Contract, Limits

_WITH_DATA = ("float32", "static_wi8_ai8")
_WITHOUT_DATA = ("float32", "dynamic_wi8_afp32")


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What `init` wrote, and what it found.

    `contract` is that of the file: with the preprocessing, labels and activations that are
    certain. `data` is the source of the evaluation samples, or else of the calibration samples;
    empty for none. `left` are sentences on what only the person can decide, `next_commands` are
    what to type then.
    """

    path: str
    model: str
    format: str
    written_by: str
    name: str
    contract: Contract
    recipes: tuple[str, ...]
    metric: str = ""
    data: str = ""
    num_samples: int = 0
    labelled: bool = False
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    next_commands: tuple[str, ...] = ()


def init(
    model: Path | str,
    *,
    output: Path | str | None = None,
    data: str | None = None,
    name: str | None = None,
    custom_objects: str | None = None,
    unsafe: bool = False,
    force: bool = False,
    limits: Limits | None = None,
    on_progress: Progress = silent,
) -> Initialised:
    """Write an `edgekit.toml` with comments, which works as it stands.

    What is certain is written; what is a choice stands there switched off, explained.

    Args:
        model: Any model that `convert` takes.
        output: The file to write; `edgekit.toml` beside the model by default.
        data: Samples: `.npz`, `.csv`, a folder by class, or `module:function`. By default what
            lies beside the model and feeds it.
        name: The first part of the names of converted files; the model's own by default.
        custom_objects: `module:NAME` of custom layers.
        unsafe: Allow a model that runs code of its own while loading.
        force: Replace a file that is there.
        limits: Of the process that loads the model.
        on_progress: Takes one line at each step.

    Raises:
        UsageError: The file is there already, or a name is none.
        ModelError: There is no such model, or it cannot be loaded.
        DataError: `data` does not feed the model.
        OutputError: The file cannot be written there.
    """
    limits = limits or Limits()
    recognised = recognise(Path(model))
    home = _home(recognised.path)
    path = Path(output) if output else home / projects.FILE_NAME
    _check_output(path, force)
    named = check_name(name or default_name(recognised.path))
    described = describe.describe(
        recognised,
        custom_objects=custom_objects,
        unsafe=unsafe,
        limits=limits,
        on_progress=on_progress,
    )
    on_progress("looking for samples")
    contract = describe.stated(described)
    labels, notes = describe.labels_beside(home, contract)
    contract = describe.with_labels(contract, labels)

    def look() -> lookup.Found:
        if data is not None:
            return lookup.named(data, contract, limits.memory_bytes)
        return lookup.beside(home, contract, recognised.path, limits.memory_bytes)

    found = look()
    trials = scaling.tries(
        described,
        contract,
        found,
        custom_objects=custom_objects,
        unsafe=unsafe,
        limits=limits,
        on_progress=on_progress,
    )
    best = scaling.winner(trials, contract)
    if best is not None:
        spec = replace(contract.inputs[0], preprocessing=best.preprocessing)
        contract = replace(contract, inputs=(spec,))
        found = look()
    if labels is None and found.classes:
        labels = describe.labels_of_folders(found.classes, contract)
        contract = describe.with_labels(contract, labels)
    calibrates = found.ready and found.calibration is not None
    facts = template.Facts(
        described=replace(described, contract=contract),
        folder=path.absolute().parent,
        name=named,
        custom_objects=custom_objects,
        recipes=_WITH_DATA if calibrates else _WITHOUT_DATA,
        found=found,
        labels=labels,
        metric=default_metric(contract, found.labels) if found.ready else None,
        trials=trials,
    )
    _write(path, template.text(facts), described.contract)
    source = found.evaluation or found.calibration
    return Initialised(
        path=str(path),
        model=str(recognised.path),
        format=recognised.format,
        written_by=recognised.written_by,
        name=named,
        contract=contract,
        recipes=facts.recipes,
        metric=facts.metric or "",
        data=str(source or ""),
        num_samples=found.num_samples,
        labelled=found.labels is not None,
        left=tuple(_left(facts)),
        notes=(*described.notes, *notes, *found.notes),
        next_commands=_next(path, unsafe),
    )


def _home(model: Path) -> Path:
    """The folder that a model lies in, relative where the model is."""
    return (model if model.name not in ("", "..") else model.absolute()).parent


def _check_output(path: Path, force: bool) -> None:
    """Refuse a place that cannot take the file, before the model is loaded."""
    if path.is_dir():
        raise OutputError(
            "--output is a file.",
            received=f"{path} is a folder",
            hint=f"-o {shlex.quote(str(path / projects.FILE_NAME))}",
        )
    if path.exists() and not force:
        raise UsageError(
            "An existing file is replaced only with --force.",
            received=str(path),
            hint="edit it, or add --force, or choose another --output.",
        )
    there = path.absolute().parent
    while not there.exists() and there != there.parent:
        there = there.parent
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise OutputError(
            f"{projects.FILE_NAME} is written into a folder that you may write to.",
            received=str(there),
            hint="choose another place: --output FILE.",
        )


def _write(path: Path, text: str, contract: Contract) -> None:
    """Read the text as every other command will, then move it into its place."""
    with serde.atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        try:
            tomllib.loads(text)
            projects.load(temporary).describe(contract)
        except (tomllib.TOMLDecodeError, ProjectError) as error:
            raise InternalError(
                f"The edgekit.toml that init made cannot be read: {error}"
            ) from error


def _left(facts: template.Facts) -> list[str]:
    """What the model and its samples do not tell."""
    found, left = facts.found, []
    best = scaling.winner(facts.trials, facts.described.contract)
    if best is not None:
        name = facts.described.contract.inputs[0].name
        left.append(
            f"[input.{name}]: pixels go in as {best.name}, the way that was right most often "
            f"({best.share:.2f} of {len(best.right)} samples); compare it with training."
        )
    for spec in facts.described.contract.inputs:
        raw = found.raw.get(spec.name)
        if spec.preprocessing.kind == "none" and (raw or describe.is_image(spec)):
            why = f"the samples are {raw}" if raw else "nothing in the model tells"
            left.append(f"[input.{spec.name}]: how raw values become inputs ({why}).")
    if found.calibration is None and found.evaluation is None:
        left.append("[data]: samples, for int8 activations and for rules about accuracy.")
    elif not found.ready:
        left.append("[data]: switch it on when [input] says how files become inputs.")
    elif found.evaluation is not None and found.labels is None:
        left.append("[data]: labels (y); without them files are compared with float only.")
    elif facts.metric is None:
        left.append("metric: the form of the labels does not tell which.")
    if found.ready and found.shared:
        left.append("[data]: samples for calibration alone; now both draw from the same.")
    return left


def _next(path: Path, unsafe: bool) -> tuple[str, ...]:
    """What to type, in the current folder: where `module:function` was found, if it was."""
    folder = path.absolute().parent
    place = folder if path.name == projects.FILE_NAME else path.absolute()
    more = "" if place == Path.cwd() else f" --project {shlex.quote(os.path.relpath(place))}"
    more += " --unsafe" if unsafe else ""
    return (f"edgekit gate{more} --update-baseline", f"edgekit gate{more}")
