"""The draft of an `edgekit.toml`, made such that its own gate passes."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit import project as projects
from edgekit.errors import EdgekitError, InternalError, OutputError, ProjectError
from edgekit.pipeline.gate import gate
from edgekit.pipeline.initial import candidates, margins, template
from edgekit.pipeline.initial.bounds import Bound
from edgekit.pipeline.initial.candidates import REFERENCE, Candidate, Tried
from edgekit.process import Progress
from edgekit.project import Project
from edgekit.records import Contract, Limits

_DRAFTS = 3  # each switches rules off that the one before did not hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What the text tells, after it was tried.

    Attributes:
        facts: With the recipe that was taken, and what was measured of it.
        baseline: Whether the gate passed, and wrote its baseline.
        notes: What went wrong on the way, as sentences.
    """

    facts: template.Facts
    baseline: bool = False
    notes: tuple[str, ...] = ()


def prove(
    facts: template.Facts,
    recipes: Sequence[str],
    contract: Contract,
    *,
    unsafe: bool,
    limits: Limits,
    on_progress: Progress,
) -> Proven:
    """Measure what is advised, and keep the rules that the gate says hold.

    Args:
        facts: Of a first draft.
        recipes: That may be advised, the most wanted first.
        contract: Of the model, as it describes itself.
        unsafe: Allow models that hold code.
        limits: Of each process.
        on_progress: Takes one line at each step.
    """
    with _scratch(facts.folder) as file:
        tried = _try(file, facts, recipes, contract, unsafe, limits, on_progress)
        notes: tuple[str, ...] = ()
        if tried.unfit:
            notes = (f"The evaluation samples judge nothing, so they are left out: {tried.unfit}",)
            found = replace(facts.found, evaluation=None, labels=None, num_samples=0)
            facts = replace(facts, found=found, metric=None)
            tried = _try(file, facts, recipes, contract, unsafe, limits, on_progress)
        if tried.problem or tried.unfit:
            why = tried.problem or tried.unfit
            return Proven(facts=facts, notes=(*notes, f"Nothing could be measured: {why}"))
        chosen = [tried.chosen.recipe] if tried.chosen else []
        facts = replace(facts, recipes=(REFERENCE, *chosen), tried=tried)
        try:
            return _judged(file, facts, contract, notes, unsafe, limits, on_progress)
        except EdgekitError as error:
            return Proven(facts=facts, notes=(*notes, f"The gate could not judge: {error}"))


def draft(file: Path, facts: template.Facts, contract: Contract) -> Project:
    """Write the text, and read it as every other command will.

    Raises:
        InternalError: It cannot be read.
    """
    text = template.text(facts)
    file.write_text(text, encoding="utf-8")
    try:
        tomllib.loads(text)
        project = projects.load(file)
        project.describe(contract)
    except (tomllib.TOMLDecodeError, ProjectError) as error:
        raise InternalError(f"The edgekit.toml that init made cannot be read: {error}") from error
    return project


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A file in the folder of the result, so that paths mean the same in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".edgekit-", suffix=".toml") as file:
            yield Path(file.name)
    except PermissionError as error:
        raise OutputError(
            "A folder that edgekit may write to is needed.",
            received=f"{folder}: {error.strerror}",
            hint="choose another place: --output FILE.",
        ) from None


def _try(
    file: Path,
    facts: template.Facts,
    recipes: Sequence[str],
    contract: Contract,
    unsafe: bool,
    limits: Limits,
    on_progress: Progress,
) -> Tried:
    plan = margins.planned(facts.metric or "", facts.found.num_samples)
    return candidates.choose(
        draft(file, facts, contract),
        recipes,
        least_loss=plan.to_float.max_loss,
        unsafe=unsafe,
        limits=limits,
        on_progress=on_progress,
    )


def _judged(
    file: Path,
    facts: template.Facts,
    contract: Contract,
    notes: tuple[str, ...],
    unsafe: bool,
    limits: Limits,
    on_progress: Progress,
) -> Proven:
    """Let the gate judge, and switch off what it does not find to hold."""
    for _ in range(_DRAFTS):
        draft(file, facts, contract)
        result = gate(
            file, update_baseline=True, unsafe=unsafe, limits=limits, on_progress=on_progress
        )
        if result.exit_code == 0:
            return Proven(facts=facts, baseline=True, notes=notes)
        facts = _without(facts, {v.metric: v.sentence for v in result.verdicts if v.status != "pass"})
    raise InternalError("A gate without its failing rules passes.", received=result.outcome)


def _without(facts: template.Facts, sentences: dict[str, str]) -> template.Facts:
    """The facts with rules about these metrics switched off, and why."""
    assert facts.tried is not None and facts.tried.chosen is not None  # rules are about it

    def off(bound: Bound | None) -> Bound | None:
        if bound is None or bound.metric not in sentences:
            return bound
        return replace(bound, limit=None, says=f"The gate said: {sentences[bound.metric]}")

    one: Candidate = facts.tried.chosen
    chosen = replace(one, closeness=off(one.closeness), latency=off(one.latency))
    return replace(facts, tried=replace(facts.tried, chosen=chosen))
