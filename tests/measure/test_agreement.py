"""Agreement follows what an output is: what it decides, and how."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract, TensorSpec
from edgekit.measure import fidelity
from edgekit.measure.agreement import decisions_agree, masks_iou, threshold

outputs = arrays(np.float64, (6, 3), elements=st.integers(-1000, 1000).map(lambda v: v / 64))


def spec(kind, **words):
    return TensorSpec(name="y", shape=(1, 3), dtype="float32", kind=kind, **words)


def agree(a, b, kind, **words):
    found = decisions_agree(np.asarray(a), np.asarray(b), spec(kind, **words))
    return None if found is None else found.tolist()


def test_classes_by_sample_and_by_position():
    a = np.array([[1, 2, 3], [3, 2, 1], [1, 1, 0]], np.float32)
    b = np.array([[0, 0, 9], [0, 9, 0], [0, 1, 1]], np.float32)
    assert agree(a, b, "classes") == [1, 0, 0]
    picture = np.eye(4)[np.array([[[0, 1], [2, 3]]])]
    other = np.eye(4)[np.array([[[0, 1], [2, 0]]])]
    assert agree(picture, other, "classes") == agree(picture, other, "mask") == [0.75]


@given(outputs, outputs)
def test_agreement_is_symmetric_and_whole_with_itself(a, b):
    assert agree(a, b, "classes") == agree(b, a, "classes") == agree(2 * a + 1, b, "classes")
    assert agree(a, a, "classes") == [1] * 6
    assert agree(a, b, "tags") == agree(b, a, "tags")


@given(st.integers(2, 12), st.integers(0, 1000))
def test_the_largest_is_argmax_among_few_classes_and_many(count, seed):
    a, b = np.random.default_rng(seed).integers(0, 3, (2, 40, count))
    wanted = (a.argmax(axis=-1) == b.argmax(axis=-1)).astype(float)
    assert agree(a, b, "classes") == wanted.tolist()


def test_one_value_decides_at_the_threshold():
    a, b = [[0.6], [0.4], [0.51]], [[0.9], [0.6], [0.49]]
    assert agree(a, b, "binary") == [1, 0, 0]
    assert agree(a, b, "binary", activation="none") == [1, 1, 1]


def test_tags_by_tag_not_by_the_largest():
    a, b = [[0.9, 0.8, 0.1, 0.2]], [[0.8, 0.9, 0.1, 0.2]]
    assert agree(a, b, "tags") == [1]
    assert agree(a, [[0.8, 0.9, 0.1, 0.6]], "tags") == [0.75]


def test_a_mask_of_one_channel_by_pixel():
    a = np.array([0.9, 0.1, 0.6, 0.2]).reshape(1, 2, 2, 1)
    assert agree(a, 1 - a, "mask") == [0]
    assert agree(a, a + 0.05, "mask") == [1]


def test_ids_are_equal_or_not():
    assert agree([[1, 2], [3, 4]], [[1, 2], [3, 5]], "ids") == [1, 0.5]


@pytest.mark.parametrize("kind", [None, "values", "boxes", "embedding", "image", "sound", "state"])
def test_other_kinds_decide_nothing(kind):
    assert agree(np.ones((2, 3)), np.ones((2, 3)), kind) is None


def test_neither_do_columns_of_several_kinds():
    parts = (Columns(kind="boxes", start=0, stop=2), Columns(kind="scores", start=2, stop=3))
    assert agree(np.ones((2, 3)), np.ones((2, 3)), None, columns=parts) is None


def test_logits_are_what_has_no_activation_or_goes_beyond_probabilities():
    inside, beyond = np.array([[0.2], [0.9]]), np.array([[-3.0], [0.9]])
    assert threshold(inside, spec("binary")) == 0.5
    assert threshold(beyond, spec("binary")) == 0
    assert threshold(inside, spec("binary", activation="none")) == 0
    assert threshold(beyond, spec("binary", activation="sigmoid")) == 0.5


def spec_of(array, kind, **said):
    shape = (1, *array.shape[1:])
    return TensorSpec(name="out", shape=shape, dtype="float32", kind=kind, **said)


def masks(*ids):
    return np.eye(3)[np.array(ids).reshape(len(ids), 2, 2)]


def test_masks_overlap_by_class_over_those_that_either_finds():
    a = masks([0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 2])
    b = masks([0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1])
    found = masks_iou(a, b, spec_of(a, "mask"))
    assert found.tolist() == pytest.approx([(3 / 4 + 0) / 2, 1, (1 + 1 / 2 + 0) / 3])
    # Pixels alone hardly see that the only object is gone.
    assert decisions_agree(a, b, spec_of(a, "mask"))[0] == 0.75


@pytest.mark.parametrize("shape", [(3, 2, 2, 1), (3, 2, 2)])
def test_masks_of_one_channel_are_their_object(shape):
    a = np.array([0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1]).reshape(shape) * 0.9
    b = np.array([0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0]).reshape(shape) * 0.8
    assert masks_iou(a, b, spec_of(a, "mask")).tolist() == pytest.approx([0.5, 1, 0.5])


def test_other_outputs_are_no_masks():
    a = masks([0, 0, 0, 1])
    assert masks_iou(a, a, spec_of(a, "image")) is None
    assert masks_iou(a[:, 0, 0], a[:, 0, 0], spec_of(a[:, 0, 0], "mask")) is None


def test_fidelity_shows_the_overlap_of_masks():
    a = masks([0, 0, 0, 1], [0, 1, 0, 2])
    b = masks([0, 0, 0, 0], [0, 1, 0, 2])
    contract = Contract(inputs=(), outputs=(spec_of(a, "mask"),))
    found = {m.name: m for m in fidelity.compare({"out": a}, {"out": b}, contract)}
    assert found["agreement_iou"].raw == pytest.approx((0.375, 1.0))
    assert found["agreement_iou"].value == pytest.approx(0.6875)
    tags = Contract(inputs=(), outputs=(spec_of(a, "tags"),))
    names = [m.name for m in fidelity.compare({"out": a}, {"out": b}, tags)]
    assert "agreement_iou" not in names and "agreement_all" in names
