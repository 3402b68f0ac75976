"""What the pruner and the training are asked survives the way to a child."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.compress.compress_messages import (
    Checkpoint,
    FinetuneRequest,
    KerasSource,
    PruneRequest,
    PruneResult,
    SparsitiesRequest,
    TrainRequest,
)
from edgekit.core import serde
from edgekit.core.records import Contract, Pruning, Step, TensorSpec, Training

SPEC = TensorSpec(name="x", shape=(1, 3), dtype="float32")
SOURCE = KerasSource(model=Path("m.keras"), contract=Contract(inputs=(SPEC,), outputs=(SPEC,)))
CHECKPOINT = Checkpoint(folder=Path("folder"), key="key")
FINETUNE = FinetuneRequest(
    training=Training(data="d.npz", epochs=3), samples=Path("t.npz"), checkpoint=CHECKPOINT
)
PRUNE = PruneRequest(
    source=SOURCE,
    pruning=Pruning(sparsity=0.5, layers=("conv.*",)),
    proof=Path("proof.npz"),
    float_bytes=1000,
    out=Path("p.tflite"),
    keras_out=Path("p.keras"),
    outputs_out=Path("o.npz"),
)
TRAIN = TrainRequest(
    float_file=Path("f"),
    teacher=Path("t"),
    grid=Path("g"),
    training=FINETUNE.training,
    samples=Path("s"),
    check=Path("c"),
    checkpoint=CHECKPOINT,
    out=Path("o"),
)


@pytest.mark.parametrize(
    "record",
    [
        PRUNE,
        replace(PRUNE, finetune=FINETUNE, calibration=Path("c.npz"), seed=3),
        TRAIN,
        SparsitiesRequest(
            source=SOURCE, pruning=Pruning(importance="l1"), sparsities=(0.1, 0.9), folder=Path("f")
        ),
        PruneResult(
            steps=(Step(name="prune", summary="half", seconds=1.5, numbers={"macs": 2.0}),),
            notes=("a", "b"),
        ),
    ],
    ids=lambda record: type(record).__name__,
)
def test_records_come_back_as_they_went(record):
    plain = json.loads(json.dumps(serde.to_dict(record)))
    assert serde.from_dict(type(record), plain) == record


def test_nothing_is_trained_where_nobody_said_so():
    assert (PRUNE.finetune, PRUNE.calibration, TRAIN.calibration) == (None, None, None)
