"""That no file is called wrecked for the few samples that it was first run on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.records import Training, Verified
from edgekit.data.samples import Samples
from edgekit.data.split import held_back
from edgekit.measure.lost_content import LeastKept
from edgekit.pipeline.convert import prove, second_look
from edgekit.pipeline.convert.job import Job
from tests.pipeline.convert.steps import CONTRACT, FLOAT16, INPUT, NET, job, with_weights

SEEMS_LOST = Verified(sqnr_db=5.0, num_samples=7, held_back=4, lost="by chance")
FINE = Verified(sqnr_db=50.0, num_samples=7, held_back=4)


def looked_at(made: Job, paths: list[Path], found: list[Verified | None], proof: prove.Proof):
    files = [(path, FLOAT16) for path in paths]
    return second_look.confirmed(made, files, found, proof, CONTRACT, LeastKept())


def first_proof(made: Job) -> prove.Proof:
    return prove.compare_with_original(made, prove.proof_samples(made)).proof


def test_what_seems_lost_is_judged_on_all_samples_that_were_held_out(tmp_path):
    made = job(tmp_path)
    broken = with_weights(tmp_path / "broken.tflite", 0.0)
    found = [None, FINE, SEEMS_LOST, SEEMS_LOST]
    none, fine, cleared, lost = looked_at(made, [NET, NET, NET, broken], found, first_proof(made))
    assert none is None
    assert fine is FINE  # and is not run again
    assert cleared is not None and not cleared.lost and cleared.sqnr_db > 100
    assert lost is not None and lost.lost and lost.lost != SEEMS_LOST.lost
    _, held = held_back(Samples.load(made.calibration_out), made.options.seed)
    assert (lost.num_samples, lost.held_back) == (3 + len(held), len(held)) == (13, 10)


@pytest.mark.parametrize("fault", ["trained", "sequence", "no calibration"])
def test_where_no_other_samples_can_judge_the_first_ones_do(tmp_path, fault):
    made = job(tmp_path, training=Training(data="data.npz") if fault == "trained" else None)
    proof = first_proof(made)
    if fault == "sequence":
        proof = replace(proof, samples=replace(proof.samples, is_sequence=True))
    if fault == "no calibration":
        made.calibration_out.unlink()
    assert looked_at(made, [NET], [SEEMS_LOST], proof) == [SEEMS_LOST]


def test_nothing_is_run_where_nothing_seems_lost(tmp_path):
    made = job(tmp_path)
    proof = first_proof(made)
    made.original.unlink()
    assert looked_at(made, [NET], [FINE], proof) == [FINE]


def test_further_samples_are_those_that_were_not_looked_at(tmp_path, monkeypatch):
    made = job(tmp_path)
    seen = []

    def remember(files, recipes, proof, contract, limits, least):
        seen.append(proof)
        assert least == LeastKept().surely(len(proof.samples)) != LeastKept()
        return [FINE]

    proof = first_proof(made)
    monkeypatch.setattr(prove, "check_all", remember)
    looked_at(made, [NET], [SEEMS_LOST], proof)
    (wider,) = seen
    name = INPUT.name
    _, held = held_back(Samples.load(made.calibration_out), made.options.seed)
    np.testing.assert_array_equal(wider.samples.inputs[name][3:], held.inputs[name])
    assert len(wider.samples.digests()) == len(set(wider.samples.digests()))
    for values in wider.samples.reference.values():
        assert len(values) == len(wider.samples)
