"""Prune the model and train it, before it is quantized; train it again with the rounding in place.

Each stage is a child process of its own. What a stage lost is measured here, on the samples that
no stage was fitted to.

Samples that judge are apart from samples that fit, in three rings: what a file is proven on is
neither fitted to nor trained on; what pruning or rounding was fitted to does not judge epochs of
training (validated by samples that a refit had seen, every epoch looked worse than the start);
evaluation is the person's.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

import edgekit
from edgekit.compress.compress_messages import (
    PRUNE,
    TRAIN,
    Checkpoint,
    FinetuneRequest,
    KerasSource,
    PruneRequest,
    PruneResult,
    TrainRequest,
)
from edgekit.core import isolate, onednn, serde
from edgekit.core.records import Pruning, Step, Target, Training, Verified
from edgekit.data.export_messages import Exported
from edgekit.pipeline.convert import prove, sparsity_search
from edgekit.pipeline.convert.converted_file import ConvertedFile
from edgekit.pipeline.convert.job import Job
from edgekit.pipeline.convert.plan import Plan
from edgekit.quantize.quantize_messages import APPLY_TRAINED, ApplyTrainedRequest, Trainable
from edgekit.runtimes import local

_CHECKED = 8


def checkpoints(planned: Plan) -> Path:
    """Where an interrupted training is kept, to be resumed: beside what it would have made."""
    return planned.folder / f".{planned.name}.training"


def forget(planned: Plan) -> None:
    """All is written: there is nothing left to resume."""
    shutil.rmtree(checkpoints(planned), ignore_errors=True)


def prune(
    job: Job, pruning: Pruning, exported: Exported, compared: Future[prove.Compared]
) -> tuple[Step, ...]:
    """Write the pruned model and its float file into the scratch folder.

    Args:
        job: What is asked for; its notes get more.
        pruning: How much goes.
        exported: The contract, and what the samples are.
        compared: What the original's float file gives, once it is known.

    Returns:
        The steps, with what the model had lost after each.

    Raises:
        FidelityError: The float file does not compute what the pruned model computes.
        UsageError: The target cannot be reached.
    """
    source = KerasSource(
        model=job.source.model.absolute(),
        contract=exported.contract,
        custom_objects=job.source.custom_objects,
        builder=job.source.builder,
        unsafe=job.options.unsafe,
        short_names=job.options.tensor_names == "short",
    )
    if pruning.to_latency is not None:
        pruning = sparsity_search.sparsity(job, source, pruning, pruning.to_latency)
    outputs_out = job.work / "outputs.npz"
    with checkpoint_of(job, "finetune", exported) as checkpoint:
        request = PruneRequest(
            source=source,
            pruning=pruning,
            finetune=_finetune(job, checkpoint),
            calibration=job.calibration,
            seed=job.options.seed,
            proof=job.proof,
            float_bytes=job.original.stat().st_size,
            out=job.float_file,
            keras_out=job.keras_file,
            outputs_out=outputs_out,
        )
        pruned = _in_child(job, request, checkpoint)
    job.notes.extend(pruned.notes)
    job.pruned_rewritten.update(pruned.rewritten)
    proof = compared.result().proof
    with np.load(outputs_out) as outputs:
        steps = [
            _with_loss(step, prove.verified(_of_step(outputs, step.name), proof, exported.contract))
            for step in pruned.steps
        ]
        last = _of_step(outputs, steps[-1].name)
    prove.compare_with_pruned(job.float_file, last, proof, job.options)
    return tuple(steps)


def _finetune(job: Job, checkpoint: Checkpoint) -> FinetuneRequest | None:
    if job.plan.training is None:
        return None
    return FinetuneRequest(
        training=job.plan.training, samples=job.training_samples, checkpoint=checkpoint
    )


def _in_child(job: Job, request: PruneRequest, checkpoint: Checkpoint) -> PruneResult:
    return onednn.call(
        PRUNE,
        request,
        name="The pruner",
        limits=job.options.limits,
        on_progress=job.on_progress,
        restart=True,
        notes=job.notes,
        writable=[job.work, checkpoint.folder],
        own_code=job.own_code,
    )


def train(
    job: Job, exported: Exported, files: Sequence[ConvertedFile], proof: prove.Proof
) -> list[ConvertedFile]:
    """Train each file that asks for it with its rounding in place, and write it anew.

    Args:
        job: What is asked for; its notes get more.
        exported: The contract, and what the samples are.
        files: In the scratch folder.
        proof: Samples that tell what training won.

    Returns:
        The files as they are now; those that were trained have `steps`.
    """
    return [
        _trained(job, exported, file, file.recipe.training, file.quantized.trainable, proof)
        if file.recipe.training and file.quantized.trainable
        else file
        for file in files
    ]


def _trained(
    job: Job,
    exported: Exported,
    file: ConvertedFile,
    training: Training,
    trainable: Trainable,
    proof: prove.Proof,
) -> ConvertedFile:
    recipe, limits = file.recipe, job.options.limits
    job.on_progress(f"running {recipe.name}, to compare it before it is trained")
    before = prove.check_runs(file.path, recipe, proof, exported.contract, limits)
    grid = job.work / f"{recipe.name}.trained.npz"
    with checkpoint_of(job, recipe.name, exported) as checkpoint:
        request = TrainRequest(
            float_file=trainable.source,
            teacher=job.original,
            grid=trainable.grid,
            training=training,
            samples=job.training_samples,
            calibration=job.calibration,
            seed=job.options.seed,
            check=check_samples(job, trainable.source, proof),
            checkpoint=checkpoint,
            out=grid,
        )
        trained = onednn.call(
            TRAIN,
            request,
            name="The training",
            limits=limits,
            on_progress=job.on_progress,
            restart=True,
            notes=job.notes,
            writable=[job.work, checkpoint.folder],
        )
    quantized = isolate.call(
        APPLY_TRAINED,
        ApplyTrainedRequest(
            file=file.quantized,
            trained=grid,
            recipe=recipe,
            contract=exported.contract,
            name=job.plan.name,
        ),
        name="The quantizer",
        limits=limits,
        on_progress=job.on_progress,
        writable=[job.work],
    )
    written = replace(file, quantized=quantized)
    after = prove.check_runs(written.path, recipe, proof, exported.contract, limits)
    rounded = Step(name="quantize", summary=_method(written), seconds=quantized.seconds)
    return replace(written, steps=(_with_loss(rounded, before), _with_loss(trained.step, after)))


def check_samples(job: Job, source: Path, proof: prove.Proof) -> Path:
    """What the file that is trained gives for a few samples, to prove that it was understood."""
    few = proof.samples.take(range(min(_CHECKED, len(proof.samples))))
    with local.open_session(source, Target(), limits=job.options.limits) as session:
        outputs = session.run(few.inputs)
    path = job.work / "check.npz"
    replace(few, reference=outputs).save(path, compress=False)
    return path


def _method(file: ConvertedFile) -> str:
    """How its weights were rounded."""
    return next((c.name for c in file.quantized.candidates if c.chosen), "nearest")


def _of_step(outputs: Mapping[str, np.ndarray], step: str) -> dict[str, np.ndarray]:
    prefix = f"{step}/"
    return {key.removeprefix(prefix): outputs[key] for key in outputs if key.startswith(prefix)}


def _with_loss(step: Step, loss: Verified | None) -> Step:
    """A step with what the model had lost after it."""
    if loss is None:
        return step
    return replace(
        step,
        sqnr_db=round(loss.sqnr_db, 2),
        agreement=loss.agreement,
        num_samples=loss.num_samples,
    )


@contextmanager
def checkpoint_of(job: Job, step: str, exported: Exported) -> Iterator[Checkpoint]:
    """A folder for one training, and a key: what another training would have otherwise.

    The folder is made here: its child may write into it, and not beside it. Where nothing was
    kept in it, it goes again.
    """
    planned, samples = job.plan, exported.samples
    depends_on = {
        "edgekit": edgekit.__version__,
        "seed": job.options.seed,
        "custom_objects": job.source.custom_objects,
        "builder": job.source.builder,
        "model": serde.sha256(job.source.model.absolute()),
        "samples": samples.training_sha256,
        "calibration": samples.calibration_sha256,
        "prune": serde.to_dict(planned.prune) if planned.prune else None,
        "training": serde.to_dict(planned.training) if planned.training else None,
        "recipes": serde.to_dict(planned.recipes) if step != "finetune" else None,
        "device": job.options.device,
        "bounded": planned.bounded,
    }
    key = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()
    folder = (checkpoints(planned) / step).absolute()
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield Checkpoint(folder=folder, key=key)
    finally:
        with suppress(OSError):  # one of them is not empty
            for path in missing:
                path.rmdir()
