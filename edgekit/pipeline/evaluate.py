"""One file, its float file and samples: what is measured of them, for `validate` and the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core import artifacts, serde
from edgekit.core.errors import ModelError
from edgekit.core.project import Project
from edgekit.core.records import Artifact, Contract, Limits, Metric
from edgekit.data import label_hints, masks
from edgekit.data.label_kinds import with_label_kinds
from edgekit.data.samples import Samples
from edgekit.pipeline import beyond_calibration, inspect

Outputs = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file to judge, the float file to compare it with, and the one it was quantized from.

    The two are one file but where the model was pruned. None where they are not known.
    """

    path: Path
    contract: Contract
    manifest: Artifact | None
    reference: Path | None
    origin: Path | None


def candidate(
    path: Path,
    reference: Path | None = None,
    project: Project | None = None,
    limits: Limits | None = None,
) -> Candidate:
    """A file with what lies beside it.

    Args:
        path: The `.tflite`.
        reference: Its float file; by default the one beside it, if it is the right one.
        project: What describes a file without a manifest.
        limits: Of the process that reads such a file.
    """
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
        contract = inspect.contract(path, limits or Limits())
        if project is not None:
            contract = project.describe(contract)
    return Candidate(
        path=path, contract=contract, manifest=manifest, reference=reference, origin=origin
    )


def measure(
    candidate: Candidate,
    samples: Samples,
    outputs: Outputs,
    expected: Outputs | None,
    asked: Sequence[str] = (),
) -> tuple[tuple[Metric, ...], tuple[str, ...]]:
    """Task metrics, fidelity and size of one file, and what must be said beside them.

    Args:
        candidate: The file. What its contract does not know of an output, its labels may tell.
        samples: That it ran on.
        outputs: What it computes.
        expected: What its float file computes; None where that is not known.
        asked: Task metrics; without any, for each output those that its labels ask for.
    """
    from edgekit.measure import accuracy, fidelity
    from edgekit.measure.default_metrics import default_metrics, not_installed

    contract = with_label_kinds(candidate.contract, samples)
    unnamed = samples.labels if len(contract.outputs) == 1 else None
    for spec in contract.outputs:
        labels = samples.head_labels.get(spec.name, unnamed)
        if labels is not None:
            masks.check_size(labels, spec)
    names = asked or default_metrics(contract, samples)
    metrics = [accuracy.measure(name, outputs, samples, contract) for name in names]
    lacking = () if asked else not_installed(contract, samples)
    notes = [] if asked else _without_accuracy(contract, samples, (*names, *lacking))
    notes += [
        f"{name} was not measured: pip install 'edgekit-tflite[metrics]' for it."
        for name in lacking
    ]
    if expected is not None:
        metrics.extend(fidelity.compare(expected, outputs, contract))
        notes += _of_unknown_kind(contract, samples)
    else:
        notes.append(
            f"the float file of {candidate.path.name} is not beside it: no fidelity; "
            "name it with --reference."
        )
    notes += beyond_calibration.notes(candidate.manifest, contract, samples, outputs, expected)
    metrics.extend(sizes(candidate.path))
    return tuple(metrics), tuple(notes)


def sizes(path: Path) -> tuple[Metric, ...]:
    """`size_bytes` and `compressed_bytes` of a file.

    Raises:
        ModelError: It cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError("The .tflite file could not be read.", received=str(error)) from None
    compressed = artifacts.compressed_bytes(content)
    return (
        Metric(name="size_bytes", value=len(content), unit="B", better="lower"),
        Metric(name="compressed_bytes", value=compressed, unit="B", better="lower"),
    )


def _without_accuracy(contract: Contract, samples: Samples, metrics: Sequence[str]) -> list[str]:
    """Which outputs no task metric was measured of, and what would change that."""
    outputs = [spec.name for spec in contract.outputs]
    alone = len(outputs) == 1
    measured = {metric.partition("@")[2] or outputs[0] for metric in metrics}
    if not samples.is_labelled:
        say = "no labels in the data: no accuracy, only fidelity to the float file"
        if alone and not samples.ignored:
            return [f"{say}."]
        return [f"{say}; {label_hints.how(samples, contract, outputs[0])}"]
    if samples.head_labels:
        return [
            f"no metric of output {name!r} by itself, whose labels have the shape "
            f"{labels.shape}: name one with --metric NAME{'' if alone else f'@{name}'}."
            if (labels := samples.labels_of(name, alone=alone)) is not None
            else f"no labels of output {name!r}: no accuracy of it; "
            f"{label_hints.how(samples, contract, name)}"
            for name in outputs
            if name not in measured
        ]
    if metrics:
        return []
    assert samples.labels is not None
    return [
        f"labels of shape {samples.labels.shape} ask for no metric by themselves: no accuracy; "
        f"name one with --metric NAME{'' if alone else '@OUTPUT'}."
    ]


def _of_unknown_kind(contract: Contract, samples: Samples) -> list[str]:
    """The outputs that are taken as values for want of better knowledge."""
    alone = len(contract.outputs) == 1
    return [
        f"output {spec.name!r} is taken as values, for nothing tells what it is: no agreement is "
        f"measured; say it in edgekit.toml: [output.{spec.name}] kind = "
        f'"{"classes" if spec.shape[-1] > 1 else "binary"}", or "values".'
        for spec in contract.outputs
        if spec.kind is None
        and not spec.columns
        and samples.labels_of(spec.name, alone=alone) is None
    ]


def sample_notes(
    manifest: Artifact | None, samples: Samples, digests: Sequence[str]
) -> tuple[str, ...]:
    """Say what a file is known to have lost, and when samples that made it judge it too."""
    if manifest is None:
        return ()
    if manifest.wrecked:
        return (f"wrecked: {manifest.wrecked}", *_of_samples(manifest, samples, digests))
    return _of_samples(manifest, samples, digests)


def _of_samples(manifest: Artifact, samples: Samples, digests: Sequence[str]) -> tuple[str, ...]:
    trained_on = set(manifest.training_digests.split())
    trained = sum(digest in trained_on for digest in digests)
    notes: tuple[str, ...] = (_seen(trained, len(digests), "training"),) if trained else ()
    how = manifest.recipe.quantize
    if how is None or not (how.needs_calibration or how.refines_weights):
        return notes
    calibrated = set(manifest.calibration_digests.split())
    seen = sum(digest in calibrated for digest in digests)
    return (_seen(seen, len(digests), "calibration"), *notes) if seen else notes


def _seen(count: int, of: int, purpose: str) -> str:
    return (
        f"{count} of {of} evaluation samples were used for {purpose}: "
        "the accuracy looks better than it is."
    )
