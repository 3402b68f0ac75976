"""The records of what a conversion made, and its files: all of them written, or none."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import edgekit
from edgekit.core import artifacts, serde
from edgekit.core.installed import installed
from edgekit.core.records import Artifact, ReferenceAccuracy, Step
from edgekit.data.samples import Samples
from edgekit.pipeline.cache import TOOLS
from edgekit.pipeline.convert.converted_file import ConvertedFile
from edgekit.pipeline.convert.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the manifests of all files of a conversion say alike (see `records.Artifact`)."""

    source_sha256: str
    float_sha256: str
    calibration_sha256: str | None
    calibration_ranges: dict[str, tuple[float, float]]
    calibration_digests: str
    training_digests: str
    reference_sqnr_db: float | None
    golden: Literal["data", "synthetic"]
    tool_versions: dict[str, str]
    notes: tuple[str, ...]
    rewritten: Mapping[str, int] = field(default_factory=dict)
    pruned_rewritten: Mapping[str, int] = field(default_factory=dict)
    reference_accuracy: ReferenceAccuracy | None = None


def artifact(planned: Plan, file: ConvertedFile, steps: Sequence[Step], facts: Facts) -> Artifact:
    """The manifest of one file.

    Args:
        planned: Names and the folder of the conversion.
        file: The file as it will be written.
        steps: What was done to the model before, where the recipe prunes.
        facts: What all files have in common.
    """
    recipe, quantized, written = file.recipe, file.quantized, file.quantized.written
    rewritten = facts.pruned_rewritten if recipe.prune else facts.rewritten
    return Artifact(
        path=str(artifacts.tflite_path(planned.folder, planned.name, recipe)),
        sha256=written.sha256,
        size_bytes=written.size_bytes,
        compressed_bytes=written.compressed_bytes,
        recipe=recipe,
        contract=written.contract,
        source_sha256=facts.source_sha256,
        float_sha256=facts.float_sha256,
        calibration_sha256=facts.calibration_sha256,
        calibration_digests=facts.calibration_digests,
        training_digests=facts.training_digests if recipe.training else "",
        calibration_ranges=facts.calibration_ranges,
        oldest_runtime=written.oldest_runtime,
        reference_sqnr_db=facts.reference_sqnr_db,
        reference_accuracy=facts.reference_accuracy,
        golden=facts.golden,
        tool_versions=facts.tool_versions,
        skipped=written.skipped,
        kept=written.kept,
        candidates=quantized.candidates,
        equalized=dict(quantized.equalized),
        rewritten={**rewritten, **quantized.rewritten},
        repair=file.repair,
        budget=file.budget,
        verified=file.verified,
        wrecked=file.wrecked,
        steps=(*(steps if recipe.prune else ()), *file.steps),
        notes=facts.notes,
    )


def write(
    manifests: Sequence[Artifact], files: Sequence[Path], others: Mapping[Path, Path]
) -> None:
    """All files or none: each is written beside its place, then all are moved there.

    Args:
        manifests: Of each file, which say where it goes.
        files: Where they are.
        others: Golden samples and the pruned model: where they are, and where they go.

    Raises:
        OutputError: No room or no right. What was there before is still there.
    """
    paths = [artifacts.manifest_path(Path(artifact.path)) for artifact in manifests]
    with ExitStack() as moves:  # it ends in reverse order: manifests are moved last
        for artifact, path in zip(manifests, paths, strict=True):
            temporary = moves.enter_context(serde.atomic_path(path))
            temporary.write_text(artifacts.manifest_text(artifact), encoding="utf-8")
        places = dict(others) | dict(zip(files, (Path(m.path) for m in manifests), strict=True))
        for source, place in places.items():
            shutil.copyfile(source, moves.enter_context(serde.atomic_path(place)))
        # An old manifest beside a new file would be a lie, should somebody end us in between.
        for path in paths:
            moves.callback(path.unlink, missing_ok=True)


def digests(samples: Path, most: int | None = None) -> str:
    """Short hashes of the first samples of a file, or nothing where there is none."""
    return " ".join(Samples.load(samples).digests()[:most]) if samples.is_file() else ""


def tool_versions(written_by: str) -> dict[str, str]:
    """Versions of what took part; `model` is what wrote the model."""
    versions = {"edgekit": edgekit.__version__, "model": written_by}
    return versions | {tool: version for tool in TOOLS if (version := installed(tool))}
