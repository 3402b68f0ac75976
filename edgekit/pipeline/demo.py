"""The main job on a sample model: convert by every recipe, prove on two runtimes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

from edgekit.core import project as projects
from edgekit.core.arguments import checked
from edgekit.core.errors import EnvironmentFailure, UsageError
from edgekit.core.process import Progress, silent
from edgekit.core.records import ConvertOptions, Measurement, Target
from edgekit.pipeline.benchmark import benchmark
from edgekit.pipeline.convert.conversion import convert
from edgekit.pipeline.validate import ValidateOptions, validate
from edgekit.report.advice import Advice, advise
from edgekit.runtimes import environments

OLD_RUNTIME = "tflite-runtime==2.14.0"


@checked
def demo(
    output: Path | str,
    *,
    runtimes: Sequence[str] | None = None,
    on_progress: Progress = silent,
) -> tuple[list[Measurement], dict[str, Advice], list[str]]:
    """Convert `sample_models/digits` and measure every file on every runtime.

    Args:
        output: Where the files are written; older ones there are replaced.
        runtimes: LiteRT and tflite-runtime 2.14.0 by default; the latter's environment is
            made where it is missing.
        on_progress: Takes one line at each step.

    Returns:
        One measurement for each file and runtime that could run it; advice by runtime, the
        first of which names the file to ship; and a line for each file that a runtime
        refused and each runtime that was skipped.

    Raises:
        UsageError: The sample model is not there.
    """
    names = runtimes or ("litert", OLD_RUNTIME)
    for name in names:
        environments.parse(name)  # refuses a wrong one before the conversion
    model = sample_model()
    project = projects.find(model)
    artifacts = convert(
        model,
        output=output,
        project=project,
        options=ConvertOptions(force=True),
        on_progress=on_progress,
    )
    files = [Path(artifact.path) for artifact in artifacts]
    targets, remarks = _targets(names, on_progress)
    proven = validate(
        files,
        data=project.resolve(project.data.evaluation or "data.npz"),
        targets=targets,
        metric=project.metric,
        options=ValidateOptions(project=project),
        on_progress=on_progress,
    )
    remarks += [
        f"{measurement.target.label} refuses {measurement.artifact}: {measurement.failure}."
        for measurement in proven
        if measurement.failure
    ]
    measured = _with_times(files, targets, proven, on_progress)
    return measured, _advise(measured, files[0].name), remarks


def _with_times(
    files: Sequence[Path],
    targets: Sequence[Target],
    proven: Sequence[Measurement],
    on_progress: Progress,
) -> list[Measurement]:
    """The measurements of files that a runtime could run, with their times there."""
    measured = []
    for target in targets:
        able = [one for one in proven if one.target == target and not one.failure]
        if not able:
            continue
        timed = benchmark(
            [path for path in files if path.name in {one.artifact for one in able}],
            targets=[target],
            on_progress=on_progress,
        )
        measured += [_joined(one, two) for one, two in zip(able, timed, strict=True)]
    return measured


def _targets(names: Sequence[str], on_progress: Progress) -> tuple[list[Target], list[str]]:
    """The runtimes that can be used, made where they are missing; why the others cannot."""
    targets, remarks = [], []
    for name in names:
        target = environments.parse(name)
        try:
            if target.version:
                environments.add(target, on_progress=on_progress)
        except EnvironmentFailure as error:
            if len(names) == 1:
                raise
            remarks.append(f"SKIPPED {name}: {error.brief}")
            continue
        targets.append(target)
    if not targets:
        raise EnvironmentFailure(
            "The demo needs at least one runtime.",
            received="; ".join(remarks),
            hint="leave --runtime out: litert comes with edgekit.",
        )
    return targets, remarks


def _joined(validated: Measurement, timed: Measurement) -> Measurement:
    """Both measurements of a file on a target as one."""
    known = {metric.name for metric in validated.metrics}
    added = tuple(metric for metric in timed.metrics if metric.name not in known)
    return replace(validated, metrics=(*validated.metrics, *added))


def _advise(measured: Sequence[Measurement], reference: str) -> dict[str, Advice]:
    """Advice for the first runtime among files that run on all; remarks for the others."""
    by_target: dict[str, list[Measurement]] = {}
    for one in measured:
        by_target.setdefault(one.target.label, []).append(one)
    everywhere = set.intersection(*({m.artifact for m in ms} for ms in by_target.values()))
    advice = {label: advise(group, reference, everywhere) for label, group in by_target.items()}
    first = next(iter(advice))
    return {
        label: advised if label == first else replace(advised, ship=None)
        for label, advised in advice.items()
    }


def sample_model() -> Path:
    """The trained digits model: that which the wheel carries, or the checkout's.

    Raises:
        UsageError: edgekit was installed without it.
    """
    package = Path(str(resources.files("edgekit")))
    for root in (package, package.parent):
        path = root / "sample_models" / "digits" / "digits.keras"
        if path.is_file():
            return path
    raise UsageError(
        "The demo's model was not found.",
        received=f"no sample_models/digits in {package} nor beside it",
        hint="install edgekit from its wheel, or run it in a checkout.",
    )
