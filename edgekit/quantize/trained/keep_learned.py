"""Whether learned rounding is better than what it began from: on samples that took no part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgekit import tflite
from edgekit.core.records import Candidate, Contract
from edgekit.data.samples import Samples
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.diagnose import scores
from edgekit.tflite import Model

SUFFIX = ", learned across layers"
"""Behind the name of the candidate that learning began from."""


def better(
    old: Prepared, new: Prepared, models: Sequence[Model], held: Samples, contract: Contract
) -> Prepared:
    """The new one, if its outputs come nearer to float by more than chance; else the old one.

    Args:
        old: What learning began from.
        new: The same with what was learned.
        models: The quantized file of each.
        held: Samples that neither was fitted to.
        contract: What the outputs are.

    Returns:
        One of them, with both among its candidates.
    """
    expected = scores.outputs(tflite.read(old.float_model), held.inputs)
    before, after = (scores.outputs(model, held.inputs) for model in models)
    finite = all(np.isfinite(values).all() for values in after.real.values())
    is_better = finite and scores.better(
        scores.errors(expected, after), scores.errors(expected, before)
    )
    learned = Candidate(
        name=f"{_name(old)}{SUFFIX}",
        sqnr_db=round(scores.worst_channel_db(expected, after, contract), 2),
        chosen=is_better,
    )
    others = [replace(c, chosen=c.chosen and not is_better) for c in old.candidates]
    return replace(new if is_better else old, candidates=(*others, learned))


def _name(prepared: Prepared) -> str:
    return next((c.name for c in prepared.candidates if c.chosen), "nearest")
