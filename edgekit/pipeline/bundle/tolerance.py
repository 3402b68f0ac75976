"""How far right engines are from each other: golden samples on other kernels and runtimes.

Kernels round differently, and a network makes more of it, or less. So what a self-test allows is
measured with the very file: the samples run on LiteRT's reference kernels and on its own kernels
without XNNPACK, and in every environment of `edgekit runtime add`. Of the worst of them

- a value may be `WORST` times as far off: an extreme, which varies from kernels to kernels;
- the root mean square may be `RMS` times as much: an average, which hardly varies, and which a
  changed weight moves before any single value stands out;
- one more decision may be another, of many one in 256: only where the output's kind decides.

Kernels that happen to agree here may differ elsewhere: a difference counts as at least one unit,
and the root mean square as a quarter of one. Units, and which columns are judged together, are
those of `column_units`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core.bundle_record import ColumnError, Difference, Kernels, Tolerance, Trial
from edgekit.core.errors import EdgekitError
from edgekit.core.process import Progress
from edgekit.core.records import Artifact, Limits, Target, TensorSpec
from edgekit.measure import agreement
from edgekit.pipeline.bundle.column_units import ColumnGroup, Groups
from edgekit.runtimes import environments, local
from edgekit.runtimes.base import Arrays

WORST = 4.0
RMS = 2.0
_DECISIONS_TO_ONE = 256  # of so many decisions, one more may be another
# Beyond this share of what columns vary by, a runtime computes something else.
_SAME_MODEL = 0.3


@dataclass(frozen=True, slots=True)
class Engine:
    """Kernels of a runtime, to try a file on."""

    target: Target
    kernels: Kernels = "default"


def engines() -> list[Engine]:
    """What this machine has beside LiteRT's default kernels."""
    added = [Target(runtime=e.runtime, version=e.version) for e in environments.list_environments()]
    return [
        Engine(Target(), "reference"),
        Engine(Target(), "builtin"),
        *[Engine(target) for target in added],
    ]


def tried(
    path: Path,
    artifact: Artifact,
    inputs: Arrays,
    outputs: Arrays,
    groups: Mapping[str, Groups],
    limits: Limits,
    on_progress: Progress,
) -> tuple[Trial, ...]:
    """The golden samples of a file, run on everything else that is there.

    Args:
        path: The `.tflite`.
        artifact: Its manifest.
        inputs: The golden samples.
        outputs: What LiteRT's default kernels made of them.
        groups: Of each output's columns.
        limits: Of each process.
        on_progress: Told what runs.
    """
    found = []
    for engine in engines():
        on_progress(f"running {path.name} on {engine.target.label}, {engine.kernels} kernels")
        found.append(_trial(path, artifact, engine, inputs, outputs, groups, limits))
    return tuple(found)


def _trial(
    path: Path,
    artifact: Artifact,
    engine: Engine,
    inputs: Arrays,
    outputs: Arrays,
    groups: Mapping[str, Groups],
    limits: Limits,
) -> Trial:
    version, target = engine.target.version, engine.target
    try:
        with local.open_session(path, target, limits=limits, kernels=engine.kernels) as session:
            version = session.info.runtime_version
            theirs = session.run(inputs)
    except EdgekitError as error:
        return Trial(
            runtime=target.runtime, version=version, kernels=engine.kernels, left_out=error.rule
        )
    apart = tuple(
        difference(spec, groups[spec.name], theirs[spec.name], outputs[spec.name])
        for spec in artifact.contract.outputs
    )
    strays = [name for one in apart for name in _strays(one, groups[one.output])]
    return Trial(
        runtime=target.runtime,
        version=version,
        kernels=engine.kernels,
        differences=tuple(one for one in apart if np.isfinite(one.worst)),
        left_out=f"it computes something else: {', '.join(strays)}" if strays else None,
    )


def difference(
    spec: TensorSpec, groups: Groups, mine: np.ndarray, golden: np.ndarray
) -> Difference:
    """How far outputs `(samples, ...)` are from the golden ones, in real units.

    Equal infinities and two NaN differ by nothing; a number and none by infinity.
    """
    one, other = mine.astype(np.float64), golden.astype(np.float64)
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        far = np.where(same, 0.0, np.abs(one - other)).reshape(-1, groups[-1].stop)
    far[np.isnan(far)] = np.inf
    alike = _alike(spec, golden, mine)
    each = [_error(group, far[:, group.start : group.stop]) for group in groups]
    return Difference(
        output=spec.name,
        worst=float(far.max(initial=0.0)),
        rms=_rms(far),
        agreement=None if alike is None else float(alike.mean()),
        columns=tuple(each) if len(each) > 1 else (),
    )


def _error(group: ColumnGroup, far: np.ndarray) -> ColumnError:
    worst = float(far.max(initial=0.0))
    return ColumnError(start=group.start, stop=group.stop, worst=worst, rms=_rms(far))


def _rms(far: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(far)))) if far.size else 0.0


def _alike(spec: TensorSpec, golden: np.ndarray, mine: np.ndarray) -> np.ndarray | None:
    """The share of decisions that are the same, by sample; None where nothing is decided.

    Ids are none: whole numbers have a tolerance of 0 as they are.
    """
    return None if spec.kind == "ids" else agreement.decisions_agree(golden, mine, spec)


def tolerance(
    spec: TensorSpec, groups: Groups, golden: np.ndarray, trials: Iterable[Trial]
) -> Tolerance:
    """What the trials of an output allow.

    Args:
        spec: What the output is.
        groups: Of its columns.
        golden: Its values, `(samples, ...)`, real.
        trials: Of all outputs.
    """
    counted = [
        one
        for trial in trials
        if trial.left_out is None
        for one in trial.differences
        if one.output == spec.name
    ]
    each = [_allowed(group, [_of(one, group) for one in counted]) for group in groups]
    least = limit = None
    if _alike(spec, golden, golden) is not None:
        count = golden.size
        if agreement.names_the_largest(golden, spec):
            count //= golden.shape[-1]
        else:
            limit = agreement.threshold(golden, spec)
        fewest = min((one.agreement for one in counted if one.agreement is not None), default=1.0)
        more = max(1, count // _DECISIONS_TO_ONE)
        least = max(0.0, round(fewest * count) - more) / count
    return Tolerance(
        worst=max(one.worst for one in each),
        rms=max(one.rms for one in each),
        agreement=least,
        threshold=limit,
        columns=tuple(each) if len(each) > 1 else (),
    )


def _of(measured: Difference, group: ColumnGroup) -> ColumnError:
    """The part of a difference that is of these columns."""
    whole = ColumnError(start=group.start, stop=group.stop, worst=measured.worst, rms=measured.rms)
    return next((one for one in measured.columns if one.start == group.start), whole)


def _allowed(group: ColumnGroup, measured: list[ColumnError]) -> ColumnError:
    return ColumnError(
        start=group.start,
        stop=group.stop,
        worst=WORST * max([group.unit, *[one.worst for one in measured]]),
        rms=RMS * max([group.unit / 4, *[one.rms for one in measured]]),
    )


def _strays(apart: Difference, groups: Groups) -> Iterator[str]:
    """The columns by which a runtime computes something else."""
    for group in groups:
        if _of(apart, group).rms > max(group.unit, _SAME_MODEL * group.size):
            last = f"columns {group.start} to {group.stop - 1}"
            yield f"{apart.output}, {last}" if len(groups) > 1 else apart.output
