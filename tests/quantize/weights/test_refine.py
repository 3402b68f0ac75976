"""Better integers, layer by layer: nearer to float on samples that nobody fitted to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import artifacts, recipes
from edgekit.quantize.diagnose import scores
from edgekit.quantize.rewrite.cast_pairs import producers
from edgekit.quantize.weights import patch, rounding
from edgekit.quantize.weights.refine import Method, refine
from edgekit.tflite import Model
from tests.quantize.tiny_models import RELU, Network, correlated, picture_net, plain, random

Inputs = dict[str, np.ndarray]

FIT = {"x": correlated(80, 7, 7, 3)}
UNSEEN = {"x": correlated(200, 7, 7, 3, seed=1)}
GPTQ = Method()
BIAS = Method(gptq=False, bias_correction=True)
NEAREST = Method(gptq=False, bias_correction=False)


def refined(content: bytes, recipe: str, inputs: Inputs, method: Method, seed: int = 0) -> Model:
    model = tflite.read(plain(content, recipes.get(recipe), inputs))
    refine(tflite.read(content), model, inputs, method, seed=seed)
    return model


def gain_db(
    content: bytes, recipe: str, fit: Inputs, unseen: Inputs, method: Method = GPTQ
) -> float:
    """How much nearer to float on unseen samples than what the quantizer makes by itself.

    Ranges are those of all samples: here only weights are judged.
    """
    before = tflite.read(content)
    everything = {name: np.concatenate([values, unseen[name]]) for name, values in fit.items()}
    usual = plain(content, recipes.get(recipe), everything)
    model = tflite.read(usual)
    refine(before, model, fit, method)
    expected = scores.outputs(before, unseen)
    old, new = (scores.outputs(m, unseen) for m in (tflite.read(usual), model))
    return scores.sqnr_db(expected, new) - scores.sqnr_db(expected, old)


@pytest.mark.parametrize(
    ("recipe", "decibels"),
    [("weight_only_wi8_afp32", 4), ("weight_only_wi4_afp32", 4), ("static_wi8_ai16", 4)],
)
def test_unseen_samples_come_nearer_to_float(recipe: str, decibels: float) -> None:
    assert gain_db(picture_net(), recipe, FIT, UNSEEN) > decibels


@pytest.mark.convert
@pytest.mark.parametrize(
    ("recipe", "decibels"), [("static_wi8_ai8", 0.5), ("weight_only_wi4_afp32", 4)]
)
def test_a_trained_network_comes_nearer_to_float(
    digits: Path, digits_float: Path, recipe: str, decibels: float
) -> None:
    """The digits sample: 100 samples to fit to, 100 others to judge by."""
    from edgekit.core import project
    from edgekit.data import sources

    contract = project.load(digits / "edgekit.toml").describe(tflite.contract(digits_float))
    drawn = sources.load(
        str(digits / "data.npz"), contract, purpose="calibration", limit=200, seed=0
    )
    fit, unseen = drawn.take(range(100)), drawn.take(range(100, 200))
    content = digits_float.read_bytes()
    assert gain_db(content, recipe, dict(fit.inputs), dict(unseen.inputs)) > decibels


@pytest.mark.parametrize("recipe", ["weight_only_wi4_afp32", "static_wi8_ai8", "static_wi8_ai16"])
def test_the_same_seed_gives_the_same_bytes(recipe: str) -> None:
    one, two, other = (
        tflite.to_bytes(refined(picture_net(), recipe, FIT, Method(refit=True), seed))
        for seed in (3, 3, 4)
    )
    assert one == two
    assert len(one) == len(other)


def test_bias_correction_alone_brings_the_mean_back() -> None:
    """Four bits and a large mean of the inputs: roundings add up to an offset."""
    net = Network(shape=(6, 6, 4))
    y = net.conv(net.x, random(8, 3, 3, 4), random(8), activation=RELU)
    content = net.finish(y=net.conv(y, random(6, 1, 1, 8), random(6)))
    fit, unseen = ({"x": correlated(60, 6, 6, 4, seed=s) + 4} for s in (0, 1))
    expected = scores.outputs(tflite.read(content), unseen)["y"]
    recipe = "weight_only_wi4_afp32"
    offsets = []
    for method in (NEAREST, BIAS):
        got = scores.outputs(refined(content, recipe, fit, method), unseen)["y"]
        offsets.append(np.abs((got - expected).mean(axis=(0, 1, 2, 3))).mean())
    assert offsets[1] < 0.35 * offsets[0]
    # Weights stay those to the nearest.
    model = refined(content, recipe, fit, BIAS)
    usual = tflite.read(plain(content, recipes.get(recipe), fit))
    for a, b in zip(tflite.tensors(model), tflite.tensors(usual), strict=True):
        if a.dtype == "int4":
            np.testing.assert_array_equal(tflite.values(model, a), tflite.values(usual, b))


def test_nearest_without_bias_correction_is_what_the_quantizer_does() -> None:
    for recipe in ("static_wi8_ai8", "weight_only_wi8_afp32", "weight_only_wi4_afp32"):
        content = plain(picture_net(), recipes.get(recipe), FIT)
        model = tflite.read(content)
        expected = scores.outputs(tflite.read(content), UNSEEN)
        made = refine(tflite.read(picture_net()), model, FIT, NEAREST)
        assert len(made) == 4
        assert scores.sqnr_db(expected, scores.outputs(model, UNSEEN)) > 45


def test_what_was_written_is_told_by_the_operators_index() -> None:
    content = picture_net()
    model = tflite.read(plain(content, recipes.get("static_wi8_ai8"), FIT))
    made = refine(tflite.read(content), model, FIT, Method())
    before = {op.index: op for op in tflite.operators(tflite.read(content))}
    expected = {i: op for i, op in before.items() if len(op.operands) > 1 and op.name != "MEAN"}
    assert set(made) == set(expected)
    for index, weights in made.items():
        assert weights.integers.shape == expected[index].inputs[1].shape
        assert weights.bits == 8


def test_weights_that_two_layers_share_are_left_alone() -> None:
    net = Network(shape=(6,))
    tied = net.constant(random(6, 6, scale=0.4))
    y = net.dense(net.dense(net.x, tied, random(6), activation=RELU), tied, random(6))
    content = net.finish(y=net.dense(y, random(3, 6), random(3)))
    fit = {"x": correlated(40, 6)}
    usual = tflite.read(plain(content, recipes.get("weight_only_wi8_afp32"), fit))
    model = tflite.read(plain(content, recipes.get("weight_only_wi8_afp32"), fit))
    made = refine(tflite.read(content), model, fit, Method())
    assert set(made) == {2}
    makers = producers(model)
    ops = [
        (a, b)
        for a, b in zip(tflite.operators(usual), tflite.operators(model), strict=True)
        if a.name == "FULLY_CONNECTED"
    ]
    for place, (a, b) in enumerate(ops):
        old, new = patch.stored_weight(a, producers(usual)), patch.stored_weight(b, makers)
        assert old is not None and new is not None
        same = np.array_equal(tflite.values(usual, old), tflite.values(model, new))
        assert same == (place < 2)


def test_one_scale_for_all_channels_is_left_as_it_is() -> None:
    recipe = recipes.get("static_wi8_ai8")
    assert recipe.quantize is not None
    recipe = replace(recipe, quantize=replace(recipe.quantize, granularity="per_tensor"))
    content = picture_net()
    made = plain(content, recipe, FIT)
    model = tflite.read(made)
    refine(tflite.read(content), model, FIT, Method())
    expected = scores.outputs(tflite.read(content), FIT)
    assert scores.sqnr_db(expected, scores.outputs(model, FIT)) > 20


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("recipe", ["weight_only_wi4_afp32", "static_wi8_ai8", "static_wi8_ai16"])
def test_few_samples_are_enough_to_be_finite(recipe: str, count: int) -> None:
    fit = {"x": FIT["x"][:count]}
    model = refined(picture_net(), recipe, fit, Method(refit=True))
    expected = scores.outputs(tflite.read(picture_net()), fit)
    assert scores.sqnr_db(expected, scores.outputs(model, fit)) > 15


def test_silent_inputs_and_dead_channels_stay_finite() -> None:
    net = Network(shape=(6, 6, 4))
    weights = random(8, 3, 3, 4, scale=0.3)
    weights[0], weights[1] = 0, weights[1] * np.float32(1e-14)
    y = net.conv(net.x, weights, np.full(8, -0.1, np.float32), activation=RELU)
    y = net.conv(y, random(1, 3, 3, 8), random(8), activation=RELU, multiplier=1)
    content = net.finish(y=net.dense(net.mean(y), random(3, 8), random(3)))
    fit = {"x": correlated(20, 6, 6, 4)}
    for recipe in ("static_wi8_ai8", "weight_only_wi4_afp32"):
        for inputs in (fit, {"x": np.zeros((5, 6, 6, 4), np.float32)}):
            model = refined(content, recipe, inputs, Method(refit=True))
            assert np.isfinite(scores.outputs(model, fit)["y"]).all()


def test_a_dead_channel_keeps_the_bias_that_it_lives_by() -> None:
    net = Network(shape=(6, 6, 4))
    weights = random(8, 3, 3, 4, scale=0.3)
    weights[:3] *= np.float32(1e-12)
    bias = np.full(8, 2.5, np.float32)  # at the steps of such weights, far beyond int32
    content = net.finish(y=net.conv(net.x, weights, bias, activation=RELU))
    fit = {"x": correlated(40, 6, 6, 4)}
    model = refined(content, "static_wi8_ai8", fit, GPTQ)
    expected = scores.outputs(tflite.read(content), fit)["y"]
    got = scores.outputs(model, fit)["y"]
    step = np.abs(expected).max() / 255
    assert np.abs(got - expected)[..., :3].max() <= step


def test_more_inputs_than_can_be_solved_for_are_taken_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rounding, "MOST_INPUTS", 40)
    net = Network(shape=(100,))
    content = net.finish(y=net.dense(net.x, random(8, 100, scale=0.1), random(8)))
    base = random(8, 100)
    fit, unseen = ({"x": random(n, 8, seed=n) @ base} for n in (300, 400))
    assert gain_db(content, "weight_only_wi4_afp32", fit, unseen) > 3


@pytest.mark.parametrize("recipe", ["static_wi8_ai8", "dynamic_wi8_afp32", "weight_only_wi8_afp32"])
@pytest.mark.parametrize("method", [GPTQ, BIAS, NEAREST], ids=lambda method: method.name)
@pytest.mark.parametrize("bits", [5, 6])
def test_codes_of_fewer_bits_stay_in_int8(recipe: str, method: Method, bits: int) -> None:
    content = picture_net()
    model = tflite.read(plain(content, recipes.get(recipe), FIT))
    found = refine(tflite.read(content), model, FIT, replace(method, bits=bits))
    assert found
    makers = producers(model)
    for op in tflite.operators(model):
        weight = patch.stored_weight(op, makers)
        if weight is not None:
            assert weight.dtype == "int8"
            codes = tflite.values(model, weight)
            assert np.abs(codes.astype(int)).max() <= rounding.largest(bits)
    assert {weights.bits for weights in found.values()} == {8}


def test_fewer_bits_lose_little_by_gptq_and_compress_better() -> None:
    content = picture_net()
    expected = scores.outputs(tflite.read(content), UNSEEN)
    decibels, sizes = [], []
    for bits in (None, 6, 5):
        model = refined(content, "weight_only_wi8_afp32", FIT, replace(GPTQ, bits=bits))
        decibels.append(scores.sqnr_db(expected, scores.outputs(model, UNSEEN)))
        sizes.append(artifacts.compressed_bytes(tflite.to_bytes(model)))
    assert decibels[0] > decibels[1] > decibels[2] > 15
    assert sizes[0] > sizes[1] > sizes[2]


def test_bits_are_told_first_so_that_plain_rounding_stays_the_plain_one() -> None:
    assert replace(GPTQ, bits=5).name == "5 bits, gptq + bias correction"
    assert replace(NEAREST, bits=5).name == "5 bits, nearest"
    assert replace(NEAREST, bits=5).changes_weights
    assert not NEAREST.changes_weights
