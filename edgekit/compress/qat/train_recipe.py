"""The training of one recipe, in a child process: files in, one file out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgekit.core import serde
from edgekit.core.records import Training
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.tflite.quantized_weights import Grid

LEARNING_RATE = 1e-4
# Ranges stay as they are for the last part of the epochs: weights settle on grids that hold.
_FROZEN_PART = 1 / 3


def run(request: Mapping[str, Any], report: Callable[[str], None]) -> dict[str, Any]:
    """Train what a recipe rounds, and write what came of it.

    Args:
        request: Paths as strings. `float`: the float file that is quantized
            (`Prepared.float_model`). `teacher`: the float file whose outputs are learned, which
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
    from edgekit.compress.prune.sparsity_schedule import KeepZeros
    from edgekit.compress.qat import fake_quant, float_network
    from edgekit.compress.qat.operator_layers import Freezing
    from edgekit.compress.train import training_summary
    from edgekit.compress.train.fit import fit

    content = Path(request["float"]).read_bytes()
    teacher_content = Path(request["teacher"]).read_bytes()
    grid = Grid.load(Path(request["grid"]))
    training = serde.from_dict(Training, request["training"])
    samples = Samples.load(Path(request["samples"]))
    report("rebuilding the float file for training")
    plain = float_network.rebuild(content)
    check = Samples.load(Path(request["check"]))
    float_network.check(plain, check.inputs, check.reference)
    teacher = None
    if training.distill:
        teacher = plain if teacher_content == content else float_network.rebuild(teacher_content)
    student = fake_quant.build_rounding(content, grid)
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
        fitted=split.fitted(request.get("calibration"), int(request.get("seed", 0))),
    )
    fake_quant.trained(student, grid).save(Path(request["out"]))
    return {"step": serde.to_dict(training_summary.step(done, "qat"))}
