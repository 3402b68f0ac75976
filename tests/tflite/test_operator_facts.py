"""The table of operators against the pinned quantizer, the schema, and the XNNPACK delegate."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from edgekit import tflite
from edgekit.core.records import Limits, Target
from edgekit.runtimes import local
from edgekit.tflite import enums, operator_facts
from edgekit.tflite.operator_facts import OPERATORS
from tests.house.source import ROOT

MODELS = sorted((ROOT / "tests" / "models").glob("*.tflite"))
# What the quantizer's policy lists that is no operator of a file.
SIDES = {"INPUT", "OUTPUT"}


def of_quantizer() -> dict[str, str]:
    """Our name by the quantizer's."""
    return {facts.quantizer_name or name: name for name, facts in OPERATORS.items()}


def policy() -> dict[str, set[str]]:
    """The forms of each operator by the quantizer's policy, in the spelling of recipes."""
    from litert_quantizer import default_policy

    found: dict[str, set[str]] = defaultdict(set)
    configs = json.loads(default_policy.DEFAULT_JSON_POLICY)["ops_per_config"]
    for config, names in configs.items():
        if config.endswith("_blockwise") or "_wi2_" in config or "_au8" in config:
            continue  # forms that no recipe has by that name
        for name in set(names) - SIDES:
            form = config.replace("weightonly", "weight_only")
            found[of_quantizer().get(name, name)].add(form)
    return dict(found)


def test_every_operator_is_one_of_the_schema():
    assert set(OPERATORS) <= set(enums.operators().values())


def test_integer_forms_are_those_of_the_quantizer():
    stated = {
        name: set(facts.forms) - {"float16"}
        for name, facts in OPERATORS.items()
        if not facts.stand_in  # see tests/quantize/rewrite/test_stand_ins.py
    }
    assert {name: forms for name, forms in stated.items() if forms} == policy()


def test_float16_is_what_the_quantizer_casts():
    from litert_quantizer import algorithm_manager as manager

    every = manager.AlgorithmName.FLOAT_CASTING
    known = manager.get_supported_ops(every)
    assert {of_quantizer()[op.value] for op in known} == {
        name for name, facts in OPERATORS.items() if "float16" in facts.forms
    }


def test_scales_come_from_where_the_quantizer_takes_them():
    from litert_quantizer.algorithms.utils.common_utils import OpQuantConstraint
    from litert_quantizer.utils import constrained_ops_utils

    for constraint, source in (
        (OpQuantConstraint.SAME_AS_INPUT_SCALE, "input"),
        (OpQuantConstraint.SAME_AS_OUTPUT_SCALE, "output"),
        (OpQuantConstraint.FIXED_OUTPUT_SCALE, "fixed"),
    ):
        for op in constrained_ops_utils.get_constrained_op_list(constraint):
            assert operator_facts.of(of_quantizer()[op.value]).scale_source == source, op


def test_what_edgekit_uses_is_what_the_quantizer_has():
    for name, facts in OPERATORS.items():
        if facts.dynamic_bits:
            assert f"dynamic_wi{facts.dynamic_bits}_afp32" in facts.forms, name
        if facts.weight_only_bits < 8:
            assert f"weight_only_wi{facts.weight_only_bits}_afp32" in facts.forms, name
        if facts.forms:
            assert facts.has_integer_kernel, name


def test_a_fixed_range_goes_with_a_fixed_scale():
    for name, facts in OPERATORS.items():
        assert (facts.fixed_range is not None) == (facts.scale_source == "fixed"), name
        assert facts.weight is None or facts.has_weights, name


@pytest.mark.parametrize("name", ["logistic.int8", "softmax.int8"])
def test_fixed_ranges_are_those_of_the_kernels(name: str):
    [op] = [op for op in operators(name) if op.facts.scale_source == "fixed"]
    low, high = op.facts.fixed_range or (0, 0)
    [scale], [zero] = op.outputs[0].scale, op.outputs[0].quantization.zero_point
    assert scale == pytest.approx((high - low) / 256)
    assert (-128 - zero) * scale == pytest.approx(low)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_places_of_weights_and_biases(path):
    """A weight has two dimensions or more, and a scale for each index of its channel axis."""
    for op in operators(path.stem):
        weight, bias = op.weight, op.bias
        if op.facts.linear_places:
            assert weight is not None and len(weight.shape) >= 2, op.name
            channels = weight.shape[op.facts.channel_axis]
            assert op.outputs[0].shape[-1] == channels
            assert bias is None or bias.shape == (channels,)
            if weight.quantization is not None and len(weight.scale) > 1:
                assert weight.quantization.dimension == op.facts.channel_axis % len(weight.shape)
                assert len(weight.scale) == channels
            assert op.operands[op.facts.activation] not in (weight, bias)
        elif op.facts.weight is not None:
            assert op.operands[op.facts.weight].is_constant


def operators(name: str) -> list[tflite.Operator]:
    return list(tflite.operators(tflite.read(ROOT / "tests" / "models" / f"{name}.tflite")))


def form(op: tflite.Operator) -> str:
    """The form in which a file has an operator, as in `OperatorFacts.delegated`."""
    kinds = {tensor.dtype for tensor in (*op.inputs, *op.outputs) if not tensor.is_constant}
    weights = {tensor.dtype for tensor in op.constants if tensor.dtype not in ("int32", "int64")}
    if kinds & {"int16"}:
        return "int16"
    if "int8" in kinds:
        return "int8"
    return "dynamic" if "int8" in weights else "float32"


def test_delegated_forms_are_those_that_xnnpack_takes():
    """By every file of `tests/models`, each loaded in LiteRT, which says what stayed outside."""
    seen: dict[str, dict[str, bool]] = defaultdict(dict)
    for path in MODELS:
        with local.open_session(path, Target(), limits=Limits()) as session:
            plain = session.info.plain
        for op in operators(path.stem):
            if path.stem.endswith("float16") and op.name == "DEQUANTIZE":
                continue  # of weights: folded into what reads them
            if not op.outputs:
                continue  # CALL_ONCE: it computes nothing that could be delegated
            seen[op.name][form(op)] = op.name not in plain
    stated = {name: facts.delegated for name, facts in OPERATORS.items() if facts.delegated}
    assert stated == {
        name: frozenset(kind for kind, taken in forms.items() if taken)
        for name, forms in seen.items()
        if any(forms.values()) and name in OPERATORS
    }
    assert "int16" not in {kind for facts in OPERATORS.values() for kind in facts.delegated}
    assert seen["DEPTHWISE_CONV_2D"]["dynamic"] is False


def test_bodies_are_named_by_options_of_the_schema():
    from ai_edge_litert import schema_py_generated as schema

    for name, options in {
        "WHILE": schema.WhileOptionsT,
        "IF": schema.IfOptionsT,
        "CALL_ONCE": schema.CallOnceOptionsT,
        "CALL": schema.CallOptionsT,
        "STABLEHLO_COMPOSITE": schema.StableHLOCompositeOptionsT,
    }.items():
        assert set(operator_facts.of(name).called_subgraphs) <= set(vars(options()))
    assert operator_facts.BODY_OPTIONS == {
        "condSubgraphIndex", "bodySubgraphIndex", "thenSubgraphIndex", "elseSubgraphIndex"
    }  # fmt: skip


def test_of_others_nothing_is_known():
    assert operator_facts.of("MyOperator") == operator_facts.OperatorFacts()
