"""A model run operator by operator gives what the interpreter gives, and keeps what it needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import QuantizeError
from edgekit.quantize.diagnose import scores
from edgekit.tflite import interpreter
from edgekit.tflite.dequantize import dequantize, quantize
from edgekit.tflite.interpreter import run
from edgekit.tflite.step_interpreter import Steps
from tests.quantize.imported.drawn_files import lstm
from tests.quantize.tiny_models import (
    RELU,
    Network,
    branching_net,
    correlated,
    picture_net,
    plain,
    random,
)

MODELS = Path(__file__).parents[1] / "models"
SCHEMES = (
    "float32",
    "float16",
    "dynamic_wi8_afp32",
    "weight_only_wi8_afp32",
    "weight_only_wi4_afp32",
    "static_wi8_ai8",
    "static_wi8_ai16",
)
NETS = {
    "pictures": (picture_net, {"x": (7, 7, 3)}),
    "branches": (branching_net, {"x": (6, 6, 4), "side": (6,)}),
}


def whole(content: bytes, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the interpreter gives for the whole file, as it is stored."""
    known = {spec.name: spec for spec in tflite.contract(content).inputs}
    runner = Interpreter(model_content=content, num_threads=1).get_signature_runner()
    rows = []
    for i in range(len(next(iter(inputs.values())))):
        feed = {name: values[i : i + 1] for name, values in inputs.items()}
        assert all(known[name].dtype == "float32" for name in feed)
        rows.append({name: value.copy() for name, value in runner(**feed).items()})
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def test_each_sample_begins_with_the_state_at_zero() -> None:
    model = tflite.read(lstm())
    inputs = {"x": random(4, 6, 3)}
    steps = Steps(model, inputs)
    for op in steps.operators:
        steps.run(op)
    [found] = [steps.stored(tensor) for op in steps.operators[-1:] for tensor in op.outputs]
    np.testing.assert_allclose(found, interpreter.run(model, inputs)["y"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("recipe", SCHEMES)
@pytest.mark.parametrize("net", NETS)
def test_it_is_the_whole_interpreter(net: str, recipe: str) -> None:
    make, shapes = NETS[net]
    inputs = {name: correlated(5, *shape) for name, shape in shapes.items()}
    content = plain(make(), recipes.get(recipe), inputs)
    model = tflite.read(content)
    steps = Steps(model, inputs)
    for op in steps.operators:
        steps.run(op)
    names = tflite.binding(model)
    known = tflite.tensors(model, names.subgraph)
    for name, expected in whole(content, inputs).items():
        got = steps.stored(known[names.outputs[name]])
        assert got.dtype == expected.dtype
        if "weight_only" in recipe or recipe == "float16":
            # By itself an operator takes its weights as an input, in the whole file as a
            # constant that is cast once: other kernels, which add in another order.
            np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-6)
        else:
            np.testing.assert_array_equal(got, expected)


def test_a_constant_without_values_is_no_activation() -> None:
    net = Network(shape=(3,))
    scalar = net.constant(np.empty(0, np.int32), "scalar")  # the shape of a scalar
    axes = net.constant(np.array([0, 1], np.int32))
    total = net.op("SUM", [net.x, axes], (), schema.ReducerOptionsT())
    y = net.op("RESHAPE", [total, scalar], (), schema.ReshapeOptionsT())
    y = net.op("MUL", [net.x, y], (1, 3), schema.MulOptionsT())
    content, inputs = net.finish(y=y), {"x": random(4, 3)}
    steps = Steps(tflite.read(content), inputs)
    for op in steps.operators:
        steps.run(op)
    np.testing.assert_allclose(steps.stored(op.outputs[0]), whole(content, inputs)["y"], rtol=1e-6)


def test_only_what_is_still_needed_is_kept() -> None:
    net = Network(shape=(6, 6, 4))
    y = net.x
    for seed in range(5):
        y = net.conv(y, random(4, 3, 3, 4, seed=seed, scale=0.2), activation=RELU)
    model = tflite.read(net.finish(y=y))
    steps = Steps(model, {"x": correlated(3, 6, 6, 4)})
    for op in steps.operators:
        steps.stored(op.inputs[0])
        steps.run(op)
        with pytest.raises(KeyError):
            steps.stored(op.inputs[0])
    assert steps.stored(op.outputs[0]).shape == (3, 1, 6, 6, 4)


def test_a_value_with_several_readers_stays_until_the_last() -> None:
    model = tflite.read(branching_net())
    steps = Steps(model, {"x": correlated(2, 6, 6, 4), "side": correlated(2, 6)})
    shared = next(op for op in steps.operators if op.name == "CONV_2D").outputs[0]
    readers = [op.index for op in steps.operators if shared.index in {t.index for t in op.inputs}]
    assert len(readers) == 3
    for op in steps.operators:
        steps.run(op)
        if readers[0] <= op.index < readers[-1]:
            assert steps.stored(shared).shape == (2, 1, 6, 6, 8)
    with pytest.raises(KeyError):
        steps.stored(shared)


def test_weights_may_change_until_their_operator_runs() -> None:
    content, inputs = picture_net(), {"x": correlated(2, 7, 7, 3)}
    model = tflite.read(content)
    steps = Steps(model, inputs)
    *before, last = steps.operators
    for op in before:
        steps.run(op)
    bias = last.operands[2]
    assert bias is not None
    model.buffers[bias.buffer].data = np.full(5, 7, "<f4").view(np.uint8)
    steps.run(last)
    usual, old = whole(content, inputs)["y"], tflite.values(tflite.read(content), bias)
    np.testing.assert_allclose(steps.stored(last.outputs[0]), usual - old + 7, rtol=1e-5, atol=1e-5)


def test_an_activation_can_be_replaced() -> None:
    inputs = {"x": correlated(3, 7, 7, 3)}
    content = plain(picture_net(), recipes.get("static_wi8_ai8"), inputs)
    steps = Steps(tflite.read(content), inputs)
    for op in steps.operators[:2]:
        steps.run(op)
    tensor = steps.operators[1].outputs[0]
    wanted = steps.real(tensor)[::-1].copy()
    steps.set(tensor, wanted)
    np.testing.assert_allclose(steps.real(tensor), wanted, atol=tensor.scale[0] / 2)
    assert steps.stored(tensor).dtype == np.int8


def test_sizes_that_the_file_leaves_open_are_those_of_the_samples() -> None:
    model = tflite.read(picture_net())
    (x,) = (t for t in model.subgraphs[0].tensors if t.name == b"x")
    x.shapeSignature, x.shape = [1, -1, -1, 3], [1, 1, 1, 3]
    inputs = {"x": correlated(3, 7, 7, 3)}
    steps = Steps(model, inputs)
    for op in steps.operators:
        steps.run(op)
    expected = whole(picture_net(), inputs)["y"]
    np.testing.assert_array_equal(steps.stored(steps.operators[-1].outputs[0]), expected)


def test_an_operator_that_does_not_run_is_named() -> None:
    net = Network(shape=(6, 6, 4))
    wrong = net.conv(net.x, random(8, 3, 3, 5))  # five input channels; there are four
    steps = Steps(tflite.read(net.finish(y=wrong)), {"x": correlated(1, 6, 6, 4)})
    with pytest.raises(
        QuantizeError, match=r"CONV_2D of layer conv_2d_0 could not be run by itself"
    ) as caught:
        steps.run(steps.operators[0])
    assert caught.value.received


def test_values_of_another_size_are_refused_by_the_tensors_name() -> None:
    model = tflite.read(picture_net())
    steps = Steps(model, {"x": correlated(2, 7, 7, 3)})
    with pytest.raises(QuantizeError, match=r"conv_2d_0 .* with values of \(2, 2\)"):
        steps.set(steps.operators[0].outputs[0], np.zeros((2, 2, 2), np.float32))


def test_a_tensor_that_nothing_gives_is_named() -> None:
    net = Network(shape=(6, 6, 4))
    orphan = net.unary("TANH", net.x)
    model = tflite.read(net.finish(y=net.add(net.x, orphan)))
    del model.subgraphs[0].operators[0]
    steps = Steps(model, {"x": correlated(1, 6, 6, 4)})
    with pytest.raises(QuantizeError, match=r"tanh_0 .* which has no value here"):
        steps.run(steps.operators[0])


def test_real_values_and_stored_ones_are_inverse() -> None:
    inputs = {"x": correlated(3, 7, 7, 3)}
    model = tflite.read(plain(picture_net(), recipes.get("static_wi8_ai8"), inputs))
    tensor = next(op for op in tflite.operators(model) if op.name == "CONV_2D").outputs[0]
    (scale,), (zero,) = tensor.quantization.scale, tensor.quantization.zero_point
    every = np.arange(-128, 128, dtype=np.int8)
    real = dequantize(every, tensor)
    np.testing.assert_allclose(real, (every.astype(float) - zero) * scale, rtol=1e-6)
    np.testing.assert_array_equal(quantize(real, tensor), every)
    assert quantize(np.array([1e9, -1e9]), tensor).tolist() == [127, -128]


@pytest.mark.convert
@pytest.mark.corpus
def test_a_network_that_other_people_trained(corpus: Path, tmp_path: Path) -> None:
    """ResNet8: shortcuts, and every scheme against the interpreter."""
    from edgekit import convert
    from edgekit.core.records import ConvertOptions

    source = corpus / "resnet8_cifar10" / "pretrainedResnet.h5"
    options = ConvertOptions(recipes=("float32",), golden_samples=2)
    (made,) = convert(source, output=tmp_path, options=options)
    content = Path(made.path).read_bytes()
    (spec,) = tflite.contract(content).inputs
    inputs = {spec.name: correlated(4, *spec.shape[1:]) * 30 + 128}
    for recipe in ("float32", "static_wi8_ai8", "weight_only_wi4_afp32"):
        quantized = plain(content, recipes.get(recipe), inputs)
        model = tflite.read(quantized)
        steps = Steps(model, inputs)
        for op in steps.operators:
            steps.run(op)
        names = tflite.binding(model)
        known = tflite.tensors(model, names.subgraph)
        for name, expected in whole(quantized, inputs).items():
            got = steps.stored(known[names.outputs[name]])
            # Sums of floats go in another order where kernels fuse operators; integers do not.
            rtol, atol = (0, 0) if "static" in recipe else (1e-4, 1e-6)
            np.testing.assert_allclose(got, expected, rtol=rtol, atol=atol)
        assert set(scores.outputs(model, inputs)) == set(names.outputs)


@pytest.mark.parametrize("name", ["running_total", "look_up_words"])
def test_what_is_read_from_variables_and_tables_is_that_of_the_whole_model(name: str) -> None:
    model = tflite.read(MODELS / f"{name}.float32.tflite")
    words = np.array([["red", "blue", "?"], ["blue", "", "red"]])
    steps = np.arange(6, dtype=np.float32).reshape(2, 3)
    inputs = {"x": words if name == "look_up_words" else steps}
    expected = run(model, inputs)["y"]

    going = Steps(model, inputs)
    for op in going.operators:
        going.run(op)

    [y] = [t for t in going.operators[-1].outputs]
    np.testing.assert_array_equal(going.real(y), expected)
    if name == "running_total":
        np.testing.assert_array_equal(expected[:, 0], 2 * np.cumsum(steps, axis=0))
