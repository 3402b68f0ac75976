"""The middle of the way, from a Keras model to a smaller one: prune, then train a little.

`run` is called in a child process of its own (see `isolate`): the original model has been
exported, and its float file is what everything here is compared with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.compress.prune import channel_groups, costs, layer_graph
from edgekit.compress.prune.prune import prune
from edgekit.compress.prune.prune_result import Pruned
from edgekit.core import serde
from edgekit.core.errors import ModelError, UsageError
from edgekit.core.records import Contract, Pruning, Step, Training
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.frontend.export import export
from edgekit.frontend.keras2 import to_keras3
from edgekit.frontend.load import keras_model, load
from edgekit.frontend.load.loaded import LoadedModel

Report = Callable[[str], None]

# Weights that samples have fitted already lose that fit at larger rates: a quarter of ResNet8's
# inner channels gone, validation loss 0.807 ends at 0.682 with 1e-3 and at 0.555 with 3e-4 (both
# measured while norms still moved, see `train.trainers.still_norms`).
LEARNING_RATE, FITTED_RATE = 1e-3, 3e-4
_MOST_NAMED = 6


def run(request: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Prune a model, train it where that is asked for, and export its float file.

    Args:
        request: `model`, `unsafe`, `custom_objects`, `contract` (the original's), `prune`,
            `training` (or None), `seed`, `float_bytes` (of the original's file); samples as
            `.npz` or None: `calibration`, `training_samples`, `proof` (those whose outputs are
            wanted after each step); and what is written: `out` (the float file), `keras_out`,
            `answers_out` (`.npz`, `STEP/OUTPUT`), `checkpoint` (a folder) with its `key`.
        report: Takes one line of progress.

    Returns:
        `steps` without their losses, and `notes`.
    """
    original, model = _load(request, report)
    pruning = _of_weights(serde.from_dict(Pruning, request["prune"]), model, request)
    proof = Samples.load(Path(request["proof"]))
    answers: dict[str, np.ndarray] = {}

    def answer(step: str, compressed: Any) -> LoadedModel:
        wrapped = _named_as(keras_model.wrap_keras3(compressed), original)
        outputs = wrapped.predict(proof.inputs)
        answers.update({f"{step}/{name}": values for name, values in outputs.items()})
        return wrapped

    pruned, step = _pruned(model, pruning, request, original, report)
    wrapped, steps = answer("prune", pruned.model), [step]
    if request["training"] is not None:
        pruned.model.trainable = True  # what was frozen in the original changed too
        steps.append(_finetuned(pruned.model, model, wrapped, request, report))
        wrapped = answer("finetune", pruned.model)
    pruned.model.save(request["keras_out"])
    report("exporting the pruned float file")
    contract = serde.from_dict(Contract, request["contract"])
    Path(request["out"]).write_bytes(export.export(wrapped, contract))
    # NumPy's types take any keyword for its one option, allow_pickle.
    np.savez(request["answers_out"], **answers)  # type: ignore[arg-type]
    return {"steps": serde.to_dict(tuple(steps)), "notes": [*pruned.notes, *_left_alone(pruned)]}


def rungs(request: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Float files of a model pruned more and more, to be timed: their outputs do not matter.

    Args:
        request: `model`, `unsafe`, `custom_objects`, `contract`, `prune`, `seed`; `sparsities`, and
            the `folder` for the files.
        report: Takes one line of progress.

    Returns:
        `rungs`: `sparsity` and `path` of each file, those that are as wide as the one before
        left out.
    """
    pruning = serde.from_dict(Pruning, request["prune"])
    contract = serde.from_dict(Contract, request["contract"])
    original, model = _load(request, report)
    made: list[dict[str, Any]] = []
    parameters = 0
    for sparsity in request["sparsities"]:
        report(f"pruning {sparsity:g} of the channels, to time it")
        wanted = replace(pruning, sparsity=sparsity)
        pruned = prune(model, wanted, seed=int(request["seed"]), report=report)
        if pruned.parameters[1] == parameters:
            continue
        parameters = pruned.parameters[1]
        wrapped = _named_as(keras_model.wrap_keras3(pruned.model), original)
        path = Path(request["folder"], f"rung-{sparsity:g}.tflite")
        path.write_bytes(export.export(wrapped, contract))
        made.append({"sparsity": sparsity, "path": str(path)})
    return {"rungs": made}


def _load(request: Mapping[str, Any], report: Report) -> tuple[LoadedModel, Any]:
    """The original as it was exported, and as a Keras 3 model that can be pruned."""
    report("loading the model to prune it")
    path = Path(request["model"])
    loaded = load.load(path, unsafe=request["unsafe"], custom_objects=request.get("custom_objects"))
    return loaded, to_keras3.to_keras3(loaded, path, unsafe=request["unsafe"])


def _named_as(wrapped: LoadedModel, original: LoadedModel) -> LoadedModel:
    """The compressed model with the names of the original's inputs and outputs.

    A model brought over from Keras 2, or from a SavedModel, may name them otherwise.
    """
    inputs = _names(wrapped.inputs, original.inputs, "inputs")
    outputs = _names(wrapped.outputs, original.outputs, "outputs")
    if all(key == value for key, value in (*inputs.items(), *outputs.items())):
        return wrapped

    def call(values: dict[str, Any]) -> dict[str, Any]:
        results = wrapped.call({inputs[name]: value for name, value in values.items()})
        return {name: results[mine] for name, mine in outputs.items()}

    return replace(wrapped, inputs=original.inputs, outputs=original.outputs, call=call)


def _names(mine: Any, wanted: Any, which: str) -> dict[str, str]:
    """Name in the original to name in the compressed model: equal ones, else by their order."""
    have, want = [spec.name for spec in mine], [spec.name for spec in wanted]
    if set(have) == set(want):
        return {name: name for name in want}
    shapes = [spec.shape[1:] for spec in mine], [spec.shape[1:] for spec in wanted]
    if shapes[0] != shapes[1]:
        raise ModelError(
            f"The {which} of the model could not be matched with those of its Keras 3 copy.",
            received=f"{', '.join(have)} in place of {', '.join(want)}",
            hint="save the model with Keras 3, as .keras.",
        )
    return dict(zip(want, have, strict=True))


def _pruned(
    model: Any,
    pruning: Pruning,
    request: Mapping[str, Any],
    original: LoadedModel,
    report: Report,
) -> tuple[Pruned, Step]:
    started = time.perf_counter()
    fitted = split.fitted(request["calibration"], int(request["seed"]))
    samples = None if fitted is None else _renamed(fitted, model, original)
    pruned = prune(model, pruning, samples, seed=int(request["seed"]), report=report)
    (parameters_before, parameters), (macs_before, macs) = pruned.parameters, pruned.macs
    step = Step(
        name="prune",
        summary=_summary(pruning, pruned),
        seconds=round(time.perf_counter() - started, 2),
        numbers={
            "sparsity": round(pruned.sparsity, 4),
            "parameters_before": parameters_before,
            "parameters": parameters,
            "macs_before": macs_before,
            "macs": macs,
        },
    )
    return pruned, step


def _of_weights(pruning: Pruning, model: Any, request: Mapping[str, Any]) -> Pruning:
    """A target in bytes of the float file as one in bytes of weights: the rest does not shrink.

    Raises:
        UsageError: The rest alone is larger than the target.
    """
    if pruning.to_size is None:
        return pruning
    layers = layer_graph.walk(model)
    weights = costs.count(layers, channel_groups.find(layers)).weight_bytes()
    file = int(request["float_bytes"])
    left = pruning.to_size * file - (file - weights)
    if left <= 0:
        raise UsageError(
            "Pruning cannot make the float file that small: only its weights shrink.",
            received=f"to_size {pruning.to_size:g} of {file} bytes, {file - weights} of them no "
            "weights",
            hint="allow a larger fraction.",
        )
    return replace(pruning, to_size=left / weights)


def _summary(pruning: Pruning, pruned: Pruned) -> str:
    if pruning.method == "unstructured":
        what = f"weights ({pruning.pattern})" if pruning.pattern else "weights"
        return f"{pruned.sparsity:.3f} of the {what} of {len(pruned.layers)} layers are zero"
    (parameters_before, parameters), (macs_before, macs) = pruned.parameters, pruned.macs
    return (
        f"{pruned.sparsity:.3f} of the channels removed, {parameters_before:,} -> {parameters:,} "
        f"parameters, {macs_before:,} -> {macs:,} multiply-accumulates"
    )


def _left_alone(pruned: Pruned) -> list[str]:
    """One note for all layers of one reason."""
    by_reason: dict[str, list[str]] = {}
    for layer, reason in pruned.left_alone:
        by_reason.setdefault(reason, []).append(layer)
    return [
        f"not pruned: {', '.join(layers[:_MOST_NAMED])}"
        f"{f' and {len(layers) - _MOST_NAMED} more' if len(layers) > _MOST_NAMED else ''}: {reason}"
        for reason, layers in by_reason.items()
    ]


def _finetuned(
    student: Any,
    teacher: Any,
    wrapped: LoadedModel,
    request: Mapping[str, Any],
    report: Report,
) -> Step:
    from edgekit.compress.prune import sparsity_schedule
    from edgekit.compress.train import fit, training_summary

    training = serde.from_dict(Training, request["training"])
    pruning = serde.from_dict(Pruning, request["prune"])
    samples = _renamed(Samples.load(Path(request["training_samples"])), student, wrapped)
    fitted = None
    if pruning.reconstruct:
        fitted = split.fitted(request["calibration"], int(request["seed"]))
    usual = LEARNING_RATE if fitted is None else FITTED_RATE
    trained = fit.fit(
        student,
        teacher if training.distill else None,
        samples,
        training,
        checkpoint=Path(request["checkpoint"]),
        key=str(request["key"]),
        learning_rate=training.learning_rate or usual,
        callbacks=[sparsity_schedule.KeepZeros(student)]
        if pruning.method == "unstructured"
        else [],
        report=report,
        fitted=fitted,
    )
    return training_summary.step(trained, "finetune")


def _renamed(samples: Samples, model: Any, named: LoadedModel) -> Samples:
    """Samples by the names that the Keras model itself has for its inputs."""
    own = keras_model.wrap_keras3(model)
    names = _names(own.inputs, named.inputs, "inputs")
    return replace(samples, inputs={names[k]: v for k, v in samples.inputs.items()})
