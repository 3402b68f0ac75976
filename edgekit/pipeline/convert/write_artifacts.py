"""The records of what a conversion made, and its files: all of them written, or none."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

import edgekit
from edgekit.core import artifacts, serde
from edgekit.core.records import Artifact, Candidate, Contract, Kept, Recipe, Repair, Skipped, Step
from edgekit.data.samples import Samples
from edgekit.pipeline.convert.plan import Plan

_TOOLS = ("tensorflow", "keras", "tf-keras", "ai-edge-litert", "litert-quantizer", "numpy")


def artifact(
    settled: Plan,
    recipe: Recipe,
    entry: Mapping[str, Any],
    steps: Sequence[Step],
    trained_on: str,
    common: Mapping[str, Any],
) -> Artifact:
    """The manifest of one file.

    Args:
        settled: Names and the folder of the conversion.
        recipe: What was done.
        entry: What the quantizing stage said of the file (see `quantize.stage.run`).
        steps: What was done to the model before, where the recipe prunes.
        trained_on: Digests of samples, where the recipe trains.
        common: The fields that all files of the conversion share.
    """
    return Artifact(
        path=str(artifacts.tflite_path(settled.folder, settled.name, recipe)),
        recipe=recipe,
        contract=serde.from_dict(Contract, entry["contract"]),
        skipped=serde.from_dict(tuple[Skipped, ...], entry["skipped"], "skipped"),
        kept=serde.from_dict(tuple[Kept, ...], entry["kept"], "kept"),
        candidates=serde.from_dict(tuple[Candidate, ...], entry["candidates"], "candidates"),
        equalized={name: tuple(powers) for name, powers in entry["equalized"].items()},
        repair=None if entry.get("repair") is None else serde.from_dict(Repair, entry["repair"]),
        **{key: entry[key] for key in ("sha256", "size_bytes", "compressed_bytes")},
        oldest_runtime=entry["oldest_runtime"],
        steps=(
            *(steps if recipe.prune else ()),
            *serde.from_dict(tuple[Step, ...], entry.get("steps", []), "steps"),
        ),
        training_digests=trained_on if recipe.training else "",
        **common,
    )


def write(made: Sequence[Artifact], files: Sequence[Path], others: Mapping[Path, Path]) -> None:
    """All files or none: each is written beside its place, then all are moved there.

    Args:
        made: Where the files go, and their manifests.
        files: Where they are.
        others: Golden samples and the pruned model: where they are, and where they go.

    Raises:
        OutputError: No room or no right. What was there before is still there.
    """
    manifests = [artifacts.manifest_path(Path(artifact.path)) for artifact in made]
    with ExitStack() as moves:  # it ends in reverse order: manifests are moved last
        for artifact, path in zip(made, manifests, strict=True):
            temporary = moves.enter_context(serde.atomic_path(path))
            temporary.write_text(artifacts.manifest_text(artifact), encoding="utf-8")
        places = dict(others) | dict(zip(files, (Path(one.path) for one in made), strict=True))
        for source, place in places.items():
            shutil.copyfile(source, moves.enter_context(serde.atomic_path(place)))
        # An old manifest beside a new file would be a lie, should somebody end us in between.
        for path in manifests:
            moves.callback(path.unlink, missing_ok=True)


def digests(samples: Path, most: int | None = None) -> str:
    """Short hashes of the first samples of a file, or nothing where there is none."""
    return " ".join(Samples.load(samples).digests()[:most]) if samples.is_file() else ""


def tool_versions(written_by: str) -> dict[str, str]:
    """Versions of what took part; `model` is what wrote the model."""
    versions = {"edgekit": edgekit.__version__, "model": written_by}
    for tool in _TOOLS:
        try:
            versions[tool] = metadata.version(tool)
        except metadata.PackageNotFoundError:
            continue
    return versions
