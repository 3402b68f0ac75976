"""Errors by operator of files whose channels were equalized: told in the float file's units."""

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import isolate
from edgekit.core.errors import QuantizeError
from edgekit.core.recipes import RECIPES
from edgekit.core.records import Limits
from edgekit.data.samples import Samples
from edgekit.quantize.calibration import calibrate, equalize
from edgekit.quantize.diagnose import layer_errors
from edgekit.quantize.quantize_messages import LAYER_ERRORS, LayerErrorsRequest
from edgekit.quantize.rewrite import engine
from edgekit.tflite import enums as numbers

# conv and pad hold what the depthwise convolution reads; dw what the last one reads.
EQUALIZED = ["conv/Relu", "pad/Pad", "dw/Relu"]
LAYERS = ["conv", "pad", "dw", "out"]


def network(rng):
    """A convolution, PAD, a depthwise and another convolution, of channels of unlike sizes."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT()
    model.version, model.buffers, model.operatorCodes = 3, [schema.BufferT()], []
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = [], []

    def tensor(name, shape, values=None):
        one = schema.TensorT()
        one.name, one.shape, one.buffer = name.encode(), list(shape), 0
        one.type = schema.TensorType.FLOAT32
        if values is not None:
            if values.dtype == np.int32:
                one.type = schema.TensorType.INT32
            buffer = schema.BufferT()
            buffer.data = values.reshape(-1).view(np.uint8)
            model.buffers.append(buffer)
            one.buffer = len(model.buffers) - 1
        graph.tensors.append(one)
        return len(graph.tensors) - 1

    def constant(name, values):
        return tensor(name, values.shape, values)

    def operator(name, inputs, output, options=None, kind=0, version=1):
        code, op = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = numbers.operator_numbers()[name]
        code.version = version
        model.operatorCodes.append(code)
        op.opcodeIndex = len(model.operatorCodes) - 1
        op.inputs, op.outputs = inputs, [output]
        op.builtinOptions, op.builtinOptionsType = options, kind
        graph.operators.append(op)

    def options(make, *, relu):
        one = make()
        one.strideH = one.strideW = one.dilationHFactor = one.dilationWFactor = 1
        one.padding = schema.Padding.VALID
        one.fusedActivationFunction = int(relu)
        return one

    def normal(*shape):
        return rng.normal(size=shape).astype("f4")

    sizes = np.exp2(np.linspace(-4, 4, 8)).astype("f4")
    x = tensor("x", (1, 6, 6, 5))
    conv = tensor("conv/Relu", (1, 6, 6, 8))
    weights = constant("conv/w", normal(8, 1, 1, 5) * sizes[:, None, None, None])
    bias = constant("conv/b", normal(8) * sizes)
    kind = schema.BuiltinOptions.Conv2DOptions
    operator("CONV_2D", [x, weights, bias], conv, options(schema.Conv2DOptionsT, relu=True), kind)
    pad = tensor("pad/Pad", (1, 8, 8, 8))
    margins = constant("pad/margins", np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32))
    operator("PAD", [conv, margins], pad, schema.PadOptionsT(), schema.BuiltinOptions.PadOptions)
    depthwise = options(schema.DepthwiseConv2DOptionsT, relu=True)
    depthwise.depthMultiplier = 1
    dw = tensor("dw/Relu", (1, 6, 6, 8))
    weights = constant("dw/w", normal(1, 3, 3, 8) / sizes[::-1])
    bias = constant("dw/b", normal(8))
    kind = schema.BuiltinOptions.DepthwiseConv2DOptions
    operator("DEPTHWISE_CONV_2D", [pad, weights, bias], dw, depthwise, kind)
    out = tensor("out/BiasAdd", (1, 6, 6, 4))
    weights, bias = constant("out/w", normal(4, 1, 1, 8)), constant("out/b", normal(4))
    kind = schema.BuiltinOptions.Conv2DOptions
    operator("CONV_2D", [dw, weights, bias], out, options(schema.Conv2DOptionsT, relu=False), kind)
    graph.inputs, graph.outputs = [x], [out]
    model.subgraphs = [graph]
    tflite.ensure_signature(model)
    return tflite.to_bytes(model)


@pytest.fixture(scope="module")
def samples():
    return Samples(inputs={"x": np.random.default_rng(1).normal(size=(24, 6, 6, 5)).astype("f4")})


@pytest.fixture(scope="module")
def before():
    return network(np.random.default_rng(0))


@pytest.fixture(scope="module")
def twin(before, samples):
    """The equalized float file and its exponents."""
    model = tflite.read(before)
    made, exponents = equalize.equalized(model, samples.inputs, equalize.pairs(model))
    return tflite.to_bytes(made), exponents


@pytest.fixture(scope="module")
def quantized(samples, tmp_path_factory):
    """`quantized(float file)`: int8 everywhere, or by another recipe."""

    def make(content, recipe="static_wi8_ai8"):
        path = tmp_path_factory.mktemp("net") / "net.tflite"
        path.write_bytes(content)
        ranges = calibrate.collect_ranges(path, samples, tflite.contract(path))
        return engine.quantize(content, RECIPES[recipe], ranges)

    return make


def test_the_twin_is_the_float_file(before, twin, samples):
    content, exponents = twin
    assert sorted(exponents) == sorted(EQUALIZED)
    found = layer_errors.layer_errors(before, content, samples, equalized=exponents)
    assert [error.layer for error in found] == LAYERS
    for error in found:
        assert min(error.local_sqnr_db, error.cumulative_sqnr_db, error.output_sqnr_db) > 120
    blind = layer_errors.layer_errors(before, content, samples)
    assert max(error.cumulative_sqnr_db for error in blind[:3]) < 10
    assert blind[3].cumulative_sqnr_db > 120


def test_errors_of_an_equalized_file_are_like_their_neighbours(before, twin, samples, quantized):
    content, exponents = twin
    after = quantized(content)
    plain = layer_errors.layer_errors(before, quantized(before), samples)
    found = layer_errors.layer_errors(before, after, samples, equalized=exponents)
    blind = layer_errors.layer_errors(before, after, samples)
    for error, other, wrong in zip(found, plain, blind, strict=True):
        assert error.scheme == "int8"
        # Equalized channels lose no more than others: mostly a good deal less.
        assert error.local_sqnr_db > 30
        assert error.cumulative_sqnr_db > 28
        assert error.output_sqnr_db > other.output_sqnr_db - 3
        if error.tensor in EQUALIZED:
            assert wrong.local_sqnr_db < 10
            assert wrong.cumulative_sqnr_db < 10
        else:
            assert wrong.cumulative_sqnr_db == error.cumulative_sqnr_db


def test_the_twin_as_float_file_tells_the_same_of_the_outputs(before, twin, samples, quantized):
    content, exponents = twin
    after = quantized(content)
    found = layer_errors.layer_errors(before, after, samples, equalized=exponents)
    same = layer_errors.layer_errors(content, after, samples)  # as `search` calls it
    assert found[-1].cumulative_sqnr_db == pytest.approx(same[-1].cumulative_sqnr_db, abs=1e-3)
    # An error of the same values, in other units, does to the outputs what it did.
    for error, other in zip(found, same, strict=True):
        assert error.output_sqnr_db == pytest.approx(other.output_sqnr_db, abs=1e-3)


def test_exponents_reach_the_child(before, twin, samples, quantized, tmp_path):
    content, exponents = twin
    after = quantized(content)
    for name, data in (("float", before), ("quantized", after)):
        (tmp_path / name).write_bytes(data)
    samples.save(tmp_path / "samples.npz")
    request = LayerErrorsRequest(
        float_file=tmp_path / "float",
        quantized=tmp_path / "quantized",
        samples=tmp_path / "samples.npz",
        equalized=exponents,
    )
    answer = isolate.call(LAYER_ERRORS, request, name="child", limits=Limits())
    assert answer.num_samples == len(samples)
    expected = layer_errors.layer_errors(before, after, samples, equalized=exponents)
    assert [e.local_sqnr_db for e in answer.errors] == pytest.approx(
        [e.local_sqnr_db for e in expected]
    )


@pytest.mark.parametrize(
    ("exponents", "said"),
    [
        ({"gone/Relu": (1, 2)}, "gone/Relu with 2 channels .* and none in the float file"),
        ({"conv/Relu": (1, 2)}, r"conv/Relu with 2 channels .* of shape \[1, 6, 6, 8\]"),
    ],
)
def test_exponents_of_another_file_are_refused(before, samples, exponents, said):
    with pytest.raises(QuantizeError, match=rf"{said}(.|\n)*--reference"):
        layer_errors.layer_errors(before, before, samples, equalized=exponents)
