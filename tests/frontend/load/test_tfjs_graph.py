"""Graph models of TensorFlow.js compute what they were made from; strange ones are refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytestmark = pytest.mark.convert


@pytest.mark.parametrize(
    ("name", "least_db"),
    # The last three against the float weights that were stored in so few bits.
    [
        ("fused", 120),
        ("unsigned", 120),
        ("loop", 120),
        ("old loop", 120),
        ("uint8", 40),
        ("uint16", 80),
        ("float16", 60),
    ],
)
def test_a_graph_computes_what_it_was_made_from(
    tfjs_graphs: dict[str, Any], name: str, least_db: float
) -> None:
    assert tfjs_graphs[name]["loaded_db"] > least_db
    assert tfjs_graphs[name]["file_db"] > least_db


def test_names_are_the_signatures_else_the_nodes(tfjs_graphs: dict[str, Any]) -> None:
    for name in ("fused", "unsigned"):
        assert tfjs_graphs[name]["inputs"] == [["image", [-1, 8, 8, 3], "float32"]]
        assert tfjs_graphs[name]["outputs"] == [["scores", [-1, 5], "float32"]]
    assert tfjs_graphs["loop"]["inputs"] == [["ids", [1, 6], "int32"]]
    assert tfjs_graphs["loop"]["limits"] == {"ids": 9}


def test_a_note_says_that_weights_were_quantized(tfjs_graphs: dict[str, Any]) -> None:
    said = {
        name: any("quantized" in note for note in tfjs_graphs[name]["notes"])
        for name in tfjs_graphs
    }
    assert said == {
        "fused": False, "unsigned": False, "loop": False, "old loop": False,
        "uint8": True, "uint16": True, "float16": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("reads", "UnsafeModelError: .*does not allow.*ReadFile"),
        ("restores", "UnsafeModelError: .*RestoreV2.*reads or writes a file"),
        ("unknown", "ModelError: .*TensorFlow does not have.*NoSuchOperator"),
        ("no weight", "ModelError: .*values of each constant.*nothing stored"),
        ("no outputs", "ModelError: .*inputs that are placeholders"),
    ],
)
def test_strange_graphs_are_refused(tfjs_refused: dict[str, str], name: str, words: str) -> None:
    assert re.match(words, tfjs_refused[name]), tfjs_refused[name]
