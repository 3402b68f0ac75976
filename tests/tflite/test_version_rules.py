"""Which version each operator needs, held against TensorFlow's own converter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from edgekit import tflite
from edgekit.tflite import enums
from edgekit.tflite.graph import Operator, Tensor, TensorQuantization
from edgekit.tflite.version_rules import RULES, needed_version

MODELS = Path(__file__).parents[1] / "models"


BY_TENSORFLOW = [p for p in sorted(MODELS.glob("*.tflite")) if ".int16x8." not in p.name]


@pytest.mark.parametrize("path", BY_TENSORFLOW, ids=lambda path: path.stem)
def test_versions_are_those_of_tensorflows_converter(path: Path) -> None:
    model = tflite.read(path)
    for op in tflite.operators(model):
        assert needed_version(op) == op.version, op.name


@pytest.mark.parametrize(
    ("name", "operator", "version"),
    [
        # TensorFlow's converter writes int8's versions here; the kernels came later.
        ("conv_2d", "CONV_2D", 4),
        ("depthwise_conv_2d", "DEPTHWISE_CONV_2D", 5),
        ("fully_connected", "FULLY_CONNECTED", 7),
        ("average_pool_2d", "AVERAGE_POOL_2D", 3),
        ("softmax", "SOFTMAX", 3),
        ("add", "ADD", 3),
        ("softmax", "QUANTIZE", 2),
        ("softmax", "DEQUANTIZE", 3),
    ],
)
def test_int16_activations_have_versions_of_their_own(
    name: str, operator: str, version: int
) -> None:
    content = (MODELS / f"{name}.int16x8.tflite").read_bytes()
    found = {op.name: needed_version(op) for op in tflite.operators(tflite.read(content))}
    assert found[operator] == version


def operand(dtype: str, shape: tuple[int, ...] = (1, 4), scales: int = 0) -> Tensor:
    how = TensorQuantization(
        scale=(0.25,) * scales, zero_point=(0,) * scales, dimension=0, granularity="per_tensor"
    )
    return Tensor(
        index=0,
        name="t",
        shape=shape,
        dtype=dtype,
        quantization=how if scales else None,
        buffer=0,
        weight_bytes=0,
    )


def needed(name: str, inputs: list[Tensor | None], output: Tensor, **options: object) -> int:
    return needed_version(
        Operator(
            subgraph=0,
            index=0,
            name=name,
            is_custom=False,
            version=1,
            operands=tuple(inputs),
            outputs=(output,),
            options=SimpleNamespace(**options),
        )
    )


def test_what_no_rule_names_is_version_one() -> None:
    assert needed("UNHEARD_OF", [operand("int8")], operand("int8")) == 1
    assert needed("ADD", [operand("float32"), operand("float32")], operand("float32")) == 1


def test_the_highest_rule_that_holds_decides() -> None:
    x, y, w = operand("float32"), operand("float32"), operand("int8", (8, 4), scales=1)
    assert needed("FULLY_CONNECTED", [x, w, y], y) == 3
    assert needed("FULLY_CONNECTED", [x, w, None], y) == 3  # a bias that is left out has a place
    assert needed("FULLY_CONNECTED", [x, w], y) == 6
    assert needed("FULLY_CONNECTED", [x, w], y, asymmetricQuantizeInputs=True) == 9
    channels = operand("int8", (8, 4), scales=8)
    assert needed("FULLY_CONNECTED", [x, channels], y) == 12
    # As many scales as no axis has are not one for each channel.
    assert needed("FULLY_CONNECTED", [x, operand("int8", (8, 4), scales=4)], y) == 6
    # tflite-runtime 2.14 knows version 10, and does not prepare int4 beside int8.
    int8 = operand("int8", scales=1)
    assert needed("FULLY_CONNECTED", [int8, operand("int4", (8, 4)), None], int8) == 12


@pytest.mark.parametrize(("scale", "version"), [(0.25, 1), (0.3, 3)])
def test_sums_of_int16_are_told_by_their_scales_not_by_an_option(
    scale: float, version: int
) -> None:
    how = TensorQuantization(scale=(scale,), zero_point=(0,), dimension=0, granularity="per_tensor")
    x = replace(operand("int16"), quantization=how)
    assert needed("ADD", [x, x], x, potScaleInt16=True) == version


def test_a_broadcast_of_five_axes_has_a_version_of_its_own() -> None:
    small, large = operand("float32", (1,)), operand("float32", (1, 2, 3, 4, 5))
    assert needed("SUB", [large, large], large) == 1
    assert needed("SUB", [large, small], large) == 3


def test_an_int32_bias_beside_int16_needs_a_newer_kernel() -> None:
    x, w = operand("int16", (1, 4), 1), operand("int8", (8, 4), 1)
    assert needed("FULLY_CONNECTED", [x, w, operand("int64")], x) == 7
    assert needed("FULLY_CONNECTED", [x, w, operand("int32")], x) == 11


def test_rules_name_operators_and_versions_above_one() -> None:
    for name, rules in RULES.items():
        assert name in enums.operator_numbers()
        assert all(version > 1 for version, _ in rules)
