"""Which columns are judged together, and the least difference that counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.output_kinds import Columns
from edgekit.core.records import TensorSpec
from edgekit.pipeline.bundle import column_units
from tests.pipeline.files import converted

RANDOM = np.random.default_rng(0)
BOXES = Columns(kind="boxes", start=0, stop=4)
SCORES = Columns(kind="scores", start=4, stop=7)
DET = TensorSpec(name="det", shape=(1, 64, 7), dtype="float32", columns=(BOXES, SCORES))


def detections(samples: int = 8, rows: int = 64) -> np.ndarray:
    """Boxes of 0 to 320 and scores of 0 to 1."""
    values = RANDOM.random((samples, rows, 7))
    values[..., :4] *= 320
    return values.astype(np.float32)


def ends(groups: column_units.Groups) -> list[tuple[int, int]]:
    return [(group.start, group.stop) for group in groups]


def test_units_are_steps_or_a_share_of_the_largest_value(tmp_path):
    made = converted(tmp_path, "float16", "static_wi8_ai8")
    outputs = {"y": np.array([[-2.0, 1.0] * 4], np.float32)}

    def unit(recipe: str) -> float:
        artifact = made[recipe]
        [group] = column_units.by_output(Path(artifact.path), artifact, outputs)["y"]
        return group.unit

    assert unit("float32") == unit("float16") == 2 * 2.0**-20
    # An int8 file's output is a whole number of steps, whether or not it ends in DEQUANTIZE.
    assert unit("static_wi8_ai8") > 2 * 2.0**-8 / 4


@pytest.mark.parametrize("is_integer", [False, True])
def test_scores_have_a_unit_of_their_own_beside_boxes(is_integer):
    found = column_units.groups(DET, detections(), None, is_integer=is_integer)
    assert ends(found) == [(0, 4), (4, 7)]
    share = 2.0**-8 if is_integer else 2.0**-20
    assert [group.unit for group in found] == pytest.approx([320 * share, share], rel=0.05)
    assert found[1].size == pytest.approx(np.sqrt(1 / 3), rel=0.05)


def test_columns_of_one_step_are_one_group():
    found = column_units.groups(DET, detections(), 1.25, is_integer=True)
    assert ends(found) == [(0, 7)]
    assert found[0].unit == pytest.approx(1.25, rel=1e-3)


def test_what_nobody_knows_is_taken_as_values_about_their_mean():
    spec = TensorSpec(name="sensors", shape=(1, 6), dtype="float32")
    values = RANDOM.normal(size=(8, 6)).astype(np.float32)
    values[:, 4] = 1000 + values[:, 4]
    found = column_units.groups(spec, values, None, is_integer=True)
    assert (found[0].start, found[-1].stop) == (0, 6)
    assert all(group.unit < 0.04 for group in found)  # of 1000, 1/256 would be 4
    assert all(group.size == pytest.approx(1, rel=0.9) for group in found)


def test_columns_that_stand_still_count_by_their_size():
    spec = TensorSpec(name="y", shape=(1, 2), dtype="float32")
    values = np.full((8, 2), 3.0, np.float32)
    [group] = column_units.groups(spec, values, None, is_integer=True)
    assert (group.unit, group.size) == (pytest.approx(3 / 256, rel=1e-3), 3.0)


def test_of_few_rows_no_column_is_looked_at_alone():
    found = column_units.groups(DET, detections(1, 3), None, is_integer=True)
    assert ends(found) == [(0, 4), (4, 7)]
    values = TensorSpec(name="y", shape=(1, 7), dtype="float32")
    few = column_units.groups(values, detections(3, 1)[:, 0], None, is_integer=True)
    assert ends(few) == [(0, 7)]


def test_kinds_that_share_a_scale_are_one_group():
    spec = TensorSpec(name="y", shape=(1, 7), dtype="float32", kind="classes")
    found = column_units.groups(spec, detections(8, 1)[:, 0], None, is_integer=False)
    assert ends(found) == [(0, 7)]


def test_whole_numbers_and_values_without_a_number_have_no_unit():
    spec = TensorSpec(name="y", shape=(1, 2), dtype="int32", kind="ids")
    [group] = column_units.groups(spec, np.arange(16).reshape(8, 2), None, is_integer=True)
    assert group.unit == 0
    nan = np.full((8, 2), np.nan, np.float32)
    spec = TensorSpec(name="y", shape=(1, 2), dtype="float32")
    [group] = column_units.groups(spec, nan, None, is_integer=True)
    assert (group.unit, group.size) == (0, 0)
