"""By what each output is judged in a draft, and what of it is lost."""

from __future__ import annotations

import pytest

from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract, Metric, TensorSpec
from edgekit.pipeline.init import judged_outputs
from tests.pipeline.init.test_rule_limits import facts

DIGIT = TensorSpec(name="digit", shape=(1, 10), dtype="float32", kind="classes")
AGE = TensorSpec(name="age", shape=(1, 1), dtype="float32")
DET = TensorSpec(
    name="det",
    shape=(1, 64, 7),
    dtype="float32",
    columns=(
        Columns(kind="boxes", start=0, stop=4),
        Columns(kind="scores", start=4, stop=7),
    ),
)


def of(*outputs: TensorSpec) -> Contract:
    return Contract(inputs=(), outputs=outputs)


@pytest.mark.parametrize(
    ("outputs", "metrics", "fidelity"),
    [
        ((DIGIT,), (), ("agreement",)),
        ((AGE,), (), ("sqnr_db",)),
        ((DET,), (), ("sqnr_db",)),
        ((DIGIT,), ("top1_accuracy",), ()),
        ((DIGIT, AGE), (), ("agreement@digit", "sqnr_db@age")),
        ((DIGIT, AGE), ("top1_accuracy@digit",), ("sqnr_db@age",)),
        ((DIGIT, AGE), ("top1_accuracy@digit", "mae@age"), ()),
        ((DIGIT, AGE), ("own:function",), ()),
    ],
)
def test_each_output_is_judged_by_its_labels_or_by_what_it_is(outputs, metrics, fidelity):
    assert judged_outputs.fidelity_metrics(of(*outputs), metrics) == fidelity


@pytest.mark.parametrize(
    ("outputs", "figures", "lost"),
    [
        ((DIGIT,), {"agreement": 0.99, "sqnr_db": 3.0}, ""),
        ((DIGIT,), {"agreement": 0.5, "sqnr_db": 30.0}, "digit (agreement 0.50)"),
        ((DET,), {"sqnr_db": 1.25}, "det: scores (SQNR 1.2 dB)"),
        ((DET,), {"sqnr_db": 12.0}, ""),
        ((DIGIT, AGE), {"agreement@digit": 0.9, "sqnr_db@age": 4.0}, "det: scores (SQNR 4.0 dB)"),
        ((DIGIT,), {}, ""),
    ],
)
def test_what_is_lost_is_named(outputs, figures, lost):
    metrics = [Metric(name=name, value=v, note="of det: scores") for name, v in figures.items()]
    assert judged_outputs.lost(facts(*metrics).measurement, of(*outputs)) == lost
