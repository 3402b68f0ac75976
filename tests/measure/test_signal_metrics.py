"""PSNR and SSIM are scikit-image's, SI-SDR is its formula's; scales that do not fit are seen."""

import numpy as np
import pytest
from skimage import metrics as skimage_metrics

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import Contract, TensorSpec
from edgekit.data.samples import Samples
from edgekit.measure.accuracy import measure

RNG = np.random.default_rng(0)
TRUE = RNG.random((5, 16, 20, 3))
IMAGES = np.clip(TRUE + RNG.normal(size=TRUE.shape) * 0.1, 0, 1)


def run(metric, output, truth, /):
    spec = TensorSpec(name="out", shape=(1, *output.shape[1:]), dtype="float32", kind="image")
    samples = Samples(inputs={"x": np.arange(len(output))}, labels=np.asarray(truth))
    return measure(metric, {"out": output}, samples, Contract(inputs=(), outputs=(spec,)))


@pytest.mark.parametrize(
    ("images", "true", "span"),
    [
        (IMAGES, TRUE, 1),
        (2 * IMAGES - 1, 2 * TRUE - 1, 2),
        (255 * IMAGES, 255 * TRUE, 255),
        (255 * IMAGES, (255 * TRUE).astype(np.uint8), 255),
        (4000 * IMAGES, 4000 * TRUE, 4000 * np.ptp(TRUE)),
    ],
    ids=["0 to 1", "-1 to 1", "0 to 255", "uint8", "other"],
)
def test_images_are_measured_in_their_own_range(images, true, span):
    psnr, ssim = run("psnr", images, true), run("ssim", images, true)
    for i, (a, b) in enumerate(zip(true.astype(float), images, strict=True)):
        wanted = skimage_metrics.peak_signal_noise_ratio(a, b, data_range=span)
        assert psnr.raw[i] == pytest.approx(wanted)
        wanted = skimage_metrics.structural_similarity(
            a, b, data_range=span, channel_axis=-1, gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False,
        )  # fmt: skip
        assert ssim.raw[i] == pytest.approx(wanted)
    assert psnr.value == pytest.approx(np.mean(psnr.raw))
    assert (psnr.unit, psnr.better) == ("dB", "higher")
    assert psnr.low < psnr.value < psnr.high


def test_equal_images_and_gray_ones():
    assert run("psnr", TRUE, TRUE).value == 100
    assert run("ssim", TRUE, TRUE).value == pytest.approx(1)
    assert run("ssim", IMAGES[..., :1], TRUE[..., :1]).value == pytest.approx(
        run("ssim", IMAGES[..., 0], TRUE[..., 0]).value
    )


def test_images_of_another_scale_or_size_are_refused():
    with pytest.raises(DataError, match="scale of output 'out'"):
        run("psnr", IMAGES, (255 * TRUE).astype(np.uint8))
    with pytest.raises(DataError, match="shape of output"):
        run("psnr", IMAGES, TRUE[:, ::2])
    with pytest.raises(DataError, match="must be finite"):
        run("ssim", IMAGES, TRUE * np.nan)
    with pytest.raises(UsageError, match="11 pixels"):
        run("ssim", IMAGES[:, :8], TRUE[:, :8])


def test_si_sdr_is_blind_to_scale_and_of_known_value():
    true = RNG.normal(size=(6, 500, 1))
    noise = RNG.normal(size=true.shape)
    noise -= (
        true
        * np.einsum("ijk,ijk->i", noise, true)[:, None, None]
        / np.sum(true**2, axis=(1, 2), keepdims=True)
    )
    sound = true + 0.1 * noise * np.sqrt(
        np.sum(true**2, axis=(1, 2), keepdims=True) / np.sum(noise**2, axis=(1, 2), keepdims=True)
    )
    for factor in (1, -3, 0.01):
        found = run("si_sdr", factor * sound, true)
        assert found.raw == pytest.approx([20] * 6)
    assert run("si_sdr", 2 * true, true).value == 100
    assert run("si_sdr", 0 * true, true).value == -100


def test_a_silent_sound_is_refused():
    true = RNG.normal(size=(3, 50))
    true[1] = 0
    with pytest.raises(DataError, match="the first is sample 1"):
        run("si_sdr", true, true)
