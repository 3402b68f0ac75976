"""Smaller models compute what the original does without the channels that went."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import ModelError, UsageError

pytestmark = pytest.mark.convert

Do = Callable[..., dict[str, Any]]

SEEDS = range(16)
SMALL = (
    "residual scaled gated joined unknown custom twins text open_sizes frozen prepared "
    "channels_first transfer inside"
).split()
CORPUS = (
    "crepe_tiny_pitch/crepe_tiny_keras3.keras",
    "imagenet_efficientnet_lite0/efficientnet_lite0.keras",
    "speech_dtln_lstm_states/dtln1_keras3.keras",
)


def _check_whole(again: dict[str, Any]) -> None:
    assert again["finite"]
    assert again["equal"]
    assert again["same_names"]
    assert again["shared_weights"] == 0
    assert again["trainable"][0] == again["trainable"][1]


def _check_smaller(smaller: dict[str, Any], tolerance: float = 1e-5) -> None:
    assert smaller["difference"] < tolerance
    assert smaller["loaded_difference"] < 1e-6
    assert smaller["same_names"]
    # What it would cost was told before it was built.
    assert smaller["macs"][0] == smaller["macs"][1]
    assert smaller["bytes"][0] == smaller["bytes"][1]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_models_with_nothing_removed_are_the_same_to_the_bit(surgery: Do, seed: int) -> None:
    _check_whole(surgery("nothing_removed", seed=seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_models_lose_only_what_nothing_listens_to(surgery: Do, seed: int) -> None:
    smaller = surgery("some_removed", seed=seed)
    _check_smaller(smaller)
    assert smaller["removed"] > 0
    assert smaller["params"][1] < smaller["params"][0]
    assert smaller["heard"] > 1e-4  # those channels did matter before they were silenced


@pytest.mark.parametrize("small", SMALL)
def test_each_rule_by_a_model_of_its_own(surgery: Do, small: str) -> None:
    _check_whole(surgery("nothing_removed", small=small))
    smaller = surgery("some_removed", small=small)
    _check_smaller(smaller)
    assert (smaller["params"][1] < smaller["params"][0]) == (small != "channels_first")


def test_the_digits_model(surgery: Do, digits: Path) -> None:
    path = str(digits / "digits.keras")
    _check_whole(surgery("nothing_removed", path=path))
    smaller = surgery("some_removed", path=path, fraction=0.5)
    _check_smaller(smaller)
    assert smaller["params"][1] < 0.4 * smaller["params"][0]


@pytest.mark.corpus
@pytest.mark.parametrize("model", CORPUS)
def test_models_of_other_people(surgery: Do, corpus: Path, model: str) -> None:
    _check_whole(surgery("nothing_removed", path=str(corpus / model)))
    smaller = surgery("some_removed", path=str(corpus / model))
    _check_smaller(smaller)
    assert (smaller["removed"] > 0) == ("lstm" not in model)


def test_a_large_architecture_with_gates_and_residuals(surgery: Do) -> None:
    smaller = surgery("some_removed", application="MobileNetV3Small")
    _check_smaller(smaller)
    assert smaller["params"][1] < 0.5 * smaller["params"][0]


def test_a_layer_without_channels_is_refused(surgery: Do) -> None:
    with pytest.raises(UsageError, match="at least one of its channels") as caught:
        surgery("empty", small="residual")
    assert "stem without any of its 6" in str(caught.value)


def test_a_layer_that_cannot_be_made_again_is_named(surgery: Do) -> None:
    with pytest.raises(ModelError, match="own configuration") as caught:
        surgery("nothing_removed", small="secretive")
    assert "Secretive" in str(caught.value)
    assert "get_config" in str(caught.value)
