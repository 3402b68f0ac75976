"""How pixels become inputs, found by trial: the usual ways, judged by labelled samples.

A wrong scaling is the most common mistake around a converted model, and nothing in a file tells
the right one. Labels do: with the wrong one a classifier is right far less often.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np

from edgekit.core import onednn, scratch
from edgekit.core.errors import EdgekitError
from edgekit.core.process import Progress
from edgekit.core.records import Contract, Limits, Preprocessing, Resize, Target, TensorSpec
from edgekit.data import preprocess, sources, usual_scalings
from edgekit.data.samples import Samples
from edgekit.frontend.describe import RUN_SCALED, ScaledPixels, Source
from edgekit.frontend.load.recognise import Recognised
from edgekit.measure import accuracy, default_metrics
from edgekit.pipeline.init.lookup import Found
from edgekit.pipeline.init.model_summary import is_image, width
from edgekit.pipeline.input_trials import Trial
from edgekit.pipeline.input_trials import winner as winner
from edgekit.runtimes import local

# Pixels of all samples of a trial; so many small images, or at least the few.
_MOST_PIXELS, _MOST, _FEWEST = 15_000_000, 300, 50


def tries(
    model: Recognised,
    source: Source,
    contract: Contract,
    found: Found,
    *,
    limits: Limits,
    on_progress: Progress,
) -> tuple[Trial, ...]:
    """Every usual way, best first; nothing where no trial is possible, or it ends early.

    It is for models with one image input and one output of classes, and labelled raw pixels.

    Args:
        model: What the model file is.
        source: The same, as Keras loads it.
        contract: Of the model, with the preprocessing that is known.
        found: Samples.
        limits: Of each process that runs the model.
        on_progress: Takes one line at each step.
    """
    spec = contract.inputs[0]
    # Arrays of floats are model inputs already; integers and files are raw.
    raw_pixels = spec.name in found.raw or not found.ready
    if found.evaluation is None or not raw_pixels or not _can_be_tried(contract):
        return ()
    ways = usual_scalings.of_pixels(spec)
    raw = replace(contract, inputs=(replace(spec, preprocessing=ways["0 to 255"]),))
    count = max(_FEWEST, min(_MOST, _MOST_PIXELS // math.prod(spec.shape)))
    try:
        samples = sources.load(
            str(found.evaluation),
            raw,
            purpose="evaluation",
            limit=count,
            memory_bytes=limits.memory_bytes,
        )
    except EdgekitError:
        return ()  # no pixels: what is wrong with them, if anything, is said elsewhere
    pixels = samples.inputs[spec.name].astype(np.uint8)
    if default_metrics.default_metrics(contract, samples) != ("top1_accuracy",):
        return ()
    on_progress(f"trying {len(ways)} ways to scale pixels on {len(samples)} samples")
    images = Samples(inputs={spec.name: pixels})
    try:
        if model.format == "tflite":
            outputs_of = _by_runtime(model.path, spec, images, list(ways.values()), limits)
        else:
            outputs_of = _by_keras(source, spec, images, list(ways.values()), limits)
    except EdgekitError as error:  # a trial is a help: without it the person decides
        on_progress(f"the trial ended without an answer: {error.rule}")
        return ()
    trials = []
    for (name, way), outputs in zip(ways.items(), outputs_of, strict=True):
        try:
            metric = accuracy.measure("top1_accuracy", outputs, samples, contract)
        except EdgekitError:  # it overflows, or labels are beyond the classes
            continue
        trials.append(Trial(name=name, preprocessing=way, right=metric.raw))
    return tuple(sorted(trials, key=lambda trial: -trial.share))


def resizes(
    model: Recognised,
    source: Source,
    contract: Contract,
    found: Found,
    *,
    limits: Limits,
    on_progress: Progress,
) -> tuple[Trial, ...]:
    """Every way to resize labelled images of another size than the input, best first.

    Nothing where they have the input's size, or no trial is possible. For what it takes, see
    `tries`; here `contract` says how pixels are scaled.
    """
    spec = contract.inputs[0]
    if found.evaluation is None or spec.preprocessing.kind != "image" or not _decides(contract):
        return ()
    ways = {name: replace(spec.preprocessing, resize=name) for name in get_args(Resize)}
    count = max(_FEWEST, min(_MOST, _MOST_PIXELS // len(ways) // math.prod(spec.shape)))
    try:
        drawn = [
            sources.load(
                str(found.evaluation),
                replace(contract, inputs=(replace(spec, preprocessing=way),)),
                purpose="evaluation",
                limit=count,
                memory_bytes=limits.memory_bytes,
            )
            for way in ways.values()
        ]
    except EdgekitError:
        return ()
    first, *others = (samples.inputs[spec.name] for samples in drawn)
    if all(np.array_equal(first, other) for other in others):
        return ()  # of the input's size
    if default_metrics.default_metrics(contract, drawn[0]) != ("top1_accuracy",):
        return ()
    on_progress(f"trying {len(ways)} ways to resize {len(drawn[0])} images")
    inputs = Samples(inputs={spec.name: np.concatenate([first, *others]).astype(np.float32)})
    as_it_is = [Preprocessing()]
    try:
        if model.format == "tflite":
            (outputs,) = _by_runtime(model.path, spec, inputs, as_it_is, limits)
        else:
            (outputs,) = _by_keras(source, spec, inputs, as_it_is, limits)
        parts = [np.array_split(values, len(ways)) for values in outputs.values()]
        metrics = [
            accuracy.measure("top1_accuracy", dict(zip(outputs, part, strict=True)), one, contract)
            for one, part in zip(drawn, zip(*parts, strict=True), strict=True)
        ]
    except EdgekitError as error:
        on_progress(f"the trial ended without an answer: {error.rule}")
        return ()
    trials = [
        Trial(name=name, preprocessing=way, right=metric.raw)
        for (name, way), metric in zip(ways.items(), metrics, strict=True)
    ]
    return tuple(sorted(trials, key=lambda trial: -trial.share))


def _decides(contract: Contract) -> bool:
    output = contract.outputs[0]
    alone = len(contract.inputs) == len(contract.outputs) == 1
    return alone and len(output.shape) == 2 and width(output) > 1


def _can_be_tried(contract: Contract) -> bool:
    spec = contract.inputs[0]
    return (
        _decides(contract)
        and is_image(spec)
        and min(spec.shape[1:3]) > 0
        and spec.dtype == "float32"
        and spec.preprocessing.kind == "none"
    )


def _by_runtime(
    path: Path,
    spec: TensorSpec,
    images: Samples,
    ways: Sequence[Preprocessing],
    limits: Limits,
) -> list[dict[str, np.ndarray]]:
    pixels = images.inputs[spec.name]
    with local.open_session(path, Target(), limits=limits) as session:
        return [
            session.run(
                {spec.name: preprocess.preprocess_batch(pixels, replace(spec, preprocessing=way))}
            )
            for way in ways
        ]


def _by_keras(
    source: Source,
    spec: TensorSpec,
    images: Samples,
    ways: Sequence[Preprocessing],
    limits: Limits,
) -> list[dict[str, np.ndarray]]:
    with scratch.folder() as place:
        images.save(place / "pixels.npz", compress=False)
        outputs = onednn.call(
            RUN_SCALED,
            ScaledPixels(
                source=source,
                input=spec,
                ways=tuple(ways),
                pixels=place / "pixels.npz",
                folder=place,
            ),
            name="The loader",
            limits=limits,
            notes=[],  # of a trial, of which the outputs are all that is kept
            writable=[place],
            own_code=source.own_code,
        )
        return [Samples.load(file).reference for file in outputs.files]
