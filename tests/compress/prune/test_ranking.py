"""The order in which channels go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.compress.prune import ranking
from edgekit.core.errors import UsageError
from edgekit.core.records import Pruning
from edgekit.data.samples import Samples

Do = Callable[..., dict[str, Any]]


@pytest.mark.convert
@pytest.mark.parametrize("importance", ["l1", "bn_scale", "taylor", "obs"])
def test_every_importance_ranks_all_channels(child: Do, digits: Path, importance: str) -> None:
    found = child("rankings", folder=str(digits), by=importance)
    assert set(found) == {"conv1", "conv2", "conv3"}
    for name, order in found.items():
        assert len(set(order)) == len(order) >= {"conv1": 31, "conv2": 63, "conv3": 63}[name]


@pytest.mark.convert
def test_taylor_is_activation_times_gradient(child: Do, digits: Path) -> None:
    found = child("taylor", folder=str(digits))
    np.testing.assert_allclose(found["got"], found["wanted"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("importance", "has_samples", "found"),
    [
        ("auto", True, "obs"),
        ("auto", False, "l1"),
        ("l1", True, "l1"),
        ("bn_scale", False, "bn_scale"),
        ("taylor", True, "taylor"),
    ],
)
def test_auto_is_the_best_that_there_are_samples_for(
    importance: Any, has_samples: bool, found: str
) -> None:
    samples = Samples(inputs={"x": np.ones((2, 2))}) if has_samples else None
    assert ranking.importance(Pruning(importance=importance), samples) == found


@pytest.mark.parametrize("importance", ["taylor", "obs"])
def test_an_importance_of_samples_needs_samples(importance: Any) -> None:
    with pytest.raises(UsageError) as caught:
        ranking.importance(Pruning(importance=importance), None)
    assert "--calibration" in str(caught.value.hint)
    assert importance in caught.value.rule
