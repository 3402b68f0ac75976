"""The draft of an `edgekit.toml`, made such that its own gate passes."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.core import project as projects
from edgekit.core.errors import EdgekitError, InternalError, OutputError, ProjectError
from edgekit.core.gate_rules import ACCEPTABLE, GateOptions
from edgekit.core.project import Project
from edgekit.core.records import Contract
from edgekit.pipeline.gate.gate import gate
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.pipeline.init import model_summary, recipe_trials, template
from edgekit.pipeline.init.recipe_trials import REFERENCE, Candidate, Tried
from edgekit.pipeline.init.rule_limits import Bound

_HOLDS = ("pass", "accepted")
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
    options: RunOptions,
) -> Proven:
    """Measure what is advised, and keep the rules that the gate says hold.

    Args:
        facts: Of a first draft.
        recipes: That may be advised, the most wanted first.
        contract: Of the model, as it describes itself.
        options: How they are converted and run.
    """
    with _scratch(facts.folder) as file:
        tried = _try(file, facts, recipes, contract, options)
        notes: tuple[str, ...] = ()
        if tried.unfit:
            notes = (f"The evaluation samples judge nothing, so they are left out: {tried.unfit}",)
            found = replace(facts.found, evaluation=None, labels=None, num_samples=0)
            facts = replace(facts, found=found, metrics=())
            tried = _try(file, facts, recipes, contract, options)
        if tried.problem or tried.unfit:
            why = tried.problem or tried.unfit
            return Proven(facts=facts, notes=(*notes, f"Nothing could be measured: {why}"))
        chosen = [tried.chosen.recipe] if tried.chosen else []
        facts = replace(facts, recipes=(REFERENCE, *chosen), tried=tried)
        exported = next((one.contract for one in tried.candidates if one.contract), None)
        if exported is not None:
            known = model_summary.with_columns(facts.described.contract, exported)
            facts = replace(facts, described=replace(facts.described, contract=known))
        try:
            return _judged(file, facts, contract, notes, options)
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
        handle, name = tempfile.mkstemp(dir=folder, prefix=".edgekit-", suffix=".toml")
    except OSError as error:
        raise OutputError(
            "edgekit could not write to the folder of the output.",
            received=f"{folder}: {error.strerror}",
            hint="choose another place: --output FILE.",
        ) from None
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _try(
    file: Path,
    facts: template.Facts,
    recipes: Sequence[str],
    contract: Contract,
    options: RunOptions,
) -> Tried:
    return recipe_trials.tried(
        draft(file, facts, contract), recipes, facts.described.contract, options
    )


def _judged(
    file: Path,
    facts: template.Facts,
    contract: Contract,
    notes: tuple[str, ...],
    options: RunOptions,
) -> Proven:
    """Let the gate judge, and switch off what it does not find to hold."""
    broken: dict[str, str] = {}
    for _ in range(_DRAFTS):
        draft(file, facts, contract)
        result = gate(
            file,
            update_baseline=True,
            options=GateOptions(unsafe=options.unsafe, accept=ACCEPTABLE),  # a start, not a step
            limits=options.limits,
            on_progress=options.on_progress,
        )
        if result.exit_code == 0:
            return Proven(facts=facts, baseline=True, notes=notes)
        broken = {v.metric: v.sentence for v in result.verdicts if v.status not in _HOLDS}
        facts = _without(facts, broken)
    return Proven(
        facts=facts, notes=(*notes, f"The gate does not pass: {' '.join(broken.values())}")
    )


def _without(facts: template.Facts, sentences: dict[str, str]) -> template.Facts:
    """The facts with rules about these metrics switched off, and why."""
    assert facts.tried is not None and facts.tried.chosen is not None  # rules are about it

    def off(bound: Bound) -> Bound:
        if bound.metric not in sentences:
            return bound
        return replace(bound, limit=None, says=f"The gate said: {sentences[bound.metric]}")

    one: Candidate = facts.tried.chosen
    chosen = replace(
        one,
        closeness=tuple(map(off, one.closeness)),
        latency=off(one.latency) if one.latency else None,
    )
    return replace(facts, tried=replace(facts.tried, chosen=chosen))
