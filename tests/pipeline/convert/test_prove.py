"""That files compute what they should, before anything is written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.core import recipes
from edgekit.core.errors import FidelityError, QuantizeError
from edgekit.core.records import ConvertOptions, Limits
from edgekit.data.samples import Samples
from edgekit.data.split import held_back
from edgekit.pipeline.convert import prove
from tests.pipeline.convert.steps import (
    CONTRACT,
    FLOAT,
    FLOAT16,
    INPUT,
    NET,
    OUTPUT,
    job,
    outputs,
    with_weights,
)


def proof(made) -> prove.Proof:
    return prove.compare_with_original(made, prove.proof_samples(made)).proof


def test_files_are_run_on_golden_samples_and_on_held_out_ones(tmp_path):
    made = job(tmp_path)
    samples = prove.proof_samples(made)
    assert (len(samples.samples), samples.held_back) == (3 + 4, 4)
    golden = Samples.load(made.golden).inputs[INPUT.name]
    _, held = held_back(Samples.load(made.calibration_out), made.options.seed)
    together = np.concatenate([golden, held.inputs[INPUT.name][:4]])
    np.testing.assert_array_equal(samples.samples.inputs[INPUT.name], together)
    np.testing.assert_array_equal(Samples.load(made.proof).inputs[INPUT.name], together)


def test_without_calibration_samples_the_golden_ones_are_all(tmp_path):
    made = job(tmp_path)
    made.calibration_out.unlink()
    samples = prove.proof_samples(made)
    assert (len(samples.samples), samples.held_back) == (3, 0)


def test_the_float_file_is_compared_with_keras(tmp_path):
    made = job(tmp_path)
    compared = prove.compare_with_original(made, prove.proof_samples(made))
    assert compared.sqnr_db is not None
    assert compared.sqnr_db > 100
    assert len(compared.golden) == 3
    expected = outputs(NET, compared.proof.samples.inputs)[OUTPUT.name]
    found = compared.proof.samples.reference[OUTPUT.name]
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5)


def test_a_float_file_that_computes_something_else_is_refused(tmp_path):
    made = job(tmp_path)
    golden = Samples.load(made.golden)
    wrong = {name: values + 0.1 for name, values in golden.reference.items()}
    replace(golden, reference=wrong).save(made.golden)
    with pytest.raises(FidelityError, match="Keras to at least 80 dB on 3 samples"):
        prove.compare_with_original(made, prove.proof_samples(made))
    # How much it may differ is the options' to say.
    loose = replace(made, options=ConvertOptions(min_reference_sqnr_db=-20.0))
    found = prove.compare_with_original(loose, prove.proof_samples(loose)).sqnr_db
    assert found is not None
    assert found < 80


def test_a_small_column_of_a_float_file_is_held_beside_a_large_one():
    rng = np.random.default_rng(0)
    right = rng.normal(size=(8, 3)) * [1e5, 1, 1e5]
    wrong = right.copy()
    wrong[:, 1] *= 1.1  # 120 dB over all columns
    with pytest.raises(FidelityError, match="40 dB in each column") as caught:
        prove._agrees({"y": right}, {"y": wrong}, ConvertOptions(), "Keras")
    assert caught.value.received == "'y[1]' to 20.0 dB"
    # An offset of a million leaves float32 little of what varies, and that is no mistake.
    offset = np.array([1e6, 0])
    shifted = (rng.normal(size=(8, 2)) + offset).astype(np.float32)
    rounded = shifted + np.float32([0.06, 0])
    assert prove._agrees({"y": shifted}, {"y": rounded}, ConvertOptions(), "Keras") > 80
    # Nor is what rounding leaves of nothing.
    nothing = right * [1, 1e-9, 1]
    assert prove._agrees({"y": nothing}, {"y": nothing * [1, 0, 1]}, ConvertOptions(), "K") > 80


def test_a_tflite_is_its_own_reference(tmp_path):
    made = job(tmp_path)
    replace(Samples.load(made.golden), reference={}).save(made.golden)
    compared = prove.compare_with_original(made, prove.proof_samples(made))
    assert compared.sqnr_db is None
    assert set(compared.golden.reference) == {OUTPUT.name}
    assert len(compared.golden.reference[OUTPUT.name]) == 3


def test_the_pruned_file_is_compared_with_the_pruned_model(tmp_path):
    made = job(tmp_path)
    samples = proof(made)
    right = outputs(NET, samples.samples.inputs)
    prove.compare_with_pruned(NET, right, samples, made.options)
    wrong = {name: values * 1.01 for name, values in right.items()}
    with pytest.raises(FidelityError, match="pruned"):
        prove.compare_with_pruned(NET, wrong, samples, made.options)


def test_each_file_but_the_float_one_says_how_near_it_comes(tmp_path):
    made = job(tmp_path)
    near = with_weights(tmp_path / "far.tflite", 0.25)
    files = [NET, NET, near]
    first, same, far = prove.check_all(
        files, [FLOAT, FLOAT16, FLOAT16], proof(made), CONTRACT, Limits()
    )
    assert first is None
    assert same is not None
    assert far is not None
    assert same.sqnr_db > 100 > 20 > far.sqnr_db
    assert (same.num_samples, same.held_back) == (7, 4)


def test_outputs_that_are_not_finite_are_refused(tmp_path):
    made = job(tmp_path)
    broken = with_weights(tmp_path / "broken.tflite", np.inf)
    with pytest.raises(QuantizeError, match="float16 are not finite") as caught:
        prove.check_runs(broken, FLOAT16, proof(made), CONTRACT, Limits())
    assert OUTPUT.name in caught.value.received
    # Where the float file itself gives them, no other file can be blamed.
    samples = proof(made)
    nowhere = {OUTPUT.name: np.full_like(samples.samples.reference[OUTPUT.name], np.nan)}
    samples = replace(samples, samples=replace(samples.samples, reference=nowhere))
    assert prove.check_runs(broken, FLOAT16, samples, CONTRACT, Limits()) is None


def test_of_int16_activations_few_samples_are_run(tmp_path):
    made = job(tmp_path)
    found = prove.check_runs(NET, recipes.get("static_wi8_ai16"), proof(made), CONTRACT, Limits())
    assert found is not None
    assert (found.num_samples, found.held_back) == (4, 4)
