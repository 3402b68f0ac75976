from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.corpus import ITEMS, prepare
from edgekit import convert, tflite
from edgekit.core import recipes
from edgekit.core.records import ConvertOptions
from edgekit.data import sources
from edgekit.quantize.candidates import Search
from edgekit.quantize.trained.apply_trained import apply_trained
from edgekit.quantize.trained.grid import grid
from tests.compress.qat.test_fake_quant import ask_rounding, assert_within_kernels, floats

pytestmark = [pytest.mark.corpus, pytest.mark.convert]
STATIC = recipes.get("static_wi8_ai8")


@pytest.mark.parametrize("item", ["kws_dscnn", "imagenet_mobilenetv1_025"])
def test_real_models_compute_in_training_what_their_int8_file_does(
    ask, stored, corpus, tmp_path, item
):
    made = prepare(item, tmp_path, corpus)
    (artifact,) = convert(
        corpus / ITEMS[item].folder / ITEMS[item].model,
        output=tmp_path / "out",
        options=ConvertOptions(recipes=("float32",)),
    )
    content = Path(artifact.path).read_bytes()
    contract = tflite.contract(content)
    samples = sources.load(str(made.calib), contract, purpose="calibration", limit=60, seed=0)
    search = Search(content, samples.take(range(40)), contract, seed=0, report=lambda line: None)
    prepared = search.prepare(STATIC)
    inputs = floats(samples.take(range(40, 60)))
    got, trained = ask_rounding(ask, prepared, STATIC, inputs, tmp_path)
    assert trained.groups == grid(prepared, STATIC).groups
    ours = tflite.to_bytes(apply_trained(prepared, trained).apply(STATIC))
    assert_within_kernels(stored, ours, got, inputs, trained)
