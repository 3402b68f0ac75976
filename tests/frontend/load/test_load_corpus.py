"""Models that other people trained load, and measure what they measured elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.convert, pytest.mark.corpus]

# Path -> kind, number of inputs, output names.
REAL: dict[str, tuple[str, int, list[str]]] = {
    "resnet8_cifar10": ("keras2", 1, ["dense"]),
    "kws_dscnn/kws_ref_model": ("saved_model", 1, ["dense"]),
    "sww_1dconv/str_ww_ref_model.h5": ("keras2", 1, ["dense"]),
    "imagenet_mobilenetv1_025": ("keras2", 1, ["predictions"]),
    "imagenet_efficientnet_lite0": ("keras3", 1, ["predictions"]),
    "har_st_cnn1d/model.h5": ("keras2", 1, ["dense_1"]),
    "crepe_tiny_pitch/crepe_tiny_keras3.keras": ("keras3", 1, ["classifier"]),
    "magika_bytes_v1/model.h5": ("keras2", 1, ["target_label"]),
    "quickdraw_doodlenet_tfjs": ("keras2", 1, ["dense_1"]),
    "speech_dtln_lstm_states/dtln1_keras3.keras": (
        "keras3",
        5,
        ["m1_mask", "m1_lstm0", "m1_lstm0_1", "m1_lstm1", "m1_lstm1_1"],
    ),
    "speech_dtln_lstm_states/dtln2_keras3.keras": (
        "keras3",
        5,
        ["dec", "m2_lstm0", "m2_lstm0_1", "m2_lstm1", "m2_lstm1_1"],
    ),
    "basic_pitch_savedmodel": ("saved_model", 1, ["contour", "note", "onset"]),
    "superres_upscaler_2x": ("keras2", 1, ["SR"]),
}


@pytest.mark.parametrize("file", REAL)
def test_a_real_model_loads(file: str, corpus: Path, load_in_child: Any):
    result = load_in_child(corpus / file)
    kind, inputs, outputs = REAL[file]
    assert result["kind"] == kind
    assert len(result["inputs"]) == inputs
    assert [spec["name"] for spec in result["outputs"]] == outputs
    assert result["layers"]


def test_sizes_that_are_free_stay_free(corpus: Path, load_in_child: Any):
    result = load_in_child(corpus / "superres_upscaler_2x")
    assert result["inputs"][0]["shape"] == [-1, -1, -1, 3]


def test_bytes_that_are_encoded_are_bounded(corpus: Path, load_in_child: Any):
    assert load_in_child(corpus / "magika_bytes_v1")["id_limits"] == {"bytes": 257}


@pytest.mark.parametrize(
    ("file", "data", "count", "scale", "shift", "published", "tolerance"),
    [
        # All samples, hence corpus.json's figure up to its rounding, and up to two near ties that
        # another processor's floats decide the other way. A wrong load is wrong on most.
        ("har_st_cnn1d", "har_st_cnn1d", 3496, 1 / 4000, 0.0, 0.9883, 1e-4 + 2 / 3496),
        ("kws_dscnn/kws_ref_model", "kws_dscnn", 1000, 0.5847029, 83.0, 0.913, 1e-4 + 2 / 1000),
        ("magika_bytes_v1", "magika_bytes_v1", 137, 1.0, 0.0, 1.0, 1e-4 + 2 / 137),
        ("sww_1dconv", "sww_1dconv", 45, 1.0, 0.0, 0.9111, 1e-4 + 2 / 45),
        # 500 of 5000 images: three standard errors of a share of 0.87.
        ("resnet8_cifar10", "resnet8_cifar10", 500, 1.0, 0.0, 0.8708, 0.045),
    ],
)
def test_a_real_model_is_as_accurate_as_measured(
    file: str,
    data: str,
    count: int,
    scale: float,
    shift: float,
    published: float,
    tolerance: float,
    corpus: Path,
    load_in_child: Any,
):
    request = {
        "data": str(corpus / data / "data.npz"),
        "count": count,
        "scale": scale,
        "shift": shift,
    }
    assert abs(load_in_child(corpus / file, top1=request)["top1"] - published) <= tolerance


@pytest.mark.parametrize(
    "file",
    [
        "har_st_cnn1d/model.h5",
        "quickdraw_doodlenet_tfjs",
        "speech_dtln_lstm_states/dtln2_keras3.keras",
        "crepe_tiny_pitch/crepe_tiny_keras3.keras",
        "basic_pitch_savedmodel",
        "superres_upscaler_2x",
    ],
)
def test_a_real_model_converts_to_the_same_outputs(file: str, corpus: Path, load_in_child: Any):
    errors = load_in_child(corpus / file, convert=True)["export_errors"]
    assert set(errors) == set(REAL[file][2])
    assert max(errors.values()) < 1e-4
