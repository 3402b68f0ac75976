"""One file within bytes or within a time: what its search is asked."""

from __future__ import annotations

from edgekit.core import artifacts, isolate
from edgekit.data.export_messages import Exported
from edgekit.pipeline.convert.converted_file import ConvertedFile
from edgekit.pipeline.convert.job import Job
from edgekit.search.budgets.budget_messages import BUDGET, BudgetRequest


def search(job: Job, exported: Exported) -> ConvertedFile:
    """The file that loses least within the budget, in the scratch folder.

    Raises:
        BudgetNotReached: No choice of precisions is as small or as fast.
    """
    options, planned = job.options, job.plan
    chosen = planned.recipes[-1]
    answer = isolate.call(
        BUDGET,
        BudgetRequest(
            float_file=job.float_file,
            original=job.original,
            file=artifacts.tflite_path(job.work, planned.name, chosen),
            name=planned.name,
            contract=exported.contract,
            recipe=chosen,
            calibration=job.calibration_out,
            to_bytes=options.to_bytes,
            to_latency=options.to_latency,
            seed=options.seed,
            device=options.device,
            limits=options.limits,
        ),
        name="The search for a file within the budget",
        limits=options.limits,
        on_progress=job.on_progress,
        writable=[job.work],
    )
    return ConvertedFile(recipe=chosen, quantized=answer.file, budget=answer.budget)
