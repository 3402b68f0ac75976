"""What was measured and timed, gathered as the facts that rules are judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from edgekit import tflite
from edgekit.core import artifacts, serde
from edgekit.core.baseline_record import Baseline
from edgekit.core.errors import EdgekitError
from edgekit.core.gate_rules import TIME_METRICS, Rule
from edgekit.core.project import Project
from edgekit.core.records import Artifact, Contract, Measurement, Metric
from edgekit.data.samples import Samples
from edgekit.measure import accuracy
from edgekit.pipeline.gate import variant_times
from edgekit.pipeline.gate.measure_variants import Measured, Measuring, Pair
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.verdicts import claims
from edgekit.verdicts.facts import Facts, Recompute

_TIMES = ("latency_ratio", *TIME_METRICS)


def baseline_file(path: Path, variant: str) -> Path:
    """Where the file of a baseline's variant lies, for rules that time it."""
    return path.with_name(f"{path.stem}.{variant}.tflite")


def times_baseline(rule: Rule) -> bool:
    """Whether a rule needs the baseline's file."""
    return rule.metric == "latency_ratio" and rule.against == "baseline"


def gather(
    made: Mapping[str, Artifact],
    measured: Mapping[Pair, Measured],
    measuring: Measuring,
    old_outputs: Mapping[str, np.ndarray],
) -> list[Facts]:
    """The facts that need no clock.

    Args:
        made: The artifact of each variant.
        measured: Of each variant on each target, in the order of the facts.
        measuring: Has the samples, for metrics that are computed again.
        old_outputs: Whole outputs of the baseline, by `VARIANT/TARGET/NAME`.
    """
    facts = []
    for (variant, target), result in measured.items():
        artifact = made[variant]
        inside = tflite.operators(tflite.read(Path(artifact.path)))
        facts.append(
            Facts(
                variant=variant,
                target=target,
                measurement=result.measurement,
                reference=result.reference,
                is_float=artifact.sha256 == artifact.float_sha256,
                operators=tuple(dict.fromkeys(operator.name for operator in inside)),
                oldest_runtime=artifact.oldest_runtime,
                plain=result.plain,
                recompute=_recompute(result, artifact.contract, measuring, old_outputs),
                problem=result.problem,
            )
        )
    return facts


def outputs_place(measurement: Measurement) -> str:
    """What the names of a baseline's whole outputs begin with."""
    return f"{measurement.artifact}/{measurement.target.title}/"


def _recompute(
    measured: Measured, contract: Contract, measuring: Measuring, old: Mapping[str, np.ndarray]
) -> dict[str, dict[str, Recompute]]:
    names = [m.name for m in measured.measurement.metrics if m.statistic == "whole"]
    if not names:
        return {}
    samples = measuring.samples(measured.measurement.artifact)
    arrays = {whose: _under(measured.outputs, f"{whose}/") for whose in ("candidate", "float")}
    arrays["baseline"] = _under(old, outputs_place(measured.measurement))
    return {
        name: {
            whose: partial(_on_rows, name, outputs, samples, contract)
            for whose, outputs in arrays.items()
            if outputs
        }
        for name in names
    }


def _under(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def _on_rows(
    name: str,
    outputs: Mapping[str, np.ndarray],
    samples: Samples,
    contract: Contract,
    rows: np.ndarray,
) -> float:
    """A metric of whole outputs, on a draw of the samples."""
    drawn = {key: array[rows] for key, array in outputs.items()}
    return accuracy.measure(name, drawn, samples.take(rows), contract).value


def timed(
    facts: Sequence[Facts],
    project: Project,
    made: Mapping[str, Artifact],
    baseline: Baseline | None,
    path: Path,
    run: RunOptions,
) -> list[Facts]:
    """The facts with times and memory, where rules ask for them.

    One target after another, and nothing beside it: what else runs would be measured too.

    Args:
        facts: Without them.
        project: Its rules.
        made: The artifact of each variant.
        baseline: What is compared with; None where nothing is.
        path: Where the baseline lies, or will.
        run: How files are timed.
    """
    result = list(facts)
    for target in dict.fromkeys(one.target for one in facts):
        places = [
            i
            for i, fact in enumerate(result)
            if fact.target == target and not fact.problem and not fact.measurement.failure
        ]
        asked = {i: _asked(result[i], project, made, baseline, path) for i in places}
        timing = [one for one in asked.values() if one.rules]
        if timing:
            try:
                metrics, noisy = variant_times.times(timing, target, run)
            except EdgekitError as error:  # a crash in the middle: what was measured stands
                for i in places:
                    result[i] = replace(result[i], untimed=error.brief)
            else:
                for i in places:
                    result[i] = _with(result[i], *metrics.get(result[i].variant, ()))
                    result[i] = replace(result[i], noisy=noisy if asked[i].rules else "")
        for i in places:
            if _rules(project, result[i], ("peak_rss_bytes",)):
                result[i] = _with_memory(result[i], made, run)
    return result


def _rules(project: Project, fact: Facts, metrics: Sequence[str]) -> tuple[Rule, ...]:
    return tuple(
        rule
        for rule in project.rule
        if rule.metric in metrics and claims.concerned(rule, fact.variant, fact.target)
    )


def _asked(
    fact: Facts,
    project: Project,
    made: Mapping[str, Artifact],
    baseline: Baseline | None,
    path: Path,
) -> variant_times.Asked:
    artifact = made[fact.variant]
    rules = tuple(
        rule
        for rule in _rules(project, fact, _TIMES)
        if rule.metric in TIME_METRICS or not claims.is_timed_against_itself(rule, fact, baseline)
    )
    return variant_times.Asked(
        variant=fact.variant,
        path=Path(artifact.path),
        reference=artifacts.float_path(artifact),
        baseline=_old_file(fact, baseline, path) if any(map(times_baseline, rules)) else None,
        rules=rules,
    )


def _old_file(fact: Facts, baseline: Baseline | None, path: Path) -> Path | None:
    """The baseline's own file, if it is there and is the one that was measured."""
    before = baseline and baseline.measurement(fact.variant, fact.target.title)
    file = baseline_file(path, fact.variant)
    if not before or not file.is_file() or serde.sha256(file) != before.artifact_sha256:
        return None
    return file


def _with(fact: Facts, *metrics: Metric) -> Facts:
    """The facts with these metrics: times of other files are none of the measurement."""
    others = [m for m in metrics if m.name.startswith(variant_times.OTHER_P50_MS)]
    own = [m for m in metrics if m not in others]
    kept = [m for m in fact.measurement.metrics if m.name not in {new.name for new in own}]
    measurement = replace(fact.measurement, metrics=(*kept, *own))
    return replace(fact, measurement=measurement, reference=(*fact.reference, *others))


def _with_memory(fact: Facts, made: Mapping[str, Artifact], run: RunOptions) -> Facts:
    artifact = made[fact.variant]
    files = {"candidate": Path(artifact.path), "float": artifacts.float_path(artifact)}
    try:
        memories = variant_times.memories(files, fact.target, run)
    except EdgekitError as error:
        return replace(fact, problem=error.brief)
    more = _with(fact, memories["candidate"])
    return replace(more, reference=(*fact.reference, memories["float"]))
