"""Ranges by input, and samples that leave them."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.records import Contract, TensorSpec
from edgekit.data import input_ranges
from edgekit.data.samples import Samples


def contract(**dtypes):
    return Contract(
        inputs=tuple(TensorSpec(name=n, shape=(1, 2), dtype=d) for n, d in dtypes.items()),
        outputs=(),
    )


def samples(rows, name="x"):
    return Samples(inputs={name: np.array(rows)})


def test_ranges_are_by_input_and_of_float_inputs_only():
    drawn = Samples(
        inputs={"a": np.array([[1, -2], [5, 0]], np.int16), "ids": np.array([[7, 8], [9, 1]])}
    )
    assert input_ranges.of(drawn, contract(a="float32", ids="int32")) == {
        "a": (-2.0, 5.0),
        "a[0]": (1.0, 5.0),
        "a[1]": (-2.0, 0.0),
    }


def test_strings_have_no_range():
    assert input_ranges.of(samples(["yes", "no"]), contract(x="string")) == {}


def test_an_excess_says_how_far_and_how_many():
    found = input_ranges.exceeding(
        samples([[0, 1.2], [-0.5, 0], [0.5, 1.04]]), {"x": (0, 1)}, by=0.05
    )
    assert found == [input_ranges.Excess(input="x", low=-0.5, high=1.2, fraction=0.5, samples=2)]
    text = found[0].beyond((0, 1))
    assert (
        text
        == "go beyond its calibration range, 0 to 1, by up to 0.5 of its width (to -0.5 and 1.2)"
    )


def test_within_the_range_and_unknown_inputs_are_left_alone():
    inside = samples([[0, 1], [0.5, 1.04]])
    assert input_ranges.exceeding(inside, {"x": (0, 1), "other": (0, 0)}, by=0.05) == []
    assert input_ranges.exceeding(inside, {}, by=0) == []


def test_a_range_without_width_is_left_by_any_other_value():
    [found] = input_ranges.exceeding(samples([[3.0, 3], [3, 4]]), {"x": (3, 3)}, by=0.05)
    assert (math.isinf(found.fraction), found.samples) == (True, 1)
    assert found.beyond((3, 3)) == "goes beyond its calibration range, 3 to 3, (to 4)"


def test_integers_do_not_wrap_around():
    drawn = Samples(inputs={"x": np.array([[0], [255]], np.uint8)})
    [found] = input_ranges.exceeding(drawn, {"x": (10.0, 200.0)}, by=0.0)
    assert (found.low, found.high, found.samples) == (0, 255, 2)


@given(
    st.lists(st.floats(-100, 100), min_size=2, max_size=20),
    st.floats(0.1, 50),
    st.floats(-50, 50),
    st.floats(0, 0.5),
)
def test_the_unit_does_not_matter(values, scale, shift, by):
    rows = np.array(values)[:, None]
    low, high = -40.0, 30.0
    one = input_ranges.exceeding(samples(rows), {"x": (low, high)}, by=by)
    moved = {"x": (low * scale + shift, high * scale + shift)}
    other = input_ranges.exceeding(samples(rows * scale + shift), moved, by=by)
    # A value on the very limit may fall on either side of it after rounding.
    outside = np.maximum(low - rows, rows - high) / (high - low)
    if (np.abs(outside - by) < 1e-9).any():
        return
    assert [o.samples for o in one] == [o.samples for o in other]
    for a, b in zip(one, other, strict=True):
        assert math.isclose(a.fraction, b.fraction, rel_tol=1e-6, abs_tol=1e-9)


def test_one_outlier_in_a_thousand_is_not_reported_but_one_in_a_hundred_is():
    rows = np.zeros((1000, 1))
    rows[0] = 2
    drift = input_ranges.unlike_calibration(samples(rows), {"x": (0, 1)})
    assert (drift.notes, drift.outside.any()) == ((), False)
    drift = input_ranges.unlike_calibration(samples(rows[:100]), {"x": (0, 1)})
    [note] = drift.notes
    assert note.startswith("input 'x': 1 of 100 evaluation samples goes beyond")
    assert "0 to 1, by up to 1 of its width (to 2)" in note
    assert np.flatnonzero(drift.outside).tolist() == [0]


def test_a_small_column_leaves_its_range_inside_that_of_a_large_one():
    rng = np.random.default_rng(0)
    rows = rng.uniform(0, 1, (400, 3)) * [1, 1000, 1]
    calibrated = input_ranges.of(samples(rows[:200]), contract(x="float32"))
    assert list(calibrated) == ["x", "x[0]", "x[1]", "x[2]"]
    later = samples(rows[200:])
    assert input_ranges.unlike_calibration(later, calibrated).notes == ()
    rows[200:, 2] += np.linspace(0, 2, 200)
    drift = input_ranges.unlike_calibration(samples(rows[200:]), calibrated)
    [note] = drift.notes
    assert note.startswith("column 2 of input 'x': 1")
    assert drift.outside[-50:].all() and not drift.outside[:5].any()


def test_of_many_columns_the_first_few_are_named():
    rows = np.zeros((20, 6))
    calibrated = input_ranges.of(samples(rows + np.arange(6)), contract(x="float32"))
    calibrated["x"] = (-100, 100)
    notes = input_ranges.unlike_calibration(samples(rows + 10), calibrated).notes
    assert len(notes) == 4 and notes[-1] == "input 'x': so do 3 more columns."


@given(st.integers(0, 2**32 - 1), st.sampled_from(["normal", "exponential", "lognormal"]))
def test_more_of_the_same_is_no_drift(seed, shape):
    """Of 26 columns, and 200 calibration samples."""
    rows = getattr(np.random.default_rng(seed), shape)(size=(1200, 26))
    calibrated = input_ranges.of(samples(rows[:200]), contract(x="float32"))
    calibrated["x"] = (-1e9, 1e9)
    assert input_ranges.unlike_calibration(samples(rows[200:]), calibrated).notes == ()
