"""Whole models pruned: the digits sample, and resnet8 of the corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import DataError, ModelError, UsageError

pytestmark = pytest.mark.convert

Do = Callable[..., dict[str, Any]]
HALF = {"sparsity": 0.5}
LOOSE = {"method": "unstructured"}


@pytest.fixture(scope="module")
def child(start_cases: Callable[[Path], Do]) -> Do:
    """`child(name, **request)`: what a function of `pruning_worker.py` answers."""
    return start_cases(Path(__file__).with_name("pruning_worker.py"))


@pytest.fixture(scope="module")
def on_digits(child: Do, digits: Path) -> Do:
    """`on_digits(pruning, ...)`: the digits sample pruned; each request is computed once."""
    known: dict[str, dict[str, Any]] = {}

    def do(pruning: dict[str, Any], **rest: Any) -> dict[str, Any]:
        key = repr((pruning, rest))
        if key not in known:
            known[key] = child("prune", which="digits", folder=str(digits), pruning=pruning, **rest)
        return known[key]

    return do


def test_a_view_computes_what_the_layer_computes_and_writes_back(child: Do) -> None:
    for name, (read, stored) in child("views").items():
        assert read < 1e-5, name
        assert stored < 1e-5, name


def test_what_is_no_plain_layer_has_no_view(child: Do) -> None:
    assert all(child("unviewable").values())


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


def test_the_same_seed_gives_the_same_bytes(on_digits: Do) -> None:
    for pruning in (HALF, {**HALF, **LOOSE}):
        one, two = on_digits(pruning), on_digits(pruning, seed=0)
        assert one["hash"] == two["hash"]
        assert on_digits(pruning, seed=1)["hash"] != one["hash"]


@pytest.mark.parametrize("importance", ["l1", "bn_scale", "taylor", "obs"])
def test_every_importance_ranks_all_channels(child: Do, digits: Path, importance: str) -> None:
    found = child("rankings", folder=str(digits), by=importance)
    assert set(found) == {"conv1", "conv2", "conv3"}
    for name, order in found.items():
        assert len(set(order)) == len(order) >= {"conv1": 31, "conv2": 63, "conv3": 63}[name]


def test_taylor_is_activation_times_gradient(child: Do, digits: Path) -> None:
    found = child("taylor", folder=str(digits))
    np.testing.assert_allclose(found["got"], found["wanted"], rtol=1e-4, atol=1e-5)


def test_layers_and_keep_choose_what_is_pruned(on_digits: Do) -> None:
    only = on_digits({**HALF, "layers": ["conv3"]}, samples=False)
    assert set(only["layers"]) == {"conv3", "digit"}
    kept = on_digits({**HALF, "keep": ["conv2", "conv3"]}, samples=False)
    assert kept["layers"]["conv1"][0] == [32, 16]
    assert "conv3" not in kept["layers"]


def test_half_of_the_weights_of_digits_are_zero(on_digits: Do) -> None:
    result = on_digits({**HALF, **LOOSE})
    gone = sum(mask["gone"] for mask in result["masks"].values())
    total = sum(mask["size"] for mask in result["masks"].values())
    assert gone == round(total / 2)
    assert result["sparsity"] == pytest.approx(0.5, abs=1e-4)
    assert all(mask["zero where gone"] for mask in result["masks"].values())
    assert result["parameters"][0] == result["parameters"][1]
    assert result["macs"][0] == result["macs"][1]
    assert "depthwise" in result["left_alone"]
    assert "conv1" in result["left_alone"]
    assert "download" in result["notes"][0]
    assert result["accuracy"] >= result["float"] - 0.01


def test_by_magnitude_every_layer_loses_the_same_fraction(on_digits: Do) -> None:
    result = on_digits({**HALF, **LOOSE, "reconstruct": False})
    assert {mask["gone"] / mask["size"] for mask in result["masks"].values()} == {0.5}
    assert result["tried"] == {}
    assert on_digits({**HALF, **LOOSE}, samples=False)["hash"] == result["hash"]


def test_without_reconstruction_samples_choose_channels_and_fit_nothing(on_digits: Do) -> None:
    fitted, chosen = on_digits(HALF), on_digits({**HALF, "reconstruct": False})
    small = on_digits({**HALF, "reconstruct": False, "importance": "l1"})
    assert chosen["lines"] == ["choosing channels by obs"]
    assert chosen["tried"] == {}
    assert chosen["layers"] == fitted["layers"]
    assert len({fitted["hash"], chosen["hash"], small["hash"]}) == 3
    assert chosen["accuracy"] < fitted["accuracy"]


def test_a_pattern_holds_in_every_four_inputs(on_digits: Do) -> None:
    for samples in (True, False):
        result = on_digits({**LOOSE, "pattern": "2:4"}, samples=samples)
        assert result["sparsity"] == 0.5
        for mask in result["masks"].values():
            assert mask["most of each four"] == 2
            assert mask["zero where gone"]


def test_weights_of_layers_to_keep_stay(on_digits: Do) -> None:
    result = on_digits({**HALF, **LOOSE, "keep": ["conv.*"]}, samples=False)
    assert set(result["masks"]) == {"pointwise", "digit"}
    assert result["left_alone"]["conv3"] == "it is among the layers to keep"


def test_very_few_samples_do_no_harm(on_digits: Do) -> None:
    few = on_digits(HALF, few=6)
    assert few["sparsity"] == 0.5
    assert few["accuracy"] > on_digits(HALF, samples=False)["accuracy"] - 0.05


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


@pytest.mark.corpus
def test_resnet8_keeps_its_accuracy_at_half_of_the_weights(child: Do, corpus: Path) -> None:
    pruning = {**LOOSE, **HALF}
    result = child("prune", which="resnet8", folder=str(corpus), pruning=pruning)
    assert result["accuracy"] > result["float"] - 0.03


@pytest.mark.corpus
def test_resnet8_without_a_quarter_of_its_inner_channels(child: Do, corpus: Path) -> None:
    pruning = {"sparsity": 0.25, "layers": ["conv2d_1", "conv2d_3", "conv2d_6"]}
    result = child("prune", which="resnet8", folder=str(corpus), pruning=pruning)
    assert result["sparsity"] == 0.25
    assert result["accuracy"] > 0.79
