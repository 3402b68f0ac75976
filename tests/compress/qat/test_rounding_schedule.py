from __future__ import annotations

import numpy as np

from edgekit.compress.qat import rounding_schedule
from edgekit.compress.qat.rounding_schedule import Batches, Schedule
from tests.quantize import tiny_models as tiny

DTYPES = {"x": "float32", "ids": "int32"}
X = {"x": tiny.random(10, 9, 9, 3), "ids": np.arange(10)[:, None]}
FLOATS = {"x": X["x"]}


def batches(**how) -> Batches:
    return Batches({"x": "float32"}, FLOATS, Schedule(steps=9, batch_size=4, **how))


def test_a_larger_model_has_fewer_steps_and_smaller_batches():
    tiny_net = rounding_schedule.of(tiny.picture_net(), 3)
    assert (tiny_net.steps, tiny_net.batch_size, tiny_net.seed) == (1500, 16, 3)
    net = tiny.Network(shape=(448, 448, 3))
    y = net.conv(net.x, tiny.random(64, 3, 3, 3), None)
    large = rounding_schedule.of(net.finish(y=net.mean(y)), 0)
    assert 50 < large.steps < 200
    assert large.batch_size == 4
    assert rounding_schedule.of(net.finish(y=net.mean(y)), 0, steps=7).steps == 7


def test_half_of_a_batch_is_as_it_is_and_the_other_half_varied():
    x = tiny.random(10, 24, 24, 3)
    batch = Batches({"x": "float32"}, {"x": x}, Schedule(steps=9, batch_size=4)).at(0)["x"]
    known = [any(np.array_equal(row, one) for one in x) for row in batch]
    assert batch.shape == (4, 24, 24, 3)
    assert known == [False, False, True, True]


def test_each_sample_is_taken_once_in_an_epoch_and_the_order_follows_from_step_and_seed():
    # Integers are never varied, so that they tell which samples were taken.
    made = Batches(DTYPES, X, Schedule(steps=9, batch_size=5))
    first, second = (made.at(step)["ids"].ravel().tolist() for step in (0, 1))
    assert sorted(first + second) == list(range(10))
    assert made.at(2)["ids"].ravel().tolist() != first
    again = Batches(DTYPES, X, Schedule(steps=9, batch_size=5)).at(1)
    np.testing.assert_array_equal(again["x"], made.at(1)["x"])
    assert not np.array_equal(batches(seed=1).at(0)["x"], batches().at(0)["x"])


def test_plain_samples_come_once_in_the_types_of_the_model():
    made = Batches(DTYPES, X, Schedule(steps=9, batch_size=4))
    plain = list(made.plain())
    assert [len(batch["x"]) for batch in plain] == [4, 4, 2]
    assert plain[0]["ids"].dtype == np.int32
    np.testing.assert_array_equal(np.concatenate([batch["x"] for batch in plain]), X["x"])


def test_fewer_samples_than_a_batch_are_all_of_it():
    made = Batches({"x": "float32"}, {"x": X["x"][:3]}, Schedule(steps=9))
    assert made.at(5)["x"].shape == (3, 9, 9, 3)
