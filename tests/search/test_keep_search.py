"""Files that hold a bound: written anew where something is kept, left alone where nothing is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import BoundNotHeld
from edgekit.core.records import Recipe
from edgekit.data.samples import Samples
from edgekit.quantize import stage
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.quantize_messages import QuantizeRequest
from edgekit.search import keep_search, latency_cost
from edgekit.search.search_messages import FileToHold, KeepRequest, LossLimits
from tests.quantize.test_candidates import how
from tests.search.test_precision_choices import CONTENT, INPUTS

INT8 = how(recipes.get("static_wi8_ai8"), rounding="nearest", bias_correction=False)


@pytest.fixture
def asked(tmp_path: Path):
    """`asked(min_sqnr_db, ...)`: a request for one file that the quantizing stage wrote."""
    (tmp_path / "float.tflite").write_bytes(CONTENT)
    Samples(inputs=INPUTS).save(tmp_path / "calibration.npz")
    contract = tflite.contract(CONTENT)

    def ask(recipe: Recipe = INT8, **changes) -> KeepRequest:
        quantized = stage.run(
            QuantizeRequest(
                float_file=tmp_path / "float.tflite",
                folder=tmp_path,
                name="net",
                contract=contract,
                recipes=(recipe,),
                calibration=tmp_path / "calibration.npz",
                bounded=True,
            ),
            lambda line: None,
        )
        [file] = quantized.files
        return KeepRequest(
            **{
                "float_file": tmp_path / "float.tflite",
                "original": tmp_path / "float.tflite",
                "contract": contract,
                "calibration": tmp_path / "calibration.npz",
                "seed": 0,
                "loss": LossLimits(min_sqnr_db=10.0),
                "name": "net",
                "files": (
                    FileToHold(recipe=recipe, path=file.written.path, prepared=file.prepared),
                ),
                **changes,
            }
        )

    return ask


@pytest.fixture
def unrepaired(asked) -> float:
    """What the file reaches with nothing kept, in dB."""
    return run(asked(loss=LossLimits(min_sqnr_db=-100.0)))[0].repair.value


@pytest.fixture(autouse=True)
def timed(monkeypatch):
    """No file is timed: what is kept costs as much as the test says."""
    asked = []

    def measure(float_path, before, places, *, limits, report):
        assert all(Path(place).exists() for place in places)
        asked.append(list(places))
        return [latency_cost.Times(to_float=0.5, to_unrepaired=1.1) for _ in places]

    monkeypatch.setattr(latency_cost, "measure", measure)
    return asked


def floats(content: bytes) -> set[str]:
    """The kinds of operators whose activations are floats."""
    return {
        op.name
        for op in tflite.operators(tflite.read(content))
        if op.name not in ("QUANTIZE", "DEQUANTIZE")
        and any(t.dtype == "float32" and not t.is_constant for t in op.inputs)
    }


def run(request: KeepRequest):
    lines: list[str] = []
    [file] = keep_search.run(request, lines.append).files
    return file, lines


def test_a_file_that_holds_it_is_left_as_it_is(asked, timed, unrepaired):
    request = asked(loss=LossLimits(min_sqnr_db=unrepaired - 3))
    before = request.files[0].path.read_bytes()
    file, lines = run(request)
    assert file.written is None
    assert file.repair.kept == ()
    assert file.repair.value == file.repair.unrepaired
    assert (file.repair.at_least, file.repair.num_samples) == (True, 20)
    assert request.files[0].path.read_bytes() == before
    assert timed == []
    assert lines[-1].endswith("with nothing kept")


def test_a_file_that_does_not_is_written_anew(asked, timed, unrepaired, tmp_path):
    request = asked(loss=LossLimits(min_sqnr_db=unrepaired + 6))
    [(path, prepared)] = [(file.path, file.prepared) for file in request.files]
    size = path.stat().st_size
    file, _ = run(request)
    assert file.written is not None
    content = path.read_bytes()
    assert file.written.size_bytes == len(content)
    assert file.repair.added_bytes == len(content) - size
    assert file.repair.value >= file.repair.limit > file.repair.unrepaired
    assert 0 < len(file.repair.kept) < file.repair.num_operators
    assert set(file.repair.kept) <= set(file.written.kept)
    assert (file.repair.latency_to_float, file.repair.latency_to_unrepaired) == (0.5, 1.1)
    # What was timed does not stay.
    [places] = timed
    assert places
    assert not any(Path(place).exists() for place in places)
    # In the file that was made first everything takes integers; now some operators do not.
    assert not floats(tflite.to_bytes(Prepared.load(prepared).apply(INT8)))
    assert floats(content) >= {kept.operator for kept in file.repair.kept}


def test_for_hardware_nothing_is_timed(asked, timed, unrepaired):
    file, _ = run(asked(loss=LossLimits(min_sqnr_db=unrepaired + 6), device="npu"))
    assert timed == []
    assert file.repair.latency_to_float is None
    assert {kept.recipe for kept in file.repair.kept} == {"static_wi8_ai16"}


def test_what_cannot_be_held_is_an_error_that_says_how_near_it_came(asked):
    request = asked(loss=LossLimits(min_sqnr_db=300.0))
    before = request.files[0].path.read_bytes()
    with pytest.raises(BoundNotHeld) as caught:
        run(request)
    assert "at least 300 dB" in str(caught.value)
    assert "on 20 held-out samples" in caught.value.received
    assert "prune less" not in caught.value.hint
    assert request.files[0].path.read_bytes() == before


def test_losses_are_measured_against_the_original(asked, tmp_path):
    """Of a pruned model: another file than the one that was quantized."""
    other = tflite.read(CONTENT)
    weights = max((b for b in other.buffers if b.data is not None), key=lambda b: len(b.data))
    weights.data = weights.data * 0
    (tmp_path / "original.tflite").write_bytes(tflite.to_bytes(other))
    request = asked(loss=LossLimits(min_sqnr_db=20))
    assert run(request)[0].repair.value >= 20
    with pytest.raises(BoundNotHeld):
        run(replace(request, original=tmp_path / "original.tflite"))
