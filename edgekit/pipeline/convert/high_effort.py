"""`--effort high`: the rounding of int4 weights learned across layers, kept where it helps.

Two thirds of the calibration samples are learned from; the third that judges candidates says
whether the file got better, or the old one stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgekit.compress.compress_messages import LEARN, LearnRequest, LearnResult
from edgekit.core import isolate, onednn
from edgekit.core.errors import ModelError
from edgekit.core.records import Step
from edgekit.data import split
from edgekit.data.export_messages import Exported
from edgekit.data.samples import Samples
from edgekit.pipeline.convert import prove
from edgekit.pipeline.convert.compress_and_train import check_samples, checkpoint_of
from edgekit.pipeline.convert.converted_file import ConvertedFile
from edgekit.pipeline.convert.job import Job
from edgekit.quantize.quantize_messages import APPLY_TRAINED, ApplyTrainedRequest, Trainable

# Of fewer held-out samples a gain may be chance.
_FEWEST_JUDGES = 4


def improve(
    job: Job, exported: Exported, files: Sequence[ConvertedFile], proof: prove.Proof
) -> list[ConvertedFile]:
    """Learn the rounding of each file that asks for it, and write it anew where that is better.

    Args:
        job: What is asked for; its notes get one for each file that nothing could be learned for.
        exported: The contract, and what the samples are.
        files: In the scratch folder.
        proof: Samples whose outputs are known, to see that the file is understood.

    Returns:
        The files as they are now; those that were learned for have `steps`.
    """
    if not any(file.recipe.learns_rounding for file in files) or job.calibration is None:
        return list(files)
    _, held = split.held_back(Samples.load(job.calibration), job.options.seed)
    improved = []
    for file in files:
        if not file.recipe.learns_rounding:
            improved.append(file)
            continue
        try:
            improved.append(_improved(job, exported, file, proof, job.calibration, len(held)))
        except ModelError as error:
            job.notes.append(f"{file.recipe.label}: no rounding was learned: {error.brief}")
            improved.append(file)
    return improved


def _improved(
    job: Job,
    exported: Exported,
    file: ConvertedFile,
    proof: prove.Proof,
    calibration: Path,
    held: int,
) -> ConvertedFile:
    trainable = file.quantized.trainable
    if trainable is None:
        raise ModelError("No weights of it are rounded to int4 by a scale for each channel.")
    if held < _FEWEST_JUDGES:
        raise ModelError(
            f"At least {_FEWEST_JUDGES} held-out samples must say whether it helped.",
            received=str(held),
            hint=f"give {3 * _FEWEST_JUDGES} calibration samples or more.",
        )
    learned = job.work / f"{file.recipe.label}.learned.npz"
    result = _learn(job, exported, file, trainable, proof, calibration, learned)
    quantized = isolate.call(
        APPLY_TRAINED,
        ApplyTrainedRequest(
            file=file.quantized,
            trained=learned,
            recipe=file.recipe,
            contract=exported.contract,
            name=job.plan.name,
            judges=calibration,
            seed=job.options.seed,
        ),
        name="The quantizer",
        limits=job.options.limits,
        on_progress=job.on_progress,
        writable=[job.work],
    )
    is_kept = quantized.candidates[-1].chosen
    return replace(file, quantized=quantized, steps=(*file.steps, _step(result, is_kept, held)))


def _learn(
    job: Job,
    exported: Exported,
    file: ConvertedFile,
    trainable: Trainable,
    proof: prove.Proof,
    calibration: Path,
    out: Path,
) -> LearnResult:
    with checkpoint_of(job, f"{file.recipe.label}.effort", exported) as checkpoint:
        return onednn.call(
            LEARN,
            LearnRequest(
                float_file=trainable.source,
                grid=trainable.grid,
                calibration=calibration,
                seed=job.options.seed,
                check=check_samples(job, trainable.source, proof),
                checkpoint=checkpoint,
                out=out,
            ),
            name="The training",
            limits=job.options.limits,
            on_progress=job.on_progress,
            restart=True,
            notes=job.notes,
            writable=[job.work, checkpoint.folder],
        )


def _step(result: LearnResult, is_kept: bool, held: int) -> Step:
    """What was tried, and whether the file has it."""
    resumed = f", resumed after step {result.resumed_from}" if result.resumed_from else ""
    verdict = "kept: nearer to float" if is_kept else "not kept: no nearer to float"
    return Step(
        name="learn",
        summary=f"rounding across layers, {result.steps} steps on {result.num_samples} samples"
        f"{resumed}; {verdict} on {held} held-out samples",
        seconds=result.seconds,
        numbers={
            "steps": result.steps,
            "samples": result.num_samples,
            "held_out_samples": held,
            "kept": float(is_kept),
            "loss_before": result.first_loss,
            "loss": result.last_loss,
        },
    )
