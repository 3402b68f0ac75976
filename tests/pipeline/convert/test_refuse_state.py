"""Models that keep state are quantized, and neither trained nor pruned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edgekit
from edgekit.core.errors import UsageError
from edgekit.core.records import ConvertOptions, Training

MODEL = Path(__file__).parents[2] / "models" / "running_total.float32.tflite"


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "data.npz"
    np.savez(path, x=np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32))
    return str(path)


def test_training_is_refused_with_the_way_that_is_left(data: str, tmp_path: Path) -> None:
    training = Training(data=data, distill=True, quantization_aware=True)
    with pytest.raises(UsageError, match="keeps state cannot be pruned or trained") as caught:
        edgekit.convert(
            MODEL,
            output=tmp_path / "out",
            calibration=data,
            options=ConvertOptions(recipes=("static_wi8_ai8",), training=training),
        )
    assert "Variable" in str(caught.value.received)
    assert "--qat" in str(caught.value.hint)


def test_sixteen_bits_are_judged_from_the_beginning_of_the_sequence(
    data: str, tmp_path: Path
) -> None:
    made = edgekit.convert(
        MODEL,
        output=tmp_path / "out",
        calibration=data,
        options=ConvertOptions(recipes=("float32", "static_wi8_ai16")),
    )
    for artifact in made:
        assert artifact.contract.kept_state == ("Variable",)
        assert not artifact.wrecked
    verified = made[1].verified
    assert verified is not None and verified.sqnr_db > 60
