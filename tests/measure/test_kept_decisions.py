"""What is decided rarely is seen to be lost, by its name."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.records import TensorSpec
from edgekit.measure.agreement import decisions_agree
from edgekit.measure.kept_decisions import least_kept


def spec(kind: str, **more) -> TensorSpec:
    return TensorSpec(name="y", shape=(1, 3), dtype="float32", kind=kind, **more)


def classes(ids: list[int], width: int = 3) -> np.ndarray:
    return np.eye(width, dtype=np.float32)[ids]


def test_a_class_that_is_never_chosen_any_more_is_named():
    reference = classes([0] * 60 + [1] * 30 + [2] * 10)
    candidate = classes([0] * 60 + [1] * 30 + [0] * 10)
    assert decisions_agree(reference, candidate, spec("classes")).mean() == pytest.approx(0.9)
    kept = least_kept(reference, candidate, spec("classes", labels=("a", "b", "seven")))
    assert (kept.name, kept.dice, kept.samples) == ("y: seven", 0.0, 10)


def test_dice_is_twice_what_both_decide_of_what_each_does():
    reference, candidate = classes([0] * 12 + [1] * 8), classes([0] * 8 + [1] * 12)
    kept = least_kept(reference, candidate, spec("classes"))
    assert (kept.name, kept.dice) == ("y: class 0", pytest.approx(2 * 8 / (12 + 8)))


def test_what_few_samples_decide_says_nothing():
    reference, candidate = classes([0] * 20 + [1] * 4), classes([0] * 24)
    kept = least_kept(reference, candidate, spec("classes"))
    assert kept.name == "y: class 0"
    assert least_kept(reference[-4:], candidate[-4:], spec("classes")) is None


def test_a_tag_that_is_never_set_any_more_is_named():
    reference = np.full((100, 3), 0.1, np.float32)
    reference[:6, 1] = 0.9
    candidate = np.full_like(reference, 0.1)
    assert decisions_agree(reference, candidate, spec("tags")).mean() == pytest.approx(0.98)
    kept = least_kept(reference, candidate, spec("tags"))
    assert (kept.name, kept.dice, kept.samples) == ("y[1]: yes", 0.0, 6)


def test_a_binary_output_has_two_sides():
    reference = np.full((50, 1), 0.9, np.float32)
    reference[:5] = 0.2
    kept = least_kept(reference, np.full_like(reference, 0.9), spec("binary"))
    assert (kept.name, kept.dice) == ("y: no", 0.0)
    logits = spec("binary", activation="none")
    assert least_kept(reference - 0.5, reference - 0.5, logits).dice == 1.0


@pytest.mark.parametrize("channels", [1, 3])
def test_an_empty_mask_has_lost_its_object(channels):
    reference = np.zeros((8, 20, 20, channels), np.float32)
    reference[..., 0] = 0.4  # no, and the background's score
    reference[:, 3:7, 3:7, -1] = 0.9
    candidate = np.zeros_like(reference)
    candidate[..., 0] = 0.4
    mask = spec("mask")
    assert decisions_agree(reference, candidate, mask).mean() == pytest.approx(0.96)
    kept = least_kept(reference, candidate, mask)
    assert kept.dice == 0
    assert kept.name == ("y: yes" if channels == 1 else "y: class 2")


@pytest.mark.parametrize("kind", ["values", "image", "ids", None])
def test_other_kinds_decide_nothing_by_name(kind):
    assert least_kept(classes([0, 1] * 9), classes([0, 1] * 9), spec(kind)) is None
