"""What may be kept in another precision, whom first, and what it has then."""

from __future__ import annotations

import math

import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import LayerError
from edgekit.search import operator_groups
from edgekit.search.operator_groups import OperatorGroup
from edgekit.tflite import Operator
from tests.quantize.tiny_models import branching_net, picture_net

INT8 = recipes.get("static_wi8_ai8")
INT4 = recipes.get("weight_only_wi4_afp32")
DYNAMIC = recipes.get("dynamic_wi8_afp32")


def operators(content: bytes) -> list[Operator]:
    return list(tflite.operators(tflite.read(content)))


def errors(found: list[Operator], **sqnr: float) -> list[LayerError]:
    """An error for each operator: 20 dB in the outputs, or what is said by the operator's kind."""
    return [
        LayerError(
            layer=op.layer,
            operator=op.name,
            tensor=op.outputs[0].name,
            scheme="int8",
            output_sqnr_db=sqnr.get(op.name, 20.0),
        )
        for op in found
    ]


def group(number: int, *, noise: float = 0.1, weighted: bool = True, size: int = 1):
    return OperatorGroup(
        operators=(number,),
        names=("CONV_2D",),
        layer=f"layer{number}",
        weighted=weighted,
        noise=noise,
        weight_bytes=size,
    )


def test_operators_with_weights_stand_alone():
    content = picture_net()
    found = operators(content)
    made = operator_groups.group_operators(tflite.read(content), INT8, errors(found), {})
    weighted = [one for one in made if one.weighted]
    assert [one.names for one in weighted] == [
        ("CONV_2D",),
        ("DEPTHWISE_CONV_2D",),
        ("CONV_2D",),
        ("FULLY_CONNECTED",),
    ]
    assert [one.weight_bytes for one in weighted] == [8 * 27 * 4, 72 * 4, 128 * 4, 80 * 4]
    assert [i for one in made for i in one.operators] == [op.index for op in found]


def test_neighbours_of_one_layer_without_weights_stand_together():
    content = branching_net()
    model = tflite.read(content)
    found = operators(content)
    adds = [op.index for op in found if op.name == "ADD"]
    made = operator_groups.group_operators(model, INT8, errors(found), {})
    by_layer = {one.layer: one for one in made if one.names[0] == "ADD"}
    for one in by_layer.values():
        assert not one.weighted
        start = one.operators[0]
        assert one.operators == tuple(range(start, start + len(one.operators)))
        assert len({op.layer for op in found if op.index in one.operators}) == 1
    assert adds
    # Noise adds up over the operators of one group.
    assert all(
        one.noise == pytest.approx(0.01 * len(one.operators)) for one in made if not one.weighted
    )


def test_what_is_fixed_by_hand_unmatched_or_float_is_no_choice():
    content = picture_net()
    found = operators(content)
    model = tflite.read(content)
    fixed = {found[0].index: None}
    made = operator_groups.group_operators(model, INT8, errors(found), fixed)
    assert found[0].index not in {i for one in made for i in one.operators}
    some = [error for error in errors(found) if error.operator != "FULLY_CONNECTED"]
    made = operator_groups.group_operators(model, INT8, some, {})
    assert "FULLY_CONNECTED" not in {name for one in made for name in one.names}
    assert operator_groups.group_operators(model, recipes.get("float32"), some, {}) == []


def test_noise_is_that_of_the_outputs():
    content = picture_net()
    found = operators(content)
    told = errors(found, DEPTHWISE_CONV_2D=-10.0, FULLY_CONNECTED=math.inf)
    made = operator_groups.group_operators(tflite.read(content), INT8, told, {})
    by_name = {one.names[0]: one for one in made}
    assert by_name["DEPTHWISE_CONV_2D"].noise == pytest.approx(10.0)
    assert by_name["DEPTHWISE_CONV_2D"].sqnr_db == pytest.approx(-10.0)
    assert by_name["FULLY_CONNECTED"].noise == 0.0
    assert by_name["FULLY_CONNECTED"].sqnr_db == math.inf


def test_those_that_do_most_harm_come_first_and_for_size_most_by_byte():
    small = group(0, noise=0.1, size=10)
    large = group(1, noise=0.5, size=1000)
    none = group(2, noise=0.2, size=0, weighted=False)
    assert operator_groups.ranked([small, large, none], INT8) == [large, none, small]
    assert operator_groups.ranked([small, large, none], INT4) == [none, small, large]
    twin = group(3, noise=0.1, size=10)
    assert operator_groups.ranked([twin, small], INT8) == [small, twin]  # by their order


def test_what_a_recipe_falls_back_to_depends_on_what_files_are_for():
    assert recipes.fallbacks(INT8, "cpu")[0] == "dynamic_wi8_afp32"
    assert recipes.fallbacks(INT8, "npu") == ("static_wi8_ai16", "float32")
    assert recipes.fallbacks(INT4, "mcu") == recipes.fallbacks(INT4, "cpu")
    assert recipes.fallbacks(recipes.get("float16"), "cpu") == ("float32",)
    for recipe in recipes.RECIPES.values():
        assert recipes.fallbacks(recipe, "cpu")[-1] == "float32"


def test_each_operator_gets_the_best_that_it_can_have():
    content = picture_net()
    model = tflite.read(content)
    by_index = {op.index: op for op in operators(content)}
    kept = [
        OperatorGroup(
            operators=(index,),
            names=(op.name,),
            layer=op.layer,
            weighted=True,
            noise=0.0,
            weight_bytes=0,
        )
        for index, op in by_index.items()
    ]
    found = operator_groups.exceptions(model, by_index, kept, "dynamic_wi8_afp32")
    names = {by_index[index].name: recipes.name_of(how) for index, how in found.items()}
    assert names["CONV_2D"] == names["FULLY_CONNECTED"] == DYNAMIC.name
    # There it has no dynamic form: int8 weights, computed in float.
    assert names["DEPTHWISE_CONV_2D"] == "weight_only_wi8_afp32"
    assert names["MEAN"] == "float32"
    floats = operator_groups.exceptions(model, by_index, kept[:1], "float32")
    assert floats == {kept[0].operators[0]: None}
