"""A model written out call by call computes what the model computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgekit.core.errors import ModelError

pytestmark = pytest.mark.convert

Do = Callable[..., dict[str, Any]]

WALKABLE = (
    "residual scaled gated joined unknown custom channels_first twins text open_sizes frozen "
    "prepared transfer inside"
).split()


@pytest.mark.parametrize("small", WALKABLE)
def test_running_it_gives_the_models_outputs_to_the_bit(surgery: Do, small: str) -> None:
    assert surgery("run_whole", small=small)["difference"] == 0


def test_nested_models_are_written_out_at_each_place_where_they_are_called(surgery: Do) -> None:
    whole = surgery("run_whole", small="twins")
    names = [node[0] for node in whole["nodes"]]
    assert names.count("tower/conv") == 2
    assert names.count("head") == 2
    assert "tower" not in names
    assert whole["layers"].count("tower/conv") == 1
    read_at = [node[2] for node in whole["nodes"] if node[0] == "tower/conv"]
    assert read_at[0] != read_at[1]


def test_every_node_comes_after_those_that_it_reads(surgery: Do) -> None:
    whole = surgery("run_whole", small="gated")
    known = {0}
    for _, _, inputs, outputs in whole["nodes"]:
        assert set(inputs) <= known
        known |= set(outputs)
    assert {int(number) for number in whole["shapes"]} == known


def test_sizes_that_a_nested_model_leaves_open_follow_from_where_it_is_called(
    surgery: Do,
) -> None:
    fixed = surgery("counted", small="open_sizes", sizes={"image": [None, 8, 8, 3]})
    assert not fixed["open"]
    assert surgery("counted", small="open_sizes")["open"]
    # stem 3x3, 3 to 4 at 8x8; down 3x3, 4 to 6 at 4x4; up 2x2, 6 to 5 from 4x4;
    # out: depthwise 3x3 on 5 and pointwise 5 to 3, at 8x8.
    assert fixed["by_layer"] == {
        "stem": 64 * 9 * 3 * 4,
        "inner/down": 16 * 9 * 4 * 6,
        "up": 16 * 4 * 6 * 5,
        "out": 64 * (9 * 5 + 5 * 3),
    }


@pytest.mark.parametrize("small", ["subclassed", "unbuilt"])
def test_a_model_without_a_graph_is_refused_by_name(surgery: Do, small: str) -> None:
    with pytest.raises(ModelError, match="`call` of its own") as caught:
        surgery("run_whole", small=small)
    named = {
        "subclassed": "'own', a Own",
        "unbuilt": "'unbuilt', a Sequential that was never built",
    }
    assert named[small] in str(caught.value)
    assert "keras.Input" in str(caught.value)


def test_a_model_of_keras_2_is_refused(surgery: Do) -> None:
    with pytest.raises(ModelError, match="Keras 3") as caught:
        surgery("run_whole", small="keras2")
    assert "tf_keras's Sequential" in str(caught.value)
