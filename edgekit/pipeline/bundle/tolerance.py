"""How far right engines are from each other: golden samples on other kernels and runtimes.

Kernels round differently, and a network makes more of it, or less. So what a self-test allows is
measured with the very file: the samples run on LiteRT's reference kernels and on its own kernels
without XNNPACK, and in every environment of `edgekit runtime add`. Of the worst of them

- a value may be `WORST` times as far off: an extreme, which varies from kernels to kernels;
- the root mean square may be `RMS` times as much: an average, which hardly varies, and which a
  changed weight moves before any single value stands out;
- one more sample may have its largest value at another place.

Kernels that happen to agree here may differ elsewhere: a difference counts as at least one unit,
and the root mean square as a quarter of one. A unit is a step of a quantized output; of a float
output of a file that computes in integers 1/256 of its largest value; else 2**-20 of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit import tflite
from edgekit.core.bundle_record import Difference, Kernels, Tolerance, Trial
from edgekit.core.errors import EdgekitError
from edgekit.core.process import Progress
from edgekit.core.records import Artifact, Limits, Target, TensorSpec
from edgekit.runtimes import environments, local
from edgekit.runtimes.base import Arrays

WORST = 4.0
RMS = 2.0
_FLOAT_UNIT = 2.0**-20  # of the largest value: 8 units in its last place
_INTEGER_UNIT = 2.0**-8
# Half a unit in the last place of each of two float32 values whose difference is looked at.
_FLOAT_ROUNDING = 2.0**-23
# Beyond this share of the outputs' own root mean square, a runtime computes something else.
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
    limits: Limits,
    on_progress: Progress,
) -> tuple[Trial, ...]:
    """The golden samples of a file, run on everything else that is there.

    Args:
        path: The `.tflite`.
        artifact: Its manifest.
        inputs: The golden samples.
        outputs: What LiteRT's default kernels made of them.
        limits: Of each process.
        on_progress: Told what runs.
    """
    found = []
    units = output_units(path, artifact, outputs)
    for engine in engines():
        on_progress(f"running {path.name} on {engine.target.label}, {engine.kernels} kernels")
        found.append(_trial(path, artifact, engine, inputs, outputs, units, limits))
    return tuple(found)


def _trial(
    path: Path,
    artifact: Artifact,
    engine: Engine,
    inputs: Arrays,
    outputs: Arrays,
    units: Mapping[str, float],
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
        difference(spec, theirs[spec.name], outputs[spec.name])
        for spec in artifact.contract.outputs
    )
    strays = [
        one.output
        for one in apart
        if not _is_same_model(one, outputs[one.output], units[one.output])
    ]
    return Trial(
        runtime=target.runtime,
        version=version,
        kernels=engine.kernels,
        differences=tuple(one for one in apart if np.isfinite(one.worst)),
        left_out=f"it computes something else: {', '.join(strays)}" if strays else None,
    )


def difference(spec: TensorSpec, mine: np.ndarray, golden: np.ndarray) -> Difference:
    """How far outputs `(samples, ...)` are from the golden ones, in real units.

    Equal infinities and two NaN differ by nothing; a number and none by infinity.
    """
    one, other = mine.astype(np.float64), golden.astype(np.float64)
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        far = np.where(same, 0.0, np.abs(one - other))
    far[np.isnan(far)] = np.inf
    agreement = None
    if is_classes(spec):
        tops = (array.reshape(len(array), -1).argmax(axis=1) for array in (mine, golden))
        agreement = float(np.mean(np.equal(*tops)))
    return Difference(
        output=spec.name,
        worst=float(far.max(initial=0.0)),
        rms=float(np.sqrt(np.mean(np.square(far)))) if far.size else 0.0,
        agreement=agreement,
    )


def is_classes(spec: TensorSpec) -> bool:
    """Whether an output has one value for each of several classes."""
    row = spec.shape[-1] if spec.shape else 1
    named = len(spec.labels) == row or spec.activation == "softmax"
    return named and row > 1 and int(np.prod(spec.shape)) == row


def tolerance(
    spec: TensorSpec, unit: float, num_samples: int, trials: Iterable[Trial]
) -> Tolerance:
    """What the trials of an output allow."""
    counted = [
        one
        for trial in trials
        if trial.left_out is None
        for one in trial.differences
        if one.output == spec.name
    ]
    agreement = None
    if is_classes(spec):
        fewest = min((one.agreement for one in counted if one.agreement is not None), default=1.0)
        agreement = max(0.0, round(fewest * num_samples) - 1) / num_samples
    return Tolerance(
        worst=WORST * max([unit, *[one.worst for one in counted]]),
        rms=RMS * max([unit / 4, *[one.rms for one in counted]]),
        agreement=agreement,
    )


def output_units(path: Path, artifact: Artifact, outputs: Arrays) -> dict[str, float]:
    """The least difference that counts, in real units, by output.

    Whole numbers without a scale have none: they are met exactly, unless a trial differed.
    """
    model = tflite.read(path)
    bound, operators = tflite.binding(model), list(tflite.operators(model))
    steps = {
        operator.outputs[0].index: float(operator.inputs[0].scale[0])
        for operator in operators
        if operator.name == "DEQUANTIZE" and operator.inputs[0].scale  # float16 has none
    }
    is_integer = any(tensor.scale for operator in operators for tensor in operator.outputs)
    units = {}
    for spec in artifact.contract.outputs:
        values = outputs[spec.name]
        largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
        step = spec.scale[0] if spec.scale else steps.get(bound.outputs[spec.name])
        if step is not None:
            units[spec.name] = step + _FLOAT_ROUNDING * largest
        elif values.dtype.kind == "f":
            units[spec.name] = (_INTEGER_UNIT if is_integer else _FLOAT_UNIT) * largest
        else:
            units[spec.name] = 0.0
    return units


def _is_same_model(apart: Difference, golden: np.ndarray, unit: float) -> bool:
    finite = golden[np.isfinite(golden)].astype(np.float64)
    size = float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0
    return apart.rms <= max(unit, _SAME_MODEL * size)
