"""The training of one recipe, in a child process: files in, one file out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgekit import serde
from edgekit.data import parts
from edgekit.data.samples import Samples
from edgekit.flatbuffer.grids import Grid
from edgekit.records import Training

LEARNING_RATE = 1e-4
# Ranges stay as they are for the last part of the epochs: weights settle on grids that hold.
_FROZEN_PART = 1 / 3


def run(request: Mapping[str, Any], report: Callable[[str], None]) -> dict[str, Any]:
    """Train what a recipe rounds, and write what came of it.

    Args:
        request: Paths as strings. `float`: the float file that is quantized
            (`Prepared.float_model`). `teacher`: the float file whose answers are learned, which
            may be the same. `grid`: what `quantize.grid.grid` saved. `training`: a
            `records.Training`. `samples`: an `.npz` of `Samples` to train on. `check`: samples
            with the outputs of `float` as an interpreter computes them. `calibration`: the
            samples that the quantizer saw, or None, and `seed`: they were divided by.
            `checkpoint`: a folder to go on from, or None. `key`: of the checkpoint. `out`: where
            the trained grid goes.
        report: Takes one line of progress.

    Returns:
        `step`: what was done, as a `records.Step` without its loss.

    Raises:
        ModelError: The file cannot be trained (see `rebuild`).
        DataError: The samples do not fit the model.
    """
    from edgekit.convert.prune.decay import KeepZeros
    from edgekit.convert.qat import fake, rebuild
    from edgekit.convert.qat.layers import Freezing
    from edgekit.convert.train import told
    from edgekit.convert.train.fit import fit

    content = Path(request["float"]).read_bytes()
    teacher_content = Path(request["teacher"]).read_bytes()
    grid = Grid.load(Path(request["grid"]))
    training = serde.from_dict(Training, request["training"])
    samples = Samples.load(Path(request["samples"]))
    report("rebuilding the float file for training")
    plain = rebuild.rebuild(content)
    check = Samples.load(Path(request["check"]))
    rebuild.check(plain, check.inputs, check.reference)
    teacher = None
    if training.distill:
        teacher = plain if teacher_content == content else rebuild.rebuild(teacher_content)
    student = fake.build_rounding(content, grid)
    rate = training.learning_rate or LEARNING_RATE
    done = fit(
        student,
        teacher,
        samples,
        training,
        checkpoint=Path(request["checkpoint"]) if request.get("checkpoint") else None,
        key=request["key"],
        learning_rate=rate,
        callbacks=[Freezing(student, _FROZEN_PART), KeepZeros(student)],
        report=report,
        fitted=parts.fitted(request.get("calibration"), int(request.get("seed", 0))),
    )
    fake.trained(student, grid).save(Path(request["out"]))
    return {"step": serde.to_dict(told.step(done, "qat"))}
