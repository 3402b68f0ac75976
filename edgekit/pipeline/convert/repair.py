"""A bound on the loss, held for every recipe before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.core import isolate, serde
from edgekit.core.process import Progress
from edgekit.core.project import Project
from edgekit.core.records import ConvertOptions
from edgekit.data import callables
from edgekit.pipeline.convert.plan import Plan


def hold(
    settled: Plan,
    entries: Sequence[dict[str, Any]],
    floating: str,
    request: Mapping[str, Any],
    exported: Mapping[str, Any],
    *,
    project: Project,
    options: ConvertOptions,
    on_progress: Progress,
) -> list[dict[str, Any]]:
    """Keep operators in higher precision where a recipe loses more than was asked.

    Args:
        settled: The recipes.
        entries: What the quantizing stage said of their files, which are replaced in place.
        floating: The float file that was quantized.
        request: Of the exporter: where the float file and the samples are, and the seed.
        exported: What the exporter said: the contract.
        project: Its metric, if it names one.
        options: The bound, what the files are for, and limits.
        on_progress: Takes one line at each step.

    Returns:
        The entries of the files as they are now, each with its `repair`.

    Raises:
        BoundNotHeld: For one of the recipes no choice of precisions holds the bound.
        UsageError: The samples cannot tell such a loss.
    """
    quantizing = [i for i, recipe in enumerate(settled.recipes) if recipe.quantize is not None]
    answer = isolate.call_json(
        "edgekit.search.keep_search:run",
        {
            "float": floating,
            "original": request["out"],
            "contract": exported["contract"],
            "calibration": request["calibration_out"],
            "seed": options.seed,
            "max_loss": options.max_loss,
            "min_sqnr_db": options.min_sqnr_db,
            "metric": project.metric,
            "device": options.device,
            "name": settled.name,
            "limits": serde.to_dict(options.limits),
            "files": [
                {
                    "recipe": serde.to_dict(settled.recipes[i]),
                    "path": entries[i]["path"],
                    "prepared": entries[i]["prepared"],
                }
                for i in quantizing
            ],
        },
        name="The search for a file that holds the bound",
        limits=options.limits,
        on_progress=on_progress,
        writable=[Path(floating).parent],
        own_code=callables.is_own_code(project.metric),
    )
    held = list(entries)
    for i, done in zip(quantizing, answer["files"], strict=True):
        held[i] = {**entries[i], **(done["entry"] or {}), "repair": done["repair"]}
    return held
