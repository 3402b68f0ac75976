"""The callbacks prune while somebody's own loop trains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import UsageError

pytestmark = pytest.mark.convert


@pytest.fixture(scope="module")
def case(start_cases: Callable[[Path], Any]) -> Any:
    return start_cases(Path(__file__).parent / "decay_worker.py")


def test_the_schedule_is_the_published_cubic(case: Any):
    got = case(
        "schedule",
        steps=[0, 9, 10, 60, 110, 200],
        sparsity=0.8,
        begin_step=10,
        end_step=110,
        initial_sparsity=0.2,
    )
    # 0.8 - 0.6 * (1 - 0.5)**3 = 0.725, by hand
    assert got == pytest.approx([0, 0, 0.2, 0.725, 0.8, 0.8])


def test_sparsity_rises_step_by_step_and_holds_to_the_end(case: Any):
    result = case("train", sparsity=0.5, begin_step=4, end_step=24, frequency=5)
    seen = result["seen"]
    assert len(seen) == 32
    assert seen[:3] == [0, 0, 0]
    assert seen == sorted(seen)
    # chosen at steps 4, 9, 14, 19 and 24: kernel of 576 weights
    expected = [0.5 - 0.5 * (1 - done / 20) ** 3 for done in (5, 10, 15)]
    assert [seen[8], seen[13], seen[18]] == pytest.approx(expected, abs=1 / 576)
    assert seen[23:] == [0.5] * 9
    assert result["moved"]


def test_every_kernel_but_depthwise_is_pruned(case: Any):
    zeros = case("train", sparsity=0.75, end_step=32)["zeros"]
    assert zeros == {"first": 0.75, "deep": 0, "point": 0.75, "last": 0.75}


def test_selected_layers_only(case: Any):
    chosen = {"sparsity": 0.5, "end_step": 16}
    zeros = case("train", layers=["inner/.*", "deep"], **chosen)["zeros"]
    assert zeros == {"first": 0, "deep": 0.5, "point": 0.5, "last": 0}
    zeros = case("train", keep=["last", "point"], **chosen)["zeros"]
    assert zeros == {"first": 0.5, "deep": 0, "point": 0, "last": 0}


def test_the_smallest_weights_go_and_the_others_stay(case: Any):
    result = case("smallest_go")
    assert result["largest_gone"] <= result["smallest_left"]
    assert result["same"]


def test_a_pattern_holds_in_each_group_of_inputs(case: Any):
    result = case("train", pattern="1:4", end_step=20, frequency=4)
    assert result["zeros_of_four"] == [3]
    assert result["zeros"]["first"] == 0.75
    assert result["seen"] == sorted(result["seen"])


def test_a_resumed_run_goes_on_in_the_schedule(case: Any):
    whole = case("train", epochs=4, sparsity=0.5, end_step=32, frequency=1)
    rest = case("train", epochs=4, first_epoch=2, sparsity=0.5, end_step=32, frequency=1)
    assert rest["steps"] == 16
    assert rest["seen"] == whole["seen"][16:]


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"sparsity": 1.0, "end_step": 8}, "below 1"),
        ({"sparsity": -0.1, "end_step": 8}, "below 1"),
        ({"end_step": 8}, "below 1"),
        ({"sparsity": 0.5, "end_step": 8, "initial_sparsity": 0.6}, "initial sparsity"),
        ({"sparsity": 0.5, "begin_step": 8, "end_step": 8}, "end after it began"),
        ({"sparsity": 0.5, "end_step": 8, "frequency": 0}, "frequency"),
        ({"sparsity": 0.5, "end_step": 8, "power": 0}, "power"),
        ({"pattern": "4:2", "end_step": 8}, "pattern must be N:M"),
        ({"pattern": "two:four", "end_step": 8}, "pattern must be N:M"),
        ({"pattern": "2:4", "sparsity": 0.6, "end_step": 8}, "that of the pattern"),
        ({"sparsity": 0.5, "end_step": 33}, "must end before training does"),
        ({"sparsity": 0.5, "end_step": 8, "layers": ["frist"]}, "matches no layer"),
        ({"sparsity": 0.5, "end_step": 8, "layers": ["("]}, "regular expression"),
        ({"sparsity": 0.5, "end_step": 8, "keep": [".*"]}, "no kernel"),
    ],
)
def test_what_makes_no_sense_is_refused(case: Any, options: dict[str, Any], rule: str):
    with pytest.raises(UsageError, match=rule):
        case("train", **options)


def test_a_mistyped_layer_gets_the_nearest_name(case: Any):
    with pytest.raises(UsageError) as caught:
        case("train", sparsity=0.5, end_step=8, layers=["frist"])
    assert caught.value.hint == "did you mean 'first'?"


def test_training_of_unknown_length_says_what_to_pass(case: Any):
    with pytest.raises(UsageError, match="number of steps") as caught:
        case("unknown_length")
    assert "steps_per_epoch" in str(caught.value)


def test_zeros_stay_zero_while_the_rest_learns(case: Any):
    result = case("keep_zeros", keep=True)
    assert result == {"kept": True, "others_zero": 0, "bias_learned": True}
    assert not case("keep_zeros", keep=False)["kept"]  # without it they come back
