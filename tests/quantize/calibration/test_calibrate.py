"""Ranges are the true extremes of every activation, over all samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import DataError, QuantizeError
from edgekit.data.samples import Samples
from edgekit.measure.fidelity import sqnr_db
from edgekit.quantize.calibration.calibrate import Ranges, collect_ranges
from edgekit.quantize.rewrite import engine
from edgekit.tflite import interpreter
from tests.quantize import tiny_models
from tests.quantize.tiny_models import Network, random

Noise = Callable[..., Samples]
Run = Callable[[bytes, Samples], dict[str, np.ndarray]]
STATIC = recipes.get("static_wi8_ai8")


def extremes(path: Path, samples: Samples) -> dict[str, tuple[float, float]]:
    """Minimum and maximum by tensor name, from a run that keeps every tensor."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_path=str(path),
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    inputs = tflite.binding(tflite.read(path)).inputs
    kept = [d for d in interpreter.get_tensor_details() if d["dtype"] == np.float32]
    found: dict[str, tuple[float, float]] = {}
    for i in range(len(samples)):
        for name, index in inputs.items():
            interpreter.set_tensor(index, samples.inputs[name][i : i + 1])
        interpreter.invoke()
        for detail in kept:
            values = interpreter.get_tensor(detail["index"])
            low, high = found.get(detail["name"], (np.inf, -np.inf))
            found[detail["name"]] = (
                float(values.min(initial=low)),
                float(values.max(initial=high)),
            )
    return found


def assert_true_extremes(path: Path, samples: Samples) -> None:
    contract = tflite.contract(path)
    ranges = collect_ranges(path, samples, contract)
    expected = extremes(path, samples)
    model = tflite.read(path)
    used = {
        tensor.name
        for op in tflite.operators(model)
        for tensor in (*op.inputs, *op.outputs)
        if not tensor.is_constant and tensor.dtype == "float32"
    }
    assert used
    for name in used:
        low, high = expected[name]
        # Delegated kernels add in another order than the ones that keep every tensor.
        near = 1e-4 * max(abs(low), abs(high))
        assert ranges[name]["min"] == pytest.approx(low, abs=near), name
        assert ranges[name]["max"] == pytest.approx(high, abs=near), name


@pytest.mark.parametrize("name", ["conv_2d", "depthwise_conv_2d", "fully_connected", "add"])
def test_the_extremes_are_those_of_every_sample(
    fixture_model: Callable[[str], Path], noise: Noise, name: str
) -> None:
    path = fixture_model(f"{name}.float32")
    assert_true_extremes(path, noise(path, 5))


@pytest.mark.convert
def test_the_extremes_of_a_whole_network(digits_float: Path, digits_samples: Samples) -> None:
    assert_true_extremes(digits_float, digits_samples)


def test_the_input_has_the_samples_own_extremes(
    fixture_model: Callable[[str], Path], noise: Noise
) -> None:
    path = fixture_model("conv_2d.float32")
    samples = noise(path)
    model = tflite.read(path)
    binding = tflite.binding(model)
    ((name, index),) = binding.inputs.items()
    ranges = collect_ranges(path, samples, tflite.contract(path))
    found = ranges[tflite.tensors(model)[index].name]
    assert found["min"] == samples.inputs[name].min()
    assert found["max"] == samples.inputs[name].max()


def test_one_extreme_sample_counts_fully(
    fixture_model: Callable[[str], Path], noise: Noise
) -> None:
    path = fixture_model("fully_connected.float32")
    samples = noise(path)
    ((name, array),) = samples.inputs.items()
    array[3] *= 100
    ranges = collect_ranges(path, samples, tflite.contract(path))
    assert max(float(r["max"]) for r in ranges.values()) >= array.max()
    # The order of samples does not matter: no average moves along them.
    turned = Samples(inputs={name: array[::-1].copy()})
    again = collect_ranges(path, turned, tflite.contract(path))
    assert {k: (v["min"], v["max"]) for k, v in again.items()} == {
        k: (v["min"], v["max"]) for k, v in ranges.items()
    }


def moving_average(content: bytes, samples: Samples) -> Ranges:
    """What the quantizer does when nobody says otherwise."""
    from litert_quantizer import calibrator

    calibrating: Any = calibrator.Calibrator(
        content, num_threads=1, mode=calibrator.CalibrationMode.CALIBRATION_PROFILER_BASED
    )
    rows = [{k: v[i : i + 1] for k, v in samples.inputs.items()} for i in range(len(samples))]
    [signature] = calibrating.get_signature_list()
    calibrating.calibrate({signature: rows}, None)
    ranges: Ranges = calibrating.get_model_qsvs()
    return ranges


@pytest.mark.corpus
def test_true_extremes_beat_the_moving_average(corpus: Path, run: Run, tmp_path: Path) -> None:
    model = tflite.read(corpus / "resnet8_cifar10" / "pretrainedResnet.tflite")
    tflite.ensure_signature(model)
    path = tmp_path / "resnet8.tflite"
    path.write_bytes(content := tflite.to_bytes(model))
    contract = tflite.contract(content)
    data = np.load(corpus / "resnet8_cifar10" / "data.npz")
    name = contract.inputs[0].name
    calibration = Samples(inputs={name: data["calib_x"][:60].astype(np.float32)})
    evaluation = Samples(inputs={name: data["x"][:200].astype(np.float32)})
    (reference,) = run(content, evaluation).values()

    def decibels(ranges: Ranges) -> float:
        (got,) = run(engine.quantize(content, STATIC, ranges), evaluation).values()
        return sqnr_db(reference, got)

    # Images that were not calibrated on: there an average clips what a few samples reached.
    ours = decibels(collect_ranges(path, calibration, contract))
    assert ours > 20
    assert ours > decibels(moving_average(content, calibration)) + 2


def test_integer_samples_are_cast_to_the_inputs_type(
    fixture_model: Callable[[str], Path],
) -> None:
    path = fixture_model("conv_2d.float32")
    contract = tflite.contract(path)
    (spec,) = contract.inputs
    pixels = np.random.default_rng(0).integers(0, 256, (4, *spec.shape[1:]), dtype=np.uint8)
    found = collect_ranges(path, Samples(inputs={spec.name: pixels}), contract)
    floats = collect_ranges(path, Samples(inputs={spec.name: pixels.astype("f4")}), contract)
    assert found == floats
    assert max(float(r["max"]) for r in found.values()) >= 255 * 0.5


@pytest.mark.parametrize("bad", [0, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_range_that_is_not_finite_is_refused(
    fixture_model: Callable[[str], Path], noise: Noise, bad: int, value: float
) -> None:
    path = fixture_model("softmax.float32")
    samples = noise(path, 3)
    for array in samples.inputs.values():
        array[bad] = value
    with pytest.raises(QuantizeError, match="must be finite"):
        collect_ranges(path, samples, tflite.contract(path))


def test_no_samples_are_refused(fixture_model: Callable[[str], Path], noise: Noise) -> None:
    path = fixture_model("softmax.float32")
    with pytest.raises(DataError, match="at least one sample"):
        collect_ranges(path, noise(path, 0), tflite.contract(path))


def test_samples_of_another_shape_are_refused(fixture_model: Callable[[str], Path]) -> None:
    path = fixture_model("fully_connected.float32")
    contract = tflite.contract(path)
    samples = Samples(inputs={contract.inputs[0].name: np.ones((2, 5), np.float32)})
    with pytest.raises(QuantizeError, match="could not be run on the calibration samples"):
        collect_ranges(path, samples, contract)


def concatenated(net: Network) -> int:
    token = net.constant(random(1, 1, 6, 4))
    return net.op("CONCATENATION", [net.x, token], (1, 7, 6, 4), concatenation(axis=1))


def limited(net: Network) -> int:
    return net.op("MAXIMUM", [net.x, net.constant(np.float32(0.1))], (1, 6, 6, 4))


def chosen(net: Network) -> int:
    zero = net.constant(np.float32(0))
    above = net.op("GREATER", [net.x, zero], (1, 6, 6, 4), None, schema.TensorType.BOOL)
    return net.op("SELECT_V2", [above, net.x, net.constant(np.float32(0.01))], (1, 6, 6, 4))


def concatenation(axis: int) -> object:
    options = schema.ConcatenationOptionsT()
    options.axis = axis
    return options


@pytest.mark.parametrize("build", [concatenated, limited, chosen])
def test_a_constant_may_share_the_range_of_what_it_meets(build: Callable[[Network], int]) -> None:
    """Class tokens, letterboxing, zeros: the quantizer refuses ranges of shape (1,) there."""
    net = Network()
    content = net.finish(y=build(net))
    samples = {"x": random(16, 6, 6, 4)}
    made = engine.quantized(content, STATIC, tiny_models.extremes(content, samples))
    tflite.set_versions(made)
    expected = interpreter.run(tflite.read(content), samples)["y"]
    assert np.abs(interpreter.run(made, samples)["y"] - expected).max() < 0.05
