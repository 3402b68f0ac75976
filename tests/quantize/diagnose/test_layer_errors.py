"""Errors by operator: local ones, cumulative ones, and what each does to the outputs."""

import math

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core.errors import QuantizeError
from edgekit.core.recipes import RECIPES
from edgekit.data.samples import Samples
from edgekit.measure import fidelity
from edgekit.quantize.calibration import calibrate
from edgekit.quantize.diagnose import layer_errors
from edgekit.quantize.diagnose.single_operator import live_bytes
from edgekit.quantize.rewrite import engine
from edgekit.tflite import enums
from edgekit.tflite.probes import with_probes

CASTS = ("QUANTIZE", "DEQUANTIZE")


@pytest.fixture(scope="module")
def quantized(digits_float, digits_samples):
    """`quantized(recipe)`: the digits model by that recipe."""
    contract = tflite.contract(digits_float)
    ranges = calibrate.collect_ranges(digits_float, digits_samples, contract)
    return lambda name: engine.quantize(digits_float.read_bytes(), RECIPES[name], ranges)


def same_operators(before, after):
    """Both files' operators without casts, in pairs."""
    return zip(
        *(
            [op for op in tflite.operators(tflite.read(c)) if op.name not in CASTS]
            for c in (before, after)
        ),
        strict=True,
    )


@pytest.mark.convert
@pytest.mark.parametrize(
    ("recipe", "scheme"),
    [
        ("static_wi8_ai8", "int8"),
        ("static_wi8_ai16", "int16, int8 weights"),
        ("dynamic_wi8_afp32", "dynamic int8"),
        ("weight_only_wi8_afp32", "int8 weights"),
        ("weight_only_wi4_afp32", "int4 weights"),
        ("float16", "float16 weights"),
    ],
)
def test_every_operator_is_told_by_layer_and_scheme(
    digits_float, digits_samples, quantized, recipe, scheme
):
    before = digits_float.read_bytes()
    found = layer_errors.layer_errors(before, quantized(recipe), digits_samples)
    expected = [op for op in tflite.operators(tflite.read(before))]
    assert [(e.layer, e.operator) for e in found] == [(op.layer, op.name) for op in expected]
    assert [e.tensor for e in found] == [op.outputs[0].name for op in expected]
    assert found[0].layer == "conv1"
    assert found[0].scheme == scheme
    for error in found:
        assert error.cumulative_sqnr_db is not None
        exact = error.scheme == "float"
        assert (error.local_sqnr_db == math.inf) == exact
        assert (error.output_sqnr_db == math.inf) == exact


@pytest.mark.convert
def test_the_last_cumulative_error_is_that_of_the_outputs(
    digits_float, digits_samples, quantized, run
):
    before, after = digits_float.read_bytes(), quantized("static_wi8_ai8")
    found = layer_errors.layer_errors(before, after, digits_samples, outputs=False)
    a, b = run(before, digits_samples), run(after, digits_samples)
    [name] = a
    assert found[-1].cumulative_sqnr_db == pytest.approx(fidelity.sqnr_db(a[name], b[name]), 0.02)
    assert all(error.output_sqnr_db is error.blame is None for error in found)
    # The first operator has none before it.
    assert found[0].local_sqnr_db == pytest.approx(found[0].cumulative_sqnr_db)


@pytest.mark.convert
@pytest.mark.parametrize("victim", ["conv2", "digit"])
def test_a_damaged_layer_is_the_one_to_blame(digits_float, digits_samples, quantized, victim):
    before = digits_float.read_bytes()
    model = tflite.read(quantized("dynamic_wi8_afp32"))
    op = next(op for op in tflite.operators(model) if op.layer == victim)
    weights = max(op.constants, key=lambda tensor: tensor.weight_bytes)
    data = np.asarray(model.buffers[weights.buffer].data).copy().view(np.int8)
    data[::2] = 0
    model.buffers[weights.buffer].data = data.view(np.uint8)
    clean = layer_errors.layer_errors(before, quantized("dynamic_wi8_afp32"), digits_samples)
    found = layer_errors.layer_errors(before, tflite.to_bytes(model), digits_samples)
    place = next(i for i, e in enumerate(found) if (e.layer, e.operator) == (victim, op.name))
    worst = min(range(len(found)), key=lambda i: found[i].output_sqnr_db)
    assert worst == place
    assert max(found, key=lambda error: error.blame) == found[place]
    assert found[place].blame > 0.9
    assert math.fsum(error.blame for error in found) == pytest.approx(1)
    assert found[place].local_sqnr_db < clean[place].local_sqnr_db - 20
    for i, (was, now) in enumerate(zip(clean, found, strict=True)):
        if i != place:  # the others' own errors are what they were
            assert now.local_sqnr_db == was.local_sqnr_db
        if i < place:
            assert now.cumulative_sqnr_db == was.cumulative_sqnr_db


@pytest.mark.convert
def test_a_loop_is_one_operator(recurrent, noise):
    samples = noise(recurrent)
    contract = tflite.contract(recurrent)
    ranges = calibrate.collect_ranges(recurrent, samples, contract)
    before = recurrent.read_bytes()
    static = layer_errors.layer_errors(
        before, engine.quantize(before, RECIPES["static_wi8_ai8"], ranges), samples
    )
    narrow = layer_errors.layer_errors(
        before, engine.quantize(before, RECIPES["weight_only_wi8_afp32"], None), samples
    )
    for errors in (static, narrow):
        [loop] = [error for error in errors if error.operator == "WHILE"]
        assert (loop.layer, loop.scheme) == ("gru", "int8 weights")
        assert 20 < loop.local_sqnr_db < 80
        assert 20 < loop.output_sqnr_db < 100


def test_a_float_file_against_itself_has_no_error(fixture_model, noise):
    path = fixture_model("conv_2d.float32")
    content = path.read_bytes()
    [error] = layer_errors.layer_errors(content, content, noise(path))
    assert error.scheme == "float"
    assert error.local_sqnr_db == error.cumulative_sqnr_db == error.output_sqnr_db == math.inf
    assert error.blame is None  # nothing is to blame where there is no error


def test_an_operator_without_counterpart_is_listed_as_unmatched(fixture_model, noise):
    path = fixture_model("conv_2d.float32")
    other = tflite.read(path)
    # Another operator that gives another tensor: neither order nor name matches.
    graph = other.subgraphs[0]
    other.operatorCodes[graph.operators[0].opcodeIndex].builtinCode = enums.operator_numbers()[
        "DEPTHWISE_CONV_2D"
    ]
    graph.tensors[graph.operators[0].outputs[0]].name = b"something/else"
    [error] = layer_errors.layer_errors(path.read_bytes(), tflite.to_bytes(other), noise(path))
    assert (error.operator, error.scheme) == ("CONV_2D", "unmatched")
    assert error.local_sqnr_db is error.cumulative_sqnr_db is error.output_sqnr_db is None


def test_an_open_batch_is_one_and_other_open_sizes_are_the_samples(fixture_model, noise):
    path = fixture_model("add.float32")
    model = tflite.read(path)
    graph = model.subgraphs[0]
    for index in (*graph.inputs, *graph.outputs):
        graph.tensors[index].shapeSignature = [-1, *([-1] * (len(graph.tensors[index].shape) - 1))]
    content = tflite.to_bytes(model)
    samples = noise(path)
    assert layer_errors.layer_errors(content, content, samples)[0].local_sqnr_db == math.inf
    [(name, values)] = samples.inputs.items()
    longer = Samples(inputs={name: np.concatenate([values, values], axis=1)})
    assert layer_errors.layer_errors(content, content, longer)[0].local_sqnr_db == math.inf
    whole = path.read_bytes()
    with pytest.raises(QuantizeError, match=r"the file's own size(.|\n)*pass samples of that size"):
        layer_errors.layer_errors(whole, whole, longer)


def test_files_of_other_inputs_are_refused(fixture_model, noise):
    path = fixture_model("fully_connected.float32")
    other = tflite.read(path)
    for entry in other.signatureDefs[0].inputs:
        entry.name = b"another"
    with pytest.raises(QuantizeError, match=r"same inputs(.|\n)*against another"):
        layer_errors.layer_errors(path.read_bytes(), tflite.to_bytes(other), noise(path))


def test_large_activations_leave_fewer_samples(fixture_model, noise):
    path = fixture_model("conv_2d.float32")
    content = path.read_bytes()
    live = live_bytes(tflite.read(content))
    shapes = [t.shape for op in tflite.operators(tflite.read(content)) for t in op.outputs]
    given = tflite.contract(path).inputs[0].shape
    assert live == 4 * (np.prod(shapes[0]) + np.prod(given))
    assert len(layer_errors.usable(content, noise(path, 100))) == 64
    # Four times: both files' activations, their inputs to one operator, and what it gives.
    for num_bytes, count in ((5 * 4 * live, 5), (1, 1)):
        used = layer_errors.usable(content, noise(path, 100), activation_bytes=num_bytes)
        assert len(used) == count


def test_probes_of_zero_change_nothing_and_others_add_up(fixture_model, noise):
    from ai_edge_litert.interpreter import Interpreter

    path = fixture_model("conv_2d.float32")
    [op] = tflite.operators(tflite.read(path))
    row = next(iter(noise(path).inputs.values()))[:1]

    def answer(content, *values):
        runner = Interpreter(model_content=content)
        runner.allocate_tensors()
        for entry, value in zip(runner.get_input_details(), values, strict=True):
            runner.set_tensor(entry["index"], value)
        runner.invoke()
        return runner.get_tensor(runner.get_output_details()[0]["index"])

    plain = answer(path.read_bytes(), row)
    probed = with_probes(tflite.read(path), 0, op.outputs)
    assert np.array_equal(answer(probed, row, np.zeros_like(plain)), plain)
    assert np.array_equal(answer(probed, row, np.ones_like(plain)), plain + 1)


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("item", "before", "after"),
    [
        ("resnet8_cifar10", "pretrainedResnet", "pretrainedResnet_quant"),
        ("kws_dscnn", "kws_ref_model_float32", "kws_ref_model"),
    ],
)
def test_files_that_others_quantized_are_matched(corpus, item, before, after):
    a, b = ((corpus / item / f"{name}.tflite").read_bytes() for name in (before, after))
    [spec], [stored] = tflite.contract(a).inputs, tflite.contract(b).inputs
    renamed = tflite.read(b)  # TensorFlow's quantizer gives its input another name
    graph = renamed.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = spec.name.encode()
    with np.load(corpus / item / "data.npz") as data:
        x = data["x"][:32]
    codes = x.dtype == np.int8
    x = x.astype(np.float32)
    if codes:
        x = (x - stored.zero_point[0]) * np.float32(stored.scale[0])
    samples = Samples(inputs={spec.name: x.reshape(len(x), *spec.shape[1:])})
    found = layer_errors.layer_errors(a, tflite.to_bytes(renamed), samples)
    weighted = [e for e in found if e.operator in ("CONV_2D", "DEPTHWISE_CONV_2D")]
    assert len(weighted) >= 9
    assert {error.scheme for error in weighted} == {"int8"}
    assert all(error.local_sqnr_db > 10 for error in weighted)
