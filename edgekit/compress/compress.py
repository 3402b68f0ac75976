"""From a Keras model to a smaller one: prune, then train a little.

`run` is called in a child process of its own (see `isolate`): the original model has been
exported, and its float file is what everything here is compared with.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edgekit.compress.compress_messages import (
    FinetuneRequest,
    KerasSource,
    PruneRequest,
    PruneResult,
    SparseFile,
    SparsitiesRequest,
    SparsitiesResult,
)
from edgekit.compress.prune import channel_groups, costs, layer_graph
from edgekit.compress.prune.prune import prune
from edgekit.compress.prune.prune_result import Pruned
from edgekit.core.errors import ModelError, UsageError
from edgekit.core.process import Progress
from edgekit.core.records import Pruning, Step, TensorSpec
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.frontend.export import export
from edgekit.frontend.keras2 import to_keras3
from edgekit.frontend.load import keras_model, load
from edgekit.frontend.load.loaded import LoadedModel
from edgekit.tflite import exact_rewrites
from edgekit.tflite.short_names import shortened

# Weights that samples have fitted already lose that fit at larger rates: a quarter of ResNet8's
# inner channels gone, validation loss 0.807 ends at 0.682 with 1e-3 and at 0.555 with 3e-4 (both
# measured while norms still moved, see `train.trainers.still_norms`).
LEARNING_RATE, FITTED_RATE = 1e-3, 3e-4
_MOST_NAMED = 6


def run(request: PruneRequest, report: Progress) -> PruneResult:
    """Prune a model, train it where that is asked for, and export its float file.

    Raises:
        EdgekitError: What `prune.prune` and `fit.fit` raise.
        ModelError: Names of inputs or outputs are lost in Keras 3.
        UsageError: The target in bytes cannot be reached.
    """
    original, model = _load(request.source, report)
    outputs = _Outputs(original, Samples.load(request.proof))
    pruned, step = _pruned(model, request, original, report)
    wrapped, steps = outputs.after("prune", pruned.model), [step]
    if request.finetune is not None:
        pruned.model.trainable = True  # what was frozen in the original changed too
        steps.append(_finetuned(pruned.model, model, wrapped, request, request.finetune, report))
        wrapped = outputs.after("finetune", pruned.model)
    pruned.model.save(request.keras_out)
    report("exporting the pruned float file")
    content, rewritten = exact_rewrites.rewritten(export.export(wrapped, request.source.contract))
    request.out.write_bytes(shortened(content) if request.source.short_names else content)
    # NumPy's types take any keyword for its one option, allow_pickle.
    np.savez(request.outputs_out, **outputs.by_step)  # type: ignore[arg-type]
    return PruneResult(
        steps=tuple(steps),
        notes=(*pruned.notes, *_left_alone(pruned), *rewritten.notes),
        rewritten=rewritten.counts,
    )


class _Outputs:
    """What the model computes for the samples that prove it, after each step."""

    def __init__(self, original: LoadedModel, proof: Samples) -> None:
        self._original, self._proof = original, proof
        self.by_step: dict[str, np.ndarray] = {}

    def after(self, step: str, compressed: Any) -> LoadedModel:
        """Run the model on them, and give it with the original's names."""
        wrapped = _named_as(keras_model.wrap_keras3(compressed), self._original)
        outputs = wrapped.predict(self._proof.inputs)
        self.by_step |= {f"{step}/{name}": values for name, values in outputs.items()}
        return wrapped


def prune_by_sparsity(request: SparsitiesRequest, report: Progress) -> SparsitiesResult:
    """Float files of a model pruned more and more, to be timed: what they compute is no matter.

    Raises:
        EdgekitError: What `prune.prune` raises.
    """
    original, model = _load(request.source, report)
    files: list[SparseFile] = []
    parameters = 0
    for sparsity in request.sparsities:
        report(f"pruning {sparsity:g} of the channels, to time it")
        wanted = replace(request.pruning, sparsity=sparsity)
        pruned = prune(model, wanted, seed=request.seed, report=report)
        if pruned.parameters[1] == parameters:
            continue
        parameters = pruned.parameters[1]
        wrapped = _named_as(keras_model.wrap_keras3(pruned.model), original)
        path = request.folder / f"sparsity-{sparsity:g}.tflite"
        content, _ = exact_rewrites.rewritten(export.export(wrapped, request.source.contract))
        path.write_bytes(content)
        files.append(SparseFile(sparsity=sparsity, path=path))
    return SparsitiesResult(files=tuple(files))


def _load(source: KerasSource, report: Progress) -> tuple[LoadedModel, Any]:
    """The original as it was exported, and as a Keras 3 model that can be pruned."""
    report("loading the model to prune it")
    loaded = load.load(
        source.model,
        unsafe=source.unsafe,
        custom_objects=source.custom_objects,
        builder=source.builder,
    )
    return loaded, to_keras3.to_keras3(loaded, source.model, unsafe=source.unsafe)


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


def _names(mine: Sequence[TensorSpec], wanted: Sequence[TensorSpec], which: str) -> dict[str, str]:
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
    model: Any, request: PruneRequest, original: LoadedModel, report: Progress
) -> tuple[Pruned, Step]:
    pruning = _of_weights(request.pruning, model, request.float_bytes)
    started = time.perf_counter()
    fitted = split.fitted(request.calibration, request.seed)
    samples = None if fitted is None else _renamed(fitted, model, original)
    pruned = prune(model, pruning, samples, seed=request.seed, report=report)
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


def _of_weights(pruning: Pruning, model: Any, float_bytes: int) -> Pruning:
    """A target in bytes of the float file as one in bytes of weights: the rest does not shrink.

    Raises:
        UsageError: The rest alone is larger than the target.
    """
    if pruning.to_size is None:
        return pruning
    layers = layer_graph.walk(model)
    weights = costs.count(layers, channel_groups.find(layers)).weight_bytes()
    left = pruning.to_size * float_bytes - (float_bytes - weights)
    if left <= 0:
        raise UsageError(
            "Pruning cannot make the float file that small: only its weights shrink.",
            received=f"to_size {pruning.to_size:g} of {float_bytes} bytes, "
            f"{float_bytes - weights} of them no weights",
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
    request: PruneRequest,
    finetune: FinetuneRequest,
    report: Progress,
) -> Step:
    from edgekit.compress.prune import sparsity_schedule
    from edgekit.compress.train import fit, training_summary

    training, pruning = finetune.training, request.pruning
    samples = _renamed(Samples.load(finetune.samples), student, wrapped)
    fitted = split.fitted(request.calibration, request.seed) if pruning.reconstruct else None
    usual = LEARNING_RATE if fitted is None else FITTED_RATE
    trained = fit.fit(
        student,
        teacher if training.distill else None,
        samples,
        training,
        checkpoint=finetune.checkpoint.folder,
        key=finetune.checkpoint.key,
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
