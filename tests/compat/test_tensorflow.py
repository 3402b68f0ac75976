"""What is used of TensorFlow beside its documented names: there, and the fast way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.convert

Case = Callable[..., Any]


def test_a_model_is_converted_directly_from_a_frozen_graph(case: Case):
    """`convert_directly` and `frozen_graph`; the latter only once, by the converter itself."""
    done = case("exported")
    assert done["fallbacks"] == {}
    assert done["frozen"] == 1
    assert sorted(case("converter_names")) == [
        "_freeze_concrete_function",
        "experimental_lower_to_saved_model",
    ]


@pytest.mark.parametrize(
    "gone",
    [
        "_FunctionConverterDataInEager",
        "_replace_variables_by_constants",
        "_freeze_concrete_function",
    ],
)
def test_without_a_name_the_converter_goes_its_own_way(case: Case, gone: str):
    """`convert_by_saved_model`: the same file's outputs."""
    done = case("exported", gone=gone)
    assert list(done["fallbacks"]) == ["convert_directly"]
    assert gone in done["fallbacks"]["convert_directly"]
    assert done["outputs"] == pytest.approx(case("exported")["outputs"], abs=1e-6)


def test_freeze_variables_leaves_constants_and_calls(case: Case):
    done = case("frozen_operators", inline=False)
    assert done["fallbacks"] == {}
    assert done["inputs"] == 1
    assert "Const" in done["types"]
    assert not {"ReadVariableOp", "VarHandleOp"} & set(done["types"])
    inlined = case("frozen_operators", inline=True)["types"]
    assert "MatMul" in inlined
    assert "StatefulPartitionedCall" not in inlined and "PartitionedCall" not in inlined


def test_limits_of_ids_are_read_from_a_frozen_graph(case: Case):
    assert case("limits", gone=False) == {"fallbacks": {}, "limits": {"ids": 7}}
    done = case("limits", gone=True)
    assert done["limits"] == {}
    assert "convert_variables_to_constants_v2" in done["fallbacks"]["embedding_limits"]


def test_graph_functions_are_those_that_a_graph_calls(case: Case):
    done = case("functions_within", gone=False)
    assert done["fallbacks"] == {}
    assert "MatMul" in done["types"]
    done = case("functions_within", gone=True)
    assert done["types"] == []
    assert "_functions" in done["fallbacks"]["graph_functions"]


def test_named_functions_have_the_names_of_the_definition(case: Case):
    done = case("named_within")
    assert (done["same"], done["count"]) == (True, 1)


def test_graph_of_definition_knows_the_shapes_within_a_loop(case: Case):
    done = case("definitions", damaged=False)
    assert (done["shapes"], done["fallbacks"]) == ([[2, 5]], {})
    done = case("definitions", damaged=True)
    assert done["shapes"] == []
    assert "graph_of_definition" in done["fallbacks"]


def test_is_operator_knows_what_raw_ops_lacks(case: Case):
    done = case("operators")
    assert done["known"] == {"MatMul": True, "_Retval": True, "NoSuchOperator": False}
    assert not done["raw"]


def test_parse_saved_model_gives_the_functions_operators(case: Case):
    assert "Cos" in case("parsed")["types"]


def test_variable_initializer_is_the_one_of_the_variable(case: Case):
    assert case("initializer")["same"]
