from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import corpus as prepared_corpus
from benchmarks import corpus_data, corpus_dtln, corpus_metrics
from benchmarks.corpus import ITEMS, Prepared, find_corpus, prepare
from edgekit.core.errors import DataError, UsageError


def _load(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


def _contents(array: np.ndarray) -> set[bytes]:
    return {sample.tobytes() for sample in array}


# --- errors


def test_an_unknown_item_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        prepare("resnet8_cifar", tmp_path, tmp_path)
    assert "resnet8_cifar10" in str(caught.value.hint)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_no_corpus_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=r"corpus\.json"):
        find_corpus(tmp_path)
    monkeypatch.setenv("EDGEKIT_CORPUS", str(tmp_path / "absent"))
    with pytest.raises(DataError, match="absent"):
        find_corpus()
    with pytest.raises(DataError, match="model"):
        prepare("har_st_cnn1d", tmp_path / "out", tmp_path)
    (tmp_path / "har_st_cnn1d").mkdir()
    (tmp_path / "har_st_cnn1d" / "model.h5").touch()
    with pytest.raises(DataError, match="data"):
        prepare("har_st_cnn1d", tmp_path / "out", tmp_path)
    (tmp_path / "corpus.json").write_text("{}")
    assert find_corpus(tmp_path) == tmp_path


def test_the_command_line_says_the_error_and_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepared_corpus.main(["har_st_cnn1d", str(tmp_path), "--corpus", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("Error: The corpus is a folder")


def test_every_metric_of_the_table_can_be_called_by_its_name() -> None:
    for item in ITEMS.values():
        module, _, function = (item.metric or "").partition(":")
        if function:
            assert module == "benchmarks.corpus"
            assert callable(getattr(prepared_corpus, function))


# --- drawing


def test_a_drawn_sample_and_its_twins_are_not_left_in_evaluation() -> None:
    x = np.repeat(np.arange(30), 2).reshape(60, 1)  # 30 pairs of twins ...
    x = np.concatenate([x, np.arange(100, 120).reshape(20, 1)])  # ... and 20 singles
    split = corpus_data._draw({"x": x, "y": x[:, 0]}, 15)
    assert len(split.calib["x"]) == 15 and len(split.eval["x"]) == 65
    assert not _contents(split.calib["x"]) & _contents(split.eval["x"])
    for part in (split.calib, split.eval):
        np.testing.assert_array_equal(part["x"][:, 0], part["y"])  # labels came along
        assert np.all(np.diff(part["y"]) >= 0)  # order kept


# --- metrics, on values known by hand


def test_pitch_of_a_clean_peak_is_its_bin_and_the_limit_is_half_a_semitone() -> None:
    bins = np.arange(4, 356, 50)
    activations = np.exp(-(((np.arange(360) - bins[:, None]) / 1.25) ** 2))
    hz = corpus_metrics.pitch_hz(activations)
    # Bin 0 is 31.70 Hz (C1 is 32.70), sixty bins an octave.
    np.testing.assert_allclose(hz, 31.7006 * 2 ** (bins / 60), rtol=1e-4)
    for cents, right in ((0, 1.0), (49, 1.0), (-49, 1.0), (51, 0.0), (-51, 0.0)):
        labels = hz * 2 ** (cents / 1200)
        result = corpus_metrics.within_50_cents({"o": activations}, labels, {})
        assert result.tolist() == [right] * len(bins)
    with pytest.raises(DataError, match="one output"):
        corpus_metrics.within_50_cents({"a": activations, "b": activations}, hz, {})


def test_psnr_of_a_constant_error_and_of_values_out_of_range() -> None:
    labels = np.stack([np.full((4, 4, 3), 100, np.uint8), np.full((4, 4, 3), 255, np.uint8)])
    outputs = np.stack([np.full((4, 4, 3), 110 / 255), np.full((4, 4, 3), 1.5)])
    values = corpus_metrics.psnr_db({"o": outputs}, labels, {})
    assert values[0] == pytest.approx(20 * np.log10(255 / 10))
    assert values[1] == np.inf  # clipped to white
    with pytest.raises(DataError, match="shape"):
        corpus_metrics.psnr_db({"o": outputs[:, :2]}, labels, {})


def test_max_abs_difference_joins_outputs_by_name_whatever_their_order() -> None:
    labels = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    outputs = {"z": labels[..., 2:] + 0.25, "a": labels[..., :2].copy()}
    outputs["a"][1, 0, 0] -= 0.5
    values = corpus_metrics.max_abs_difference(outputs, labels, {})
    np.testing.assert_allclose(values, [0.25, 0.5])
    with pytest.raises(DataError, match="joined"):
        corpus_metrics.max_abs_difference({"a": outputs["a"]}, labels, {})


def test_si_sdr_ignores_loudness_and_counts_decibels() -> None:
    rng = np.random.default_rng(0)
    clean = rng.standard_normal(4096)
    noise = rng.standard_normal(4096)
    noise -= clean * (noise @ clean) / (clean @ clean)  # orthogonal, so that 20 dB is exact
    noise *= 0.1 * np.linalg.norm(clean) / np.linalg.norm(noise)
    assert corpus_dtln.si_sdr_db(clean + noise, clean) == pytest.approx(20.0)
    assert corpus_dtln.si_sdr_db(7 * (clean + noise), clean) == pytest.approx(20.0)


# --- DTLN's stream


def _echo(inputs: Any) -> list[np.ndarray]:
    """A core that lets everything pass and counts blocks in its first state."""
    first, *states = inputs.values()
    passed = np.ones_like(first) if first.shape[-1] == 257 else first / 4
    return [passed, states[0] + 1, *states[1:]]


def test_the_stream_lets_sound_pass_384_samples_late_and_carries_states() -> None:
    rng = np.random.default_rng(0)
    noisy = rng.standard_normal((2, 20 * 128)).astype(np.float32)
    counted: dict[str, list[float]] = {"first": [], "second": []}

    def observe(core: str, inputs: Any) -> None:
        counted[core].append(float(list(inputs.values())[1][0, 0]))

    heard = corpus_dtln.denoise(_echo, _echo, noisy, observe)
    np.testing.assert_allclose(heard[:, 384:], noisy[:, :-384], atol=1e-5)
    assert counted == {"first": list(range(20)), "second": list(range(20))}


def test_si_sdr_of_the_stream_takes_the_delay_off() -> None:
    rng = np.random.default_rng(2)
    clean = rng.standard_normal((2, 20 * 128)).astype(np.float32)
    heard = corpus_dtln.denoise(_echo, _echo, clean)
    assert corpus_dtln.mean_si_sdr_db(heard, clean) > 100
    assert corpus_dtln.mean_si_sdr_db(np.roll(heard, 1, axis=1), clean) < 0


def test_labels_of_both_cores_line_up_with_what_the_cores_emit() -> None:
    rng = np.random.default_rng(1)
    clips = rng.standard_normal((2, corpus_metrics.CLIP_BLOCKS * 128)).astype(np.float32)
    hops, frames = corpus_data._late_hops(clips), corpus_data._frames(clips)
    assert hops.shape == (1000, 128) and frames.shape == (1000, 512)
    # Perfect cores: core 2 answers its frame, core 1 a mask of one.
    outputs = {"state": np.zeros((1000, 128)), "out": frames[:, None] / 4}
    assert corpus_metrics.frames_si_sdr_db(outputs, hops, {}) > 100
    labels = np.concatenate([frames, hops], axis=1)
    mask = {"state": np.zeros((1000, 128)), "mask": np.ones((1000, 1, 257))}
    assert corpus_metrics.masked_si_sdr_db(mask, labels, {}) > 100
    # One block off is another sound altogether.
    assert corpus_metrics.frames_si_sdr_db(outputs, np.roll(hops, 1, axis=0), {}) < 0
    with pytest.raises(DataError, match="257"):
        corpus_metrics.masked_si_sdr_db({"state": np.zeros((1000, 128))}, labels, {})


# --- ImageNet photographs


def test_photographs_are_resized_by_their_shorter_side_and_cropped_in_the_middle(
    tmp_path: Path,
) -> None:
    from PIL import Image

    # 448x224: left and right quarters are red and blue, and the middle 224 is left.
    pixels = np.zeros((224, 448, 3), np.uint8)
    pixels[:, :112, 0], pixels[:, 112:336, 1], pixels[:, 336:, 2] = 255, 200, 255
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    np.testing.assert_array_equal(corpus_data._crop(tmp_path / "wide.png"), pixels[:, 112:336])
    # 256x256 shrinks as a whole: nothing is cut off, not even the border.
    square = np.zeros((256, 256, 3), np.uint8)
    square[:8] = square[-8:] = square[:, :8] = square[:, -8:] = 255
    Image.fromarray(square).save(tmp_path / "square.png")
    small = corpus_data._crop(tmp_path / "square.png")
    assert small.shape == (224, 224, 3)
    assert small[:6].min() > 240 and small[:, -6:].min() > 240 and small[8:-8, 8:-8].max() < 15


# --- real items


@pytest.fixture(scope="module")
def resnet8(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare("resnet8_cifar10", tmp_path_factory.mktemp("resnet8"), corpus)


@pytest.fixture(scope="module")
def har(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare("har_st_cnn1d", tmp_path_factory.mktemp("har"), corpus)


@pytest.mark.corpus
def test_resnet8_calibrates_on_training_images_and_evaluates_on_all(
    corpus: Path, resnet8: Prepared
) -> None:
    calib, evaluation = _load(resnet8.calib), _load(resnet8.eval)
    assert resnet8.model == corpus / "resnet8_cifar10" / "pretrainedResnet.h5"
    assert (resnet8.metric, resnet8.better, resnet8.measured) == ("top1_accuracy", "higher", 0.8708)
    assert sorted(calib) == ["x"] and sorted(evaluation) == ["x", "y"]
    assert calib["x"].shape == (200, 32, 32, 3) and calib["x"].dtype == np.float32
    assert evaluation["x"].shape == (5000, 32, 32, 3) and evaluation["x"].dtype == np.uint8
    assert evaluation["y"].shape == (5000,) and evaluation["y"].dtype == np.int64
    assert not _contents(calib["x"]) & _contents(evaluation["x"])
    given = _load(corpus / "resnet8_cifar10" / "data.npz")
    np.testing.assert_array_equal(calib["x"], given["calib_x"][:200])
    np.testing.assert_array_equal(evaluation["y"], given["y"])


@pytest.mark.corpus
def test_har_draws_over_all_classes_and_loses_no_sample(corpus: Path, har: Prepared) -> None:
    calib, evaluation = _load(har.calib), _load(har.eval)
    assert calib["x"].shape == (200, 26, 3) and evaluation["x"].shape == (3296, 26, 3)
    assert calib["x"].dtype == evaluation["x"].dtype == np.float32
    assert np.abs(evaluation["x"]).max() <= 1.0
    assert not _contents(calib["x"]) & _contents(evaluation["x"])
    given = _load(corpus / "har_st_cnn1d" / "data.npz")
    shares = np.bincount(given["y"]) / len(given["y"])
    np.testing.assert_allclose(np.bincount(calib["y"]) / 200, shares, atol=0.1)
    together = np.concatenate([calib["x"], evaluation["x"]])
    assert _contents(together) == _contents(given["x"] / np.float32(4000))
    assert "200 of 3496" in har.notes


@pytest.mark.corpus
@pytest.mark.parametrize("item", ["resnet8_cifar10", "har_st_cnn1d", "quickdraw_doodlenet_tfjs"])
def test_a_second_run_writes_the_same_bytes(corpus: Path, tmp_path: Path, item: str) -> None:
    digests = []
    for run in ("one", "two"):
        prepared = prepare(item, tmp_path / run, corpus)
        digests.append(
            [hashlib.sha256(p.read_bytes()).hexdigest() for p in (prepared.calib, prepared.eval)]
        )
    assert digests[0] == digests[1]


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("item", "drawn", "total", "shape", "label"),
    [
        ("kws_dscnn", 200, 1000, (49, 10, 1), np.int64),
        ("sww_1dconv", 15, 45, (30, 1, 40), np.int64),
        ("crepe_tiny_pitch", 200, 500, (1024,), np.float32),
        ("magika_bytes_v1", 50, 137, (1536,), np.int64),
        ("superres_upscaler_2x", 6, 20, (128, 128, 3), np.uint8),
    ],
)
def test_labelled_sets_give_up_a_share(
    corpus: Path, tmp_path: Path, item: str, drawn: int, total: int, shape: Any, label: Any
) -> None:
    prepared = prepare(item, tmp_path, corpus)
    calib, evaluation = _load(prepared.calib), _load(prepared.eval)
    assert calib["x"].shape == (drawn, *shape) and len(calib["y"]) == drawn
    assert evaluation["x"].shape == (total - drawn, *shape)
    assert len(evaluation["y"]) == total - drawn and evaluation["y"].dtype == label
    assert evaluation["x"].dtype == np.float32
    assert not _contents(calib["x"]) & _contents(evaluation["x"])


@pytest.mark.corpus
def test_the_command_line_prints_what_it_wrote(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = prepared_corpus.main(["sww_1dconv", str(tmp_path), "--corpus", str(corpus)])
    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert Path(said["calib"]) == tmp_path / "calib.npz" and Path(said["eval"]).is_file()
    assert Path(said["model"]).name == "str_ww_ref_model.h5"


@pytest.mark.corpus
def test_the_table_agrees_with_the_corpus_about_what_was_measured(corpus: Path) -> None:
    stated = json.loads((corpus / "corpus.json").read_text(encoding="utf-8"))
    # The corpus may hold more than the benchmarks use, never less.
    assert {item.folder for item in ITEMS.values()} <= set(stated)
    for name, item in ITEMS.items():
        assert (corpus / item.folder / item.model).exists()
        if item.measured is not None:
            known = stated[item.folder]["measured"]
            assert item.measured == known.get("keras", known.get("keras_top1")), name
