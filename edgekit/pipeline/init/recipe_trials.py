"""Recipes that `init` may advise: each converted, run and timed by the gate's own means.

What they are kept by is the gate's cache, so the first gate finds all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.core.errors import EdgekitError
from edgekit.core.gate_rules import Rule
from edgekit.core.project import Project
from edgekit.core.records import Contract
from edgekit.pipeline.gate import gather_facts, variant_files
from edgekit.pipeline.gate.measure_variants import Measuring
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.pipeline.init import judged_outputs, rule_limits, rule_margins
from edgekit.pipeline.init.rule_limits import Bound
from edgekit.verdicts.facts import Facts

REFERENCE = "float32"
# Asks for times without a limit that these could miss.
_TIMED = Rule(metric="latency_ratio", at_most=1e6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A recipe that was tried.

    Attributes:
        recipe: Its name.
        facts: What the gate would judge; None where there are none.
        problem: Why there are none, else empty.
        closeness: How near it is to the float file: for each output by its task metric, agreement
            or SQNR; none without samples.
        lost: Which output is lost, whatever the others are; empty where none is.
        latency: Its time; None without facts.
        contract: That of the file, with what its graph tells of outputs; None without a file.
    """

    recipe: str
    facts: Facts | None = None
    problem: str = ""
    closeness: tuple[Bound, ...] = ()
    lost: str = ""
    latency: Bound | None = None
    contract: Contract | None = None

    @property
    def is_close(self) -> bool:
        """Whether it computes what the float file does, as far as samples can tell."""
        return not (self.problem or self.lost) and all(one.advised for one in self.closeness)

    @property
    def is_slow(self) -> bool:
        """Whether it takes longer than the float file."""
        return self.latency is not None and not self.latency.advised

    @property
    def size_ratio(self) -> float:
        """Its bytes as a fraction of the float file's."""
        assert self.facts is not None
        size, whole = self.facts.measurement.metric("size_bytes"), self.facts.of_float("size_bytes")
        assert size is not None and whole is not None  # every file has a size
        return size.value / whole.value

    @property
    def line(self) -> str:
        """What was found, in a line."""
        if self.problem:
            return f"{self.recipe}: {self.problem}"
        size = f"{self.size_ratio:.2f}x of float's bytes"
        briefs = [one.brief for one in (self.latency, *self.closeness) if one and one.brief]
        lost = [f"{self.lost} is lost"] if self.lost else []
        return f"{self.recipe}: {', '.join([size, *briefs, *lost])}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tried:
    """Which recipes were tried, and which of them is advised.

    Attributes:
        candidates: In the order in which they were tried.
        chosen: One of them; None where none is close to the float file.
        problem: Why nothing could be tried at all, else empty.
        unfit: Why the evaluation samples judge nothing, else empty.
    """

    candidates: tuple[Candidate, ...] = ()
    chosen: Candidate | None = None
    problem: str = ""
    unfit: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """What was measured, one recipe a line, and which was taken and why."""
        lines = tuple(candidate.line for candidate in self.candidates)
        if self.chosen is None:
            return (*lines, "none of them is near the float file: only that is kept") * bool(lines)
        if len(self.candidates) == 1:
            return lines
        why = "as near to float as asked, and no slower"
        if self.chosen.is_slow:
            why = "all are slower than float, this one least"
        return (*lines, f"taken: {self.chosen.recipe} ({why})")


def tried(
    project: Project, recipes: Sequence[str], contract: Contract, options: RunOptions
) -> Tried:
    """Convert and measure recipes in turn until one is near the float file and no slower.

    Args:
        project: With its file, samples and metrics; its rules do not matter.
        recipes: Besides the float one, the most wanted first.
        contract: Of the model, with what is known of its outputs.
        options: How they are converted and run.
    """

    def measured(recipe: str) -> Candidate:
        options.on_progress(f"trying {recipe}")
        try:
            return _measured(project, recipe, contract, options)
        except EdgekitError as error:
            return Candidate(recipe=recipe, problem=error.brief)

    return choose(recipes, measured, lambda: _float_problem(project, options))


def choose(
    recipes: Sequence[str],
    measured: Callable[[str], Candidate],
    float_problem: Callable[[], str],
) -> Tried:
    """The first recipe that is near the float file and no slower, else the least slow one.

    Args:
        recipes: The most wanted first.
        measured: Tries one; asked of no more than it takes.
        float_problem: Why not even the float file can be made, else empty; asked where the first
            recipe cannot.
    """
    candidates: list[Candidate] = []
    for recipe in recipes:
        candidate = measured(recipe)
        if candidate.facts is not None and candidate.facts.problem:
            return Tried(unfit=candidate.facts.problem)
        if candidate.problem and not candidates:
            problem = float_problem()
            if problem:
                return Tried(problem=problem)
        candidates.append(candidate)
        if candidate.is_close and not candidate.is_slow:
            return Tried(candidates=tuple(candidates), chosen=candidate)
    close = [candidate for candidate in candidates if candidate.is_close]
    return Tried(candidates=tuple(candidates), chosen=min(close, key=_time) if close else None)


def _measured(project: Project, recipe: str, contract: Contract, options: RunOptions) -> Candidate:
    asked = replace(project, recipes=(REFERENCE, recipe), rule=(_TIMED,))
    made = variant_files.made(asked, asked.recipes, options)
    measuring = Measuring(asked, made, options)
    measured = measuring.measure([(name, asked.target[0]) for name in asked.recipes])
    facts = gather_facts.gather(made, measured, measuring, {})
    if not any(one.problem for one in facts):
        no_baseline = None, Path()
        facts = gather_facts.timed(facts, asked, made, *no_baseline, options)
    found = facts[-1]
    return Candidate(
        recipe=recipe,
        facts=found,
        problem=found.measurement.failure or made[recipe].wrecked,
        closeness=_closeness(found, project.metric, contract),
        lost=judged_outputs.lost(found.measurement, contract),
        latency=rule_limits.latency(found),
        contract=made[recipe].contract,
    )


def _closeness(facts: Facts, metrics: Sequence[str], contract: Contract) -> tuple[Bound, ...]:
    """For each output how near it is to the float file's."""
    num_samples = facts.measurement.num_samples
    if not num_samples or facts.problem:
        return ()
    losses = [
        rule_limits.loss(facts, metric, rule_margins.planned(metric, num_samples).to_float.max_loss)
        for metric in metrics
    ]
    fidelity = [
        (rule_limits.agreement if metric.startswith("agreement") else rule_limits.sqnr)(
            facts, metric
        )
        for metric in judged_outputs.fidelity_metrics(contract, metrics)
    ]
    return (*losses, *fidelity)


def _float_problem(project: Project, options: RunOptions) -> str:
    """Why not even the float file can be made, else empty."""
    try:
        variant_files.made(replace(project, recipes=(REFERENCE,)), [REFERENCE], options)
    except EdgekitError as error:
        return error.brief
    return ""


def _time(candidate: Candidate) -> float:
    metric = candidate.facts and candidate.facts.measurement.metric("latency_ratio")
    return metric.value if metric else 1.0
