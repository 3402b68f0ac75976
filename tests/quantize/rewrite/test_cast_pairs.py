"""Which operator of a quantized file is which of its float file."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.rewrite.cast_pairs import behind_casts, pairs, producers
from tests.quantize.tiny_models import branching_net, correlated, plain

INPUTS = {"x": correlated(6, 6, 6, 4), "side": correlated(6, 6)}


@pytest.mark.parametrize("recipe", [n for n, r in recipes.RECIPES.items() if r.quantize])
def test_every_operator_finds_what_became_of_it(recipe: str) -> None:
    before = tflite.read(branching_net())
    after = tflite.read(plain(branching_net(), recipes.get(recipe), INPUTS))
    found = list(pairs(before, after))
    assert [old for old, _ in found] == list(tflite.operators(before))
    for old, new in found:
        assert new is not None
        assert new.name == old.name
        assert [t.shape for t in new.outputs] == [t.shape for t in old.outputs]
    order = [new.index for _, new in found if new is not None]
    assert order == sorted(set(order))


def test_an_operator_that_went_away_has_none() -> None:
    before, after = (tflite.read(branching_net()) for _ in range(2))
    graph = after.subgraphs[0]
    (gone,) = (op for op in tflite.operators(after) if op.name == "TANH")
    source = gone.inputs[0].index
    del graph.operators[gone.index]
    for raw in graph.operators:
        raw.inputs = np.where(np.array(raw.inputs) == gone.outputs[0].index, source, raw.inputs)
    found = dict((old.index, new) for old, new in pairs(before, after))
    assert found.pop(gone.index) is None
    for index, new in found.items():
        assert new is not None
        old = next(op for op in tflite.operators(before) if op.index == index)
        assert new.outputs[0].name == old.outputs[0].name


def test_weights_are_found_behind_their_cast() -> None:
    model = tflite.read(plain(branching_net(), recipes.get("weight_only_wi4_afp32"), INPUTS))
    makers = producers(model)
    seen = set()
    for op in tflite.operators(model):
        if not op.facts.is_cast and len(op.operands) > 1 and op.operands[1] is not None:
            tensor, cast = behind_casts(op, op.operands[1], makers)
            if cast is not None:
                assert cast.name == "DEQUANTIZE"
                assert tensor.is_constant
                seen.add((op.name, tensor.dtype))
            else:
                assert tensor is op.operands[1]
    assert seen == {("CONV_2D", "int4"), ("FULLY_CONNECTED", "int4"), ("DEPTHWISE_CONV_2D", "int8")}
