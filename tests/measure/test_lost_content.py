"""What counts as lost, by what an output is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract, Metric, TensorSpec
from edgekit.measure import fidelity
from edgekit.measure.lost_content import LeastKept, lost_content

RNG = np.random.default_rng(0)


def contract(*outputs: TensorSpec) -> Contract:
    return Contract(inputs=(), outputs=outputs)


def spec(name: str = "y", **more: Any) -> TensorSpec:
    return TensorSpec(name=name, shape=(1, 3), dtype="float32", **more)


def lost(a: np.ndarray, b: np.ndarray, least: LeastKept | None = None, **of_spec: Any) -> str:
    about = contract(spec(**of_spec))
    metrics = fidelity.compare({"y": a}, {"y": b}, about)
    return lost_content({"y": a}, {"y": b}, about, metrics, least)


def test_a_small_column_beside_a_large_one_is_named_with_both_figures():
    a = RNG.normal(size=(40, 3)) * [1, 1000, 1]
    b = a.copy()
    b[:, 2] = 0
    said = lost(a, b, kind="values")
    assert said.startswith("the SQNR of 'y[2]' is ")
    assert "dB over its whole output), less than 10 dB" in said
    assert not lost(a, a + RNG.normal(size=a.shape) * 0.1, kind="values")


@pytest.mark.parametrize("kind", [None, "values", "embedding", "image", "sound", "state"])
def test_an_error_of_a_third_is_the_limit(kind):
    a = RNG.normal(size=(60, 3))
    noise = RNG.normal(size=a.shape)
    assert not lost(a, a + 0.2 * noise, kind=kind)
    assert "SQNR" in lost(a, a + 0.5 * noise, kind=kind)


def test_scores_beside_boxes_are_held_by_themselves():
    boxes, scores = RNG.uniform(0, 320, (30, 16, 4)), RNG.uniform(0, 1, (30, 16, 2))
    a = np.concatenate([boxes, scores], axis=-1)
    columns = (Columns(kind="boxes", start=0, stop=4), Columns(kind="scores", start=4, stop=6))
    coarse = np.round(a / 1.3) * 1.3  # one step for all
    assert "'y[" in lost(a, coarse, columns=columns) or "scores" in lost(a, coarse, columns=columns)
    fine = np.concatenate([np.round(boxes / 1.3) * 1.3, np.round(scores * 256) / 256], axis=-1)
    assert not lost(a, fine, columns=columns)


def test_a_classifier_may_move_as_long_as_it_decides_alike():
    ids = np.arange(50) % 3
    a = np.eye(3)[ids] * 0.9 + 0.03
    far = np.eye(3)[ids] * 0.2 + 0.26  # 3 dB
    assert not lost(a, far, kind="classes")
    assert "SQNR" in lost(a, far, kind="values")
    flipped = np.eye(3)[np.where(np.arange(50) % 4 == 0, (ids + 1) % 3, ids)]
    assert lost(a, flipped, kind="classes") == (
        "output 'y' agrees with the float file to 0.74 on 50 samples, less than 0.8"
    )


def test_of_few_samples_one_that_differs_is_not_a_loss():
    a = np.eye(3)[[0, 1, 2, 0]]
    assert not lost(a, np.eye(3)[[0, 1, 2, 1]], kind="classes")
    assert "0.25 on 4 samples, less than 0.4" in lost(a, np.eye(3)[[0, 2, 0, 1]], kind="classes")


def test_a_rare_decision_that_is_gone_is_lost_whatever_agrees():
    a = np.full((60, 3), 0.1)
    a[:8, 2] = 0.8
    said = lost(a, np.full_like(a, 0.1), kind="tags")
    assert said.startswith("of 'y[2]: yes', which the float file decides in 8 of 60 samples, 0.00")


def test_what_was_asked_for_may_be_less():
    a = RNG.normal(size=(60, 3))
    b = a + 0.5 * RNG.normal(size=a.shape)
    assert not lost(a, b, LeastKept(sqnr_db=4.0), kind="values")
    assert LeastKept.unless_lower(None, None) == LeastKept()
    assert LeastKept.unless_lower(0.01, 40.0) == LeastKept()
    assert LeastKept.unless_lower(0.5, 3.0) == LeastKept(sqnr_db=3.0, agreement=0.5)
    assert LeastKept.unless_lower(0.5, None).sqnr_db == pytest.approx(6.02, abs=0.01)
    assert LeastKept.unless_lower(0.0, None) == LeastKept()


def test_of_two_outputs_each_is_judged_by_its_own_figures():
    about = contract(spec("cat", kind="classes"), spec("age", kind="values"))
    ids = np.arange(40) % 3
    a = {"cat": np.eye(3)[ids], "age": RNG.normal(size=(40, 1))}
    b = {**a, "age": np.zeros((40, 1))}
    said = lost_content(a, b, about, fidelity.compare(a, b, about))
    assert said.startswith("the SQNR of 'age' is")
    b = {**a, "cat": np.eye(3)[(ids + 1) % 3]}
    assert "output 'cat'" in lost_content(a, b, about, fidelity.compare(a, b, about))
    assert not lost_content(a, a, about, fidelity.compare(a, a, about))


def test_masks_that_overlap_too_little_are_lost_whatever_the_background_agrees():
    about = contract(spec(kind="mask"))
    a = np.zeros((12, 20, 20, 1))
    a[:, :10] = 0.9
    b = np.zeros_like(a)
    b[:, 1:10] = 0.9
    metrics = list(fidelity.compare({"y": a}, {"y": b}, about))
    metrics = [one for one in metrics if not one.name.startswith("agreement_iou")]
    assert not lost_content({"y": a}, {"y": b}, about, metrics)
    overlap = Metric(name="agreement_iou", value=0.7)
    assert lost_content({"y": a}, {"y": b}, about, [*metrics, overlap]) == (
        "output 'y' overlaps the float file's by 0.70 (IoU) on 12 samples, less than 0.8"
    )


def test_what_chance_explains_is_not_surely_lost():
    assert LeastKept().surely(38) == LeastKept(agreement=0.69)
    assert LeastKept().surely(10_000).agreement == pytest.approx(0.79)
    assert LeastKept(agreement=0.1).surely(4).agreement == 0.0
    ids = np.arange(38) % 2
    a = np.eye(2)[ids]
    for differ, is_lost in ((8, False), (16, True)):
        b = np.eye(2)[np.where(np.arange(38) < differ, 1 - ids, ids)]
        assert bool(lost(a, b, LeastKept().surely(38), kind="classes")) == is_lost
        assert lost(a, b, kind="classes")
