"""Each recipe does to a real network what its name says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import QuantizeError
from edgekit.data.samples import Samples
from edgekit.measure.fidelity import sqnr_db
from edgekit.quantize.calibration.calibrate import Ranges, collect_ranges
from edgekit.quantize.diagnose import scores
from edgekit.quantize.rewrite.check_applied import check
from edgekit.quantize.rewrite.engine import quantize
from tests.quantize.tiny_models import RELU, Network, correlated, plain, random

Noise = Callable[..., Samples]
Run = Callable[[bytes, Samples], dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def ranges(digits_float: Path, digits_samples: Samples) -> Ranges:
    return collect_ranges(digits_float, digits_samples, tflite.contract(digits_float))


def weights(content: bytes, operator: str) -> set[str]:
    """The types of the weights (two dimensions or more) as the file stores them."""
    model = tflite.read(content)
    made = {t.name: op for op in tflite.operators(model) for t in op.outputs}
    found = set()
    for op in tflite.operators(model):
        if op.name == operator:
            for tensor in op.inputs:
                maker = made.get(tensor.name)
                if maker is not None and maker.name == "DEQUANTIZE":
                    tensor = maker.inputs[0]
                if tensor.is_constant and len(tensor.shape) >= 2:
                    found.add(tensor.dtype)
    return found


@pytest.mark.convert
@pytest.mark.parametrize(
    ("recipe", "stored", "ratio", "decibels"),
    [
        ("float16", "float16", 0.56, 55),
        ("dynamic_wi8_afp32", "int8", 0.34, 28),
        ("weight_only_wi8_afp32", "int8", 0.34, 32),
        ("weight_only_wi4_afp32", "int4", 0.22, 10),
        ("static_wi8_ai8", "int8", 0.36, 24),
        ("static_wi8_ai16", "int8", 0.36, 32),
    ],
)
def test_a_recipe_makes_the_file_smaller_and_computes_nearly_the_same(
    digits_float: Path,
    digits_samples: Samples,
    ranges: Ranges,
    run: Run,
    recipe: str,
    stored: str,
    ratio: float,
    decibels: float,
) -> None:
    content = digits_float.read_bytes()
    made = quantize(content, recipes.get(recipe), ranges)
    assert len(made) < ratio * len(content)
    assert weights(made, "CONV_2D") == {stored}
    assert weights(made, "FULLY_CONNECTED") == {stored}
    left = {skipped.operator for skipped in check(content, made, recipes.get(recipe))}
    assert left == ({"DEPTHWISE_CONV_2D"} if recipe.startswith("dynamic") else set())
    (expected,), (got,) = run(content, digits_samples).values(), run(made, digits_samples).values()
    assert sqnr_db(expected, got) > decibels


@pytest.mark.convert
def test_the_same_recipe_gives_the_same_bytes(digits_float: Path, ranges: Ranges) -> None:
    content = digits_float.read_bytes()
    for recipe in recipes.RECIPES.values():
        assert quantize(content, recipe, ranges) == quantize(content, recipe, ranges)
    assert quantize(content, recipes.get("float32"), None) == content


@pytest.mark.convert
def test_integer_inputs_and_outputs_compute_what_float_ones_do(
    digits_float: Path, digits_samples: Samples, ranges: Ranges, run: Run
) -> None:
    content = digits_float.read_bytes()
    made = {
        io: quantize(content, recipes.get("static_wi8_ai8", io), ranges)
        for io in ("float32", "int8", "uint8")
    }
    contracts = {io: tflite.contract(file) for io, file in made.items()}
    for io, contract in contracts.items():
        (taken,), (given,) = contract.inputs, contract.outputs
        assert (taken.dtype, given.dtype) == (io, io)
        assert bool(taken.scale) == bool(given.scale) == (io != "float32")
    for side in ("inputs", "outputs"):
        (signed,) = getattr(contracts["int8"], side)
        (unsigned,) = getattr(contracts["uint8"], side)
        assert unsigned.scale == pytest.approx(signed.scale)
        assert unsigned.zero_point[0] - signed.zero_point[0] == 128
    # Pixels go from 0 to 1, so that 256 codes are 1/255 apart and begin at the lowest.
    (pixels,) = contracts["int8"].inputs
    assert pixels.scale == pytest.approx((1 / 255,), rel=1e-5)
    assert pixels.zero_point == (-128,)
    outputs = {io: next(iter(run(file, digits_samples).values())) for io, file in made.items()}
    np.testing.assert_array_equal(outputs["int8"], outputs["float32"])
    # uint8 is converted at the edges: the same codes, shifted.
    np.testing.assert_allclose(outputs["uint8"], outputs["int8"], atol=1e-6)


def test_dynamic_leaves_depthwise_convolutions_float(
    fixture_model: Callable[[str], Path],
) -> None:
    path = fixture_model("depthwise_conv_2d.float32")
    recipe = recipes.get("dynamic_wi8_afp32")
    made = quantize(path.read_bytes(), recipe, None)
    assert weights(made, "DEPTHWISE_CONV_2D") == {"float32"}
    with pytest.raises(QuantizeError, match=r"it has DEPTHWISE_CONV_2D"):
        check(path.read_bytes(), made, recipe)


def test_int4_is_for_dense_and_full_convolutions_only(
    fixture_model: Callable[[str], Path],
) -> None:
    recipe = recipes.get("weight_only_wi4_afp32")
    for name, stored in {
        "conv_2d": "int4",
        "fully_connected": "int4",
        "depthwise_conv_2d": "int8",
    }.items():
        made = quantize(fixture_model(f"{name}.float32").read_bytes(), recipe, None)
        assert weights(made, name.upper()) == {stored}


@pytest.mark.parametrize("recipe", ["static_wi8_ai8", "static_wi8_ai16"])
def test_a_static_recipe_needs_ranges(fixture_model: Callable[[str], Path], recipe: str) -> None:
    content = fixture_model("conv_2d.float32").read_bytes()
    with pytest.raises(QuantizeError, match=f"{recipe} needs calibration samples"):
        quantize(content, recipes.get(recipe), None)


@pytest.mark.parametrize("name", [n for n, r in recipes.RECIPES.items() if r.quantize])
def test_a_model_with_nothing_to_quantize_is_an_error_that_says_what_it_has(
    fixture_model: Callable[[str], Path], noise: Noise, name: str
) -> None:
    path = fixture_model("rfft2d.float32")
    ranges = collect_ranges(path, noise(path), tflite.contract(path))
    made = quantize(path.read_bytes(), recipes.get(name), ranges)
    with pytest.raises(QuantizeError, match=rf"{name} (.|\n)*COMPLEX_ABS, RFFT2D"):
        check(path.read_bytes(), made, recipes.get(name))


@pytest.mark.parametrize("name", ["add", "softmax", "average_pool_2d"])
def test_without_weights_only_static_recipes_have_work(
    fixture_model: Callable[[str], Path], noise: Noise, run: Run, name: str
) -> None:
    path = fixture_model(f"{name}.float32")
    content, samples = path.read_bytes(), noise(path)
    ranges = collect_ranges(path, samples, tflite.contract(path))
    (expected,) = run(content, samples).values()
    for recipe in recipes.RECIPES.values():
        if recipe.quantize is None:
            continue
        made = quantize(content, recipe, ranges)
        if recipe.quantize.scheme == "static":
            assert check(content, made, recipe) == ()
            (got,) = run(made, samples).values()
            assert sqnr_db(expected, got) > 30
        else:
            with pytest.raises(QuantizeError, match=f"{recipe.name} changed nothing"):
                check(content, made, recipe)


@pytest.mark.parametrize("recipe", ["static_wi8_ai8", "static_wi8_ai16"])
def test_an_output_that_others_go_on_with_is_read_as_integers(recipe: str) -> None:
    """The quantizer alone lets them read the float that the model returns."""
    net = Network(shape=(6, 6, 4))
    inner = net.conv(net.x, random(8, 3, 3, 4), random(8), activation=RELU)
    y = net.conv(inner, random(1, 3, 3, 8, scale=0.3), random(8), multiplier=1)
    content = net.finish(y=net.dense(net.mean(y), random(3, 8), random(3)), inner=inner)
    inputs = {"x": correlated(12, 6, 6, 4)}
    model = tflite.read(plain(content, recipes.get(recipe), inputs))
    for op in tflite.operators(model):
        if op.name not in ("QUANTIZE", "DEQUANTIZE"):
            assert op.inputs[0].dtype == op.outputs[0].dtype == f"int{recipe.split('ai')[1]}"
    expected = scores.outputs(tflite.read(content), inputs)
    got = scores.outputs(model, inputs)
    assert set(got) == {"y", "inner"}
    assert scores.sqnr_db(expected, got) > 30
