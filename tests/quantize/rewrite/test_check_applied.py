"""What a recipe left undone is named; a recipe that did nothing is an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import QuantizeError
from edgekit.quantize.rewrite.check_applied import check

MODELS = Path(__file__).parents[2] / "models"
DYNAMIC = recipes.get("dynamic_wi8_afp32")
STATIC = recipes.get("static_wi8_ai8")


def fixture(name: str) -> bytes:
    return (MODELS / f"{name}.tflite").read_bytes()


def quantize(content: bytes, recipe: str) -> bytes:
    from litert_quantizer import quantizer
    from litert_quantizer.algorithm_manager import AlgorithmName

    engine = quantizer.Quantizer(content)
    if recipe == "float16":
        engine.add_weight_only_config(".*", "*", 16, algorithm_key=AlgorithmName.FLOAT_CASTING)
    elif recipe.startswith("dynamic"):
        engine.add_dynamic_config(".*", "*", 8)
    else:
        engine.add_weight_only_config(".*", "*", 4 if "wi4" in recipe else 8)
    result = engine.quantize(None, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


@pytest.mark.parametrize(
    "recipe", ["float16", "dynamic_wi8_afp32", "weight_only_wi8_afp32", "weight_only_wi4_afp32"]
)
@pytest.mark.parametrize("name", ["conv_2d", "fully_connected"])
def test_a_recipe_that_did_all_it_meant_skips_nothing(name: str, recipe: str) -> None:
    before = fixture(f"{name}.float32")
    assert check(before, quantize(before, recipe), recipes.get(recipe)) == ()


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
@pytest.mark.parametrize("name", ["conv_2d", "softmax", "add"])
def test_static_integers_skip_nothing(name: str, scheme: str) -> None:
    recipe = recipes.get("static_wi8_ai8" if scheme == "int8" else "static_wi8_ai16")
    assert check(fixture(f"{name}.float32"), fixture(f"{name}.{scheme}"), recipe) == ()


def test_float32_has_nothing_to_check() -> None:
    content = fixture("conv_2d.float32")
    assert check(content, content, recipes.get("float32")) == ()


@pytest.mark.parametrize("recipe", ["float16", "dynamic_wi8_afp32", "static_wi8_ai8"])
def test_a_file_in_which_nothing_changed_is_an_error(recipe: str) -> None:
    content = fixture("conv_2d.float32")
    with pytest.raises(QuantizeError, match="changed nothing"):
        check(content, content, recipes.get(recipe))


def test_a_model_that_the_quantizer_cannot_treat_is_an_error() -> None:
    before = fixture("rfft2d.float32")
    with pytest.raises(QuantizeError, match="changed nothing"):
        check(before, quantize(before, "dynamic_wi8_afp32"), DYNAMIC)


def test_a_static_recipe_that_left_all_operators_float_is_an_error() -> None:
    before = fixture("conv_2d.float32")
    with pytest.raises(QuantizeError, match="every operator stayed float"):
        check(before, quantize(before, "weight_only_wi8_afp32"), STATIC)


def joined(first: bytes, second: bytes) -> bytes:
    """Two single-operator files as one graph, side by side; the second's names get a 2."""
    model, other = tflite.read(first), tflite.read(second)
    graph, added = model.subgraphs[0], other.subgraphs[0]
    tensors, buffers, codes = len(graph.tensors), len(model.buffers), len(model.operatorCodes)
    for tensor in added.tensors:
        tensor.name += b"2"
        tensor.buffer += buffers if tensor.buffer else 0
    for operator in added.operators:
        operator.opcodeIndex += codes
        operator.inputs = [i + tensors if i >= 0 else i for i in operator.inputs]
        operator.outputs = [i + tensors for i in operator.outputs]
    graph.tensors += added.tensors
    graph.operators += added.operators
    graph.inputs += [i + tensors for i in added.inputs]
    graph.outputs += [i + tensors for i in added.outputs]
    model.buffers += other.buffers
    model.operatorCodes += other.operatorCodes
    model.signatureDefs = None
    tflite.ensure_signature(model)
    return tflite.to_bytes(model)


@pytest.mark.parametrize(
    ("kept", "recipe", "reason"),
    [
        ("depthwise_conv_2d", "dynamic_wi8_afp32", "would make it slower"),
        ("gather", "dynamic_wi8_afp32", "its table is small"),
        (
            "fully_connected",
            "weight_only_wi8_afp32",
            "though the quantizer has a weight-only int8 form",
        ),
        ("gather", "float16", "no float16 form"),
        ("fully_connected", "float16", "though the quantizer has a float16 form"),
    ],
)
def test_an_operator_whose_weights_stayed_float_is_named(
    kept: str, recipe: str, reason: str
) -> None:
    before = joined(fixture("conv_2d.float32"), fixture(f"{kept}.float32"))
    after = joined(quantize(fixture("conv_2d.float32"), recipe), fixture(f"{kept}.float32"))
    (skipped,) = check(before, after, recipes.get(recipe))
    assert skipped.operator.lower() == kept
    assert reason in skipped.reason
    assert skipped.layer


def test_an_operator_without_integer_kernel_is_named_as_such() -> None:
    before = joined(fixture("conv_2d.float32"), fixture("rfft2d.float32"))
    after = joined(fixture("conv_2d.int8"), fixture("rfft2d.float32"))
    skipped = check(before, after, STATIC)
    assert [(s.operator, s.reason) for s in skipped] == [
        ("COMPLEX_ABS", "LiteRT has no int8 kernel for it")
    ]


@pytest.mark.corpus
def test_a_real_network_is_checked_operator_by_operator(corpus: Path) -> None:
    model = tflite.read(corpus / "resnet8_cifar10" / "pretrainedResnet.tflite")
    tflite.ensure_signature(model)
    before = tflite.to_bytes(model)
    after = quantize(before, "dynamic_wi8_afp32")
    assert len(after) < 0.4 * len(before)
    assert check(before, after, DYNAMIC) == ()
    # Put one convolution's float weights back: that one is named, with its layer.
    changed = tflite.read(after)
    old = {t.name: t for t in tflite.tensors(model)}
    victim = next(op for op in tflite.operators(changed) if op.name == "CONV_2D")
    raw = changed.subgraphs[0].tensors[victim.inputs[1].index]
    raw.type, raw.quantization = 0, None
    values = tflite.values(model, old[victim.inputs[1].name])
    assert values is not None
    changed.buffers[raw.buffer].data = np.frombuffer(values.tobytes(), np.uint8)
    (skipped,) = check(before, tflite.to_bytes(changed), DYNAMIC)
    assert (skipped.operator, skipped.layer) == ("CONV_2D", victim.layer)
