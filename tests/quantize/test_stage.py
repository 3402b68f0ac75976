"""All recipes of one float file: each file is finished, described and really runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import ModelError, QuantizeError
from edgekit.core.records import Recipe
from edgekit.data.samples import Samples
from edgekit.measure.fidelity import sqnr_db
from edgekit.quantize import stage
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.quantize_messages import (
    ApplyTrainedRequest,
    QuantizedFile,
    QuantizeRequest,
)
from edgekit.quantize.rewrite import control_flow
from edgekit.tflite.quantized_weights import Grid, QuantizedWeights
from tests.quantize import tiny_models as tiny

Noise = Callable[..., Samples]
Run = Callable[[bytes, Samples], dict[str, np.ndarray]]
ALL = tuple(recipes.RECIPES.values())


def request(
    path: Path, folder: Path, which: tuple[Recipe, ...], calibration: Path | None = None
) -> QuantizeRequest:
    return QuantizeRequest(
        float_file=path,
        folder=folder,
        name="net",
        contract=tflite.contract(path),
        recipes=which,
        calibration=calibration,
    )


def silent(line: str) -> None:
    del line


@pytest.mark.convert
def test_every_recipe_leaves_a_finished_file(
    digits_float: Path, digits_samples: Samples, tmp_path: Path, run: Run
) -> None:
    digits_samples.save(tmp_path / "calibration.npz", compress=False)
    lines: list[str] = []
    asked = request(digits_float, tmp_path, ALL, tmp_path / "calibration.npz")
    result = stage.run(asked, lines.append)
    begun = [line for line in lines if line.startswith("quantizing: ")]
    assert begun == [f"quantizing: {recipe.name}" for recipe in ALL]
    # Calibrated once, when the first recipe asks for it.
    assert lines.count("calibrating on 40 samples") == 1
    refining = [r.name for r in ALL if r.quantize and r.quantize.refines_weights]
    assert set(refining) == {
        line.split()[2].rstrip(",") for line in lines if line.startswith("rounding weights: ")
    }
    few = digits_samples.take(range(4))
    (expected,) = run(digits_float.read_bytes(), few).values()
    for recipe, entry in zip(ALL, result.files, strict=True):
        written = entry.written
        content = written.path.read_bytes()
        assert written.path.name == f"net.{recipe.name}.tflite"
        assert written.sha256 == hashlib.sha256(content).hexdigest()
        assert written.size_bytes == len(content)
        assert 0 < written.compressed_bytes <= len(content) + 1000
        model = tflite.read(content)
        # What the record says is what a fresh reading of the file on disk says.
        assert written.oldest_runtime == tflite.oldest_runtime(model)
        said = written.contract
        stored = tflite.contract(model)
        assert [(s.name, s.shape, s.dtype, s.scale) for s in (*said.inputs, *said.outputs)] == [
            (s.name, s.shape, s.dtype, s.scale) for s in (*stored.inputs, *stored.outputs)
        ]
        assert b"TFLITE_METADATA" in content
        (got,) = run(content, few).values()
        assert sqnr_db(expected, got) > 8
        tried = [candidate for candidate in entry.candidates if candidate.chosen]
        assert len(tried) == (recipe.name in refining)
        # What it takes to make the same file again, as repair does.
        again = Prepared.load(entry.prepared)
        model = again.apply(recipe)
        spec = stage.FileSpec(
            path=tmp_path / "again.tflite",
            recipe=recipe,
            contract=tflite.contract(digits_float),
            name="net",
        )
        redone = stage.finish(model, tflite.read(digits_float), spec, again.exceptions())
        assert redone.compress().sha256 == written.sha256


def test_the_contract_keeps_its_words_and_its_order(
    fixture_model: Callable[[str], Path], noise: Noise, tmp_path: Path
) -> None:
    path = fixture_model("fully_connected.float32")
    noise(path).save(tmp_path / "c.npz")
    contract = tflite.contract(path)
    (output,) = contract.outputs
    worded = replace(contract, outputs=(replace(output, labels=("a", "b"), activation="softmax"),))
    which = (recipes.get("float32"), recipes.get("static_wi8_ai8", "int8"))
    asked = replace(request(path, tmp_path, which, tmp_path / "c.npz"), contract=worded)
    for entry in stage.run(asked, silent).files:
        (said,) = entry.written.contract.outputs
        assert (said.labels, said.activation) == (("a", "b"), "softmax")
    assert said.dtype == "int8"
    assert said.scale


def test_static_recipes_without_samples_are_refused(
    fixture_model: Callable[[str], Path], tmp_path: Path
) -> None:
    asked = request(fixture_model("conv_2d.float32"), tmp_path, (recipes.get("static_wi8_ai8"),))
    with pytest.raises(QuantizeError, match="static_wi8_ai8 needs calibration samples"):
        stage.run(asked, silent)


def test_a_damaged_file_is_refused_before_it_is_quantized(
    fixture_model: Callable[[str], Path], tmp_path: Path
) -> None:
    path = fixture_model("conv_2d.float32")
    asked = request(path, tmp_path, (recipes.get("float16"),))
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match="TFLite file is cut off or damaged"):
        stage.run(replace(asked, float_file=cut), silent)


@pytest.mark.convert
def test_what_stays_float_in_a_loop_is_named(recurrent: Path, tmp_path: Path, run: Run) -> None:
    (spec,) = tflite.contract(recurrent).inputs
    x = np.random.default_rng(0).normal(size=(20, *spec.shape[1:])).astype(np.float32)
    samples = Samples(inputs={spec.name: x})
    samples.save(tmp_path / "c.npz")
    which = tuple(recipe for recipe in ALL if recipe.quantize)
    asked = request(recurrent, tmp_path, which, tmp_path / "c.npz")
    result = stage.run(asked, silent)
    (expected,) = run(recurrent.read_bytes(), samples).values()
    for recipe, entry in zip(which, result.files, strict=True):
        (got,) = run(entry.written.path.read_bytes(), samples).values()
        assert sqnr_db(expected, got) > 15, recipe.name
        reasons = {skipped.reason for skipped in entry.written.skipped}
        if recipe.name.startswith("static"):
            assert reasons == {control_flow.REST}
            assert "FULLY_CONNECTED" not in {skipped.operator for skipped in entry.written.skipped}
        else:
            assert not reasons


def test_learned_rounding_is_written_only_where_held_out_samples_say_so(tmp_path: Path) -> None:
    (tmp_path / "float.tflite").write_bytes(tiny.picture_net(final=1))
    calibration = tmp_path / "calibration.npz"
    Samples(inputs={"x": tiny.correlated(24, 7, 7, 3)}).save(calibration)
    recipe = replace(recipes.get("weight_only_wi4_afp32"), effort="high")
    asked = request(tmp_path / "float.tflite", tmp_path, (recipe,), calibration)
    [file] = stage.run(asked, silent).files
    assert file.trainable is not None
    grid = Grid.load(file.trainable.grid)
    assert file.trainable.source.read_bytes()

    def applied(weights: dict[int, QuantizedWeights]) -> QuantizedFile:
        replace(grid, weights=weights).save(tmp_path / "learned.npz")
        trained = ApplyTrainedRequest(
            file=file,
            trained=tmp_path / "learned.npz",
            recipe=recipe,
            contract=asked.contract,
            name="net",
            judges=calibration,
        )
        return stage.apply_trained(trained, silent)

    worse = {i: replace(one, integers=-one.integers) for i, one in grid.weights.items()}
    same = applied(worse)
    assert same.written.sha256 == file.written.sha256
    assert [one.chosen for one in same.candidates][-1] is False
    assert sum(one.chosen for one in same.candidates) == 1
