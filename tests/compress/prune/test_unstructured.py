"""Setting single weights of the digits sample to zero."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.convert
Do = Callable[..., dict[str, Any]]


HALF = {"sparsity": 0.5}


LOOSE = {"method": "unstructured"}


def test_half_of_the_weights_of_digits_are_zero(on_digits: Do) -> None:
    result = on_digits({**HALF, **LOOSE})
    gone = sum(mask["gone"] for mask in result["masks"].values())
    total = sum(mask["size"] for mask in result["masks"].values())
    assert gone == round(total / 2)
    assert result["sparsity"] == pytest.approx(0.5, abs=1e-4)
    assert all(mask["zero where gone"] for mask in result["masks"].values())
    assert result["parameters"][0] == result["parameters"][1]
    assert result["macs"][0] == result["macs"][1]
    assert "depthwise" in result["left_alone"]
    assert "conv1" in result["left_alone"]
    assert "download" in result["notes"][0]
    assert result["accuracy"] >= result["float"] - 0.01


def test_by_magnitude_every_layer_loses_the_same_fraction(on_digits: Do) -> None:
    result = on_digits({**HALF, **LOOSE, "reconstruct": False})
    assert {mask["gone"] / mask["size"] for mask in result["masks"].values()} == {0.5}
    assert result["tried"] == {}
    assert on_digits({**HALF, **LOOSE}, samples=False)["hash"] == result["hash"]


def test_a_pattern_holds_in_every_four_inputs(on_digits: Do) -> None:
    for samples in (True, False):
        result = on_digits({**LOOSE, "pattern": "2:4"}, samples=samples)
        assert result["sparsity"] == 0.5
        for mask in result["masks"].values():
            assert mask["most of each four"] == 2
            assert mask["zero where gone"]


def test_weights_of_layers_to_keep_stay(on_digits: Do) -> None:
    result = on_digits({**HALF, **LOOSE, "keep": ["conv.*"]}, samples=False)
    assert set(result["masks"]) == {"pointwise", "digit"}
    assert result["left_alone"]["conv3"] == "it is among the layers to keep"


@pytest.mark.corpus
def test_resnet8_keeps_its_accuracy_at_half_of_the_weights(child: Do, corpus: Path) -> None:
    pruning = {**LOOSE, **HALF}
    result = child("prune", which="resnet8", folder=str(corpus), pruning=pruning)
    assert result["accuracy"] > result["float"] - 0.03
