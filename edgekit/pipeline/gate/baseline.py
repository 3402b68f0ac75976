"""Baselines on disk: JSON that diffs well, and an `.npz` with the values of each sample beside it.

The JSON has the hash of the `.npz`, and the `.npz` a copy of what the JSON says, so that neither
can be changed by itself. Hosts are left out of the copy: they decide no accuracy, and machines get
other names. The cache keeps measurements in the same two files: there is no second format.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekit.core import npz_record, serde
from edgekit.core.baseline_record import BASELINE_SCHEMA_VERSION, Baseline
from edgekit.core.cache_dir import home, locked
from edgekit.core.errors import EdgekitError, ProjectError, reading
from edgekit.core.json_values import Json
from edgekit.core.moves import Move, move_all, staging
from edgekit.core.process import Progress
from edgekit.core.records import Host, Measurement, Metric
from edgekit.data import npz
from edgekit.verdicts.sentences import UPDATE

# Schema 1 lacks the contract, and is read without.
_READ = (1, BASELINE_SCHEMA_VERSION)
_OUTPUTS = "outputs"
_COPY = "copy"

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
    for measurement in baseline.measurements:
        for metric in filter(keep, measurement.metrics):
            arrays.update(_arrays_of(measurement, metric))
    shown = replace(baseline, measurements=tuple(m.summary() for m in baseline.measurements))
    arrays[_COPY] = np.frombuffer(serde.dumps(_checked(shown)).encode(), np.uint8)
    with staging(path, path.parent) as scratch:
        text, values = scratch / path.name, scratch / values_path(path).name
        npz_record.write(values, arrays)
        shown = replace(shown, values_sha256=serde.sha256(values))
        text.write_text(serde.dumps(shown), encoding="utf-8")
        moves = [(values, values_path(path)), (text, path)]
        for source, place in (beside or {}).items():
            moves.insert(0, (Path(shutil.copyfile(source, scratch / place.name)), place))
        move_all([Move(source_file, place, scratch) for source_file, place in moves])


def load(path: Path) -> tuple[Baseline, dict[str, np.ndarray]]:
    """What `save` wrote: measurements with their per-sample values, and whole outputs.

    What an older edgekit wrote keeps its `schema_version`, and is brought to today's names.

    Raises:
        ProjectError: Missing, damaged, changed, of another schema, or without its values.
    """
    restore = f"restore it (git checkout {path.name}), or write a new one: {UPDATE}"
    try:
        with reading(path, f"The baseline {path.name} is damaged.", kind=ProjectError):
            baseline = serde.from_dict(Baseline, _payload(path), path.name)
            arrays = _values(path, baseline)
            _check_copy(path, baseline, arrays)
            measurements = tuple(_with_values(m, arrays) for m in baseline.measurements)
    except EdgekitError as error:
        hint = error.hint or restore
        raise ProjectError(error.rule, received=error.received, hint=hint) from None
    outputs = {
        name.removeprefix(f"{_OUTPUTS}/"): array
        for name, array in arrays.items()
        if name.startswith(f"{_OUTPUTS}/")
    }
    return _renamed(replace(baseline, measurements=measurements)), outputs


def _renamed(baseline: Baseline) -> Baseline:
    """The metrics of schema 1 under today's names.

    Its SQNR was that of whole outputs, its agreement that of the largest value whatever an output
    is: what bears these names now is no loss against them.
    """
    if baseline.schema_version == BASELINE_SCHEMA_VERSION:
        return baseline
    measurements = []
    for one in baseline.measurements:
        metrics = [
            replace(metric, name=metric.name.replace("sqnr_db", "pooled_sqnr_db", 1))
            if metric.name.partition("@")[0] == "sqnr_db"
            else metric
            for metric in one.metrics
            if metric.name.partition("@")[0] != "agreement"
        ]
        measurements.append(replace(one, metrics=tuple(metrics)))
    return replace(baseline, measurements=tuple(measurements))


def _payload(path: Path) -> dict[str, Json]:
    """The JSON file, when it is one of this schema."""
    if not path.exists():
        raise ProjectError(
            "The baseline that a rule compares with was not found.",
            received=f"no {path}",
            hint=f"{UPDATE} writes it; commit {path.name} and {values_path(path).name}.",
        )
    with reading(path, f"The baseline {path.name} is not JSON.", kind=ProjectError):
        if not path.is_file():
            raise ValueError("a folder, or a device")  # to open a pipe would wait for ever
        payload: Json = json.loads(path.read_text(encoding="utf-8"))
    fields = payload if isinstance(payload, dict) else {}
    version = fields.get("schema_version")
    if version not in _READ or isinstance(version, bool):
        newer = isinstance(version, int) and version > BASELINE_SCHEMA_VERSION
        raise ProjectError(
            f"The baseline {path.name} must be of schema {BASELINE_SCHEMA_VERSION}.",
            received=f"schema {version}" if version is not None else "no schema_version",
            hint="a newer edgekit wrote it: upgrade this one."
            if newer
            else f"write a new one: {UPDATE}",
        )
    return fields


def _values(path: Path, baseline: Baseline) -> dict[str, np.ndarray]:
    """The `.npz` beside the JSON file, when it is the one of its hash."""
    values = values_path(path)
    if not values.is_file() or serde.sha256(values) != baseline.values_sha256:
        raise ProjectError(
            f"{values.name} does not hold the values of each sample that belong to {path.name}.",
            received="another file of that name" if values.is_file() else "no such file",
            hint=f"get both from one commit (git checkout), or write them anew: {UPDATE}",
        )
    return npz.read(values)


def _checked(baseline: Baseline) -> Baseline:
    """What the copy in the `.npz` covers: everything but the hash of that file, and hosts."""
    nowhere = Host(machine="", system="", cpu="", cores=0, python="")
    measured = tuple(replace(m, host=nowhere) for m in baseline.measurements)
    return replace(baseline, values_sha256="", measurements=measured)


def _check_copy(path: Path, baseline: Baseline, arrays: Arrays) -> None:
    """Refuse what was changed since it was measured, an accuracy above all.

    Raises:
        ProjectError: The JSON says something else than its copy, which is named.
    """
    if _COPY not in arrays:  # an older edgekit wrote it
        return
    now = _checked(baseline)
    # Read as a record too: an older edgekit's lacks fields that have defaults now.
    before = serde.loads(Baseline, arrays[_COPY].tobytes().decode(), _COPY)
    if serde.dumps(now) != serde.dumps(before):
        raise ProjectError(
            f"{path.name} was changed after it was written.", received=_difference(now, before)
        )


def _difference(now: Baseline, before: Baseline) -> str:
    """The first value that differs; what else was changed is found by git more easily."""
    for current, original in zip(now.measurements, before.measurements, strict=False):
        for metric in current.metrics:
            measured = original.metric(metric.name)
            if measured is None or metric.value != measured.value:
                value = "nothing" if measured is None else measured.value
                return f"{_place(current, metric)} = {metric.value}, where {value} was measured"
    return "another measurement than was written"


def _arrays_of(measurement: Measurement, metric: Metric) -> Iterator[tuple[str, np.ndarray]]:
    place = _place(measurement, metric)
    if metric.raw:
        yield f"{place}/raw", _small(np.asarray(metric.raw))
    if metric.parts:
        yield f"{place}/parts", np.asarray(metric.parts)


def _with_values(measurement: Measurement, arrays: Arrays) -> Measurement:
    """The measurement with its per-sample values."""

    def values(metric: Metric, what: str) -> np.ndarray:
        array = arrays.get(f"{_place(measurement, metric)}/{what}", np.array(()))
        return array.astype(np.float64)

    return replace(
        measurement,
        metrics=tuple(
            replace(
                metric,
                raw=tuple(map(float, values(metric, "raw"))),
                parts=tuple(tuple(map(float, row)) for row in values(metric, "parts")),
            )
            for metric in measurement.metrics
        ),
    )


def _place(measurement: Measurement, metric: Metric) -> str:
    return f"{measurement.artifact}/{measurement.target.title}/{metric.name}"


def _small(values: np.ndarray) -> np.ndarray:
    """Right and wrong as bytes: most values are nothing else."""
    return values.astype(np.uint8) if np.isin(values, (0, 1)).all() else values
