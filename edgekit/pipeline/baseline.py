"""Baselines on disk: JSON that diffs well, and an `.npz` with the values of each sample beside it.

The cache keeps measurements in the same two files: there is no second format.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgekit import serde
from edgekit.data import npz
from edgekit.errors import DataError, ProjectError
from edgekit.home import home, locked
from edgekit.process import Progress
from edgekit.records import Measurement, Metric
from edgekit.rules import BASELINE_SCHEMA_VERSION, Baseline

UPDATE = "edgekit gate --update-baseline"
_OUTPUTS = "outputs"

Arrays = Mapping[str, np.ndarray]
Keep = Callable[[Metric], bool]


def values_path(path: Path) -> Path:
    """The file with the values of each sample, beside `path`."""
    return path.with_suffix(".npz")


def writing(path: Path, report: Progress) -> AbstractContextManager[None]:
    """Hold a baseline, so that two gates write it one after the other."""
    name = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]
    return locked(home() / "locks" / name, report, f"writing {path.name}")


def save(
    path: Path,
    baseline: Baseline,
    *,
    keep: Keep = lambda _: True,
    outputs: Arrays | None = None,
    beside: Mapping[Path, Path] | None = None,
) -> None:
    """Write the JSON file and the values: both, or none of them.

    Args:
        path: Of the JSON file.
        baseline: Measurements with their per-sample values.
        keep: Of which metrics those values are kept.
        outputs: Whole outputs by name, for metrics without per-sample values.
        beside: Files to copy along, from and to.

    Raises:
        OutputError: No room or no right. What was there before is still there.
    """
    arrays = {f"{_OUTPUTS}/{name}": array for name, array in (outputs or {}).items()}
    for one in baseline.measurements:
        for metric in filter(keep, one.metrics):
            arrays.update(_arrays_of(one, metric))
    with ExitStack() as moves:  # it ends in reverse order: the JSON file is moved last
        text = moves.enter_context(serde.atomic_path(path))
        values = moves.enter_context(serde.atomic_path(values_path(path)))
        for source, place in (beside or {}).items():
            shutil.copyfile(source, moves.enter_context(serde.atomic_path(place)))
        npz.write(values, arrays)
        shown = replace(
            baseline,
            values_sha256=serde.sha256(values),
            measurements=tuple(one.summary() for one in baseline.measurements),
        )
        text.write_text(serde.dumps(shown), encoding="utf-8")


def load(path: Path) -> tuple[Baseline, dict[str, np.ndarray]]:
    """What `save` wrote: measurements with their per-sample values, and whole outputs.

    Raises:
        ProjectError: Missing, damaged, of another schema, or without its values.
    """
    baseline = serde.from_dict(Baseline, _payload(path), path.name)
    values = values_path(path)
    if not values.is_file() or serde.sha256(values) != baseline.values_sha256:
        raise ProjectError(
            f"{values.name} holds the values of each sample that belong to {path.name}.",
            received="another file of that name" if values.is_file() else "no such file",
            hint=f"get both from one commit (git checkout), or write them anew: {UPDATE}",
        )
    try:
        arrays = npz.read(values)
    except DataError as error:
        raise ProjectError(error.rule, received=error.received, hint=UPDATE) from None
    outputs = {
        name.removeprefix(f"{_OUTPUTS}/"): array
        for name, array in arrays.items()
        if name.startswith(f"{_OUTPUTS}/")
    }
    filled = tuple(
        replace(one, metrics=tuple(_with_values(one, metric, arrays) for metric in one.metrics))
        for one in baseline.measurements
    )
    return replace(baseline, measurements=filled), outputs


def _payload(path: Path) -> dict[str, Any]:
    """The JSON file, when it is one of this schema."""
    try:
        payload = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(
            "A rule compares with the baseline, so there is one.",
            received=f"no {path}",
            hint=f"{UPDATE} writes it; commit {path.name} and {values_path(path).name}.",
        ) from None
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"The baseline {path.name} is JSON.",
            received=str(error),
            hint=f"restore it (git checkout {path.name}), or write a new one: {UPDATE}",
        ) from None
    version = payload.get("schema_version") if isinstance(payload, dict) else None
    if version != BASELINE_SCHEMA_VERSION:
        newer = isinstance(version, int) and version > BASELINE_SCHEMA_VERSION
        raise ProjectError(
            f"The baseline {path.name} is of schema {BASELINE_SCHEMA_VERSION}.",
            received=f"schema {version}" if version is not None else "no schema_version",
            hint="a newer edgekit wrote it: upgrade this one."
            if newer
            else f"write a new one: {UPDATE}",
        )
    assert isinstance(payload, dict)
    return payload


def _arrays_of(one: Measurement, metric: Metric) -> Iterator[tuple[str, np.ndarray]]:
    place = _place(one, metric)
    if metric.raw:
        yield f"{place}/raw", _small(np.asarray(metric.raw))
    if metric.parts:
        yield f"{place}/parts", np.asarray(metric.parts)


def _with_values(one: Measurement, metric: Metric, arrays: Arrays) -> Metric:
    place = _place(one, metric)
    raw, parts = arrays.get(f"{place}/raw"), arrays.get(f"{place}/parts")
    return replace(
        metric,
        raw=() if raw is None else tuple(raw.astype(np.float64).tolist()),
        parts=() if parts is None else tuple(map(tuple, parts.tolist())),
    )


def _place(one: Measurement, metric: Metric) -> str:
    return f"{one.artifact}/{one.target.title}/{metric.name}"


def _small(values: np.ndarray) -> np.ndarray:
    """Right and wrong as bytes: most values are nothing else."""
    return values.astype(np.uint8) if np.isin(values, (0, 1)).all() else values
