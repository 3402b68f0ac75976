"""The training of one recipe, in a child process: files in, one file out."""

from __future__ import annotations

from edgekit.compress.compress_messages import TrainRequest, TrainResult
from edgekit.core.process import Progress
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.tflite import trained_ranges
from edgekit.tflite.quantized_weights import Grid

LEARNING_RATE = 1e-4
# Ranges stay as they are for the last part of the epochs: weights settle on grids that hold.
_FROZEN_PART = 1 / 3


def run(request: TrainRequest, report: Progress) -> TrainResult:
    """Train what a recipe rounds, and write what came of it.

    Raises:
        ModelError: The file cannot be trained (see `float_network.rebuild`).
        DataError: The samples do not fit the model.
    """
    from edgekit.compress.prune.sparsity_schedule import KeepZeros
    from edgekit.compress.qat import fake_quant, float_network
    from edgekit.compress.qat.operator_layers import Freezing
    from edgekit.compress.train import training_summary
    from edgekit.compress.train.fit import fit

    content = request.float_file.read_bytes()
    teacher_content, _ = trained_ranges.plain(request.teacher.read_bytes())
    grid, training = Grid.load(request.grid), request.training
    samples = Samples.load(request.samples)
    report("rebuilding the float file for training")
    plain = float_network.rebuild(content)
    check = Samples.load(request.check)
    float_network.check(plain, check.inputs, check.reference)
    teacher = None
    if training.distill:
        teacher = plain if teacher_content == content else float_network.rebuild(teacher_content)
    student = fake_quant.build_rounding(content, grid)
    done = fit(
        student,
        teacher,
        samples,
        training,
        checkpoint=request.checkpoint.folder,
        key=request.checkpoint.key,
        learning_rate=training.learning_rate or LEARNING_RATE,
        callbacks=[Freezing(student, _FROZEN_PART), KeepZeros(student)],
        report=report,
        fitted=split.fitted(request.calibration, request.seed),
    )
    fake_quant.trained(student, grid).save(request.out)
    return TrainResult(step=training_summary.step(done, "qat"))
