"""The callback that judges epochs: the best weights, patience, losses that are no numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest

pytestmark = pytest.mark.convert


def test_the_best_epoch_is_kept_and_patience_ends_it(case: Any) -> None:
    found = case("schedule", losses_by_epoch=[0.9, 0.5, 0.6, 0.7, 0.1], patience=2, epochs=9)
    assert (found["epoch"], found["best_epoch"], found["best"]) == (4, 2, 2.0)
    assert found["losses"] == [1.0, 0.9, 0.5, 0.6, 0.7]
    assert found["stopped"] == "no better for 2 epochs"
    assert found["saved"] == [1, 2, 3, 4]
    assert "epoch 2/9: loss 0.5, validation 0.5 (best)" in found["lines"][1]
    assert "(best)" not in found["lines"][2]


def test_the_last_epoch_is_no_early_end(case: Any) -> None:
    found = case("schedule", losses_by_epoch=[2.0, 3.0], patience=2, epochs=2)
    assert found["stopped"] == ""
    assert found["best_epoch"] == 0 and found["epoch"] == 2


def test_a_validation_loss_that_is_no_number_ends_it_and_is_not_saved(case: Any) -> None:
    found = case("schedule", losses_by_epoch=[0.5, math.nan, 0.1], patience=5, epochs=3)
    assert found["stopped"] == "the validation loss became nan in epoch 2"
    assert found["saved"] == [1] and found["losses"] == [1.0, 0.5]
    assert found["lines"][-1].endswith("the weights of epoch 1 stay")


def test_a_batch_that_is_no_number_ends_it(case: Any) -> None:
    found = case("schedule", losses_by_epoch=[0.5, 0.4, 0.3], patience=5, epochs=3, nan_batch=1)
    assert found["stopped"] == "the loss became nan in epoch 2"
    assert (found["epoch"], found["best_epoch"]) == (1, 1)


def test_dropout_depends_on_seed_and_epoch_alone(case: Any) -> None:
    found = case("random_layers")
    assert found["one"] and found["one"] == found["same"]
    assert found["one"] != found["next"] and found["one"] != found["other"]
