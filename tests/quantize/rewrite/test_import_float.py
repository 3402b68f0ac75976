"""An existing float `.tflite` takes the place of a Keras model; anything else is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import EdgekitError, ModelError, UsageError
from edgekit.data.export_messages import DrawRequest, Exported, ExportRequest, SampleFacts
from edgekit.data.samples import Samples
from edgekit.quantize import stage
from edgekit.quantize.quantize_messages import QuantizeRequest
from edgekit.quantize.rewrite import engine, import_float
from edgekit.tflite import interpreter, signal
from tests.quantize.imported.drawn_files import File, lstm
from tests.quantize.tiny_models import VALID, Network, random

Fixture = Callable[[str], Path]


def run(path: Path, folder: Path, calibration: Path | None = None, **options: Any) -> Exported:
    request = ExportRequest(
        model=path,
        draw=DrawRequest(
            calibration=None if calibration is None else str(calibration),
            golden_samples=4,
            calibration_samples=10,
            golden_out=folder / "golden.npz",
            calibration_out=folder / "calibration.npz",
            training_out=folder / "training.npz",
        ),
        out=folder / "float.tflite",
        **options,
    )
    return import_float.run(request, lambda line: None)


def test_a_float_file_is_taken_with_synthetic_samples(
    fixture_model: Fixture, tmp_path: Path
) -> None:
    path = fixture_model("conv_2d.float32")
    result = run(path, tmp_path)
    assert result.samples == SampleFacts(golden="synthetic")
    assert result.notes == ()
    golden = Samples.load(tmp_path / "golden.npz")
    (spec,) = tflite.contract(path).inputs
    assert golden.inputs[spec.name].shape == (4, *spec.shape[1:])
    assert not (tmp_path / "calibration.npz").exists()


def test_what_is_proven_equal_is_rewritten_and_counted(tmp_path: Path) -> None:
    net = Network()
    y = net.conv(net.pad(net.x, 1), random(8, 3, 3, 4), random(8), padding=VALID)
    path = tmp_path / "padded.tflite"
    path.write_bytes(net.finish(y=y))
    result = run(path, tmp_path)
    assert result.rewritten == {"PAD as padding of a convolution": 1}
    assert result.notes == ()
    [op] = tflite.operators(tflite.read(tmp_path / "float.tflite"))
    assert op.name == "CONV_2D"


def test_a_rewrite_that_is_not_proven_is_left_out_and_noted(
    tmp_path: Path,
) -> None:
    net = Network()
    y = net.conv(net.pad(net.x, 1), random(8, 3, 3, 4), random(8), padding=VALID)
    content = net.finish(y=net.op("MUL", [y, net.constant(np.float32(0))], (1, 6, 6, 8)))
    path = tmp_path / "zero.tflite"
    path.write_bytes(content)
    result = run(path, tmp_path)
    assert result.rewritten == {}
    assert [note for note in result.notes if "was left out (1)" in note and "PAD" in note]


def test_samples_are_drawn_apart(fixture_model: Fixture, tmp_path: Path) -> None:
    path = fixture_model("fully_connected.float32")
    (spec,) = tflite.contract(path).inputs
    x = np.random.default_rng(0).normal(size=(50, *spec.shape[1:])).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x)
    result = run(path, tmp_path, calibration=tmp_path / "data.npz")
    golden = Samples.load(tmp_path / "golden.npz")
    calibration = Samples.load(tmp_path / "calibration.npz")
    assert result.samples.golden == "data"
    assert result.samples.calibration_sha256 == calibration.sha256
    assert not set(golden.digests()) & set(calibration.digests())


def without_signature(path: Path, target: Path) -> Path:
    model = tflite.read(path)
    model.signatureDefs = None
    target.write_bytes(tflite.to_bytes(model))
    return target


def test_a_file_without_a_signature_gets_one(fixture_model: Fixture, tmp_path: Path) -> None:
    path = without_signature(fixture_model("conv_2d.float32"), tmp_path / "bare.tflite")
    result = run(path, tmp_path)
    (signature,) = tflite.read(tmp_path / "float.tflite").signatureDefs
    assert signature.signatureKey == b"serving_default"
    names = [entry.name.decode() for entry in signature.inputs]
    assert names == [spec.name for spec in result.contract.inputs]


def with_two_signatures(path: Path, target: Path, keys: tuple[bytes, bytes]) -> Path:
    import copy

    model = tflite.read(path)
    (first,) = model.signatureDefs
    second = copy.deepcopy(first)
    first.signatureKey, second.signatureKey = keys
    model.signatureDefs = [first, second]
    target.write_bytes(tflite.to_bytes(model))
    return target


def test_of_several_signatures_one_is_the_default(fixture_model: Fixture, tmp_path: Path) -> None:
    path = fixture_model("conv_2d.float32")
    two = with_two_signatures(path, tmp_path / "two.tflite", (b"one", b"two"))
    with pytest.raises(ModelError, match="several signatures"):
        run(two, tmp_path)


def test_a_free_batch_becomes_one_and_other_sizes_stay_open(
    fixture_model: Fixture, tmp_path: Path
) -> None:
    model = tflite.read(fixture_model("conv_2d.float32"))
    graph = model.subgraphs[0]
    for tensor in (graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]):
        tensor.shapeSignature = [-1, -1, -1, tensor.shape[3]]
    path = tmp_path / "open.tflite"
    path.write_bytes(tflite.to_bytes(model))
    result = run(path, tmp_path)
    (spec,) = result.contract.inputs
    assert spec.shape == (1, -1, -1, 4)
    (note,) = result.notes
    assert "unknown sizes" in note
    # One that was only free in its batch is a plain file of batch 1.
    for tensor in (graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]):
        tensor.shapeSignature = [-1, *tensor.shape[1:]]
    path.write_bytes(tflite.to_bytes(model))
    result = run(path, tmp_path)
    assert [spec.shape[0] for spec in result.contract.inputs] == [1]
    assert [spec.shape[0] for spec in result.contract.outputs] == [1]
    assert result.notes == ()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("conv_2d.int8", r"CONV_2D \(int8\)"),
        ("conv_2d_wide.dynamic", r"CONV_2D \(int8\)"),
        ("fully_connected.int16x8", r"FULLY_CONNECTED"),
    ],
)
def test_a_quantized_file_is_refused(
    fixture_model: Fixture, tmp_path: Path, name: str, what: str
) -> None:
    with pytest.raises(ModelError, match=f"is quantized already: (.|\n)*{what}"):
        run(fixture_model(name), tmp_path)


@pytest.mark.parametrize("recipe", ["weight_only_wi8_afp32", "weight_only_wi4_afp32"])
def test_what_edgekit_made_is_no_float_file(
    fixture_model: Fixture, tmp_path: Path, recipe: str
) -> None:
    path = tmp_path / "made.tflite"
    content = fixture_model("fully_connected.float32").read_bytes()
    path.write_bytes(engine.quantize(content, recipes.get(recipe), None))
    with pytest.raises(ModelError, match="is quantized already"):
        run(path, tmp_path)


def test_float16_weights_of_edgekit_and_of_tensorflow_are_widened(
    fixture_model: Fixture, tmp_path: Path
) -> None:
    made = tmp_path / "made.tflite"
    content = fixture_model("fully_connected.float32").read_bytes()
    made.write_bytes(engine.quantize(content, recipes.get("float16"), None))
    for path in (made, fixture_model("conv_2d.float16")):
        result = run(path, tmp_path)
        assert "float16 constants were widened to float32" in result.notes[0]
        model = tflite.read(tmp_path / "float.tflite")
        assert {t.dtype for op in tflite.operators(model) for t in op.inputs} == {"float32"}


def test_input_shapes_fix_open_sizes(fixture_model: Fixture, tmp_path: Path) -> None:
    model = tflite.read(fixture_model("conv_2d.float32"))
    graph = model.subgraphs[0]
    for index in (*graph.inputs, *graph.outputs):
        tensor = graph.tensors[index]
        tensor.shapeSignature = [-1, -1, -1, tensor.shape[3]]
    path = tmp_path / "open.tflite"
    path.write_bytes(tflite.to_bytes(model))
    [spec] = tflite.contract(path).inputs
    result = run(path, tmp_path, input_shapes={spec.name: (1, 9, 7, 4)})
    assert [s.shape for s in result.contract.outputs] == [(1, 9, 7, 8)]
    assert result.notes == ()
    with pytest.raises(UsageError, match="must fit the model's shape"):
        run(path, tmp_path, input_shapes={spec.name: (1, 2)})


def saved(file: File, folder: Path) -> Path:
    path = folder / "drawn.tflite"
    path.write_bytes(file.bytes())
    return path


def test_a_signature_is_chosen(fixture_model: Fixture, tmp_path: Path) -> None:
    path = fixture_model("conv_2d.float32")
    two = with_two_signatures(path, tmp_path / "two.tflite", (b"one", b"two"))
    run(two, tmp_path, signature="two")
    [signature] = tflite.read(tmp_path / "float.tflite").signatureDefs
    assert signature.signatureKey == b"two"


def test_no_signature_is_offered_of_a_quantized_file(
    fixture_model: Fixture, tmp_path: Path
) -> None:
    path = fixture_model("conv_2d.int8")
    two = with_two_signatures(path, tmp_path / "two.tflite", (b"one", b"two"))
    for signature in (None, "two"):
        with pytest.raises(ModelError, match="quantized already"):
            run(two, tmp_path, signature=signature)


def test_what_litert_cannot_run_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    file = File()
    file.graph()
    x = file.input("x", (1, 2))
    file.output(file.op("CUSTOM", [x], [file.tensor("y", (1, 2))], custom="Mystery"))
    with pytest.raises(ModelError, match="Mystery") as caught:
        run(saved(file, tmp_path), tmp_path)
    assert caught.value.hint is not None and "custom" in caught.value.hint


def test_a_number_of_results_that_varies_is_refused(tmp_path: Path) -> None:
    file = File()
    file.graph()
    x = file.input("x", (1, 8), "bool")
    file.output(file.op("WHERE", [x], [file.tensor("found", (1, 2), "int64", open_=(-1, 2))]))
    with pytest.raises(ModelError, match="a batch of 1"):
        run(saved(file, tmp_path), tmp_path)


def test_samples_that_were_made_up_may_be_none_for_a_model(tmp_path: Path) -> None:
    file = File()
    file.graph()
    x, by = file.input("x", (1, 4), "int32"), file.input("by", (1, 4), "int32")
    file.output(file.op("FLOOR_MOD", [x, by], [file.tensor("rest", (1, 4), "int32")]))
    path = saved(file, tmp_path)
    with pytest.raises(ModelError, match="Division by 0") as caught:
        run(path, tmp_path)
    assert caught.value.hint is not None and "--calibration" in caught.value.hint
    np.savez(tmp_path / "data.npz", **{n: np.full((9, 4), 3, np.int32) for n in ("x", "by")})
    assert run(path, tmp_path, calibration=tmp_path / "data.npz").samples.golden == "data"


def test_tensors_of_one_name_get_names_of_their_own(tmp_path: Path) -> None:
    file = File()
    file.graph()
    x = file.input("same", (1, 4))
    y = file.binary("ADD", x, x, "same", (1, 4))
    file.output(file.binary("MUL", y, file.constant("", np.float32([2])), "same", (1, 4)))
    run(saved(file, tmp_path), tmp_path)
    names = [tensor.name for tensor in tflite.tensors(tflite.read(tmp_path / "float.tflite"))]
    assert len(set(names)) == len(names) and names[0] == "same" and "" not in names


def test_a_model_that_computes_in_half_precision_is_refused(tmp_path: Path) -> None:
    file = File()
    file.graph()
    x = file.input("x", (1, 2), "float16")
    file.output(file.op("ABS", [x], [file.tensor("y", (1, 2), "float16")]))
    with pytest.raises(ModelError, match="half precision"):
        run(saved(file, tmp_path), tmp_path)


def test_a_model_without_inputs_is_refused(tmp_path: Path) -> None:
    file = File()
    file.graph()
    c = file.constant("c", np.float32([[1, 2]]))
    file.output(file.binary("ADD", c, c, "y", (1, 2)))
    with pytest.raises(ModelError, match="must have an input"):
        run(saved(file, tmp_path), tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 zip", b"\0\0\0\0TFL3 and no more"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.tflite"
    path.write_bytes(content)
    with pytest.raises(EdgekitError):
        run(path, tmp_path)
    assert not (tmp_path / "float.tflite").exists()


@pytest.mark.parametrize("batch", [1, 4])
def test_an_lstm_operator_is_quantized_around_and_its_state_named(
    tmp_path: Path, batch: int
) -> None:
    path = tmp_path / "lstm.tflite"
    path.write_bytes(lstm(batch))
    result = run(path, tmp_path)
    assert any("states are kept from call to call" in note for note in result.notes)
    [spec] = result.contract.inputs
    x = np.random.default_rng(0).normal(size=(40, *spec.shape[1:])).astype(np.float32)
    Samples(inputs={"x": x}).save(tmp_path / "calibration.npz")
    made = stage.run(
        QuantizeRequest(
            float_file=tmp_path / "float.tflite",
            folder=tmp_path,
            name="m",
            contract=result.contract,
            recipes=(recipes.get("float32"), recipes.get("static_wi8_ai8")),
            calibration=tmp_path / "calibration.npz",
        ),
        lambda line: None,
    )
    assert any("LSTM" in skipped.operator for skipped in made.files[1].written.skipped)
    wanted, found = (
        interpreter.run(tflite.read(file.written.path), {"x": x[:8]})["y"] for file in made.files
    )
    assert signal.sqnr_db(wanted, found) > 30
