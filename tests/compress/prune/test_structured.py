"""Removing channels of the digits sample: how many, which ones, and what samples are worth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.convert
Do = Callable[..., dict[str, Any]]


HALF = {"sparsity": 0.5}


def test_half_of_the_channels_of_digits_go_and_it_still_reads(on_digits: Do) -> None:
    result = on_digits(HALF)
    assert result["sparsity"] == 0.5
    assert result["parameters"][1] == result["counted"] < 0.4 * result["parameters"][0]
    assert result["macs"][1] < 0.3 * result["macs"][0]
    widths = {name: width for name, (width, _) in result["layers"].items()}
    assert widths["conv1"] == [32, 16]
    assert widths["pointwise"] == widths["conv2"] == [64, 32]
    assert widths["digit"] == [10, 10]
    assert result["accuracy"] > 0.95


def test_samples_are_worth_most_of_what_is_lost(on_digits: Do) -> None:
    blind = on_digits(HALF, samples=False)
    assert blind["sparsity"] == 0.5
    assert blind["tried"] == {}
    assert on_digits(HALF)["accuracy"] > blind["accuracy"] + 0.1


def test_the_smallest_error_on_held_back_samples_is_taken(on_digits: Do) -> None:
    result = on_digits({"to_macs": 0.5})
    assert len(result["tried"]) >= 4
    best = min(result["tried"], key=result["tried"].get)
    assert any(line.startswith(f"{best}:") for line in result["lines"])


@pytest.mark.parametrize(("kind", "aim"), [("to_macs", 0.5), ("to_size", 0.6)])
def test_a_target_is_held(on_digits: Do, kind: str, aim: float) -> None:
    result = on_digits({kind: aim})
    before, after = result["macs" if kind == "to_macs" else "parameters"]
    assert 0.6 * aim < after / before <= aim + 0.01


def test_layers_and_keep_choose_what_is_pruned(on_digits: Do) -> None:
    only = on_digits({**HALF, "layers": ["conv3"]}, samples=False)
    assert set(only["layers"]) == {"conv3", "digit"}
    kept = on_digits({**HALF, "keep": ["conv2", "conv3"]}, samples=False)
    assert kept["layers"]["conv1"][0] == [32, 16]
    assert "conv3" not in kept["layers"]


def test_without_reconstruction_samples_choose_channels_and_fit_nothing(on_digits: Do) -> None:
    fitted, chosen = on_digits(HALF), on_digits({**HALF, "reconstruct": False})
    small = on_digits({**HALF, "reconstruct": False, "importance": "l1"})
    assert chosen["lines"] == ["choosing channels by obs"]
    assert chosen["tried"] == {}
    assert chosen["layers"] == fitted["layers"]
    assert len({fitted["hash"], chosen["hash"], small["hash"]}) == 3
    assert chosen["accuracy"] < fitted["accuracy"]


def test_very_few_samples_do_no_harm(on_digits: Do) -> None:
    few = on_digits(HALF, few=6)
    assert few["sparsity"] == 0.5
    assert few["accuracy"] > on_digits(HALF, samples=False)["accuracy"] - 0.05


@pytest.mark.corpus
def test_resnet8_without_a_quarter_of_its_inner_channels(child: Do, corpus: Path) -> None:
    pruning = {"sparsity": 0.25, "layers": ["conv2d_1", "conv2d_3", "conv2d_6"]}
    result = child("prune", which="resnet8", folder=str(corpus), pruning=pruning)
    assert result["sparsity"] == 0.25
    assert result["accuracy"] > 0.79
