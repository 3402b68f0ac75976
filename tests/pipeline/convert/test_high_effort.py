"""Learned rounding through children that the test answers: what is asked, kept and said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.compress.compress_messages import LEARN, LearnResult
from edgekit.core import recipes
from edgekit.core.errors import ModelError, RunError
from edgekit.core.records import Candidate
from edgekit.data.samples import Samples
from edgekit.pipeline.convert import high_effort, prove
from edgekit.quantize.quantize_messages import APPLY_TRAINED, Trainable
from tests.fake_children import FakeChildren
from tests.pipeline.convert.steps import (
    CONTRACT,
    EXPORTED,
    FLOAT,
    NET,
    OUTPUT,
    converted,
    inputs,
    job,
    outputs,
)

INT4 = replace(recipes.get("static_wi4_ai8"), effort="high")
LEARNED = LearnResult(
    steps=70, num_samples=20, first_loss=0.5, last_loss=0.25, resumed_from=30, seconds=9.0
)


@pytest.fixture
def asked(tmp_path):
    """A job with one int4 file, and the samples that prove it."""
    made = job(tmp_path, (FLOAT, INT4))
    file = converted(made, INT4)
    trainable = Trainable(source=made.original, grid=made.work / "grid.npz")
    file = replace(file, quantized=replace(file.quantized, trainable=trainable))
    proof = prove.compare_with_original(made, prove.proof_samples(made)).proof
    return made, [converted(made, FLOAT), file], proof


def apply(*, is_kept):
    def answer(request):
        chosen = (
            Candidate(name="gptq", sqnr_db=2.0, chosen=not is_kept),
            Candidate(name="gptq, learned across layers", sqnr_db=3.0, chosen=is_kept),
        )
        return replace(request.file, candidates=chosen)

    return answer


def test_what_was_learned_is_judged_and_recorded(asked, children: FakeChildren):
    made, files, proof = asked

    def learn(request):
        check = Samples.load(request.check)
        expected = outputs(NET, check.inputs)[OUTPUT.name]
        found = check.reference[OUTPUT.name].reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        return LEARNED

    children.answer(LEARN, learn)
    children.answer(APPLY_TRAINED, apply(is_kept=True))
    first, second = high_effort.improve(made, EXPORTED, files, proof)
    assert first == files[0]
    [step] = second.steps
    assert (step.name, step.seconds) == ("learn", 9.0)
    assert step.summary == (
        "rounding across layers, 70 steps on 20 samples, resumed after step 30; "
        "kept: nearer to float on 10 held-out samples"
    )
    assert step.numbers["kept"] == 1
    assert step.numbers["held_out_samples"] == 10
    [learned] = children.requests(LEARN)
    [applied] = children.requests(APPLY_TRAINED)
    assert learned.calibration == applied.judges == made.calibration_out
    assert (applied.recipe, applied.contract, applied.trained) == (INT4, CONTRACT, learned.out)
    [call, _] = children.calls
    assert call.options["restart"] is True
    assert call.options["writable"] == [made.work, learned.checkpoint.folder]


def test_a_file_that_got_no_better_says_so(asked, children: FakeChildren):
    made, files, proof = asked
    children.answer(LEARN, lambda request: replace(LEARNED, resumed_from=0))
    children.answer(APPLY_TRAINED, apply(is_kept=False))
    _, second = high_effort.improve(made, EXPORTED, files, proof)
    [step] = second.steps
    assert step.summary.endswith(
        "on 20 samples; not kept: no nearer to float on 10 held-out samples"
    )
    assert step.numbers["kept"] == 0


def test_what_a_killed_run_left_stays_to_be_resumed(asked, children: FakeChildren):
    made, files, proof = asked

    def killed(request):
        (request.checkpoint.folder / "training.npz").touch()
        raise RunError("It took too long.")

    children.answer(LEARN, killed)
    with pytest.raises(RunError):
        high_effort.improve(made, EXPORTED, files, proof)
    folder = made.plan.folder / ".net.training" / "static_wi4_ai8.effort"
    assert [path.name for path in folder.iterdir()] == ["training.npz"]


def test_a_model_that_cannot_be_trained_stays_as_it_is_with_a_note(asked, children: FakeChildren):
    made, files, proof = asked

    def refuse(request):
        raise ModelError("Nothing knows this operator.", received="WHILE")

    children.answer(LEARN, refuse)
    assert high_effort.improve(made, EXPORTED, files, proof) == files
    [note] = made.notes
    assert note.startswith("static_wi4_ai8: no rounding was learned: ")
    assert "WHILE" in note


def test_too_few_samples_and_files_without_such_weights_are_named(asked, children: FakeChildren):
    made, files, proof = asked
    bare = replace(files[1], quantized=replace(files[1].quantized, trainable=None))
    assert high_effort.improve(made, EXPORTED, [bare], proof) == [bare]
    Samples(inputs=inputs(9)).save(made.calibration_out)
    assert high_effort.improve(made, EXPORTED, files, proof) == files
    none, few = made.notes
    assert "int4" in none
    assert "at least 4" in few.lower()
    assert children.calls == []


def test_nothing_is_asked_where_nobody_wants_it(asked, children: FakeChildren):
    made, files, proof = asked
    plain = [replace(file, recipe=replace(file.recipe, effort="normal")) for file in files]
    assert high_effort.improve(made, EXPORTED, plain, proof) == plain
    assert children.calls == []
