"""Names of layers, from names of any length."""

from __future__ import annotations

import pytest

from edgekit.tflite import source_layers

# Each took hours by the square of its length.
LONG = {
    "suffixes": "a/" + "_int8" * 200_000 + "!",
    "numbered suffixes": "a/x" + "_duplicated_1" * 100_000 + "!",
    "digits": "a/Gather" + "1" * 1_000_000 + "!",
    "layers": ";".join(f"layer{i}/x" for i in range(100_000)),
    "slashes": "a" + "/" * 1_000_000,
    "colons": ":1" * 500_000 + "a",
}


@pytest.mark.parametrize("name", LONG.values(), ids=LONG)
def test_a_long_name_takes_time_by_its_length_only(name: str) -> None:
    assert source_layers.layer_of(name)
    source_layers.names_a_layer(name)


def test_of_layers_named_as_often_the_last_wins() -> None:
    assert source_layers.layer_of("a/add;b/add") == "b"
    assert source_layers.layer_of("b/add;a/add;b/mul") == "b"
