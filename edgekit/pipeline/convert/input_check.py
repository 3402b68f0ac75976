"""That inputs are what the model was trained on, as far as labels and the graph tell.

A wrong scaling is the most common mistake around a converted model: it raises no error, and the
float file reproduces Keras on the wrong inputs as well as on the right ones.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgekit import tflite
from edgekit.core.errors import DataError, EdgekitError
from edgekit.core.project import FILE_NAME
from edgekit.core.records import (
    Contract,
    Metric,
    Preprocessing,
    ReferenceAccuracy,
    Target,
    TensorSpec,
)
from edgekit.data import preprocess, usual_scalings
from edgekit.data.export_messages import Exported, WholeNumbers
from edgekit.data.samples import Samples
from edgekit.measure import accuracy
from edgekit.pipeline.convert.job import Job
from edgekit.pipeline.convert.plan import calibrates_activations
from edgekit.pipeline.init import toml
from edgekit.pipeline.input_trials import Trial, beats_guessing, is_ahead
from edgekit.runtimes import local
from edgekit.runtimes.base import Session
from edgekit.tflite import input_use

# A classifier that is right less often may be fed wrongly: other ways are tried.
_GOOD = 0.8
# A trial may take so long; of a slow model so many samples do.
_SECONDS = 5.0
_FEWEST = 32
# Integers are right as they are where each scaling is behind by so many standard errors.
_SURELY = 2.0


def check(job: Job, exported: Exported) -> ReferenceAccuracy | None:
    """Look at what the inputs are given, and say or refuse what is surely wrong.

    Args:
        job: The conversion, whose float file has been written; notes are added to it.
        exported: What the exporter says of model and samples.

    Returns:
        What the original and its float file reach on labelled samples; None without labels.

    Raises:
        DataError: A static recipe would be calibrated on integers, of which neither the project
            file, nor the graph, nor labels say that the model takes them as they are.
    """
    doubts = _doubts(job, exported)
    with local.open_session(job.original, Target(), limits=job.options.limits) as session:
        judged = _judge(job, exported, session)
        findings = _findings(judged, doubts, exported) if judged else dict.fromkeys(doubts)
    for name, numbers in doubts.items():
        finding = findings.get(name)
        if finding is not None and finding.is_right:
            continue
        spec = next(spec for spec in exported.contract.inputs if spec.name == name)
        _say(job, spec, numbers, finding)
    if judged is not None:
        job.notes.extend(_of_labels(judged, findings, doubts, exported))
    return judged.reached if judged else None


def _doubts(job: Job, exported: Exported) -> dict[str, WholeNumbers]:
    """The inputs that are given whole numbers of which nothing says that they are right."""
    if job.options.raw or not exported.samples.whole_numbers:
        return {}
    settled = {*job.source.project.input, *exported.prepares}
    settled |= input_use.prepared(tflite.read(job.original))
    return {n: v for n, v in exported.samples.whole_numbers.items() if n not in settled}


@dataclass(frozen=True, eq=False, kw_only=True)
class _Judged:
    """What the float file makes of labelled samples, as they are prepared now."""

    samples: Samples
    contract: Contract
    measured: Metric
    session: Session
    seconds: float
    reached: ReferenceAccuracy
    is_informed: bool

    def of(self, inputs: Mapping[str, np.ndarray], samples: Samples) -> Metric | None:
        """The metric of other inputs in their place; None where the model overflows."""
        try:
            outputs = self.session.run(dict(inputs))
            return accuracy.measure(self.measured.name, outputs, samples, self.contract)
        except EdgekitError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """What labels tell of the ways to prepare one input: `given`, and the `best` of the others.

    `is_ahead` says that the best one is surely better; `is_right` that every scaling is surely worse
    than what is given. Where neither holds, what is given is no more likely: a model that was
    trained on 0 to 1 is often right on 0 to 255 too, where its biases are lost beside the inputs,
    and hardly ever the other way round.
    """

    metric: str
    given: float
    best: Trial
    value: float
    count: int
    is_ahead: bool
    is_right: bool


def _judge(job: Job, exported: Exported, session: Session) -> _Judged | None:
    kind = exported.samples.labelled
    if kind is None:
        return None
    samples, contract = Samples.load(job.labelled), exported.contract
    metric = accuracy.default_metric(contract, samples.labels)
    if metric is None:
        return None
    started = time.perf_counter()
    try:
        outputs = session.run(samples.inputs)
        measured = accuracy.measure(metric, outputs, samples, contract)
        original = samples.reference or outputs
        keras = accuracy.measure(metric, original, samples, contract) if samples.reference else None

        def shuffled(order: np.ndarray) -> Metric:
            return accuracy.measure(metric, original, _relabelled(samples, order), contract)

        informed = beats_guessing(keras or measured, shuffled, len(samples))
    except EdgekitError:  # labels that do not fit: whoever evaluates on them is told so
        return None
    return _Judged(
        samples=samples,
        contract=contract,
        measured=measured,
        session=session,
        seconds=time.perf_counter() - started,
        reached=ReferenceAccuracy(
            metric=metric,
            keras=keras.value if keras else None,
            float32=measured.value,
            num_samples=len(samples),
            samples=kind,
        ),
        is_informed=informed,
    )


def _relabelled(samples: Samples, order: np.ndarray) -> Samples:
    other = samples.take(order)
    return replace(samples, labels=other.labels, head_labels=other.head_labels)


def _findings(
    judged: _Judged, doubts: Mapping[str, WholeNumbers], exported: Exported
) -> dict[str, _Finding | None]:
    """By input: what labels tell, where other ways were tried."""
    by_share = judged.measured.name.startswith("top1")
    is_good = judged.is_informed and not (by_share and judged.measured.value < _GOOD)
    found: dict[str, _Finding | None] = dict.fromkeys(doubts)
    for spec in exported.contract.inputs:
        if spec.name not in doubts and (is_good or len(exported.contract.inputs) > 1):
            continue
        raw, ways = _ways(judged.samples.inputs[spec.name], spec)
        found[spec.name] = _tried(judged, spec, raw, ways)
    return found


def _ways(values: np.ndarray, spec: TensorSpec) -> tuple[np.ndarray, dict[str, Preprocessing]]:
    """Raw values, and the usual ways in which such become inputs."""
    if usual_scalings.is_image(spec) and min(spec.shape[1:3]) > 0:
        pixels = _pixels(values, spec.preprocessing)
        if pixels is not None:
            return pixels, usual_scalings.of_pixels(spec)
    return values, usual_scalings.of_numbers(str(values.dtype))


def _pixels(values: np.ndarray, rules: Preprocessing) -> np.ndarray | None:
    """Pixels that became these values; None where they are none."""
    values = values.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if rules.kind == "image":
        values = values * np.asarray(rules.std, np.float32) + np.asarray(rules.mean, np.float32)
        values = values[..., ::-1] if rules.channels == "bgr" else values
    elif -1 <= low < 0 and high <= 1:
        values = (values + 1) * np.float32(127.5)
    elif low >= 0 and high <= 1:
        values = values * np.float32(255)
    elif low < 0 or high > 255:
        return None
    pixels: np.ndarray = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels


def _tried(
    judged: _Judged, spec: TensorSpec, raw: np.ndarray, ways: Mapping[str, Preprocessing]
) -> _Finding | None:
    """What the ways give on as many samples as time allows; None where none can be compared."""
    measured, count = judged.measured, len(judged.samples)
    most = int(count * _SECONDS / max(1e-9, judged.seconds * len(ways)))
    if not measured.raw or min(most, count) < min(count, _FEWEST):
        return None
    samples = judged.samples.take(range(min(most, count)))
    sign = 1.0 if measured.better == "higher" else -1.0
    given = np.asarray(measured.raw[: len(samples)]) * sign
    trials: list[tuple[float, Trial]] = []
    for name, way in ways.items():
        inputs = {
            **samples.inputs,
            spec.name: preprocess.preprocess_batch(
                raw[: len(samples)], replace(spec, preprocessing=way)
            ),
        }
        result = judged.of(inputs, samples)
        if result is not None and result.raw:
            right = tuple((np.asarray(result.raw) * sign).tolist())
            trials.append((result.value, Trial(name=name, preprocessing=way, right=right)))
    if not trials:
        return None
    scaled = [trial for _, trial in trials if trial.preprocessing.std != (1.0,)]
    # Of equal ones the one that most models were trained with: it stands first.
    value, best = max(trials, key=lambda pair: (pair[1].share, pair[1] in scaled))
    return _Finding(
        metric=measured.name,
        given=float(given.mean() * sign),
        best=best,
        value=value,
        count=len(samples),
        is_ahead=is_ahead(best.right, given.tolist()),
        is_right=judged.is_informed
        and all(is_ahead(given.tolist(), trial.right, _SURELY) for trial in scaled),
    )


def _say(job: Job, spec: TensorSpec, numbers: WholeNumbers, finding: _Finding | None) -> None:
    """Refuse integers where they would calibrate a file, else add a note."""
    received = (
        f"{numbers.dtype if numbers.are_integers else 'whole numbers'} from {numbers.low:g} to "
        f"{numbers.high:g} for input {spec.name!r} ({spec.dtype})"
    )
    if finding is None:
        told = "no labels tell whether the model was trained on them as they are"
        way = _usual(spec, numbers)
    else:
        told = (
            f"{finding.metric} of {finding.count} labelled samples is {finding.given:.2f} as they "
            f"are, {finding.value:.2f} {_called(finding.best.name)}"
            + ", which does not tell"
            * (not finding.is_ahead)
        )
        way = finding.best.preprocessing
    advice = f"write {stated(spec, way)} in {FILE_NAME}, if training scaled them so"
    raw = 'if the model takes them as they are, say so: kind = "none" there, or --raw.'
    if numbers.are_integers and any(map(calibrates_activations, job.plan.recipes)):
        raise DataError(
            "Integers for a float input must have a stated preprocessing, before a static file is "
            "calibrated on them.",
            received=f"{received}; {told}",
            hint=f"{advice}; {raw}",
        )
    job.notes.append(f"{received}, and no preprocessing is stated: {told}; {advice}; {raw}")


def _usual(spec: TensorSpec, numbers: WholeNumbers) -> Preprocessing:
    """The way that most models of such inputs were trained in."""
    if usual_scalings.is_image(spec) and numbers.low >= 0 and numbers.high <= 255:
        return usual_scalings.of_pixels(spec)["0 to 1"]
    dtype = numbers.dtype if numbers.are_integers else "uint8"
    return [*usual_scalings.of_numbers(dtype).values()][:2][-1]


def _called(way: str) -> str:
    return f"as {way}"


def stated(spec: TensorSpec, way: Preprocessing) -> str:
    """A way as a line of `edgekit.toml`.

    >>> way = Preprocessing(kind="tabular", std=(128.0,))
    >>> stated(TensorSpec(name="x", shape=(1, 3), dtype="float32"), way)
    'input.x = { kind = "tabular", std = 128.0 }'
    """
    parts = [f"kind = {toml.string(way.kind)}"]
    if way.kind == "image":
        parts.append(f"size = {toml.array(way.image_size)}")
        parts.append(f"channels = {toml.string(way.channels)}")
    for name, values, usual in (("mean", way.mean, (0.0,)), ("std", way.std, (1.0,))):
        if values != usual:
            parts.append(f"{name} = {list(values) if len(values) > 1 else values[0]}")
    return f"input.{toml.key(spec.name)} = {{ {', '.join(parts)} }}"


def _of_labels(
    judged: _Judged,
    findings: Mapping[str, _Finding | None],
    doubts: Mapping[str, WholeNumbers],
    exported: Exported,
) -> Sequence[str]:
    """What labels say of inputs that are no integers without a word, or are stated."""
    reached = judged.reached
    for spec in exported.contract.inputs:
        finding = findings.get(spec.name)
        if spec.name not in doubts and finding is not None and finding.is_ahead:
            return [
                f"input {spec.name!r}: {finding.metric} of {finding.count} labelled samples is "
                f"{finding.given:.2f} as inputs are now, and {finding.value:.2f} where pixels go "
                f"in {_called(finding.best.name)}: compare with training; that is "
                f"{stated(spec, finding.best.preprocessing)}."
            ]
    if judged.is_informed or doubts:
        return []
    value = reached.float32 if reached.keras is None else reached.keras
    who = "the model" if reached.keras is None else "Keras"
    return [
        f"{who} reaches a {reached.metric} of {value:.3f} on {reached.num_samples} labelled "
        f"{reached.samples} samples, no better than with the labels shuffled: inputs are prepared "
        "otherwise than in training, or the labels are not the model's."
    ]
