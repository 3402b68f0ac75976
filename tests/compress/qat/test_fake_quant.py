from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from edgekit import convert, tflite
from edgekit.core import recipes
from edgekit.core.records import ConvertOptions, Recipe
from edgekit.data import sources
from edgekit.data.samples import Samples
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.candidates import Search
from edgekit.quantize.trained.apply_trained import apply_trained
from edgekit.quantize.trained.grid import grid
from edgekit.tflite.quantized_weights import Grid
from tests.compress.qat.op_models import Ops
from tests.quantize import tiny_models as tiny

pytestmark = pytest.mark.convert
STATIC = recipes.get("static_wi8_ai8")
INT4 = recipes.get("weight_only_wi4_afp32")


def blocks_net() -> bytes:
    """Convolution, depthwise, shortcut, pooling, dense: what the small mobile networks have."""

    def he(*shape: int, fan: int) -> np.ndarray:
        return tiny.random(*shape, scale=float(np.sqrt(2 / fan)))

    net = Ops(shape=(8, 8, 3))
    first = net.conv(net.x, he(8, 3, 3, 3, fan=27), tiny.random(8, scale=0.1), activation=tiny.RELU)
    deep = net.conv(
        first,
        he(1, 3, 3, 8, fan=9),
        tiny.random(8, seed=1, scale=0.1),
        activation=tiny.RELU6,
        multiplier=1,
    )
    wide = net.conv(deep, he(8, 1, 1, 8, fan=8), tiny.random(8, seed=2, scale=0.1))
    both = net.add(wide, first)
    fields = {"strideH": 2, "strideW": 2, "filterHeight": 2, "filterWidth": 2, "padding": 1}
    pooled = net.op("MAX_POOL_2D", [both], (1, 4, 4, 8), "Pool2D", **fields)
    fields |= {"strideH": 4, "strideW": 4, "filterHeight": 4, "filterWidth": 4}
    average = net.op("AVERAGE_POOL_2D", [pooled], (1, 1, 1, 8), "Pool2D", **fields)
    flat = net.op("RESHAPE", [average, net.ints(1, 8)], (1, 8), "Reshape", newShape=[1, 8])
    return net.finish(y=net.dense(flat, he(5, 8, fan=8), tiny.random(5, scale=0.1)))


def ask_rounding(
    ask,
    prepared: Prepared,
    recipe: Recipe,
    inputs,
    folder: Path,
    others=MappingProxyType({}),
    **how,
):
    """What the model that rounds gives, and its grid."""
    (folder / "float.tflite").write_bytes(prepared.float_model)
    grid(prepared, recipe, others).save(folder / "grid.npz")
    np.savez(folder / "in.npz", **inputs)
    ask(
        "rounding",
        float=folder / "float.tflite",
        grid=folder / "grid.npz",
        inputs=folder / "in.npz",
        out=folder / "out.npz",
        trained=folder / "trained.npz",
        **how,
    )
    with np.load(folder / "out.npz") as file:
        return dict(file.items()), Grid.load(folder / "trained.npz")


def steps_apart(content: bytes, real: dict, expected: dict, grid: Grid) -> np.ndarray:
    """How many steps of its own scale each output of a float-ended file lies from another's."""
    model = tflite.read(content)
    scales = {
        name: next(
            op.inputs[0].scale[0]
            for op in tflite.operators(model)
            if op.name == "DEQUANTIZE" and op.outputs[0].index == index
        )
        for name, index in tflite.binding(model).outputs.items()
    }
    assert grid.groups
    return np.concatenate(
        [np.abs(np.rint((real[n] - expected[n]) / scale)).ravel() for n, scale in scales.items()]
    )


# Three ways to compute the same file on one machine: XNNPACK's kernels, LiteRT's own, and its
# reference ones. They stand in for other processors, whose kernels round no more differently.
KERNELS = ("AUTO", "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN_REF")


def assert_within_kernels(stored, content: bytes, got: dict, inputs: dict, grid: Grid) -> None:
    """Training computes what the file does, as nearly as kernels agree about the file.

    An integer that one kernel rounds up and another down changes what lies behind it, so a few
    outputs are several steps apart. There are to be no more of those between training and any
    kernel than there are between kernels, and one in a thousand.
    """
    real = [stored(content, inputs, kernels) for kernels in KERNELS]

    def far(a: dict, b: dict) -> float:
        return float((steps_apart(content, a, b, grid) > 1).mean())

    spread = max(far(a, b) for a, b in combinations(real, 2))
    assert spread < 0.05  # or the bound says nothing
    assert max(far(answers, got) for answers in real) <= spread + 0.001


@pytest.fixture(scope="module")
def digits_prepared(digits: Path, tmp_path_factory: pytest.TempPathFactory, ask):
    from edgekit.core import project

    (made,) = convert(
        digits / "digits.keras",
        output=tmp_path_factory.mktemp("digits"),
        options=ConvertOptions(recipes=("float32",)),
    )
    path = Path(made.path)
    contract = project.load(digits / "edgekit.toml").describe(tflite.contract(path))
    samples = sources.load(
        str(digits / "data.npz"), contract, purpose="calibration", limit=120, seed=0
    )
    content = path.read_bytes()
    search = Search(content, samples.take(range(60)), contract, seed=0, report=lambda line: None)
    return search, samples.take(range(60, 120)), contract


def floats(samples: Samples) -> dict[str, np.ndarray]:
    return {name: values.astype(np.float32) for name, values in samples.inputs.items()}


@pytest.mark.parametrize(
    "recipe", [STATIC, INT4, recipes.get("dynamic_wi8_afp32")], ids=lambda r: r.name
)
def test_training_begins_at_the_file_that_quantizing_gives(ask, digits_prepared, tmp_path, recipe):
    search, samples, _ = digits_prepared
    prepared = search.prepare(recipe)
    _, first = ask_rounding(ask, prepared, recipe, floats(samples), tmp_path)
    before = grid(prepared, recipe)
    assert first.groups == before.groups
    assert before.weights
    for index, one in before.weights.items():
        np.testing.assert_array_equal(first.weights[index].integers, one.integers)
        np.testing.assert_array_equal(first.weights[index].scales, one.scales)
        np.testing.assert_array_equal(first.weights[index].bias, one.bias)


def test_weight_only_files_compute_what_training_saw(ask, stored, digits_prepared, tmp_path):
    search, samples, _ = digits_prepared
    prepared, inputs = search.prepare(INT4), floats(samples)
    got, trained = ask_rounding(ask, prepared, INT4, inputs, tmp_path, moved=3)
    expected = stored(tflite.to_bytes(apply_trained(prepared, trained).apply(INT4)), inputs)
    for name, values in expected.items():
        np.testing.assert_allclose(got[name], values, atol=1e-5)
    assert any(
        (trained.weights[i].integers != one.integers).any()
        for i, one in grid(prepared, INT4).weights.items()
    )


@pytest.mark.parametrize("moved", [None, 1], ids=["as quantized", "as trained"])
def test_int8_files_compute_what_training_saw_as_nearly_as_kernels_agree(
    ask, stored, digits_prepared, tmp_path, moved
):
    search, samples, _ = digits_prepared
    prepared, inputs = search.prepare(STATIC), floats(samples)
    how = {} if moved is None else {"moved": moved}
    got, trained = ask_rounding(ask, prepared, STATIC, inputs, tmp_path, **how)
    content = tflite.to_bytes(apply_trained(prepared, trained).apply(STATIC))
    assert_within_kernels(stored, content, got, inputs, trained)


def test_the_baked_file_is_what_tensorflow_converts_to_the_bit(ask, stored, tmp_path):
    content = blocks_net()
    inputs = {"x": tiny.correlated(60, 8, 8, 3)}
    ranges = tiny.extremes(content, {"x": inputs["x"][:30]})
    # TensorFlow's converter takes one scale for a dense layer's weights.
    assert STATIC.quantize is not None
    dense = max(op.index for op in tflite.operators(tflite.read(content)))
    one_scale = {dense: replace(STATIC.quantize, granularity="per_tensor")}
    prepared = Prepared(float_model=content, ranges=ranges)
    _, trained = ask_rounding(ask, prepared, STATIC, inputs, tmp_path, one_scale, moved=5)
    ask(
        "converted",
        float=tmp_path / "float.tflite",
        grid=tmp_path / "trained.npz",
        out=tmp_path / "converted.tflite",
    )
    model = tflite.read(tmp_path / "converted.tflite")
    tflite.ensure_signature(model)
    model.signatureDefs[0].inputs[0].name = b"x"
    model.signatureDefs[0].outputs[0].name = b"y"
    theirs = tflite.to_bytes(model)
    weights = {
        t.dtype
        for op in tflite.operators(tflite.read(theirs))
        if "CONV" in op.name or op.name == "FULLY_CONNECTED"
        for t in (op.operands[0], op.operands[1])
        if t is not None
    }
    assert weights == {"int8"}
    ours = tflite.to_bytes(apply_trained(prepared, trained).apply(STATIC, one_scale))
    expected, answers = stored(theirs, inputs)["y"], stored(ours, inputs)["y"]
    np.testing.assert_array_equal(answers, expected)
    assert len(np.unique(answers)) > 50


def test_frozen_ranges_stay(ask, tmp_path):
    content = blocks_net()
    inputs = {"x": tiny.correlated(10, 8, 8, 3)}
    prepared = Prepared(float_model=content, ranges=tiny.extremes(content, inputs))
    first, moved = ask_rounding(ask, prepared, STATIC, inputs, tmp_path, moved=5)
    again, frozen = ask_rounding(ask, prepared, STATIC, inputs, tmp_path, moved=5, freeze=True)
    assert frozen.groups == moved.groups != grid(prepared, STATIC).groups
    np.testing.assert_array_equal(first["y"], again["y"])


def test_inputs_on_halves_are_rounded_as_the_file_rounds_them(ask, stored, tmp_path):
    """Pixels that were made -1 to 1: each lies half a step between two codes."""
    pixels = (np.arange(256, dtype=np.float32) - 127.5) / 127.5
    net = tiny.Network(shape=(16, 16, 1))
    content = net.finish(y=net.conv(net.x, np.ones((1, 1, 1, 1), np.float32)))
    inputs = {"x": pixels.reshape(1, 16, 16, 1)}
    prepared = Prepared(float_model=content, ranges=tiny.extremes(content, inputs))
    got, trained = ask_rounding(ask, prepared, STATIC, inputs, tmp_path)
    ours = tflite.to_bytes(apply_trained(prepared, trained).apply(STATIC))
    answers = stored(ours, inputs)
    assert not steps_apart(ours, got, answers, trained).any()
    assert len(np.unique(answers["y"])) > 120
