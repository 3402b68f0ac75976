"""Accuracy and fidelity of files, each on every runtime that is asked for.

Starting a worker takes longer than many a validation. So the first one starts before
anything else, and what is not needed for that is imported and computed meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edgekit import artifacts, serde
from edgekit.data import ranges
from edgekit.data.samples import Samples
from edgekit.errors import UnsupportedOperator, UsageError
from edgekit.measure.host import describe_host
from edgekit.pipeline import layers as measure_layers
from edgekit.pipeline.runs import REFERENCE_TARGET, Drawn, Runs
from edgekit.process import Progress, silent
from edgekit.project import Project
from edgekit.records import Artifact, Contract, Limits, Measurement, Metric, Target
from edgekit.runtimes import environments


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A file to judge, the float file to compare it with, and the one it was quantized from.

    The two are one file but where the model was pruned. None where they are not known.
    """

    path: Path
    contract: Contract
    manifest: Artifact | None
    reference: Path | None
    origin: Path | None


def validate(
    files: Sequence[Path | str],
    *,
    data: str,
    targets: Sequence[Target] = (Target(),),
    metric: str | None = None,
    reference: Path | str | None = None,
    limit: int | None = None,
    seed: int = 0,
    jobs: int = 1,
    layers: bool = False,
    project: Project | None = None,
    limits: Limits | None = None,
    on_progress: Progress = silent,
) -> list[Measurement]:
    """Measure what each file computes, against labels and against its float file.

    Args:
        files: `.tflite` files; those of `convert` bring their contract and know their
            float file.
        data: Evaluation samples: `.npz`, `.csv`, a folder by class or `module:function`.
        targets: Runtimes to run on.
        metric: A metric's name or `module:function`; guessed from the labels by default.
        reference: The float file of `files`; the one beside each by default.
        limit: Draw that many samples; all by default.
        seed: Of the draw and of bootstraps.
        jobs: Worker processes that share the samples.
        layers: Also measure the error of each operator, with LiteRT; the first measurement
            of each file holds them.
        project: What `edgekit.toml` says, for files without a manifest.
        limits: Time and memory of each worker.
        on_progress: Takes one line at each step.

    Returns:
        A measurement for each file and target, in that order. Where a runtime lacks an
        operator of a file, it holds that as its `failure`.

    Raises:
        EdgekitError: By its class: unreadable files, data that do not fit, a runtime that
            cannot run a file.
    """
    if not files:
        raise UsageError("validate needs at least one .tflite file.", received="none")
    _check(targets, jobs, seed)
    paths = [Path(path) for path in files]
    names = artifacts.labels(paths)
    candidates = [
        _candidate(path, Path(reference) if reference else None, project) for path in paths
    ]
    for candidate in candidates if layers else ():
        measure_layers.check_reference(candidate.path, candidate.origin)
    drawn = Drawn(data, limit, seed)
    runs = Runs(
        _in_order(candidates, targets),
        jobs=jobs,
        limits=limits or Limits(),
        on_progress=on_progress,
        meanwhile=drawn.begin_hashing,
    )
    machine = describe_host()
    measurements = []
    with runs:
        _check_metric(metric)
        for name, candidate in zip(names, candidates, strict=True):
            samples = drawn.of(candidate.contract)
            expected = None
            if candidate.reference is not None:
                expected = runs.outputs(candidate.reference, REFERENCE_TARGET, samples)
            for target in targets:
                failure: str | None = None
                metrics: tuple[Metric, ...] = ()
                notes: tuple[str, ...] = ()
                try:
                    outputs = runs.outputs(candidate.path, target, samples)
                    metrics, notes = _measure(candidate, samples, outputs, expected, metric)
                    notes += _sample_notes(candidate.manifest, samples, drawn.hashes()[1])
                except UnsupportedOperator as error:
                    failure = error.received or error.rule
                measurements.append(
                    Measurement(
                        artifact=name,
                        artifact_sha256=serde.sha256(candidate.path),
                        samples_sha256=drawn.hashes()[0],
                        num_samples=len(samples),
                        target=target,
                        host=machine,
                        metrics=metrics,
                        failure=failure,
                        notes=notes,
                        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
                    )
                )
    for number, candidate in enumerate(candidates if layers else ()):
        errors, note = measure_layers.measure_layers(
            candidate.path,
            candidate.origin,
            drawn.of(candidate.contract),
            equalized=candidate.manifest.equalized if candidate.manifest else None,
            seed=seed,
            limits=limits or Limits(),
            on_progress=on_progress,
        )
        first = number * len(targets)
        one = measurements[first]
        measurements[first] = replace(one, layers=errors, notes=(*one.notes, note))
    return measurements


def _check(targets: Sequence[Target], jobs: int, seed: int) -> None:
    """Refuse what cannot end well before anything slow begins."""
    if jobs < 1 or seed < 0:
        raise UsageError(
            "jobs is at least 1, seed at least 0.", received=f"jobs {jobs}, seed {seed}"
        )
    for target in targets:
        environments.python_for(target)


def _check_metric(metric: str | None) -> None:
    from edgekit.measure import accuracy

    if metric is not None:
        accuracy.check_metric(metric)


def _in_order(
    candidates: Sequence[_Candidate], targets: Sequence[Target]
) -> list[tuple[Path, Target]]:
    """Every run that is needed, once, in the order of need."""
    wanted: dict[tuple[Path, Target], None] = {}
    for candidate in candidates:
        if candidate.reference is not None:
            wanted[candidate.reference, REFERENCE_TARGET] = None
        wanted.update(dict.fromkeys((candidate.path, target) for target in targets))
    return list(wanted)


def _candidate(path: Path, reference: Path | None, project: Project | None) -> _Candidate:
    manifest, origin = artifacts.load(path), reference
    if manifest is not None:
        contract = manifest.contract
        if reference is None:
            beside = artifacts.float_path(manifest)
            if beside.is_file() and serde.sha256(beside) == manifest.float_sha256:
                reference = beside
            pruned = artifacts.origin_path(manifest)
            origin = pruned if manifest.recipe.prune and pruned.is_file() else reference
    else:
        from edgekit import flatbuffer

        contract = flatbuffer.contract(path)
        if project is not None:
            contract = project.describe(contract)
    return _Candidate(
        path=path, contract=contract, manifest=manifest, reference=reference, origin=origin
    )


def _measure(
    candidate: _Candidate,
    samples: Samples,
    outputs: dict[str, np.ndarray],
    expected: dict[str, np.ndarray] | None,
    metric: str | None,
) -> tuple[tuple[Metric, ...], tuple[str, ...]]:
    """Task metric, fidelity and size of one file, and what must be said beside them."""
    from edgekit.measure import accuracy, fidelity

    notes = []
    metrics: list[Metric] = []
    name = metric or accuracy.default_metric(candidate.contract, samples.labels)
    if name is not None:
        metrics.append(accuracy.measure(name, outputs, samples, candidate.contract))
    else:
        notes.append(_without_accuracy(candidate.contract, samples.labels))
    if expected is not None:
        metrics.extend(fidelity.compare(expected, outputs, candidate.contract))
    else:
        notes.append(
            f"the float file of {candidate.path.name} is not beside it: no fidelity; "
            "name it with --reference."
        )
    content = candidate.path.read_bytes()
    metrics.append(Metric(name="size_bytes", value=len(content), unit="B", better="lower"))
    compressed = artifacts.compressed_bytes(content)
    metrics.append(Metric(name="compressed_bytes", value=compressed, unit="B", better="lower"))
    return tuple(metrics), tuple(notes)


def _without_accuracy(contract: Contract, labels: np.ndarray | None) -> str:
    if labels is None:
        return "no labels in the data: no accuracy, only agreement with the float file."
    return (
        f"labels of shape {labels.shape} ask for no metric by themselves: no accuracy; name one "
        f"with --metric NAME{'@OUTPUT' if len(contract.outputs) > 1 else ''}."
    )


def _sample_notes(
    manifest: Artifact | None, samples: Samples, digests: Sequence[str]
) -> tuple[str, ...]:
    """Say when samples that made the file judge it too, or go beyond those samples."""
    if manifest is None:
        return ()
    trained_on = set(manifest.training_digests.split())
    trained = sum(digest in trained_on for digest in digests)
    notes: tuple[str, ...] = (_seen(trained, len(digests), "training"),) if trained else ()
    how = manifest.recipe.quantize
    if how is None or not (how.needs_calibration or how.refines_weights):
        return notes
    notes += ranges.unlike_calibration(samples, manifest.calibration_ranges)
    calibrated = set(manifest.calibration_digests.split())
    seen = sum(digest in calibrated for digest in digests)
    return (_seen(seen, len(digests), "calibration"), *notes) if seen else notes


def _seen(count: int, of: int, purpose: str) -> str:
    return (
        f"{count} of {of} evaluation samples were used for {purpose}: "
        "the accuracy looks better than it is."
    )
