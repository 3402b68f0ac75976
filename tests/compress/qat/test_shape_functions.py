"""What moves, cuts, joins or sums, for several samples at once, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.convert

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.fixture(scope="module")
def found(ask: Any) -> dict[str, Any]:
    return ask("shapes")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("reshape", X.reshape(2, 12)),
        ("mean", X.mean(axis=1)),
        ("sum of the last", X.sum(axis=-1, keepdims=True)),
        ("joined to a constant", np.concatenate([X, np.full((2, 1, 4), -1)], axis=1)),
        ("mirrored", np.pad(X, [(0, 0), (1, 1), (0, 0)], mode="reflect")),
        ("filled", np.pad(X, [(0, 0), (0, 1), (0, 0)], constant_values=7)),
        ("slice", X[:, 1:3]),
        ("every second", X[:, ::2]),
        ("looked up", np.arange(6.0).reshape(3, 2)[[[2], [0]]]),
        ("picked", X[:, :, [3, 1]]),
        ("tiled", np.tile(X, (1, 1, 2))),
    ],
)
def test_a_batch_is_computed_sample_by_sample(
    found: dict[str, Any], name: str, wanted: np.ndarray
) -> None:
    np.testing.assert_array_equal(found[name], wanted)


def test_what_touches_the_batch_is_refused_by_operator_and_layer(ask: Any) -> None:
    said = ask("refused_shapes")
    assert {name: text.partition("net/it ")[2] for name, text in said.items()} == {
        "reshape": "gives the shape (1, 0)",
        "transpose": "puts dimension 1 first",
        "mean": "works along the first dimension",
        "mean of all": "works along the first dimension",
        "running": "computes its sizes while running",
        "pad": "pads the first dimension",
        "slice": "cuts the first dimension",
        "shrink": "cuts the first dimension",
        "tile": "repeats the first dimension",
        "broadcast": "gives the shape (2, 3, 4)",
    }
    assert said["transpose"].startswith("TRANSPOSE of layer ")
