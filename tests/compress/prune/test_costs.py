"""Costs, against figures worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.convert

Do = Callable[..., dict[str, Any]]


def test_convolutions_and_dense_layers(surgery: Do) -> None:
    costs = surgery("counted", small="residual")
    assert costs["by_layer"] == {
        "stem": 64 * 9 * 3 * 6,
        "inner": 64 * 9 * 6 * 10,
        "back": 64 * 9 * 10 * 6,
        "head": 6 * 4,
    }
    assert costs["macs"] == sum(costs["by_layer"].values())
    # Half of each of the two axes: three of the stream, five inside.
    assert costs["half"] == 64 * 9 * (3 * 3 + 3 * 5 + 5 * 3) + 3 * 4


def test_weights_as_the_float_file_holds_them(surgery: Do) -> None:
    # The batch normalization behind `back` becomes its bias.
    kernels = 9 * 3 * 6 + 9 * 6 * 10 + 9 * 10 * 6 + 6 * 4
    biases = 6 + 10 + 6 + 4
    assert surgery("counted", small="residual")["bytes"] == 4 * (kernels + biases)


def test_depthwise_layers_count_each_channel_once(surgery: Do) -> None:
    costs = surgery("counted", small="joined")
    assert costs["by_layer"]["deep"] == 36 * 9 * 18
    # A depthwise kernel and its bias go with the channel: 4 of the 9, twice each.
    assert costs["half"] == 64 * 3 * 5 + 36 * 9 * 10 + 10 * 4


def test_each_call_of_a_shared_layer_counts_and_its_weights_once(surgery: Do) -> None:
    costs = surgery("counted", small="twins")
    assert costs["by_layer"]["tower/conv"] == 2 * 6 * 3 * 6 * 5
    kernels = 2 * 4 * 6 + 3 * 6 * 5 + 30 * 7 + 7 * 3
    assert costs["bytes"] == 4 * (kernels + 2 * 6 + 5 + 7 + 3)


def test_channels_first_counts_the_same_as_channels_last(surgery: Do) -> None:
    costs = surgery("counted", small="channels_first")["by_layer"]
    assert costs["plain"] == 8 * 5 * 4  # eight places, five channels to four
    assert costs["first"] == 4 * 8 * 4  # what were places are channels, and the reverse


def test_grouped_convolutions_count_what_their_groups_read(surgery: Do) -> None:
    assert surgery("counted", small="unknown")["by_layer"]["grouped"] == 64 * 3 * 6
