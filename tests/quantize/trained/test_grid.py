from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import QuantizeError
from edgekit.core.recipes import INT8_WEIGHTS
from edgekit.quantize.calibrated_recipe import Instead, Prepared
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.rewrite.cast_pairs import pairs
from edgekit.quantize.trained.apply_trained import apply_trained
from edgekit.quantize.trained.grid import grid
from edgekit.tflite.quantized_weights import Grid, from_range
from tests.quantize import tiny_models as tiny

STATIC = recipes.get("static_wi8_ai8")
INT4 = recipes.get("weight_only_wi4_afp32")
X = {"x": tiny.correlated(12, 6, 6, 4), "side": tiny.random(12, 6)}


def prepared(content: bytes, inputs: dict[str, np.ndarray]) -> Prepared:
    return Prepared(float_model=content, ranges=tiny.extremes(content, inputs))


@pytest.fixture(scope="module")
def branching() -> Prepared:
    return prepared(tiny.branching_net(), X)


def outputs(content: bytes) -> dict[int, tuple[str, int]]:
    """Operator and first output's tensor, by operator index."""
    model = tflite.read(content)
    return {op.index: (op.name, op.outputs[0].index) for op in tflite.operators(model)}


def test_every_activation_of_a_static_file_lies_where_the_file_says(branching):
    made, before = grid(branching, STATIC), tflite.read(branching.float_model)
    after = branching.apply(STATIC)
    seen = 0
    for old, new in pairs(before, after):
        for tensor, became in zip(old.outputs, new.outputs if new else (), strict=True):
            group = made.groups[made.outputs[tensor.index]]
            assert (group.scale,) == became.scale
            assert became.quantization is not None
            assert (group.zero_point,) == became.quantization.zero_point
            seen += 1
    assert seen == len(made.outputs) == 11


def test_groups_join_what_an_operator_keeps_together_and_nothing_else(branching):
    made, ops = grid(branching, STATIC), outputs(branching.float_model)
    by_name = {name: made.outputs[tensor] for name, tensor in ops.values()}
    before = tflite.read(branching.float_model)
    pad = next(op for op in tflite.operators(before) if op.name == "PAD")
    assert made.outputs[pad.outputs[0].index] == made.outputs[pad.inputs[0].index]
    joined = made.groups[by_name["PAD"]]
    assert set(joined.names) == {pad.outputs[0].name, pad.inputs[0].name}
    assert len({*made.outputs.values()}) == len(made.outputs) - 1


def test_outputs_with_scales_of_their_own_are_fixed(branching):
    made, ops = grid(branching, STATIC), outputs(branching.float_model)
    by_name = {name: made.groups[made.outputs[tensor]] for name, tensor in ops.values()}
    assert by_name["TANH"].fixed and by_name["TANH"].names == ()
    assert by_name["TANH"].scale == 1 / 128
    assert not by_name["MEAN"].fixed and len(by_name["MEAN"].names) == 1


def test_inputs_of_the_model_are_rounded_where_they_are_read(branching):
    made, model = grid(branching, STATIC), tflite.read(branching.float_model)
    inputs = set(tflite.binding(model).inputs.values())
    read = {
        (op.index, place)
        for op in tflite.operators(model)
        for place, tensor in enumerate(op.operands)
        if tensor is not None and tensor.index in inputs
    }
    assert set(made.operands) == read
    for key, number in made.operands.items():
        group = made.groups[number]
        assert group.names in (("x",), ("side",)), key
        assert (group.scale, group.zero_point) == from_range(group.low, group.high, 8)


@pytest.mark.parametrize("io", ["int8", "uint8"])
def test_integer_inputs_and_outputs_change_nothing(branching, io):
    usual, with_io = grid(branching, STATIC), grid(branching, recipes.get(STATIC.name, io))
    assert with_io.groups == usual.groups
    assert with_io.operands == usual.operands and with_io.outputs == usual.outputs


def test_weights_are_those_of_the_quantized_file(branching):
    made, before = grid(branching, STATIC), tflite.read(branching.float_model)
    stored = {
        op.index: op.operands[1]
        for op in tflite.operators(before)
        if op.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
    }
    assert set(made.weights) == set(stored)
    for index, tensor in stored.items():
        one = made.weights[index]
        values = tflite.values(before, tensor)
        assert one.bits == 8 and one.largest == 127 and one.bias is not None
        assert one.axis == (3 if tensor.shape[0] == 1 else 0)
        assert np.abs(one.real - values).max() <= 0.51 * one.scales.max()


def test_a_weight_only_recipe_has_weights_alone():
    one = Prepared(
        float_model=tiny.picture_net(),
        instead={0: Instead(recipe="weight_only_wi8_afp32", reason="")},
    )
    made = grid(one, INT4)
    assert not made.groups and not made.outputs and not made.operands
    assert {index: w.bits for index, w in made.weights.items()} == {0: 8, 1: 8, 2: 4, 4: 4}


def test_an_exception_leaves_a_float_section(branching):
    ops = outputs(branching.float_model)
    mean = next(index for index, (name, _) in ops.items() if name == "MEAN")
    made = grid(branching, STATIC, {mean: None})
    assert ops[mean][1] not in made.outputs
    [reader] = [key for key in made.operands if key[0] == mean + 2]
    group = made.groups[made.operands[reader]]
    assert group.names and not group.fixed  # its own range, where it is read again
    weight_only = grid(branching, STATIC, {0: INT8_WEIGHTS})
    assert 0 in weight_only.weights and ops[0][1] not in weight_only.outputs


def test_joined_inputs_are_read_on_the_grid_of_the_output():
    net = tiny.Network(shape=(4,))
    small, large = (
        net.dense(net.x, tiny.random(3, 4, scale=scale), tiny.random(3)) for scale in (0.1, 5.0)
    )
    options = tiny.schema.ConcatenationOptionsT()
    options.axis = -1
    both = net._op("CONCATENATION", [small, large], (1, 6), options)
    content = net.finish(y=net.dense(both, tiny.random(2, 6), tiny.random(2)), small=small)
    made = grid(prepared(content, {"x": tiny.random(20, 4)}), STATIC)
    ops = {name: tensor for name, tensor in outputs(content).values()}
    first = next(tensor for _, tensor in outputs(content).values())
    joined = made.outputs[ops["CONCATENATION"]]
    assert made.operands[2, 0] == joined != made.outputs[first]
    assert not made.groups[joined].fixed


def test_other_constants_are_told_as_they_are_stored():
    net = tiny.Network(shape=(4,))
    y = net.dense(net.x, tiny.random(4, 4), tiny.random(4))
    values = tiny.random(1, 4, seed=4)
    content = net.finish(y=net.add(y, net.constant(values)))
    made = grid(prepared(content, {"x": tiny.random(20, 4)}), STATIC)
    [(key, stored)] = made.constants.items()
    assert key == (1, 1)
    assert 0 < np.abs(stored - values).max() < np.abs(values).max() / 100


def test_weights_that_two_operators_read_stay_as_they_are():
    net = tiny.Network(shape=(4,))
    shared = net.constant(tiny.random(4, 4))
    y = net.dense(net.dense(net.x, shared, tiny.random(4)), shared, tiny.random(4, seed=1))
    made = grid(prepared(net.finish(y=y), {"x": tiny.random(20, 4)}), STATIC)
    assert not made.weights
    assert {(0, 1), (1, 1), (0, 2), (1, 2)} == set(made.constants)


def test_blocks_are_told_in_real_units_and_stay_as_they_are():
    net = tiny.Network(shape=(64,))
    weights = tiny.random(40, 64)
    y = net.dense(net.x, weights, tiny.random(40))
    content = net.finish(y=net.dense(y, tiny.random(32, 40), tiny.random(32)))
    made = grid(Prepared(float_model=content), recipes.get("dynamic_wi4b32_afp32"))
    assert set(made.weights) == {1}  # 40 inputs are no blocks of 32
    assert 0 < np.abs(made.constants[0, 1] - weights).max() < np.abs(weights).max() / 7


def test_half_precision_has_nothing_to_train():
    with pytest.raises(QuantizeError, match="integer weights or activations"):
        grid(Prepared(float_model=tiny.picture_net()), recipes.get("float16"))


def test_it_crosses_a_process_border_whole(branching, tmp_path):
    made = grid(branching, STATIC)
    made.save(tmp_path / "grid.npz")
    read = Grid.load(tmp_path / "grid.npz")
    assert (read.groups, read.outputs, read.operands) == (made.groups, made.outputs, made.operands)
    assert set(read.weights) == set(made.weights) and set(read.constants) == set(made.constants)
    for index, one in made.weights.items():
        other = read.weights[index]
        assert (other.bits, other.axis) == (one.bits, one.axis)
        np.testing.assert_array_equal(other.integers, one.integers)
        np.testing.assert_array_equal(other.scales, one.scales)
        np.testing.assert_array_equal(other.bias, one.bias)


def test_another_file_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(QuantizeError, match=r"quantization(.|\n)*other\.npz"):
        Grid.load(tmp_path / "other.npz")


@pytest.fixture(scope="module")
def one_convolution() -> bytes:
    net = tiny.Network(shape=(3, 3, 2))
    return net.finish(y=net.conv(net.x, tiny.random(2, 3, 3, 2), tiny.random(2)))


@settings(max_examples=25)
@given(
    low=st.floats(-1e4, 0.0, width=32),
    high=st.floats(0.0, 1e4, width=32),
    static=st.sampled_from(["static_wi8_ai8", "static_wi8_ai16"]),
)
def test_the_quantizer_computes_the_scale_that_training_does(one_convolution, low, high, static):
    sides: Ranges = {}
    for name in tiny.extremes(one_convolution, {"x": tiny.random(2, 3, 3, 2)}):
        sides[name] = {"min": np.array([low]), "max": np.array([high])}
    recipe = recipes.get(static)
    made = Prepared(float_model=one_convolution, ranges=sides).apply(recipe)
    bits = 16 if static.endswith("16") else 8
    found = [
        (*t.scale, *(t.quantization.zero_point if t.quantization else ()))
        for op in tflite.operators(made)
        if op.name == "CONV_2D"
        for t in (op.inputs[0], *op.outputs)
    ]
    assert found == [from_range(low, high, bits)] * 2


def test_groups_of_16_bits_are_symmetric(branching):
    made = grid(branching, recipes.get("static_wi8_ai16"))
    assert made.groups and {group.zero_point for group in made.groups} == {0}
    assert {group.limits for group in made.groups} == {(-32767, 32767)}
    assert all(group.bits == 16 for group in made.groups)


def test_the_bias_of_a_dead_channel_gets_room():
    net = tiny.Network(shape=(4,))
    weights, bias = tiny.random(3, 4), tiny.random(3)
    weights[1] *= 1e-12
    bias[1] = -1.75
    content = net.finish(y=net.dense(net.x, weights, bias))
    inputs = {"x": tiny.random(20, 4)}
    before = prepared(content, inputs)
    made = grid(before, STATIC).weights[0]
    assert made.bias is not None
    np.testing.assert_allclose(made.bias[1], -1.75, rtol=1e-6)
    assert not made.integers[1].any()
    stored = grid(apply_trained(before, grid(before, STATIC)), STATIC).weights[0]
    assert stored.bias is not None
    np.testing.assert_allclose(stored.bias, bias, atol=1e-3)  # in int32 it was cut off
    # The others are left as they are.
    values = tflite.values(tflite.read(content), dense_weights(content))
    assert np.abs(stored.real - values).max() <= 0.51 * stored.scales.max()


def dense_weights(content: bytes) -> tflite.Tensor:
    [op] = tflite.operators(tflite.read(content))
    tensor = op.operands[1]
    assert tensor is not None
    return tensor
