from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import QuantizeError
from edgekit.data.samples import Samples
from edgekit.quantize import candidates
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.trained.apply_trained import apply_trained, as_trained
from edgekit.quantize.trained.grid import grid
from edgekit.tflite import signal
from edgekit.tflite.quantized_weights import Grid, from_range
from edgekit.tflite.trained_ranges import plain
from tests.quantize import tiny_models as tiny

STATIC = recipes.get("static_wi8_ai8")
INT4 = recipes.get("weight_only_wi4_afp32")
X = {"x": tiny.correlated(12, 6, 6, 4), "side": tiny.random(12, 6)}


def moved(made: Grid, seed: int = 0) -> Grid:
    """A grid as training might leave it: other ranges, scales, codes and biases."""
    rng = np.random.default_rng(seed)
    groups = []
    for group in made.groups:
        if group.fixed:
            groups.append(group)
            continue
        low, high = (
            float(np.float32(end * rng.uniform(0.8, 1.2))) for end in (group.low, group.high)
        )
        scale, zero = from_range(low, high, group.bits)
        groups.append(replace(group, low=low, high=high, scale=scale, zero_point=zero))
    weights = {
        index: replace(
            one,
            integers=np.clip(
                one.integers + rng.integers(-1, 2, one.integers.shape), -one.largest, one.largest
            ).astype(np.int8),
            scales=(one.scales * rng.uniform(0.9, 1.1, one.scales.shape)).astype(np.float32),
            bias=None
            if one.bias is None
            else one.bias + rng.normal(size=one.bias.shape).astype("f4"),
        )
        for index, one in made.weights.items()
    }
    return replace(made, groups=tuple(groups), weights=weights)


def assert_same(got: Grid, wanted: Grid) -> None:
    assert [(g.scale, g.zero_point, g.names) for g in got.groups] == [
        (g.scale, g.zero_point, g.names) for g in wanted.groups
    ]
    assert got.outputs == wanted.outputs and got.operands == wanted.operands
    assert wanted.weights
    for index, one in wanted.weights.items():
        np.testing.assert_array_equal(got.weights[index].integers, one.integers)
        np.testing.assert_array_equal(got.weights[index].scales, one.scales)
        # A bias of int32 is rounded to the product of two scales.
        np.testing.assert_allclose(got.weights[index].bias, one.bias, atol=1e-3)


@pytest.mark.parametrize(
    "recipe", [STATIC, INT4, recipes.get("static_wi8_ai16")], ids=lambda r: r.name
)
def test_an_untouched_grid_changes_nothing(recipe):
    content = tiny.branching_net()
    before = Prepared(float_model=content, ranges=tiny.extremes(content, X))
    made = grid(before, recipe)
    assert_same(grid(apply_trained(before, made), recipe), made)


@pytest.mark.parametrize(
    "recipe", [STATIC, INT4, recipes.get("dynamic_wi8_afp32")], ids=lambda r: r.name
)
def test_the_file_has_what_training_found(recipe):
    content = tiny.branching_net()
    before = Prepared(float_model=content, ranges=tiny.extremes(content, X))
    wanted = moved(grid(before, recipe))
    assert_same(grid(apply_trained(before, wanted), recipe), wanted)


@pytest.mark.parametrize("recipe", [STATIC, INT4], ids=lambda r: r.name)
def test_transposed_convolutions_get_their_bias_too(recipe):
    net = tiny.Network(shape=(4, 4, 3))
    options = tiny.schema.TransposeConvOptionsT()
    options.strideH = options.strideW = 2
    options.padding = tiny.SAME
    shape = (1, 8, 8, 2)
    size = net.constant(np.array(shape, np.int32))
    weights, bias = net.constant(tiny.random(2, 3, 3, 3)), net.constant(tiny.random(2))
    content = net.finish(y=net._op("TRANSPOSE_CONV", [size, weights, net.x, bias], shape, options))
    ranges = tiny.extremes(content, {"x": tiny.random(9, 4, 4, 3)})
    before = Prepared(float_model=content, ranges=ranges)
    wanted = moved(grid(before, recipe))
    assert set(wanted.weights) == {0}
    got = grid(apply_trained(before, wanted), recipe).weights[0]
    np.testing.assert_array_equal(got.integers, wanted.weights[0].integers)
    np.testing.assert_array_equal(got.scales, wanted.weights[0].scales)
    assert wanted.weights[0].bias is not None
    np.testing.assert_allclose(got.bias, wanted.weights[0].bias, atol=1e-3)


def test_what_diverged_is_refused():
    before = Prepared(float_model=tiny.picture_net())
    made = grid(before, INT4)
    scales = np.full_like(made.weights[0].scales, np.nan)
    broken = replace(made, weights={0: replace(made.weights[0], scales=scales)})
    with pytest.raises(QuantizeError, match="must be finite"):
        apply_trained(before, broken)


Y = {"x": np.abs(tiny.random(16, 6, 6, 4))}


def computed(content: bytes) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=content).get_signature_runner()
    return np.concatenate([runner(x=Y["x"][i : i + 1])["y"] for i in range(len(Y["x"]))])


@pytest.mark.parametrize("device", ["cpu", "npu"])
def test_a_static_file_computes_what_was_trained(device):
    content = tiny.trained_net()
    float_model, trained = plain(content)
    ranges = tiny.extremes(float_model, Y)
    prepared = as_trained(float_model, ranges, trained, device)
    quantized = prepared.apply(recipes.get("static_wi8_ai8"))
    assert not prepared.instead
    expected = computed(content)
    assert signal.sqnr_db(expected, computed(tflite.to_bytes(quantized))) > 80
    untrained = tiny.plain(float_model, recipes.get("static_wi8_ai8"), Y)
    assert signal.sqnr_db(expected, computed(untrained)) < 60


def test_what_training_did_not_round_stays_float_on_a_cpu():
    float_model, trained = plain(tiny.trained_net(behind=False))
    ranges = tiny.extremes(float_model, Y)
    last = list(tflite.operators(tflite.read(float_model)))[-1].index
    on_cpu = as_trained(float_model, ranges, trained, "cpu")
    assert {index: one.recipe for index, one in on_cpu.instead.items()} == {last: "float32"}
    assert not as_trained(float_model, ranges, trained, "npu").instead
    expected = computed(tiny.trained_net(behind=False))
    got = computed(tflite.to_bytes(on_cpu.apply(STATIC)))
    assert signal.sqnr_db(expected, got) > 80


def test_a_search_takes_what_was_trained_for_static_recipes():
    content = tiny.trained_net()
    samples = Samples(inputs=Y)
    search = candidates.Search(
        content, samples, tflite.contract(tflite.read(content)), seed=0, report=lambda line: None
    )
    made = search.prepare(STATIC).apply(STATIC)
    assert signal.sqnr_db(computed(content), computed(tflite.to_bytes(made))) > 80
