"""Detectors agree by the boxes that both have, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.core.records import TensorSpec
from edgekit.measure import fidelity
from edgekit.measure.detection import box_agreement
from tests.measure.detection import contracts_of_boxes as boxes

FLOAT = np.concatenate(
    [
        boxes.rows((10, 10, 30, 30, 0, 0.9), (40, 20, 60, 40, 2, 0.8)),
        boxes.rows((10, 10, 30, 30, 1, 0.9)),
        boxes.rows((10, 10, 30, 30, 1, 0.2)),
    ]
)


def agree(candidate, there=None):
    return box_agreement.boxes_agree({"det": FLOAT}, {"det": candidate}, there or boxes.contract())


def test_a_file_agrees_with_itself():
    assert agree(FLOAT).tolist() == [1, 1, 1]


def test_boxes_without_an_area_are_not_seen():
    flat = FLOAT.copy()
    flat[0, 1, 2] = 0
    assert box_agreement.boxes_agree({"det": flat}, {"det": flat}, boxes.contract()).tolist() == [
        *(1, 1, 1)
    ]
    assert agree(flat).tolist() == [2 / 3, 1, 1]


def test_the_share_of_boxes_that_both_have():
    other = FLOAT.copy()
    other[0, 0, 0] += 15  # one of two is elsewhere
    other[1, 0, 4:] = [0.9, 0, 0]  # of another class
    other[2, 0, 5] = 0.3  # shown by one alone
    assert agree(other).tolist() == [0.5, 0, 0]


def test_what_an_app_would_show_counts():
    other = FLOAT.copy()
    other[2, 0, 5] = 0.24
    assert agree(other).tolist() == [1, 1, 1]
    assert agree(other, boxes.stated(score_threshold=0.21)).tolist() == [1, 1, 0]


def test_outputs_that_are_no_detectors():
    assert agree(FLOAT, boxes.contract(boxes.output())) is None
    flat = TensorSpec(name="x", shape=(1, 8), dtype="float32")
    assert agree(FLOAT, boxes.contract(image=flat)) is None


def test_a_decoder_that_is_stated_must_fit():
    with pytest.raises(DataError, match="must be probabilities"):
        agree(FLOAT - 6, boxes.stated())


def test_fidelity_shows_it_as_agreement_and_none_for_what_it_follows_from():
    other = FLOAT.copy()
    other[1, 0, 4:] = [0.9, 0, 0]
    there = boxes.contract(
        boxes.output("where", (1, 6, 4), kind="boxes"),
        boxes.output("what", (1, 6, 3), kind="scores"),
        boxes.output("ids", (1, 1), kind="ids"),
    )
    runs = [
        {"where": a[..., :4], "what": a[..., 4:], "ids": np.zeros((3, 1))} for a in (FLOAT, other)
    ]
    found = {metric.name: metric for metric in fidelity.compare(*runs, there)}
    assert found["agreement@where"].raw == (1, 0, 1)
    assert found["agreement@where"].low is not None
    assert found["agreement@ids"].value == 1
    assert "agreement@what" not in found
    assert found["agreement"].raw == (1, 0, 1)


def test_fidelity_of_an_unknown_output_has_no_agreement():
    there = boxes.contract(boxes.output())
    found = fidelity.compare({"det": FLOAT}, {"det": FLOAT}, there)
    assert "agreement" not in {metric.name for metric in found}
