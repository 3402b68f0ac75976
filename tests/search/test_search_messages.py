"""What the search for a bound is asked and answers; a bound is of something."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core import recipes, serde
from edgekit.core.errors import UsageError
from edgekit.core.records import Repair
from edgekit.search.search_messages import (
    FileToHold,
    HeldFile,
    KeepRequest,
    KeepResult,
    LossLimits,
)
from tests.quantize.test_quantize_messages import CONTRACT, WRITTEN

REQUEST = KeepRequest(
    float_file=Path("pruned.tflite"),
    original=Path("float.tflite"),
    contract=CONTRACT,
    calibration=Path("c.npz"),
    seed=2,
    loss=LossLimits(max_loss=0.01),
    name="net",
    files=(
        FileToHold(recipe=recipes.get("float16"), path=Path("a"), prepared=Path("a.prepared.npz")),
    ),
)
REPAIR = Repair(
    quantity="agreement", limit=0.01, value=0, unrepaired=0.1, num_samples=5, num_operators=3
)


def test_a_bound_is_of_a_loss_or_of_an_sqnr():
    with pytest.raises(UsageError, match="must be a loss, an SQNR or both"):
        LossLimits()
    assert LossLimits(max_loss=0.0, min_sqnr_db=20.0).limit == 0.0
    assert LossLimits(min_sqnr_db=20.0).limit == 20.0


@pytest.mark.parametrize(
    "record",
    [
        REQUEST,
        replace(REQUEST, device="npu", loss=LossLimits(min_sqnr_db=25.5, metric=("my:metric",))),
        KeepResult(files=(HeldFile(repair=REPAIR), HeldFile(repair=REPAIR, written=WRITTEN))),
    ],
    ids=lambda record: type(record).__name__,
)
def test_records_come_back_as_they_went(record):
    plain = json.loads(json.dumps(serde.to_dict(record)))
    assert serde.from_dict(type(record), plain) == record
