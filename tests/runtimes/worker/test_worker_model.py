"""Files with integer, dynamic, stateful and other special tensors, on each real runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import DataError, ModelError, RunError, UnsupportedOperator
from edgekit.core.records import Limits, Target
from edgekit.runtimes.base import SessionInfo
from edgekit.runtimes.local import open_session


def run(
    path: Path, target: Target, limits: Limits, **inputs: np.ndarray
) -> tuple[SessionInfo, dict[str, np.ndarray]]:
    with open_session(path, target, limits=limits) as session:
        return session.info, session.run(inputs)


def _softmax_of_pixels(pixels: np.ndarray) -> np.ndarray:
    weights = np.random.default_rng(0).normal(size=(4, 3))  # as make_models.py draws them
    logits = pixels.astype(np.float64) @ weights / 100
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize("io", ["int8", "uint8"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
def test_integer_tensors_take_and_give_real_values(
    data: Path, target: Target, limits: Limits, io: str, dtype: type
) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (100, 4)).astype(dtype)
    info, outputs = run(data / f"{io}_io.tflite", target, limits, x=pixels)
    assert info.inputs[0].dtype == io
    assert info.inputs[0].scale == (1.0,)
    assert outputs["y"].dtype == np.float32
    # Two steps of 1/256 in the output, and the rounding of 8-bit weights.
    np.testing.assert_allclose(outputs["y"], _softmax_of_pixels(pixels), atol=0.03)


def test_values_beyond_the_range_are_clamped_and_nan_refused(
    data: Path, target: Target, limits: Limits
) -> None:
    beyond = np.array([[-900, 900, 3.5, 2.5]], np.float32)
    clamped = np.array([[0, 255, 4, 2]], np.float32)  # halves round to even
    with open_session(data / "uint8_io.tflite", target, limits=limits) as session:
        np.testing.assert_array_equal(
            session.run({"x": beyond})["y"], session.run({"x": clamped})["y"]
        )
        with pytest.raises(DataError, match="must be finite"):
            session.run({"x": np.full((1, 4), np.nan, np.float32)})


def test_unquantized_integers(data: Path, target: Target, limits: Limits) -> None:
    table = np.arange(20, dtype=np.float32).reshape(10, 2)
    ids = np.array([[1, 2, 3], [9, 0, 4]], np.int64)
    with open_session(data / "ids.tflite", target, limits=limits) as session:
        np.testing.assert_array_equal(session.run({"ids": ids})["row"], table[ids])
        with pytest.raises(DataError, match="whole numbers"):
            session.run({"ids": ids.astype(np.float32)})
        with pytest.raises(DataError, match="must fit int32"):
            session.run({"ids": ids + 2**40})


def test_a_file_whose_open_sizes_cannot_be_1_takes_those_of_the_samples(
    data: Path, target: Target, limits: Limits
) -> None:
    with open_session(data / "open_convolution.tflite", target, limits=limits) as session:
        assert session.info.inputs[0].shape == (1, -1, -1, 2)
        for size in (5, 90):
            x = np.random.default_rng(size).normal(size=(2, size, size, 2)).astype(np.float32)
            assert session.run({"x": x})["mean"].shape == (2, 3)
        with pytest.raises(RunError, match="at this size"):
            session.run({"x": np.zeros((1, 2, 2, 2), np.float32)})


def test_sizes_follow_the_sample(data: Path, target: Target, limits: Limits) -> None:
    with open_session(data / "dynamic.tflite", target, limits=limits) as session:
        assert session.info.inputs[0].shape == (1, -1, 2)
        for length in (5, 1, 9):
            x = np.random.default_rng(length).normal(size=(3, length, 2)).astype(np.float32)
            outputs = session.run({"x": x})
            np.testing.assert_allclose(outputs["mean"], x.mean(1), rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(outputs["double"], x * 2, rtol=1e-6)
        with pytest.raises(DataError, match=r"\(any, 2\)"):
            session.run({"x": np.zeros((1, 4, 3), np.float32)})


def test_variables_make_one_sequence_of_a_run(data: Path, target: Target, limits: Limits) -> None:
    x = np.zeros((4, 1), np.float32)
    info, outputs = run(data / "state.tflite", target, limits, x=x)
    assert info.stateful
    np.testing.assert_array_equal(outputs["y"], [[1], [2], [3], [4]])  # the counter
    _, again = run(data / "state.tflite", target, limits, x=x)
    np.testing.assert_array_equal(again["y"], outputs["y"])


def test_without_signature_tensor_names_bind(data: Path, target: Target, limits: Limits) -> None:
    width, area = np.ones((2, 3), np.float32), np.full((2, 3), 5, np.float32)
    inputs = {"serving_default_width:0": width, "serving_default_area:0": area}
    _, outputs = run(data / "unnamed.tflite", target, limits, **inputs)
    assert any(np.array_equal(values, width * 2 + area) for values in outputs.values())


def test_of_several_signatures_the_default_runs(data: Path, target: Target, limits: Limits) -> None:
    x = np.array([[1, 1], [2, 5]], np.float32)
    _, outputs = run(data / "default_second.tflite", target, limits, x=x)
    np.testing.assert_allclose(outputs["z"], x * [2, 3])  # not 'another', which adds 1


def test_without_a_default_the_signatures_are_listed(
    data: Path, target: Target, limits: Limits
) -> None:
    with pytest.raises(ModelError, match="serving_default") as caught:
        open_session(data / "no_default_signature.tflite", target, limits=limits)
    assert caught.value.received == "decode, encode"


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("newer_operator", "GATHER version 99"),
        ("flex", "FlexErf"),
        ("custom", "Erf (a custom operator)"),
    ],
)
def test_missing_operators_are_named(
    data: Path, target: Target, limits: Limits, file: str, found: str
) -> None:
    with pytest.raises(UnsupportedOperator) as caught:
        open_session(data / f"{file}.tflite", target, limits=limits)
    assert found in str(caught.value.received)
    assert f"{file}.tflite" in caught.value.rule
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"TFL3", b"no model, but long enough to be one"])
def test_other_files_are_no_models(
    target: Target, limits: Limits, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "other.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"other\.tflite is not a \.tflite model"):
        open_session(path, target, limits=limits)


def test_a_failing_sample_is_numbered(data: Path, target: Target, limits: Limits) -> None:
    ids = np.array([[0, 1, 2], [3, 4, 5], [7, 8, 99]], np.int32)  # the table has ten rows
    with pytest.raises(RunError) as caught:
        run(data / "ids.tflite", target, limits, ids=ids)
    assert str(caught.value.received).startswith("sample 2: ")


def test_more_samples_than_one_block(data: Path, limits: Limits) -> None:
    # 3 inputs of 4 MB make three blocks of one sample and then some.
    x = np.random.default_rng(0).normal(size=(3, 600_000, 2)).astype(np.float32)
    _, outputs = run(data / "dynamic.tflite", Target(), limits, x=x)
    np.testing.assert_array_equal(outputs["double"], x * 2)


@pytest.mark.corpus
def test_a_published_int8_model_recognises_its_own_data(corpus: Path, limits: Limits) -> None:
    folder = corpus / "resnet8_cifar10"
    samples = np.load(folder / "data.npz")
    images = next(samples[k] for k in samples.files if samples[k].shape[1:] == (32, 32, 3))[:300]
    labels = next(samples[k] for k in samples.files if samples[k].size == len(samples[k]))[:300]
    with open_session(folder / "pretrainedResnet_quant.tflite", Target(), limits=limits) as session:
        (name,) = (spec.name for spec in session.info.inputs)
        (scores,) = session.run({name: images}).values()
    assert scores.shape == (300, 10)
    assert np.mean(scores.argmax(-1) == labels.ravel()) > 0.8
