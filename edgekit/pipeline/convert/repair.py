"""A bound on the loss, held for every recipe before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgekit.core import isolate
from edgekit.data import callables
from edgekit.data.export_messages import Exported
from edgekit.pipeline.convert.converted_file import ConvertedFile
from edgekit.pipeline.convert.job import Job
from edgekit.search.search_messages import KEEP, FileToHold, KeepRequest, LossLimits


def hold(job: Job, exported: Exported, files: Sequence[ConvertedFile]) -> list[ConvertedFile]:
    """Keep operators in higher precision where a recipe loses more than was asked.

    Args:
        job: The bound, what the files are for, and limits.
        exported: The contract.
        files: In the scratch folder, where they are replaced in place.

    Returns:
        The files as they are now, each that quantizes with its `repair`.

    Raises:
        BoundNotHeld: For one of the recipes no choice of precisions holds the bound.
        UsageError: The samples cannot tell such a loss.
    """
    options, metrics = job.options, job.source.project.metric
    quantizing = [i for i, file in enumerate(files) if file.recipe.quantize is not None]
    request = KeepRequest(
        float_file=job.float_file,
        original=job.original,
        contract=exported.contract,
        calibration=job.calibration_out,
        seed=options.seed,
        loss=LossLimits(max_loss=options.max_loss, min_sqnr_db=options.min_sqnr_db, metric=metrics),
        device=options.device,
        name=job.plan.name,
        limits=options.limits,
        files=tuple(
            FileToHold(
                recipe=files[i].recipe, path=files[i].path, prepared=files[i].quantized.prepared
            )
            for i in quantizing
        ),
    )
    answer = isolate.call(
        KEEP,
        request,
        name="The search for a file that holds the bound",
        limits=options.limits,
        on_progress=job.on_progress,
        writable=[job.work],
        own_code=any(map(callables.is_own_code, metrics)),
    )
    result = list(files)
    for i, held in zip(quantizing, answer.files, strict=True):
        before = files[i].quantized
        written = held.written or before.written
        result[i] = replace(
            files[i], quantized=replace(before, written=written), repair=held.repair
        )
    return result
