"""Pruning and training through children that the test answers: checkpoints, losses, refusals."""

from __future__ import annotations

import shutil
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from edgekit.compress.compress_messages import PRUNE, TRAIN, PruneResult, TrainResult
from edgekit.core.errors import FidelityError, RunError
from edgekit.core.records import Candidate, ConvertOptions, Step
from edgekit.data.samples import Samples
from edgekit.pipeline.convert import compress_and_train, prove
from edgekit.quantize.quantize_messages import APPLY_TRAINED
from tests.fake_children import FakeChildren
from tests.pipeline.convert.steps import (
    CONTRACT,
    EXPORTED,
    FLOAT,
    INT8,
    NET,
    OUTPUT,
    PRUNING,
    TRAINING,
    converted,
    job,
    outputs,
    trained,
)

PRUNED = Step(name="prune", summary="half", seconds=1.0)
TUNED = Step(name="finetune", summary="4 epochs", seconds=2.0, numbers={"epochs": 4.0})


@pytest.fixture
def pruned(tmp_path):
    """A job that prunes and trains, and what the original's float file gives."""
    made = job(tmp_path, prune=PRUNING, training=TRAINING)
    compared: Future[prove.Compared] = Future()
    compared.set_result(prove.compare_with_original(made, prove.proof_samples(made)))
    return made, compared


def pruner(request, noise=0.01):
    """What the pruner leaves: the same file, whose first step was less right than its last."""
    shutil.copy(NET, request.out)
    request.keras_out.touch()
    right = outputs(NET, Samples.load(request.proof).inputs)[OUTPUT.name]
    steps = {f"prune/{OUTPUT.name}": right * (1 + noise), f"finetune/{OUTPUT.name}": right}
    np.savez(request.outputs_out, **steps)
    return PruneResult(steps=(PRUNED, TUNED), notes=("dense was left alone",))


def test_each_step_says_what_the_model_had_lost(pruned, children: FakeChildren):
    made, compared = pruned
    children.answer(PRUNE, pruner)
    first, second = compress_and_train.prune(made, PRUNING, EXPORTED, compared)
    assert 35 < first.sqnr_db < 40  # 1 % of each output, of which a channel varies by less
    assert second.sqnr_db is not None
    assert second.sqnr_db > 100
    assert (first.num_samples, second.num_samples) == (7, 7)
    assert (second.summary, second.numbers) == ("4 epochs", {"epochs": 4.0})
    assert made.notes == ["dense was left alone"]
    [call] = children.calls
    assert call.request.source.model == made.source.model.absolute()
    assert call.request.float_bytes == NET.stat().st_size
    assert call.request.finetune.training == TRAINING
    assert call.request.calibration == made.calibration_out
    assert call.options["restart"] is True
    assert call.options["writable"] == [made.work, call.request.finetune.checkpoint.folder]


def test_without_training_nothing_is_finetuned(pruned, children: FakeChildren):
    made, compared = pruned
    made = replace(made, plan=replace(made.plan, training=None))

    def answer(request):
        assert request.finetune is None
        pruner(request, noise=0.0)
        return PruneResult(steps=(PRUNED,))

    children.answer(PRUNE, answer)
    [step] = compress_and_train.prune(made, PRUNING, EXPORTED, compared)
    assert step.name == "prune"


def test_a_pruned_file_that_computes_something_else_is_refused(pruned, children: FakeChildren):
    made, compared = pruned

    def answer(request):
        result = pruner(request)
        # The last step is what the file is compared with: here the one with noise.
        return replace(result, steps=(TUNED, PRUNED))

    children.answer(PRUNE, answer)
    with pytest.raises(FidelityError):
        compress_and_train.prune(made, PRUNING, EXPORTED, compared)


def test_a_checkpoint_lies_beside_the_results_and_goes_when_it_is_empty(
    pruned, children: FakeChildren
):
    made, compared = pruned
    folders = []

    def answer(request):
        checkpoint = request.finetune.checkpoint
        assert checkpoint.folder.is_dir()
        folders.append(checkpoint.folder)
        return pruner(request)

    children.answer(PRUNE, answer)
    compress_and_train.prune(made, PRUNING, EXPORTED, compared)
    [folder] = folders
    assert folder == (made.plan.folder / ".net.training" / "finetune").absolute()
    assert not made.plan.folder.exists()


def test_what_a_killed_training_left_stays_until_all_is_written(pruned, children: FakeChildren):
    made, compared = pruned

    def killed(request):
        (request.finetune.checkpoint.folder / "epoch").touch()
        raise RunError("It took too long.")

    children.answer(PRUNE, killed)
    with pytest.raises(RunError):
        compress_and_train.prune(made, PRUNING, EXPORTED, compared)
    kept = made.plan.folder / ".net.training" / "finetune" / "epoch"
    assert kept.exists()
    compress_and_train.forget(made.plan)
    assert not (made.plan.folder / ".net.training").exists()


def test_the_key_of_a_checkpoint_changes_with_what_is_trained(pruned, children: FakeChildren):
    made, compared = pruned
    keys = []

    def answer(request):
        keys.append(request.finetune.checkpoint.key)
        return pruner(request)

    children.answer(PRUNE, answer)
    others = [
        made,
        made,
        replace(made, options=ConvertOptions(seed=1)),
        replace(made, plan=replace(made.plan, training=replace(TRAINING, epochs=3))),
        replace(made, source=replace(made.source, custom_objects="a:B")),
    ]
    for one in others:
        compress_and_train.prune(one, PRUNING, EXPORTED, compared)
    other = replace(EXPORTED, samples=replace(EXPORTED.samples, training_sha256="other"))
    compress_and_train.prune(made, PRUNING, other, compared)
    assert keys[0] == keys[1]
    assert len(set(keys)) == 5


def test_only_files_that_ask_for_it_are_trained(tmp_path, children: FakeChildren):
    aware = trained(INT8)
    made = job(tmp_path, (FLOAT, aware), training=TRAINING)
    files = [converted(made, FLOAT), converted(made, aware)]
    proof = prove.compare_with_original(made, prove.proof_samples(made)).proof
    qat = Step(name="qat", summary="3 epochs", seconds=9.0)

    def train(request):
        check = Samples.load(request.check)
        expected = outputs(NET, check.inputs)[OUTPUT.name]
        found = check.reference[OUTPUT.name].reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        request.out.touch()
        return TrainResult(step=qat)

    def apply(request):
        chosen = (
            Candidate(name="a", sqnr_db=1.0),
            Candidate(name="gptq", sqnr_db=2.0, chosen=True),
        )
        written = replace(request.file.written, sha256="trained")
        return replace(request.file, written=written, candidates=chosen)

    children.answer(TRAIN, train)
    children.answer(APPLY_TRAINED, apply)
    first, second = compress_and_train.train(made, EXPORTED, files, proof)
    assert first == files[0]
    assert second.quantized.written.sha256 == "trained"
    rounded, tuned = second.steps
    assert (rounded.name, rounded.summary, rounded.seconds) == ("quantize", "gptq", 0.5)
    assert (tuned.name, tuned.summary, tuned.seconds) == ("qat", "3 epochs", 9.0)
    assert rounded.num_samples == tuned.num_samples == 7
    [asked] = children.requests(TRAIN)
    assert asked.teacher == made.original
    assert asked.training == TRAINING
    [applied] = children.requests(APPLY_TRAINED)
    assert (applied.recipe, applied.contract, applied.trained) == (aware, CONTRACT, asked.out)
    assert not made.plan.folder.exists()  # nothing was kept to resume
