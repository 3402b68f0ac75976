"""Whole models pruned: the digits sample, and resnet8 of the corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import DataError, ModelError, UsageError

pytestmark = pytest.mark.convert

Do = Callable[..., dict[str, Any]]
HALF = {"sparsity": 0.5}
LOOSE = {"method": "unstructured"}


def test_the_same_seed_gives_the_same_bytes(on_digits: Do) -> None:
    for pruning in (HALF, {**HALF, **LOOSE}):
        one, two = on_digits(pruning), on_digits(pruning, seed=0)
        assert one["hash"] == two["hash"]
        assert on_digits(pruning, seed=1)["hash"] != one["hash"]


@pytest.mark.parametrize(
    ("pruning", "rest", "kind", "words"),
    [
        ({**HALF, "importance": "obs"}, {"samples": False}, UsageError, "no calibration samples"),
        ({**HALF, "importance": "taylor"}, {"samples": False}, UsageError, "--calibration"),
        ({"sparsity": 1.5}, {}, UsageError, "1.5"),
        ({"to_macs": 0.01}, {}, UsageError, "is left"),
        ({**HALF, "layers": ["conv9"]}, {}, UsageError, "conv9"),
        ({**HALF}, {"nan": True}, DataError, "NaN"),
        ({**HALF}, {"renamed": True}, DataError, "without 'image'"),
        ({**LOOSE, **HALF}, {"flat": True}, DataError, "(200, 64)"),
        ({**LOOSE}, {}, UsageError, "none"),
        ({**LOOSE, "sparsity": 0.0}, {}, UsageError, "0"),
        ({**LOOSE, "to_macs": 0.5}, {}, UsageError, "to_macs"),
        ({**LOOSE, "pattern": "4:2"}, {}, UsageError, "4:2"),
        ({**LOOSE, "pattern": "half"}, {}, UsageError, "half"),
        ({**LOOSE, "pattern": "2:4", "sparsity": 0.6}, {}, UsageError, "0.6"),
        ({**LOOSE, **HALF, "keep": [".*"]}, {}, ModelError, "to keep"),
        ({**LOOSE, **HALF, "layers": ["["]}, {}, UsageError, "["),
        ({**LOOSE, **HALF}, {"nan": True}, DataError, "NaN"),
    ],
)
def test_mistakes_are_told_what_to_do(
    child: Do,
    digits: Path,
    pruning: dict[str, Any],
    rest: dict[str, Any],
    kind: type[Exception],
    words: str,
) -> None:
    with pytest.raises(kind) as error:
        child("prune", which="digits", folder=str(digits), pruning=pruning, **rest)
    assert words in str(error.value)
