"""The main job on a sample model: convert by every recipe, prove on two runtimes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from edgekit import project as projects
from edgekit.errors import EnvironmentFailure, UsageError
from edgekit.pipeline.benchmark import benchmark
from edgekit.pipeline.convert import convert
from edgekit.pipeline.validate import validate
from edgekit.records import ConvertOptions, Measurement, Target
from edgekit.report.advice import Advice, advise
from edgekit.runtimes import environments

OLD_RUNTIME = "tflite-runtime==2.14.0"


def demo(
    output: Path,
    *,
    runtimes: Sequence[str] | None = None,
    on_progress: Callable[[str], None],
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
        UsageError: Not called in a checkout.
    """
    model = sample_model()
    project = projects.find(model)
    made = convert(
        model,
        output=output,
        project=project,
        options=ConvertOptions(force=True),
        on_progress=on_progress,
    )
    files = [Path(artifact.path) for artifact in made]
    measured: list[Measurement] = []
    remarks: list[str] = []
    data = project.resolve(project.data.evaluation or "data.npz")
    for name in runtimes or ("litert", OLD_RUNTIME):
        target = environments.parse(name)
        try:
            if target.version:
                environments.add(target, on_progress=on_progress)
        except EnvironmentFailure as error:
            remarks.append(f"SKIPPED {name}: {error.rule} {error.received or ''}".strip())
            continue
        able, refused = _prove(files, data, target, project, on_progress)
        measured.extend(able)
        remarks.extend(refused)
    return measured, _advise(measured, files[0].name), remarks


def _advise(measured: Sequence[Measurement], reference: str) -> dict[str, Advice]:
    """Advice for the first runtime among files that run on all; remarks for the others."""
    by_target: dict[str, list[Measurement]] = {}
    for one in measured:
        by_target.setdefault(one.target.label, []).append(one)
    everywhere = set.intersection(*({m.artifact for m in ms} for ms in by_target.values()))
    advice = {label: advise(group, reference, everywhere) for label, group in by_target.items()}
    first = next(iter(advice))
    return {
        label: said if label == first else replace(said, ship=None)
        for label, said in advice.items()
    }


def _prove(
    files: Sequence[Path],
    data: str,
    target: Target,
    project: projects.Project,
    on_progress: Callable[[str], None],
) -> tuple[list[Measurement], list[str]]:
    """Validate each file, then time those that the runtime has the operators for."""
    proven = validate(
        files,
        data=data,
        targets=[target],
        metric=project.metric,
        project=project,
        on_progress=on_progress,
    )
    skipped = [f"{one.artifact} on {target.label}: {one.failure}" for one in proven if one.failure]
    able = [path for path, one in zip(files, proven, strict=True) if not one.failure]
    timed = benchmark(able, targets=[target], on_progress=on_progress)
    return [
        replace(
            one,
            metrics=(*one.metrics, *(m for m in two.metrics if one.metric(m.name) is None)),
        )
        for one, two in zip((one for one in proven if not one.failure), timed, strict=True)
    ], refused


def sample_model() -> Path:
    """The trained digits model of the checkout.

    Raises:
        UsageError: edgekit is not installed from a checkout, or not called in one.
    """
    import edgekit

    for root in (Path.cwd(), Path(edgekit.__file__).parents[1], Path(sys.prefix)):
        path = root / "sample_models" / "digits" / "digits.keras"
        if path.is_file():
            return path
    raise UsageError(
        "The demo's model lies in sample_models/digits of a checkout.",
        received=f"no such folder in {Path.cwd()}",
        hint="run it in a checkout of edgekit.",
    )
