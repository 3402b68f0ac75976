"""Write an `edgekit.toml` for a model: from what it says, what lies beside it, what was measured.

The rules that are written are judged by the gate itself before the file is put in its place, and
what was measured for that is the first baseline.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.core import project as projects
from edgekit.core import serde
from edgekit.core.arguments import checked, checked_record
from edgekit.core.errors import OutputError, UsageError
from edgekit.core.process import Progress, silent
from edgekit.core.records import Contract, Limits
from edgekit.data.label_kinds import with_label_kinds
from edgekit.frontend.describe import Source
from edgekit.frontend.load.recognise import Recognised, recognise_apart
from edgekit.measure.default_metrics import default_metrics
from edgekit.pipeline.convert.plan import check_name, default_name
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.pipeline.init import lookup, model_summary, pixel_scaling, proven_draft, template
from edgekit.pipeline.init.recipe_trials import REFERENCE

# What is advised, the most wanted first; the next one where that is not near float, or slow.
_WITH_DATA = ("static_wi8_ai8", "dynamic_wi8_afp32", "float16")
_WITHOUT_DATA = ("dynamic_wi8_afp32", "float16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What `init` wrote, and what it found.

    `contract` is that of the file: with the preprocessing, labels, activations and kinds that are
    certain. `metric` names those of labelled outputs, with commas between. `data` is the source of
    the evaluation samples, or else of the calibration samples; empty for none. `measured` are lines
    on what each recipe did that was tried, `baseline` is the file of what was measured; empty where
    nothing was. `left` are sentences on what only the person can decide, `next_commands` are what
    to type then.
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
    measured: tuple[str, ...] = ()
    baseline: str = ""
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    next_commands: tuple[str, ...] = ()


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class InitOptions:
    """What `init` does when nobody says otherwise.

    Attributes:
        name: The first part of the names of converted files; the model's own by default.
        custom_objects: `module:NAME` of custom layers.
        unsafe: Allow a model that runs code of its own while loading.
        measure: Convert and measure what is advised. Without, limits follow from the number of
            samples alone, and no baseline is written.
    """

    name: str | None = None
    custom_objects: str | None = None
    unsafe: bool = False
    measure: bool = True


@checked
def init(
    model: Path | str,
    *,
    output: Path | str | None = None,
    data: str | None = None,
    force: bool = False,
    options: InitOptions | None = None,
    limits: Limits | None = None,
    on_progress: Progress = silent,
) -> Initialised:
    """Write an `edgekit.toml` with comments, whose gate passes as it stands, and its baseline.

    What is certain is written; what is a choice stands there switched off, explained. Recipes are
    advised, and rules given limits, by what was measured: the gate finds all of it in its cache.

    Args:
        model: Any model that `convert` takes.
        output: The file to write; `edgekit.toml` beside the model by default.
        data: Samples: `.npz`, `.csv`, a folder by class, or `module:function`. By default what
            lies beside the model and feeds it.
        force: Replace files that are there.
        options: How the model is named and loaded, and whether anything is measured.
        limits: Of each process.
        on_progress: Takes one line at each step.

    Raises:
        UsageError: The file or its baseline is there already, or a name is none.
        ModelError: There is no such model, or it cannot be loaded.
        DataError: `data` does not feed the model.
        OutputError: The file cannot be written there.
    """
    options, limits = options or InitOptions(), limits or Limits()
    recognised = recognise_apart(Path(model), limits)
    path = Path(output) if output else _home(recognised.path) / projects.FILE_NAME
    baseline = path.with_name(projects.Project().baseline)
    _check_output(path, force, baseline if options.measure else None)
    name = check_name(options.name or default_name(recognised.path))
    run = RunOptions(unsafe=options.unsafe, limits=limits, on_progress=on_progress)
    facts, contract, notes = _look(recognised, data, options, run)
    facts = replace(facts, name=name, folder=path.absolute().parent)
    proven = proven_draft.Proven(facts=facts)
    if options.measure:
        proven = proven_draft.prove(facts, _wanted(facts.found), contract, run)
    with serde.atomic_path(path) as temporary:
        proven_draft.draft(temporary, proven.facts, contract)
    return replace(
        _initialised(proven.facts),
        path=str(path),
        baseline=str(baseline) if proven.baseline else "",
        notes=(*notes, *proven.facts.found.notes, *proven.notes, *run.cache.notes),
        next_commands=_next(path, options.unsafe, has_baseline=proven.baseline),
    )


def _wanted(found: lookup.Found) -> tuple[str, ...]:
    """The recipes that may be advised, the most wanted first."""
    return _WITH_DATA if found.ready and found.calibration is not None else _WITHOUT_DATA


def _look(
    recognised: Recognised, data: str | None, options: InitOptions, run: RunOptions
) -> tuple[template.Facts, Contract, tuple[str, ...]]:
    """What the model says of itself, what lies beside it, and how its pixels are scaled.

    Returns:
        The facts of a first draft; the contract as the model alone tells it; and notes.
    """
    source = Source(
        model=recognised.path.absolute(),
        unsafe=options.unsafe,
        custom_objects=options.custom_objects,
    )
    limits, home = run.limits, _home(recognised.path)
    described = model_summary.describe(
        recognised, source, limits=limits, on_progress=run.on_progress
    )
    run.on_progress("looking for samples")
    contract = model_summary.stated(described)
    labels, notes = model_summary.labels_beside(home, contract)
    contract = model_summary.with_labels(contract, labels)

    def samples() -> lookup.Found:
        if data is not None:
            return lookup.named(data, contract, limits.memory_bytes)
        return lookup.beside(home, contract, recognised.path, limits.memory_bytes)

    found = samples()
    tries = []
    for attempt in (pixel_scaling.tries, pixel_scaling.resizes):
        trials = attempt(
            recognised, source, contract, found, limits=limits, on_progress=run.on_progress
        )
        best = pixel_scaling.winner(trials, contract)
        if best is not None:
            spec = replace(contract.inputs[0], preprocessing=best.preprocessing)
            contract = replace(contract, inputs=(spec,))
            found = samples()
        tries.append(trials)
    if labels is None and found.classes:
        labels = model_summary.labels_of_folders(found.classes, contract)
        contract = model_summary.with_labels(contract, labels)
    judged = found.labels if found.ready else None
    contract = with_label_kinds(contract, judged)
    metrics = default_metrics(contract, judged) if judged is not None else ()
    contract = model_summary.with_values(contract, metrics)
    facts = template.Facts(
        described=replace(described, contract=contract),
        folder=home,
        name="",
        custom_objects=options.custom_objects,
        recipes=(REFERENCE, _wanted(found)[0]),
        found=found,
        labels=labels,
        metrics=metrics,
        trials=tries[0],
        resizes=tries[1],
    )
    return facts, described.contract, (*described.notes, *notes)


def _initialised(facts: template.Facts) -> Initialised:
    found, model = facts.found, facts.described.recognised
    return Initialised(
        path="",
        model=str(model.path),
        format=model.format,
        written_by=model.written_by,
        name=facts.name,
        contract=facts.described.contract,
        recipes=facts.recipes,
        metric=", ".join(facts.metrics),
        data=str(found.evaluation or found.calibration or ""),
        num_samples=found.num_samples,
        labelled=found.labels is not None,
        measured=facts.tried.lines if facts.tried else (),
        left=tuple(_left(facts)),
    )


def _home(model: Path) -> Path:
    """The folder that a model lies in, relative where the model is."""
    return (model if model.name not in ("", "..") else model.absolute()).parent


def _check_output(path: Path, force: bool, baseline: Path | None) -> None:
    """Refuse a place that cannot take the files, before the model is loaded."""
    if path.is_dir():
        raise OutputError(
            "--output must be a file.",
            received=f"{path} is a folder",
            hint=f"-o {shlex.quote(str(path / projects.FILE_NAME))}",
        )
    there_already = [one for one in (path, baseline) if one is not None and one.exists()]
    if there_already and not force:
        raise UsageError(
            "The output exists already.",
            received=", ".join(map(str, there_already)),
            hint="edit it, or add --force, or choose another --output.",
        )
    there = path.absolute().parent
    while not there.exists() and there != there.parent:
        there = there.parent
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise OutputError(
            f"The folder of {projects.FILE_NAME} must be one that you may write to.",
            received=str(there),
            hint="choose another place: --output FILE.",
        )


def _left(facts: template.Facts) -> list[str]:
    """What the model and its samples do not tell."""
    found, left = facts.found, []
    best = pixel_scaling.winner(facts.trials, facts.described.contract)
    if best is not None:
        name = facts.described.contract.inputs[0].name
        left.append(
            f"[input.{name}]: pixels go in as {best.name}, the way that was right most often "
            f"({best.share:.2f} of {len(best.right)} samples); compare it with training."
        )
    resized = pixel_scaling.winner(facts.resizes, facts.described.contract)
    if resized is not None:
        name = facts.described.contract.inputs[0].name
        left.append(
            f"[input.{name}]: images are resized as {resized.name}, the way that was right most "
            f"often ({resized.share:.2f} of {len(resized.right)} samples); compare it with "
            "training."
        )
    for spec in facts.described.contract.inputs:
        raw = found.raw.get(spec.name)
        if spec.preprocessing.kind == "none" and (raw or model_summary.is_image(spec)):
            why = f"the samples are {raw}" if raw else "nothing in the model tells"
            left.append(f"[input.{spec.name}]: how raw values become inputs ({why}).")
    if found.calibration is None and found.evaluation is None:
        left.append("[data]: samples, for int8 activations and for rules about accuracy.")
    elif not found.ready:
        left.append("[data]: switch it on when [input] says how files become inputs.")
    elif found.evaluation is not None and found.labels is None:
        left.append("[data]: labels (y); without them files are compared with float only.")
    elif not facts.metrics:
        left.append("metric: the form of the labels does not tell which.")
    left += [
        f"[output.{spec.name}]: what it is; taken as values, for nothing tells."
        for spec in facts.described.contract.outputs
        if spec.kind is None and not spec.columns
    ]
    if found.ready and found.shared:
        left.append("[data]: samples for calibration alone; now both draw from the same.")
    return left


def _next(path: Path, unsafe: bool, *, has_baseline: bool) -> tuple[str, ...]:
    """What to type, in the current folder: where `module:function` was found, if it was."""
    folder = path.absolute().parent
    place = folder if path.name == projects.FILE_NAME else path.absolute()
    more = "" if place == Path.cwd() else f" --project {shlex.quote(os.path.relpath(place))}"
    more += " --unsafe" if unsafe else ""
    judge = f"edgekit gate{more}"
    return (judge,) if has_baseline else (f"{judge} --update-baseline", judge)
