"""The gate: variants converted, measured, and judged by the rules of `edgekit.toml`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import edgekit
from edgekit.core import artifacts, serde
from edgekit.core import project as projects
from edgekit.core.arguments import checked
from edgekit.core.baseline_record import Baseline
from edgekit.core.errors import ProjectError
from edgekit.core.gate_rules import GateOptions, GateResult, OnInconclusive, Verdict
from edgekit.core.process import Progress, silent
from edgekit.core.project import Project
from edgekit.core.records import Artifact, Limits, Measurement
from edgekit.measure.machine import describe_host
from edgekit.pipeline.cache import Cache
from edgekit.pipeline.gate import baseline as store
from edgekit.pipeline.gate import gather_facts, new_baseline, variant_files
from edgekit.pipeline.gate.against_baseline import Compared, check_model, contract_claims
from edgekit.pipeline.gate.measure_variants import Measuring, Pair
from edgekit.pipeline.gate.new_baseline import NewBaseline
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.pipeline.gate.same_data import SameData
from edgekit.runtimes import environments
from edgekit.verdicts import claims, judge
from edgekit.verdicts.sentences import UPDATE


@checked
def gate(
    project: Path | str = ".",
    *,
    update_baseline: bool = False,
    on_inconclusive: OnInconclusive = "exit3",
    output: Path | str | None = None,
    options: GateOptions | None = None,
    limits: Limits | None = None,
    on_progress: Progress = silent,
) -> GateResult:
    """Convert what changed, measure it, and judge it by the project's rules.

    Args:
        project: An `edgekit.toml`, or the folder it lies in.
        update_baseline: Write what was measured as the new baseline, unless the rules show it to
            be worse than the old one, or of another contract, and `options.accept` says nothing
            of it. Rules against the baseline decide that alone.
        on_inconclusive: What a gate that can tell neither way shall mean.
        output: A folder for the judged files, each with its manifest and its float file.
        options: What is accepted; whether the cache and models that hold code are trusted; how
            files are timed.
        limits: Time and memory of each process.
        on_progress: Takes one line at each step.

    Returns:
        A verdict for each rule, variant and target that it is about, with one on the contract
        where there is a baseline; and the exit code.

    Raises:
        EdgekitError: By its class: no rules, no baseline or another model's, samples that
            cannot be read, a model that cannot be converted.
    """
    options, started = options or GateOptions(), time.monotonic()
    run = _run_options(options, limits, on_progress)
    found, notes = _compared(_project(Path(project)), update_baseline, run)
    new: NewBaseline | None = None
    if update_baseline:
        new = new_baseline.update(found, options.accept, on_progress)
        verdicts = new.verdicts
    else:
        judged = claims.claims(found.project.rule, found.facts, found.before, found.before)
        verdicts = judge.judge([*contract_claims(found), *judged], options.accept)
    if output is not None:
        _deliver(Path(output), found.made)
    result = _result(found, verdicts, on_inconclusive)
    if new is not None:
        result = replace(result, refused=new.refused, changes=new.changes)
    if new is not None and not new.refused:
        result = replace(_beside(result, found.path, result.measurements), updated=True)
    seconds = round(time.monotonic() - started, 3)
    notes = (*run.cache.notes, *notes, *result.notes)
    return replace(result, accepted=options.accept, seconds=seconds, notes=notes)


def _compared(project: Project, update: bool, run: RunOptions) -> tuple[Compared, tuple[str, ...]]:
    """All that verdicts follow from, and what is to be said of the baseline."""
    wanted = _wanted(project)
    path = project.folder / project.baseline
    before, old_outputs, notes = _before(path, project, update)
    made = variant_files.made(project, list(dict.fromkeys(name for name, _ in wanted)), run)
    if before is not None and not update:
        check_model(before, project, made)
    measuring = Measuring(project, made, run)
    measured = measuring.measure(wanted)
    same = SameData(project, before, run.limits)
    facts = [
        replace(
            fact,
            same_samples=same.is_evaluated_on(fact.measurement, made[fact.variant].contract),
        )
        for fact in gather_facts.gather(made, measured, measuring, old_outputs)
    ]
    found = Compared(
        project=project,
        path=path,
        made=made,
        measured=measured,
        facts=gather_facts.timed(facts, project, made, before, path, run),
        before=before,
        same=same,
    )
    return found, notes


def _run_options(options: GateOptions, limits: Limits | None, on_progress: Progress) -> RunOptions:
    return RunOptions(
        unsafe=options.unsafe,
        limits=limits or Limits(),
        timing=options.timing,
        cache=Cache(fresh=options.fresh),
        on_progress=on_progress,
    )


def _result(
    found: Compared, verdicts: tuple[Verdict, ...], on_inconclusive: OnInconclusive
) -> GateResult:
    outcome = judge.outcome(verdicts)
    measurements = tuple(fact.measurement.summary() for fact in found.facts)
    result = GateResult(
        edgekit=edgekit.__version__,
        model=found.model,
        outcome=outcome,
        exit_code=judge.exit_code(outcome, on_inconclusive),
        verdicts=verdicts,
        measurements=measurements,
        host=describe_host(),
        notes=tuple(dict.fromkeys(note for one in measurements for note in one.notes)),
    )
    before = found.before
    return _beside(result, found.path, before.measurements) if before else result


def _beside(result: GateResult, path: Path, measurements: Sequence[Measurement]) -> GateResult:
    """The result with its baseline: the file, and when it was measured."""
    latest = max((one.created_at for one in measurements), default="")
    return replace(result, baseline=path.name, baseline_created_at=latest)


def _project(path: Path) -> Project:
    """The project of a file or folder, when it has rules."""
    project = projects.load(path / projects.FILE_NAME if path.is_dir() else path)
    if not project.rule:
        raise ProjectError(
            "A gate needs rules.",
            received=f"{path} without a [[rule]]",
            hint="`edgekit init MODEL` writes some; one holds the keys "
            'metric = "size_bytes", max_loss = 0.05 and against = "baseline".',
        )
    return project


def _wanted(project: Project) -> list[Pair]:
    """The variants and targets that rules are about.

    A rule about files alone needs no more than one target for each variant.
    """
    for target in project.target:
        environments.parse(target.label)  # refuses runtimes that there are not
    if not project.variants:
        raise ProjectError(
            "A gate needs variants: recipes, or [variant.NAME].",
            received=f"{project.file} with neither",
            hint='add recipes = ["static_wi8_ai8"].',
        )
    wanted: dict[Pair, None] = {}
    for rule in sorted(project.rule, key=claims.is_of_file):
        for variant in project.variants:
            pairs = [(variant, t) for t in project.target if claims.concerned(rule, variant, t)]
            if claims.is_of_file(rule):
                pairs = [] if any(v == variant for v, _ in wanted) else pairs[:1]
            wanted.update(dict.fromkeys(pairs))
    order = list(project.variants)
    return sorted(wanted, key=lambda pair: (order.index(pair[0]), project.target.index(pair[1])))


def _before(
    path: Path, project: Project, update: bool
) -> tuple[Baseline | None, dict[str, np.ndarray], tuple[str, ...]]:
    """The baseline, where a rule needs one; where it is only of use, if there is one.

    One that is to be written anew may be damaged or missing.
    """
    needed = any(rule.against == "baseline" for rule in project.rule) and not update
    if not needed and not path.is_file():
        return None, {}, ()
    try:
        before, outputs = store.load(path)
    except ProjectError as error:
        if not update:
            raise
        return None, {}, (f"nothing is compared with the baseline there was. {error.rule}",)
    if before.contracts or update:
        return before, outputs, ()
    note = f"{path.name} is an older edgekit's and holds no contract, so that a changed one is "
    return before, outputs, (f"{note}not seen: {UPDATE} writes one that does.",)


def _deliver(folder: Path, made: Mapping[str, Artifact]) -> None:
    """Copy the judged files, with their manifests and float files."""
    for artifact in made.values():
        file = Path(artifact.path)
        for path in {file, artifacts.float_path(artifact)}:
            for source in (path, artifacts.manifest_path(path)):
                with serde.atomic_path(folder / source.name) as temporary:
                    shutil.copyfile(source, temporary)
