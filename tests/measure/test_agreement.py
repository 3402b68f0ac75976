"""Decisions of two files are compared by what an output is; masks by how far they overlap, too."""

import numpy as np
import pytest

from edgekit.core.records import Contract, TensorSpec
from edgekit.measure import fidelity
from edgekit.measure.agreement import decisions_agree, masks_iou, threshold


def spec(array, kind, **said):
    shape = (1, *array.shape[1:])
    return TensorSpec(name="out", shape=shape, dtype="float32", kind=kind, **said)


def test_classes_by_position_and_tags_by_value():
    a = np.array([[0.9, 0.6, 0.1], [0.2, 0.3, 0.4]])
    b = np.array([[0.7, 0.8, 0.1], [0.2, 0.3, 0.6]])
    assert decisions_agree(a, b, spec(a, "classes")).tolist() == [0, 1]
    assert decisions_agree(a, b, spec(a, "tags")).tolist() == pytest.approx([1, 2 / 3])
    assert decisions_agree(a, b, spec(a, "values")) is None


def test_a_threshold_is_that_of_probabilities_or_of_logits():
    a = np.array([[0.2], [0.8]])
    assert threshold(a, spec(a, "binary")) == 0.5
    assert threshold(a, spec(a, "binary", activation="none")) == 0.0
    assert threshold(3 * a, spec(a, "binary")) == 0.0


def masks(*ids):
    return np.eye(3)[np.array(ids).reshape(len(ids), 2, 2)]


def test_masks_overlap_by_class_over_those_that_either_finds():
    a = masks([0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 2])
    b = masks([0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1])
    found = masks_iou(a, b, spec(a, "mask"))
    assert found.tolist() == pytest.approx([(3 / 4 + 0) / 2, 1, (1 + 1 / 2 + 0) / 3])
    # Pixels alone hardly see that the only object is gone.
    assert decisions_agree(a, b, spec(a, "mask"))[0] == 0.75


@pytest.mark.parametrize("shape", [(3, 2, 2, 1), (3, 2, 2)])
def test_masks_of_one_channel_are_their_object(shape):
    a = np.array([0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1]).reshape(shape) * 0.9
    b = np.array([0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0]).reshape(shape) * 0.8
    assert masks_iou(a, b, spec(a, "mask")).tolist() == pytest.approx([0.5, 1, 0.5])


def test_other_outputs_are_no_masks():
    a = masks([0, 0, 0, 1])
    assert masks_iou(a, a, spec(a, "image")) is None
    assert masks_iou(a[:, 0, 0], a[:, 0, 0], spec(a[:, 0, 0], "mask")) is None


def test_fidelity_shows_the_overlap_of_masks():
    a = masks([0, 0, 0, 1], [0, 1, 0, 2])
    b = masks([0, 0, 0, 0], [0, 1, 0, 2])
    contract = Contract(inputs=(), outputs=(spec(a, "mask"),))
    found = {m.name: m for m in fidelity.compare({"out": a}, {"out": b}, contract)}
    assert found["agreement_iou"].raw == pytest.approx((0.375, 1.0))
    assert found["agreement_iou"].value == pytest.approx(0.6875)
    tags = Contract(inputs=(), outputs=(spec(a, "tags"),))
    names = [m.name for m in fidelity.compare({"out": a}, {"out": b}, tags)]
    assert "agreement_iou" not in names and "agreement_all" in names
