"""Files that keep variables, inputs that are fed back, and text: what a session runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.core.records import Limits, Target
from edgekit.runtimes import local
from edgekit.runtimes.parallel import ParallelSession

MODELS = Path(__file__).parents[1] / "models"
STEPS = np.arange(12, dtype=np.float32).reshape(4, 3)
TOTALS = 2 * np.cumsum(STEPS, axis=0)


def test_a_file_that_keeps_variables_runs_samples_as_one_sequence() -> None:
    path = MODELS / "running_total.float32.tflite"
    with local.open_session(path, Target(), limits=Limits()) as session:
        first, again = (session.run({"x": STEPS})["y"] for _ in range(2))

        assert session.info.is_sequence
        np.testing.assert_array_equal(first, TOTALS)
        np.testing.assert_array_equal(again, TOTALS)  # each run starts afresh


def test_several_workers_leave_a_sequence_to_one() -> None:
    path = MODELS / "running_total.float32.tflite"
    with ParallelSession(path, Target(), 2, limits=Limits()) as session:
        np.testing.assert_array_equal(session.run({"x": STEPS})["y"], TOTALS)


def test_an_input_takes_what_an_output_gave_for_the_sample_before() -> None:
    path, carried = MODELS / "fed_total.float32.tflite", {"total": "new_total"}
    with ParallelSession(path, Target(), 2, limits=Limits()) as session:
        outputs = session.run({"x": STEPS}, carried=carried)

        np.testing.assert_array_equal(outputs["y"], TOTALS)
        np.testing.assert_array_equal(outputs["new_total"], TOTALS / 2)
        again = session.run({"x": STEPS[1:]}, carried=carried)["y"]
        np.testing.assert_array_equal(again, 2 * np.cumsum(STEPS[1:], axis=0))
        apart = session.run({"x": STEPS, "total": np.zeros_like(STEPS)})["y"]
        np.testing.assert_array_equal(apart, 2 * STEPS)


def test_text_goes_in_as_it_is() -> None:
    words = np.array([["red", "blue", "red"], ["rouge", "", "é"]])
    path = MODELS / "look_up_words.float32.tflite"
    with local.open_session(path, Target(), limits=Limits()) as session:
        assert session.info.inputs[0].dtype == "string"
        found = session.run({"x": words})["y"]
        np.testing.assert_array_equal(found, [[1, 2, 1], [0, 0, 0]])
        with pytest.raises(DataError, match="must be text"):
            session.run({"x": STEPS})


def test_numbers_are_not_read_from_text() -> None:
    path = MODELS / "running_total.float32.tflite"
    with (
        local.open_session(path, Target(), limits=Limits()) as session,
        pytest.raises(DataError, match="must be numbers"),
    ):
        session.run({"x": np.array([["1", "2", "3"]])})
