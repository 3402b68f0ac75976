"""Accuracy and fidelity of files, each on every runtime that is asked for.

Starting a worker takes longer than many a validation. So the first one starts before
anything else, and what is not needed for that is imported and computed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from edgekit.core import artifacts, scratch, serde
from edgekit.core.arguments import checked, checked_record
from edgekit.core.artifacts import File
from edgekit.core.errors import DataError, UnsupportedOperator, UsageError
from edgekit.core.process import Progress, silent
from edgekit.core.project import Project
from edgekit.core.records import Limits, Measurement, Metric, Target
from edgekit.core.result_tables import Measurements
from edgekit.data import in_memory
from edgekit.data.in_memory import SampleData
from edgekit.measure.machine import describe_host
from edgekit.pipeline.convert import layer_report as measure_layers
from edgekit.pipeline.evaluate import Candidate, candidate, measure, sample_notes
from edgekit.pipeline.kept_outputs import KeptOutputs
from edgekit.pipeline.runner import REFERENCE_TARGET, Drawn, Runner
from edgekit.runtimes import environments

_DATA = "data=(x, y), or the path of an .npz, a .csv or a folder by class."


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateOptions:
    """What `validate` does when nobody says otherwise.

    Attributes:
        reference: The float file of all files; the one beside each by default.
        limit: Draw that many samples; all by default.
        seed: Of the draw and of bootstraps.
        jobs: Worker processes that share the samples.
        layers: Also measure the error of each operator, with LiteRT; the first measurement
            of each file holds them.
        project: What `edgekit.toml` says, for files without a manifest.
    """

    reference: Path | None = None
    limit: int | None = None
    seed: int = 0
    jobs: int = 1
    layers: bool = False
    project: Project | None = None


@checked
def validate(
    files: Sequence[File] | File,
    *,
    data: SampleData,
    targets: Sequence[Target] = (Target(),),
    metric: str | Sequence[str] | None = None,
    options: ValidateOptions | None = None,
    limits: Limits | None = None,
    on_progress: Progress = silent,
) -> Measurements:
    """Measure what each file computes, against labels and against its float file.

    Args:
        files: `.tflite` files, or what `convert` returned: those bring their contract and know
            their float file.
        data: Evaluation samples: `(inputs, labels)`, arrays, a dictionary by input, a generator
            or `tf.data.Dataset` of batches or samples (read once, to its end); or `.npz`,
            `.csv`, a folder by class or `module:function`.
        targets: Runtimes to run on.
        metric: One or several, each `NAME@OUTPUT` of several outputs; by default labels tell.
        options: Another float file, a part of the samples, and whether layers are measured.
        limits: Time and memory of each worker.
        on_progress: Takes one line at each step.

    Returns:
        A measurement for each file and target, in that order. Where a runtime lacks an
        operator of a file, it holds that as its `failure`.

    Raises:
        EdgekitError: By its class: unreadable files, data that do not fit, a runtime that
            cannot run a file.
    """
    options, limits = options or ValidateOptions(), limits or Limits()
    paths = artifacts.paths(files, "validate")
    _check(targets, options)
    with scratch.folder() as folder:
        source = in_memory.source(data, folder, "evaluation")
        if source is None:
            raise DataError("validate needs evaluation data.", received="None", hint=_DATA)
        drawn = Drawn(source, options.limit, options.seed, limits.memory_bytes)
        return Measurements(_measured(paths, drawn, targets, metric, options, limits, on_progress))


def _measured(
    paths: Sequence[Path],
    drawn: Drawn,
    targets: Sequence[Target],
    metric: str | Sequence[str] | None,
    options: ValidateOptions,
    limits: Limits,
    on_progress: Progress,
) -> list[Measurement]:
    names = artifacts.labels(paths)
    candidates = [candidate(path, options.reference, options.project, limits) for path in paths]
    for file in candidates if options.layers else ():
        measure_layers.check_reference(file.path, file.origin)
    runner = Runner(
        _in_order(candidates, targets),
        jobs=options.jobs,
        limits=limits,
        on_progress=on_progress,
        meanwhile=drawn.begin_hashing,
        known=KeptOutputs(
            REFERENCE_TARGET,
            {file.reference for file in candidates if file.reference is not None},
            lambda: drawn.hashes()[0],
        ),
    )
    with runner:
        asked = _checked_metrics(metric)
        measured = [
            measurement
            for name, file in zip(names, candidates, strict=True)
            for measurement in _on_targets(name, file, targets, asked, drawn, runner)
        ]
    for number, file in enumerate(candidates if options.layers else ()):
        first = number * len(targets)
        measured[first] = _with_layers(
            measured[first], file, drawn, options.seed, limits, on_progress
        )
    return measured


def _on_targets(
    name: str,
    file: Candidate,
    targets: Sequence[Target],
    asked: Sequence[str],
    drawn: Drawn,
    runner: Runner,
) -> Iterator[Measurement]:
    """A file on each target, measured against its float file on LiteRT."""
    samples = drawn.of(file.contract)
    expected = None
    if file.reference is not None:
        expected = runner.outputs(file.reference, REFERENCE_TARGET, samples)
    for target in targets:
        failure: str | None = None
        metrics: tuple[Metric, ...] = ()
        notes: tuple[str, ...] = ()
        try:
            outputs = runner.outputs(file.path, target, samples)
            metrics, notes = measure(file, samples, outputs, expected, asked)
            notes += sample_notes(file.manifest, samples, drawn.hashes()[1])
        except UnsupportedOperator as error:
            failure = error.received or error.rule
        yield Measurement(
            artifact=name,
            artifact_sha256=serde.sha256(file.path),
            samples_sha256=drawn.hashes()[0],
            num_samples=len(samples),
            target=target,
            host=describe_host(),
            metrics=metrics,
            failure=failure,
            notes=notes,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def _with_layers(
    measured: Measurement,
    file: Candidate,
    drawn: Drawn,
    seed: int,
    limits: Limits,
    on_progress: Progress,
) -> Measurement:
    samples = drawn.of(file.contract)
    if samples.carried:
        raise DataError(
            "--layers must be given the state that each sample begins with.",
            received=f"{samples.source} without {', '.join(samples.carried)}",
            hint="name the golden samples that convert wrote beside the file: NAME.golden.npz.",
        )
    errors, note = measure_layers.measure_layers(
        file.path,
        file.origin,
        samples,
        equalized=file.manifest.equalized if file.manifest else None,
        seed=seed,
        limits=limits,
        on_progress=on_progress,
    )
    return replace(measured, layers=errors, notes=(*measured.notes, note))


def _check(targets: Sequence[Target], options: ValidateOptions) -> None:
    """Refuse what cannot end well before anything slow begins."""
    jobs, seed = options.jobs, options.seed
    if jobs < 1 or seed < 0:
        raise UsageError(
            "jobs must be at least 1, seed at least 0.", received=f"jobs {jobs}, seed {seed}"
        )
    for target in targets:
        environments.python_for(target)


def _checked_metrics(metric: str | Sequence[str] | None) -> tuple[str, ...]:
    from edgekit.measure import accuracy

    asked = (metric,) if isinstance(metric, str) else tuple(metric or ())
    for name in asked:
        accuracy.check_metric(name)
    return asked


def _in_order(
    candidates: Sequence[Candidate], targets: Sequence[Target]
) -> list[tuple[Path, Target]]:
    """Every run that is needed, once, in the order of need."""
    wanted: dict[tuple[Path, Target], None] = {}
    for file in candidates:
        if file.reference is not None:
            wanted[file.reference, REFERENCE_TARGET] = None
        wanted.update(dict.fromkeys((file.path, target) for target in targets))
    return list(wanted)
