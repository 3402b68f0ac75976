"""Samples as batches: their order, which of them judge, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.compress.train import batches
from edgekit.compress.train.augment import Augmentation
from edgekit.compress.train.batches import Batches, divide
from edgekit.core.errors import DataError
from edgekit.core.records import TensorSpec
from edgekit.data.samples import Samples
from edgekit.frontend.load.loaded import LoadedModel


def _batches(count: int, size: int, augmentation: Augmentation | None = None) -> Batches:
    samples = Samples(inputs={"x": np.arange(count)[:, None]}, labels=np.arange(count))
    return Batches(
        train=samples,
        judge=samples,
        dtypes={"x": "float32"},
        size=size,
        seed=0,
        augmentation=augmentation or Augmentation(),
        floats=frozenset({"x"}),
    )


def test_an_epoch_is_its_own_order_of_whole_batches():
    data = _batches(21, 5)
    first, again, second = (list(data.epoch(epoch)) for epoch in (0, 0, 1))
    seen = [np.concatenate([x["x"][:, 0] for x, _ in epoch]) for epoch in (first, again, second)]
    assert len(first) == data.steps == 4
    assert len(set(seen[0])) == 20 and np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])
    assert all(np.array_equal(x["x"][:, 0], y["output_0"]) for x, y in first)
    assert first[0][0]["x"].dtype == np.float32


def test_too_few_samples_for_a_fixed_batch_are_repeated():
    ((x, _),) = _batches(3, 8).epoch(0)
    assert len(x["x"]) == 8 and set(x["x"][:, 0]) == {0, 1, 2}


@pytest.mark.parametrize(
    ("count", "held"), [(2000, 200), (400, 50), (100, 20), (10, 2), (4, 1), (3, 3), (1, 1)]
)
def test_a_share_is_held_back_fifty_at_least_or_a_fifth(count: int, held: int):
    samples = Samples(inputs={"x": np.arange(count)[:, None]})
    train, judge = divide(samples, 0.1, 0)
    assert len(judge) == held
    if count > 3:
        both = np.concatenate([train.inputs["x"], judge.inputs["x"]])
        assert sorted(both[:, 0]) == list(range(count))


def test_samples_that_a_student_was_fitted_to_do_not_judge() -> None:
    samples = Samples(inputs={"x": np.arange(100, dtype=np.float32)[:, None]})
    fitted = samples.take(range(60))
    train, judge = divide(samples, 0.1, 0, fitted)
    assert len(judge) == 20
    assert judge.inputs["x"].min() >= 60
    assert sorted([*train.inputs["x"].ravel(), *judge.inputs["x"].ravel()]) == list(range(100))
    _, few = divide(samples, 0.5, 0, fitted)
    assert len(few) == 40  # all that there are
    train, judge = divide(samples, 0.1, 0, samples)
    assert (len(train), len(judge)) == (80, 20)


def test_what_judges_is_varied_too_and_the_same_each_time() -> None:
    plain, varied = _batches(40, 8), _batches(40, 8, Augmentation(mix=True))
    once, again = ([x["x"] for x, *_ in varied._judging(False)] for _ in range(2))
    assert all((a == b).all() for a, b in zip(once, again, strict=True))
    count = len(list(plain._judging(False)))
    assert len(once) == 3 * count
    own = np.concatenate(once[:count])
    assert (own == varied.judge.inputs["x"]).all()
    assert (np.concatenate(once[count : 2 * count]) != own).any()


@pytest.mark.parametrize(("count", "size"), [(512, 32), (511, 16), (256, 16), (255, 8), (1, 8)])
def test_few_samples_make_small_batches(count: int, size: int):
    assert batches.usual_size(count) == size


def model(*specs: TensorSpec, **id_limits: int) -> LoadedModel:
    return LoadedModel(
        kind="keras3",
        name="net",
        inputs=specs,
        outputs=(),
        trackable=None,
        call=dict,
        id_limits=id_limits,
    )


PIXELS = TensorSpec(name="x", shape=(-1, 3), dtype="float32")
IDS = TensorSpec(name="ids", shape=(-1, 2), dtype="int32")


def test_samples_that_fit_are_taken_as_they_are():
    samples = Samples(inputs={"x": np.ones((4, 3)), "ids": np.array([[0, 9]] * 4)})
    found = batches.check(samples, model(PIXELS, IDS, ids=10))
    assert found.inputs["x"].shape == (4, 3)
    assert len(found) == 4


@pytest.mark.parametrize(
    ("inputs", "received"),
    [
        ({"x": np.ones((4, 3)), "idz": np.zeros((4, 2))}, "an input 'idz'"),
        ({"x": np.ones((4, 3))}, "no input 'ids'"),
        ({"x": np.ones((0, 3)), "ids": np.zeros((0, 2))}, "none"),
        ({"x": np.ones((4, 3)), "ids": np.array([[0, 10]] * 4)}, "0 to 10"),
        ({"x": np.ones((4, 3)), "ids": np.array([[-1, 0]] * 4)}, "-1 to 0"),
        ({"x": np.full((4, 3), np.nan), "ids": np.zeros((4, 2))}, "12 of 12 values"),
    ],
)
def test_samples_that_do_not_fit_are_refused(inputs: dict[str, np.ndarray], received: str):
    with pytest.raises(DataError) as caught:
        batches.check(Samples(inputs=inputs), model(PIXELS, IDS, ids=10))
    assert caught.value.received.startswith(received)
