"""A second look, at all samples that were held out, at files that seem to be wrecked.

Each file is run on a few samples, which is soon done and shows a wreck for certain. Of a few, some
may be hard by chance: MobileNetV1's static file decided 19 of 24 like the float one, and 0.93 of
400. Who is told that a file is wrecked shall be able to rely on it: what all of them say counts
where it is 95 % sure. Within 400 kB the same model decided 30 of 38 alike, and 0.865 of 400.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekit.core.records import Contract, Recipe, Target, Verified
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.measure.lost_content import LeastKept
from edgekit.pipeline.convert import prove
from edgekit.pipeline.convert.job import Job
from edgekit.runtimes import local


def confirmed(
    job: Job,
    files: Sequence[tuple[Path, Recipe]],
    verified: Sequence[Verified | None],
    proof: prove.Proof,
    contract: Contract,
    least: LeastKept,
) -> list[Verified | None]:
    """What is found of each file, on more samples where it has lost something on few.

    Args:
        job: What is asked for; the quantizer has run.
        files: Each with what it was made by.
        verified: What `prove.check_all` found of each.
        proof: The samples that it was found on.
        contract: What the outputs are.
        least: What has to be left of them.
    """
    found = list(verified)
    seeming = [place for place, one in enumerate(found) if one is not None and one.lost]
    further = _further(job, proof) if seeming else None
    if further is None:
        return found
    job.on_progress(f"looking again at {len(seeming)} files, on {len(further.samples)} samples")
    again = prove.check_all(
        [files[place][0] for place in seeming],
        [files[place][1] for place in seeming],
        further,
        contract,
        job.options.limits,
        least.surely(len(further.samples)),
    )
    for place, one in zip(seeming, again, strict=True):
        found[place] = one
    return found


def _further(job: Job, proof: prove.Proof) -> prove.Proof | None:
    """The samples, and all others that were held out; None where there are no others.

    Training keeps clear of those of `proof` alone, and states follow from one sequence.
    """
    few = proof.samples
    if job.plan.training is not None or few.is_sequence or not job.calibration_out.is_file():
        return None
    _, held = split.held_back(Samples.load(job.calibration_out), job.options.seed)
    others = held.take(range(proof.held_back, len(held)))
    if not len(others):
        return None
    with local.open_session(job.original, Target(), limits=job.options.limits) as session:
        reference = session.run(others.inputs)
    return prove.Proof(
        samples=replace(
            few,
            inputs={n: np.concatenate([few.inputs[n], others.inputs[n]]) for n in few.inputs},
            reference={n: np.concatenate([few.reference[n], reference[n]]) for n in few.reference},
        ),
        held_back=len(held),
    )
