import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.output_kinds import Columns
from edgekit.core.records import TensorSpec
from edgekit.tflite.channels import MOST_CHANNELS, channels, worst


def spec(*shape, **words):
    return TensorSpec(name="y", shape=(1, *shape), dtype="float32", **words)


def noisy(rng, reference, error):
    return (reference + rng.normal(size=reference.shape) * error).astype(np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_scores_beside_boxes_are_seen(rng):
    boxes = rng.uniform(0, 320, (30, 64, 4))
    scores = rng.uniform(0, 1, (30, 64, 3))
    reference = np.concatenate([boxes, scores], axis=-1).astype(np.float32)
    lost = np.round(reference / 1.25) * 1.25  # int8's step for a range of 320
    columns = (
        Columns(kind="boxes", start=0, stop=4),
        Columns(kind="scores", start=4, stop=7),
    )
    found = {c.name: c.sqnr_db for c in channels(reference, lost, spec(64, 7, columns=columns))}
    assert min(found[f"y[{i}]"] for i in range(4)) > 45
    assert found["y: scores"] < 3
    nobody_knows = channels(reference, lost, spec(64, 7))
    assert worst(nobody_knows).columns[0] >= 4
    assert worst(nobody_knows).sqnr_db < 3


def test_truth_values_are_compared_as_numbers(rng):
    mask = rng.random((30, 12)) > 0.5
    other = mask.copy()
    other[:, 0] = ~other[:, 0]
    same, flipped = (worst(channels(mask, b, spec(12))) for b in (mask, other))
    assert same.sqnr_db == math.inf
    assert flipped.sqnr_db < 1


def test_an_offset_is_no_signal(rng):
    reference = (1000 + rng.normal(size=(200, 1))).astype(np.float32)
    (channel,) = channels(reference, np.full_like(reference, 1000.0), spec(1))
    assert channel.sqnr_db == pytest.approx(0, abs=0.2)
    assert channel.spread == pytest.approx(1, rel=0.1)
    assert channel.error == pytest.approx(1, rel=0.1)


def test_a_constant_channel_does_not_matter(rng):
    reference = rng.normal(size=(50, 3)).astype(np.float32)
    reference[:, 1] = 7
    found = channels(reference, noisy(rng, reference, 0.01), spec(3))
    assert [channel.name for channel in found] == ["y[0]", "y[2]"]


def test_where_all_is_constant_its_size_counts():
    reference = np.full((50, 3), 10.0, np.float32)
    (channel,) = channels(reference, reference + 1, spec(3))
    assert channel.sqnr_db == pytest.approx(20)


def test_decisions_that_stand_still_are_not_lost(rng):
    reference = np.full((40, 3), 1 / 3, np.float32) + rng.normal(size=(40, 3)) * 1e-4
    reference = reference.astype(np.float32)
    rounded = np.round(reference * 256) / 256
    values, classes = (
        worst(channels(reference, rounded, spec(3, kind=kind))).sqnr_db
        for kind in ("values", "classes")
    )
    assert values < 0
    assert classes > 25


def test_a_lively_tag_is_judged_by_itself(rng):
    reference = rng.uniform(0, 1, (100, 200)).astype(np.float32)
    wrong = reference.copy()
    wrong[:, 17] = 0.5
    tags = channels(reference, wrong, spec(200, kind="tags"))
    assert tags[0].name == "y"
    assert tags[0].sqnr_db > 20
    assert worst(tags).name == "y[17]"
    assert worst(tags).sqnr_db == pytest.approx(0, abs=0.3)


def test_many_columns_of_unknown_kind_are_a_field(rng):
    width = MOST_CHANNELS + 1
    reference = rng.normal(size=(20, width)).astype(np.float32)
    reference[:, 0] *= 1e-4  # the edge of a picture
    candidate = noisy(rng, reference, 0.01)
    assert len(channels(reference, candidate, spec(width))) == 1
    assert len(channels(reference, candidate, spec(width, kind="values"))) == width


def test_labels_name_channels(rng):
    reference = rng.normal(size=(20, 2)).astype(np.float32)
    found = channels(reference, reference, spec(2, kind="values", labels=("age", "weight")))
    assert [channel.name for channel in found] == ["y: age", "y: weight"]
    assert worst(found).sqnr_db == math.inf


@given(
    seed=st.integers(0, 2**16),
    exponents=st.lists(st.integers(-6, 6), min_size=1, max_size=5),
    offsets=st.lists(st.integers(-3, 3), min_size=1, max_size=5),
)
def test_neither_unit_nor_offset_of_a_channel_changes_its_figure(seed, exponents, offsets):
    rng = np.random.default_rng(seed)
    width = min(len(exponents), len(offsets))
    scale = 10.0 ** np.array(exponents[:width])
    shift = np.array(offsets[:width]) * scale
    plain = rng.normal(size=(60, width))
    error = rng.normal(size=(60, width)) * 0.05
    figures = [
        [c.sqnr_db for c in channels(a, a + b, spec(width))]
        for a, b in ((plain, error), (plain * scale + shift, error * scale))
    ]
    assert figures[0] == pytest.approx(figures[1], rel=1e-6)
