"""The gate: variants converted, measured, and judged by the rules of `edgekit.toml`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

import edgekit
from edgekit.core import artifacts, serde
from edgekit.core import project as projects
from edgekit.core.errors import DataError, ProjectError
from edgekit.core.gate_rules import Baseline, GateOptions, GateResult, OnInconclusive, Verdict
from edgekit.core.process import Progress, silent
from edgekit.core.project import Project
from edgekit.core.records import Artifact, Limits, Metric
from edgekit.measure.machine import describe_host
from edgekit.pipeline.cache import Cache
from edgekit.pipeline.gate import baseline as store
from edgekit.pipeline.gate import gather_facts, variant_files
from edgekit.pipeline.gate.measure_variants import Measured, Measuring, Pair
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.runtimes import environments
from edgekit.verdicts import claims, judge
from edgekit.verdicts.facts import Facts


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
        update_baseline: Write what was measured as the new baseline. Rules against the baseline
            are not judged then.
        on_inconclusive: What a gate that can tell neither way shall mean.
        output: A folder for the judged files, each with its manifest and its float file.
        options: Whether the cache and models that hold code are trusted; how files are timed.
        limits: Time and memory of each process.
        on_progress: Takes one line at each step.

    Returns:
        A verdict for each rule, variant and target that it is about; and the exit code.

    Raises:
        EdgekitError: By its class: no rules, no baseline or another model's, samples that
            cannot be read, a model that cannot be converted.
    """
    started, run = time.monotonic(), _run_options(options or GateOptions(), limits, on_progress)
    described = _project(Path(project))
    wanted = _wanted(described)
    path = described.folder / described.baseline
    before, old_outputs = (None, {}) if update_baseline else _before(path, described)
    made = variant_files.made(described, list(dict.fromkeys(name for name, _ in wanted)), run)
    if before is not None:
        _check_model(before, described, made)
    measuring = Measuring(described, made, run)
    measured = measuring.measure(wanted)
    facts = gather_facts.gather(made, measured, measuring, old_outputs)
    facts = gather_facts.timed(facts, described, made, before, path, run)
    if update_baseline:
        before = _update(path, described, made, facts, measured, on_progress)
    rules = [r for r in described.rule if not (update_baseline and r.against == "baseline")]
    verdicts = judge.judge(claims.claims(rules, facts, before))
    if output is not None:
        _deliver(Path(output), made)
    result = _result(_name(described), verdicts, facts, on_inconclusive)
    if before is not None:
        measured_at = max((m.created_at for m in before.measurements), default="")
        result = replace(result, baseline=path.name, baseline_created_at=measured_at)
    seconds = round(time.monotonic() - started, 3)
    notes = (*run.cache.notes, *result.notes)
    return replace(result, updated=update_baseline, seconds=seconds, notes=notes)


def _run_options(options: GateOptions, limits: Limits | None, on_progress: Progress) -> RunOptions:
    return RunOptions(
        unsafe=options.unsafe,
        limits=limits or Limits(),
        timing=options.timing,
        cache=Cache(fresh=options.fresh),
        on_progress=on_progress,
    )


def _result(
    model: str,
    verdicts: tuple[Verdict, ...],
    facts: Sequence[Facts],
    on_inconclusive: OnInconclusive,
) -> GateResult:
    outcome = judge.outcome(verdicts)
    return GateResult(
        edgekit=edgekit.__version__,
        model=model,
        outcome=outcome,
        exit_code=judge.exit_code(outcome, on_inconclusive),
        verdicts=verdicts,
        measurements=tuple(fact.measurement.summary() for fact in facts),
        host=describe_host(),
        notes=tuple(dict.fromkeys(note for fact in facts for note in fact.measurement.notes)),
    )


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


def _name(project: Project) -> str:
    return project.name or Path(project.model or "").stem


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


def _before(path: Path, project: Project) -> tuple[Baseline | None, dict[str, np.ndarray]]:
    """The baseline, where a rule needs one; where it is only of use, if there is one."""
    if any(rule.against == "baseline" for rule in project.rule) or path.is_file():
        return store.load(path)
    return None, {}


def _check_model(before: Baseline, project: Project, made: Mapping[str, Artifact]) -> None:
    """Refuse a baseline of another model. One that was trained again has the same outputs."""
    outputs = _outputs(made)
    if (before.model, before.outputs) != (_name(project), outputs):
        raise ProjectError(
            f"The baseline {project.baseline} must be of this model, {_name(project)} "
            f"{_spelled(outputs)}.",
            received=f"{before.model} {_spelled(before.outputs)}",
            hint=f"write a new one, if the model is meant to be another: {store.UPDATE}",
        )


def _outputs(made: Mapping[str, Artifact]) -> dict[str, tuple[int, ...]]:
    return {spec.name: spec.shape for spec in next(iter(made.values())).contract.outputs}


def _spelled(outputs: Mapping[str, Sequence[int]]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in outputs.items())


def _update(
    path: Path,
    project: Project,
    made: Mapping[str, Artifact],
    facts: Sequence[Facts],
    measured: Mapping[Pair, Measured],
    on_progress: Progress,
) -> Baseline:
    """Write the baseline: all of it, or the old one stays.

    Raises:
        DataError: Something could not be measured.
        OutputError: It cannot be written.
    """
    for one in facts:
        if one.problem:
            raise DataError(
                "A baseline must hold measurements of every variant on every target.",
                received=f"{one.variant} on {one.target.title}: {one.problem}",
                hint=f"fix that, or leave it out of the rules; {path.name} is as it was.",
            )
    compared = {rule.metric for rule in project.rule if rule.against == "baseline"}
    outputs = {
        gather_facts.outputs_place(one.measurement) + name.removeprefix("candidate/"): array
        for one in measured.values()
        for name, array in one.outputs.items()
        if name.startswith("candidate/")
    }
    timed = dict.fromkeys(
        one.variant
        for one in facts
        for rule in project.rule
        if gather_facts.times_baseline(rule) and claims.concerned(rule, one.variant, one.target)
    )
    baseline = Baseline(
        model=_name(project),
        outputs=_outputs(made),
        measurements=tuple(one.measurement for one in facts),
    )
    with store.writing(path, on_progress):
        store.save(
            path,
            baseline,
            keep=partial(_is_kept, compared),
            outputs=outputs,
            beside={
                Path(made[name].path): gather_facts.baseline_file(path, name) for name in timed
            },
        )
    return baseline


def _is_kept(compared: set[str], metric: Metric) -> bool:
    """Values by sample: right and wrong always, since they are small; others where asked for."""
    return metric.name in compared or (metric.statistic == "mean" and not metric.parts)


def _deliver(folder: Path, made: Mapping[str, Artifact]) -> None:
    """Copy the judged files, with their manifests and float files."""
    for artifact in made.values():
        file = Path(artifact.path)
        for path in {file, artifacts.float_path(artifact)}:
            for source in (path, artifacts.manifest_path(path)):
                with serde.atomic_path(folder / source.name) as temporary:
                    shutil.copyfile(source, temporary)
