"""Which way to quantize: judged on samples held back for it, and plain unless beaten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import QuantizeError
from edgekit.core.records import Recipe
from edgekit.data.samples import Samples
from edgekit.data.split import held_back
from edgekit.quantize import candidates
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.diagnose import scores
from edgekit.quantize.rewrite import engine
from edgekit.tflite import exact_rewrites
from tests.quantize.tiny_models import RELU, Network, correlated, extremes, picture_net, random

pytestmark = pytest.mark.slow

Run = Callable[[bytes, Samples], dict[str, np.ndarray]]

SAMPLES = Samples(inputs={"x": correlated(60, 7, 7, 3)})
INT8, INT16 = recipes.get("static_wi8_ai8"), recipes.get("static_wi8_ai16")
ONLY8, ONLY4 = recipes.get("weight_only_wi8_afp32"), recipes.get("weight_only_wi4_afp32")
REFINED = (INT8, INT16, ONLY8, ONLY4)


def search(content: bytes, samples: Samples | None, seed: int = 0) -> candidates.Search:
    return candidates.Search(
        content, samples, tflite.contract(content), seed=seed, report=lambda line: None
    )


def how(recipe: Recipe, **changes: Any) -> Recipe:
    assert recipe.quantize is not None
    return replace(recipe, quantize=replace(recipe.quantize, **changes))


def chosen(prepared: Prepared) -> str:
    (one,) = (c.name for c in prepared.candidates if c.chosen)
    return one


@pytest.mark.parametrize("count", [3, 4, 5, 60])
def test_samples_are_divided_alike_and_never_overlap(count: int) -> None:
    samples = Samples(inputs={"x": np.arange(count, dtype=np.float32)[:, None]})
    fit, held = held_back(samples, 7)
    parts = [part.inputs["x"].ravel().tolist() for part in (fit, held)]
    assert sorted(parts[0] + parts[1]) == list(range(count))
    assert len(held) == count // 3
    again = held_back(samples, 7)
    assert [part.inputs["x"].ravel().tolist() for part in again] == parts
    if count == 60:
        assert held_back(samples, 8)[1].inputs["x"].ravel().tolist() != parts[1]


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_to_divide_serve_for_both(count: int) -> None:
    samples = SAMPLES.take(range(count))
    assert held_back(samples, 0) == (samples, samples)


def test_weights_that_are_integers_already_stay_as_they_are() -> None:
    """Nothing can beat what is exact."""
    net = Network(shape=(5, 5, 4))
    rng = np.random.default_rng(0)

    def exact(*shape: int) -> np.ndarray:
        codes = rng.integers(-127, 128, shape).astype(np.float32)
        codes[:, 0, 0, 0] = 127  # so that the largest gives the scale
        return codes / 64

    y = net.conv(net.x, exact(6, 3, 3, 4), random(6), activation=RELU)
    content = net.finish(y=net.conv(y, exact(4, 1, 1, 6), random(4)))
    made = search(content, Samples(inputs={"x": correlated(30, 5, 5, 4)})).prepare(ONLY8)
    assert chosen(made) == "nearest" == made.candidates[0].name
    assert made.candidates[0].sqnr_db > 100
    assert not made.weights
    assert tflite.to_bytes(made.apply(ONLY8)) == tflite.to_bytes(
        tflite.read(engine.quantize(content, ONLY8, None))
    )


def test_no_candidate_is_taken_that_chance_could_have_put_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scores, "better", lambda candidate, base: False)
    for recipe in REFINED:
        made = search(picture_net(), SAMPLES).prepare(recipe)
        assert sum(c.chosen for c in made.candidates) == 1
        assert recipe.quantize is not None
        if recipe.quantize.weight_bits == 4:  # its plain weights are bad: they get no benefit
            assert not made.candidates[0].chosen
            continue
        assert made.candidates[0].chosen
        assert not made.weights and not made.instead and not made.equalized


@pytest.mark.parametrize("recipe", REFINED, ids=lambda recipe: recipe.name)
def test_what_is_chosen_is_what_was_told(recipe: Recipe) -> None:
    """The figure of the chosen one is that of the file, on the third that was held back."""
    content = picture_net()
    made = search(content, SAMPLES).prepare(recipe)
    _, held = held_back(SAMPLES, 0)
    expected = scores.outputs(tflite.read(content), held.inputs)
    got = scores.outputs(made.apply(recipe), held.inputs)
    (told,) = (c for c in made.candidates if c.chosen)
    worst = scores.worst_channel_db(expected, got, tflite.contract(content))
    assert worst == pytest.approx(told.sqnr_db, abs=0.02)
    plain = made.candidates[0]
    assert plain.name.endswith("nearest")
    if recipe.quantize is not None and recipe.quantize.scheme == "weight_only":
        assert told.sqnr_db > plain.sqnr_db + 3
    # The same seed gives the same file.
    other = search(content, SAMPLES).prepare(recipe).apply(recipe)
    assert tflite.to_bytes(other) == tflite.to_bytes(made.apply(recipe))


@pytest.mark.parametrize("recipe", REFINED, ids=lambda recipe: recipe.name)
def test_nearest_without_bias_correction_is_what_the_quantizer_makes(recipe: Recipe) -> None:
    recipe = how(recipe, rounding="nearest", bias_correction=False)
    content = picture_net()
    made = search(content, SAMPLES).prepare(recipe)
    assert made.candidates == () and not made.weights
    fit, _ = held_back(SAMPLES, 0)  # the held-out third is for bounds
    ranges = extremes(content, dict(fit.inputs)) if "static" in recipe.name else None
    expected = tflite.read(engine.quantize(content, recipe, ranges))
    assert tflite.to_bytes(made.apply(recipe)) == tflite.to_bytes(expected)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("recipe", REFINED, ids=lambda recipe: recipe.name)
def test_a_handful_of_samples_works(recipe: Recipe, count: int) -> None:
    samples = SAMPLES.take(range(count))
    made = search(picture_net(), samples).prepare(recipe)
    assert chosen(made)
    expected = scores.outputs(tflite.read(picture_net()), samples.inputs)
    got = scores.outputs(made.apply(recipe), samples.inputs)
    assert scores.sqnr_db(expected, got) > 15


@pytest.mark.parametrize("proven", [True, False])
def test_dense_layers_stand_in_for_convolutions_of_one_pixel_where_that_is_proven(
    proven: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not proven:
        monkeypatch.setattr(exact_rewrites.Proof, "says", lambda self, model: "it would differ")
    content = picture_net()
    found = search(content, SAMPLES)
    prepared = found.prepare(how(recipes.get("dynamic_wi4_afp32"), rounding="nearest"))
    dense = [op.name for op in tflite.operators(tflite.read(prepared.float_model))].count(
        "FULLY_CONNECTED"
    )
    said = "CONV_2D of one pixel as FULLY_CONNECTED"
    assert (dense, prepared.rewritten) == ((2, {said: 1}) if proven else (1, {}))
    assert found.notes == ([] if proven else [f"{said} was left out: it would differ"])


def test_the_smallest_int4_operators_take_int8_weights() -> None:
    net = Network(shape=(64,))
    y = net.dense(net.x, random(200, 64, scale=0.1), random(200), activation=RELU)
    y = net.dense(y, random(100, 200, scale=0.1), random(100), activation=RELU)
    content = net.finish(y=net.dense(y, random(3, 100, scale=0.1), random(3)))
    samples = Samples(inputs={"x": correlated(60, 64)})
    made = search(content, samples).prepare(ONLY4)
    assert set(made.instead) == {2}
    model = made.apply(ONLY4)
    casts = [op for op in tflite.operators(model) if op.name == "DEQUANTIZE"]
    assert [op.inputs[0].dtype for op in casts] == ["int4", "int4", "int8"]
    plain = engine.quantize(content, ONLY4, None)
    assert len(tflite.to_bytes(model)) < 1.05 * len(plain)
    # By hand it may be int4 all the same.
    by_hand = made.apply(ONLY4, {2: ONLY4.quantize})
    casts = [op for op in tflite.operators(by_hand) if op.name == "DEQUANTIZE"]
    assert {op.inputs[0].dtype for op in casts} == {"int4"}


def test_without_samples_weights_are_rounded_to_the_nearest() -> None:
    content = picture_net()
    made = search(content, None).prepare(ONLY8)
    assert made == Prepared(float_model=content)
    plain_int4 = how(ONLY4, rounding="nearest", bias_correction=False)
    assert search(content, None).prepare(plain_int4) == Prepared(float_model=content)


@pytest.mark.parametrize("recipe", [ONLY4, INT8, INT16], ids=lambda recipe: recipe.name)
def test_what_needs_samples_says_so(recipe: Recipe) -> None:
    with pytest.raises(QuantizeError, match=f"{recipe.name} needs calibration samples") as caught:
        search(picture_net(), None).prepare(recipe)
    assert "--calibration" in str(caught.value)


@pytest.mark.parametrize("recipe", REFINED, ids=lambda recipe: recipe.name)
def test_one_scale_for_a_whole_weight_works(recipe: Recipe) -> None:
    if recipe is ONLY4:
        bar = 8.0
    else:
        bar = 22.0
    recipe = how(recipe, granularity="per_tensor")
    made = search(picture_net(), SAMPLES).prepare(recipe)
    expected = scores.outputs(tflite.read(picture_net()), SAMPLES.inputs)
    assert scores.sqnr_db(expected, scores.outputs(made.apply(recipe), SAMPLES.inputs)) > bar


@pytest.mark.parametrize("io", ["int8", "uint8"])
def test_integer_inputs_and_outputs_compute_the_same(io: Any, run: Run) -> None:
    content = picture_net()
    # Samples that stay inside the ranges: integers cannot hold others, and are given none.
    float_io, integer_io = INT8, recipes.get("static_wi8_ai8", io)
    fit, _ = held_back(SAMPLES, 0)
    answers = []
    for recipe in (float_io, integer_io):
        made = search(content, SAMPLES).prepare(recipe)
        assert made.weights
        file = tflite.to_bytes(made.apply(recipe))
        for spec in (*tflite.contract(file).inputs, *tflite.contract(file).outputs):
            assert spec.dtype == (io if recipe is integer_io else "float32")
        answers.append(run(file, fit)["y"])
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-5)


def test_an_equalized_twin_is_told_by_its_exponents() -> None:
    """Channels of very different sizes behind one scale: only their equalization helps."""
    sizes = np.exp2(np.linspace(-6, 6, 8)).astype(np.float32)
    net = Network(shape=(7, 7, 3))
    y = net.conv(net.x, random(8, 3, 3, 3, scale=0.3) * sizes[:, None, None, None], activation=RELU)
    y = net.conv(y, random(1, 3, 3, 8, scale=0.3) / sizes, random(8), multiplier=1)
    content = net.finish(y=net.dense(net.mean(y), random(4, 8), random(4)))
    made = search(content, SAMPLES).prepare(INT8)
    assert chosen(made).startswith("equalized")
    assert set(made.equalized) == {"conv_2d_0"}
    assert made.float_model != content
    one, two = (scores.outputs(tflite.read(c), SAMPLES.inputs) for c in (content, made.float_model))
    assert scores.sqnr_db(one, two) > 100
    told = {c.name: c.sqnr_db for c in made.candidates}
    assert told[chosen(made)] > told["extremes, nearest"] + 6


@pytest.mark.parametrize("recipe", [INT8, ONLY8, recipes.get("dynamic_wi8_afp32")])
def test_each_candidate_has_the_bits_that_were_asked_for(recipe: Recipe) -> None:
    narrow = how(recipe, storage_bits=5)
    made = search(picture_net(), SAMPLES).prepare(narrow)
    assert {"5 bits" in candidate.name for candidate in made.candidates} == {True}
    assert made.weights
    for weights in made.weights.values():
        assert np.abs(weights.integers.astype(int)).max() == 15
    stored = tflite.read(tflite.to_bytes(made.apply(narrow)))
    assert {op.weight.dtype for op in tflite.operators(stored) if op.weight is not None} <= {
        "int8",
        "float32",
    }
