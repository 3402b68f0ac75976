"""That inputs are what the model was trained on, as far as labels and the graph tell.

A wrong scaling is the most common mistake around a converted model: it raises no error, and the
float file reproduces Keras on the wrong inputs as well as on the right ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgekit.core.errors import DataError
from edgekit.core.project import FILE_NAME
from edgekit.core.records import (
    Preprocessing,
    ReferenceAccuracy,
    Target,
    TensorSpec,
)
from edgekit.data import usual_scalings
from edgekit.data.export_messages import Exported, WholeNumbers
from edgekit.pipeline.convert import labelled_run, scaling_trials
from edgekit.pipeline.convert.job import Job
from edgekit.pipeline.convert.labelled_run import LabelledRun
from edgekit.pipeline.convert.plan import calibrates_activations
from edgekit.pipeline.convert.scaling_trials import Finding
from edgekit.pipeline.init import toml
from edgekit.runtimes import local


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
    judged, findings = _by_labels(job, exported, doubts)
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
    return {n: v for n, v in exported.samples.whole_numbers.items() if n not in settled}


def _by_labels(
    job: Job, exported: Exported, doubts: Mapping[str, WholeNumbers]
) -> tuple[LabelledRun | None, dict[str, Finding | None]]:
    """What labelled samples tell; nothing where there are none."""
    if exported.samples.labelled is None:
        return None, dict.fromkeys(doubts)
    with local.open_session(job.original, Target(), limits=job.options.limits) as session:
        judged = labelled_run.run(job, exported, session)
        if judged is None:
            return None, dict.fromkeys(doubts)
        return judged, scaling_trials.findings(judged, doubts)


def _say(job: Job, spec: TensorSpec, numbers: WholeNumbers, finding: Finding | None) -> None:
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
    if scaling_trials.is_known_image(spec) and numbers.low >= 0 and numbers.high <= 255:
        return usual_scalings.of_pixels(spec)["0 to 1"]
    dtype = numbers.dtype if numbers.are_integers else "uint8"
    return next(iter(usual_scalings.of_numbers(dtype).values()))


def _called(way: str) -> str:
    """A way in a sentence: `as 0 to 1`."""
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
    judged: LabelledRun,
    findings: Mapping[str, Finding | None],
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
