"""Fused operators become those that they were made of; what TensorFlow.js lacks is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytestmark = pytest.mark.convert


def test_fused_operators_become_builtin_ones(tfjs_graphs: dict[str, Any]) -> None:
    assert tfjs_graphs["fused"]["operators"] == [
        "CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "PRELU", "MEAN", "FULLY_CONNECTED", "LEAKY_RELU",
        "PRELU",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fused", "ModelError: .*fused.*_FusedConv2D \\('conv'\\): Mystery"),
        ("lacking", "ModelError: .*_FusedConv2D \\('point'\\): no operand for Prelu"),
    ],
)
def test_what_is_fused_is_known(tfjs_refused: dict[str, str], name: str, words: str) -> None:
    assert re.match(words, tfjs_refused[name]), tfjs_refused[name]
