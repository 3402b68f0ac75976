"""An architecture that cannot be int8 everywhere, within a bound: magika, from the corpus."""

import json
from pathlib import Path

import numpy as np
import pytest

import edgekit
from edgekit.core.records import ConvertOptions

pytestmark = [pytest.mark.corpus, pytest.mark.convert]


@pytest.fixture(scope="module")
def magika(corpus: Path, tmp_path_factory: pytest.TempPathFactory):
    """The item's samples, and its file with a bound of 0.01."""
    from benchmarks.corpus import prepare

    prepared = prepare("magika_bytes_v1", tmp_path_factory.mktemp("samples"), corpus)
    said = []
    _, static = edgekit.convert(
        prepared.model,
        output=tmp_path_factory.mktemp("magika"),
        calibration=str(prepared.calib),
        options=ConvertOptions(recipes=("static_wi8_ai8",), max_loss=0.01),
        on_progress=said.append,
    )
    return prepared, static, said


def test_what_int8_destroys_is_kept(magika):
    _, static, _ = magika
    repair = static.repair
    assert repair.quantity == "top1_accuracy"
    # By itself, before any bound is measured; all in int8 it loses half of its samples.
    assert any("XNNPACK" in kept.reason for kept in static.kept)
    assert repair.value <= 0.01
    assert "15 held-out samples cannot show" in repair.note
    layers = {kept.layer for kept in static.kept}
    assert "layer_normalization" in layers
    assert len(static.kept) < repair.num_operators
    assert static.size_bytes < 0.4 * 1_048_176


def test_the_bound_holds_on_samples_that_nobody_saw(magika):
    prepared, static, _ = magika
    [measured] = edgekit.validate([static.path], data=str(prepared.eval))
    assert measured.num_samples == 87
    # One sample of 87 is the bound. Two near ties may go the other way on another processor.
    assert measured.metric("top1_accuracy").value >= 1 - 3 / 87
    manifest = json.loads(Path(static.path).with_suffix(".json").read_text(encoding="utf-8"))
    assert np.isclose(manifest["repair"]["value"], static.repair.value)
