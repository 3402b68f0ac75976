"""Other integers in a quantized file: what is written is what the file then computes with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.diagnose import scores
from edgekit.quantize.rewrite.cast_pairs import behind_casts, pairs, producers
from edgekit.quantize.weights import patch
from edgekit.tflite import Model, Operator
from edgekit.tflite.dequantize import dequantize
from edgekit.tflite.quantized_weights import QuantizedWeights
from edgekit.tflite.step_interpreter import Steps
from tests.quantize.tiny_models import Network, correlated, picture_net, plain, random


def dense(outputs: int, inputs: int, *, bias: bool = True) -> bytes:
    net = Network(shape=(inputs,))
    y = net.dense(net.x, random(outputs, inputs), random(outputs) if bias else None)
    return net.finish(y=y)


def quantized(content: bytes, recipe: str, inputs: dict[str, np.ndarray]) -> Model:
    return tflite.read(plain(content, recipes.get(recipe), inputs))


def only(model: Model, name: str = "FULLY_CONNECTED") -> Operator:
    (op,) = (op for op in tflite.operators(model) if op.name == name)
    return op


def weights_of(model: Model, op: Operator) -> tuple[np.ndarray, tuple[float, ...]]:
    tensor, _ = behind_casts(op, op.inputs[1], producers(model))
    stored = tflite.values(model, tensor)
    assert stored is not None
    return stored, tensor.scale


@pytest.mark.parametrize(
    ("recipe", "bits", "bias"),
    [
        ("static_wi8_ai8", 8, "int32"),
        ("static_wi8_ai16", 8, "int64"),
        ("weight_only_wi8_afp32", 8, "float32"),
        ("weight_only_wi4_afp32", 4, "float32"),
    ],
)
@pytest.mark.parametrize(("outputs", "inputs"), [(3, 7), (4, 6)])
def test_a_file_computes_with_what_was_written(
    recipe: str, bits: int, bias: str, outputs: int, inputs: int
) -> None:
    """3 x 7 codes of 4 bits leave half a byte over."""
    content, x = dense(outputs, inputs), correlated(20, inputs)
    model = quantized(content, recipe, {"x": x})
    op = only(model)
    most = 2 ** (bits - 1) - 1
    rng = np.random.default_rng(0)
    new = QuantizedWeights(
        integers=rng.integers(-most, most + 1, (outputs, inputs)).astype(np.int8),
        scales=rng.uniform(0.01, 0.03, outputs).astype(np.float32),
        bias=rng.normal(size=outputs).astype(np.float32),
        bits=bits,
    )
    assert patch.apply(model, op, new, producers(model))
    model = tflite.read(tflite.to_bytes(model))
    op = only(model)
    stored, scales = weights_of(model, op)
    np.testing.assert_array_equal(stored, new.integers)
    np.testing.assert_allclose(scales, new.scales, rtol=1e-6)
    place = op.inputs[2]
    assert place.dtype == bias
    values = tflite.values(model, place)
    assert values is not None and new.bias is not None
    if bias != "float32":
        units = op.inputs[0].scale[0] * new.scales
        np.testing.assert_allclose(place.scale, units, rtol=1e-6)
        np.testing.assert_array_equal(values, np.rint(new.bias.astype(np.float64) / units))
        values = values * units
    np.testing.assert_allclose(values, new.bias, atol=1e-3)
    steps = Steps(model, {"x": x})
    for step in steps.operators[: op.index]:
        steps.run(step)
    fed = dequantize(steps.stored(op.inputs[0]), op.inputs[0]).reshape(len(x), -1)
    wanted = fed @ (new.integers * new.scales[:, None]).T + values
    got = scores.outputs(model, {"x": x})["y"].reshape(len(x), -1)
    output = op.outputs[0]
    if output.scale:  # its range is that of other weights: what is beyond is cut off
        limits = np.iinfo(output.dtype)
        ends = dequantize(np.array([limits.min, limits.max]), output)
        np.testing.assert_allclose(got, np.clip(wanted, *ends), atol=0.51 * output.scale[0])
    else:
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def test_a_depthwise_convolution_and_a_convolution_keep_their_layout() -> None:
    inputs = {"x": correlated(20, 7, 7, 3)}
    content = picture_net()
    before, model = tflite.read(content), quantized(content, "static_wi8_ai8", inputs)
    makers = producers(model)
    for old, new in pairs(before, model):
        if new is None or patch.stored_weight(new, makers) is None:
            continue
        shape = old.inputs[1].shape
        codes_ = random(*shape, seed=old.index, scale=40).clip(-127, 127).astype(np.int8)
        channels = shape[3 if old.name == "DEPTHWISE_CONV_2D" else 0]
        scales = np.full(channels, 0.01, np.float32)
        weights = QuantizedWeights(integers=codes_, scales=scales, bias=None, bits=8)
        bias = tflite.values(model, new.inputs[2])
        assert patch.apply(model, new, weights, makers)
        stored, _ = weights_of(model, new)
        np.testing.assert_array_equal(stored, codes_)
        # Without a bias, the file's own stays.
        np.testing.assert_array_equal(tflite.values(model, new.inputs[2]), bias)
    assert np.isfinite(scores.outputs(model, inputs)["y"]).all()


def test_a_bias_too_large_for_its_type_is_cut_off() -> None:
    x = correlated(20, 6)
    model = quantized(dense(4, 6), "static_wi8_ai8", {"x": x})
    new = QuantizedWeights(
        integers=np.ones((4, 6), np.int8),
        scales=np.full(4, 1e-8, np.float32),
        bias=np.array([1e6, -1e6, 0, 0], np.float32),
        bits=8,
    )
    assert patch.apply(model, only(model), new, producers(model))
    stored = tflite.values(model, only(model).inputs[2])
    assert stored is not None
    limits = np.iinfo(np.int32)
    assert stored.tolist() == [limits.max, limits.min, 0, 0]


def test_a_buffer_that_others_use_is_not_changed_for_them() -> None:
    """Two layers with equal weights may share one buffer, as converters write them."""
    net = Network(shape=(6,))
    values = random(6, 6)
    y = net.dense(net.dense(net.x, values, random(6)), values, random(6, seed=1))
    x = correlated(20, 6)
    model = quantized(net.finish(y=y), "weight_only_wi8_afp32", {"x": x})
    makers = producers(model)
    first, second = (op for op in tflite.operators(model) if op.name == "FULLY_CONNECTED")
    one, two = (patch.stored_weight(op, makers) for op in (first, second))
    assert one is not None and two is not None
    raw = model.subgraphs[0].tensors
    raw[two.index].buffer = raw[one.index].buffer
    before, _ = weights_of(model, second)
    before = before.copy()
    new = QuantizedWeights(
        integers=np.zeros((6, 6), np.int8), scales=np.ones(6, np.float32), bias=None, bits=8
    )
    assert patch.apply(model, first, new, makers)
    written, kept = (tflite.values(model, tflite.tensor(model, 0, t.index)) for t in (one, two))
    assert written is not None and kept is not None
    assert not written.any()
    np.testing.assert_array_equal(kept, before)


@pytest.mark.parametrize("bits", [4, 8])
def test_what_the_file_stores_otherwise_stays(bits: int) -> None:
    x = correlated(20, 6)
    recipe = "weight_only_wi8_afp32" if bits == 4 else "weight_only_wi4_afp32"
    model = quantized(dense(4, 6), recipe, {"x": x})
    content = tflite.to_bytes(model)
    new = QuantizedWeights(
        integers=np.zeros((4, 6), np.int8), scales=np.ones(4, np.float32), bias=None, bits=bits
    )
    assert not patch.apply(model, only(model), new, producers(model))
    assert tflite.to_bytes(model) == content
    # Nor is a float operator touched, nor one with another number of scales.
    untouched = tflite.read(dense(4, 6))
    assert not patch.apply(untouched, only(untouched), new, producers(untouched))
    assert patch.stored_weight(only(untouched), {}) is None
    odd = QuantizedWeights(
        integers=new.integers, scales=np.ones(3, np.float32), bias=None, bits=12 - bits
    )
    assert not patch.apply(model, only(model), odd, producers(model))
    assert tflite.to_bytes(model) == content


def test_one_scale_for_all_channels_takes_no_codes_of_many() -> None:
    """Codes counted in steps of many sizes would mean something else there."""
    recipe = recipes.get("static_wi8_ai8")
    assert recipe.quantize is not None
    recipe = replace(recipe, quantize=replace(recipe.quantize, granularity="per_tensor"))
    model = tflite.read(plain(dense(4, 6), recipe, {"x": correlated(20, 6)}))
    _, scales = weights_of(model, only(model))
    assert len(scales) == 1
    content = tflite.to_bytes(model)
    new = QuantizedWeights(
        integers=np.ones((4, 6), np.int8), scales=np.ones(4, np.float32), bias=None, bits=8
    )
    assert not patch.apply(model, only(model), new, producers(model))
    assert tflite.to_bytes(model) == content


def test_a_scale_is_a_float_of_the_schema() -> None:
    """What the generated schema packs: arrays of float32 and bytes."""
    x = {"x": correlated(20, 6)}
    model = quantized(dense(4, 6), "static_wi8_ai8", x)
    new = QuantizedWeights(
        integers=np.ones((4, 6), np.int8),
        scales=np.full(4, 0.5),
        bias=np.zeros(4, np.float32),
        bits=8,
    )
    assert patch.apply(model, only(model), new, producers(model))
    raw = model.subgraphs[0].tensors[only(model).inputs[1].index]
    assert isinstance(raw, schema.TensorT)
    assert raw.quantization.scale.dtype == np.float32
    assert model.buffers[raw.buffer].data.dtype == np.uint8
