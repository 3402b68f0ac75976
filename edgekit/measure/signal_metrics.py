"""How near images and sounds are to the true ones, sample by sample, then averaged."""

from __future__ import annotations

import numpy as np

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import Metric, TensorSpec
from edgekit.measure import by_sample, metric_packages, targets

MOST_DB = 100.0
"""What a sample counts as at most: of an equal one the ratio is infinite."""

_WINDOW = 11  # pixels that SSIM compares at a time: a Gaussian of 1.5, cut off at 3.5 deviations
_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
_SMALL = 2.0  # values up to this are no bytes


def psnr(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Peak signal-to-noise ratio of each image in dB, averaged; 100 dB at most.

    The range of values is 255 for integers, else the first of 0 to 1, -1 to 1 and 0 to 255 that
    holds all true images, else their own.

    Args:
        output: `(n, height, width[, channels])`.
        labels: The true images in the same shape and scale.
        spec: The output.

    Raises:
        DataError: Another shape or scale.
    """
    images, truth, span = _images(output, labels, spec)
    score = metric_packages.package("psnr").peak_signal_noise_ratio
    with np.errstate(divide="ignore"):
        raw = [score(a, b, data_range=span) for a, b in zip(truth, images, strict=True)]
    return by_sample.of_means(np.minimum(raw, MOST_DB), "higher", "dB")


def ssim(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Structural similarity of each image, averaged, with the constants of its authors.

    Wang et al. 2004, IEEE Transactions on Image Processing 13:600: Gaussian windows of 1.5
    pixels, averaged over channels. The range of values is that of `psnr`.

    Raises:
        UsageError: Images smaller than the window of 11 pixels, or no images.
        DataError: Another shape or scale.
    """
    if output.ndim not in (3, 4) or min(output.shape[1:3]) < _WINDOW:
        raise UsageError(
            f"ssim needs images (n, height, width, channels) of {_WINDOW} pixels at least.",
            received=f"output {spec.name!r} of shape {output.shape}",
            hint="--metric psnr",
        )
    images, truth, span = _images(output, labels, spec)
    score = metric_packages.package("ssim").structural_similarity
    raw = [
        score(
            a,
            b,
            data_range=span,
            channel_axis=-1 if output.ndim == 4 else None,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for a, b in zip(truth, images, strict=True)
    ]
    return by_sample.of_means(np.asarray(raw, dtype=np.float64), "higher")


def si_sdr(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Scale-invariant signal-to-distortion ratio of each sound in dB, averaged.

    Le Roux et al. 2019, "SDR - half-baked or well done?", ICASSP, equation 5, without taking a
    mean away; from -100 to 100 dB.

    Args:
        output: `(n, ...)`: all values of a sample are one sound.
        labels: The true sounds in the same shape.
        spec: The output.

    Raises:
        DataError: Another shape, or a true sound that is silent.
    """
    sounds, truth = (
        array.reshape(len(array), -1) for array in targets.matched(output, labels, spec)
    )
    power = np.einsum("ij,ij->i", truth, truth)
    if not power.all():
        raise DataError(
            "si_sdr cannot be of a true sound that is silent.",
            received=f"{int((power == 0).sum())} of {len(power)}, the first is sample "
            f"{int(np.argmin(power > 0))}",
            hint="leave silent samples out.",
        )
    scaled = truth * (np.einsum("ij,ij->i", sounds, truth) / power)[:, None]
    signal, noise = (np.square(array).sum(axis=1) for array in (scaled, scaled - sounds))
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = 10 * (np.log10(signal) - np.log10(noise))
    raw = np.where(signal == 0, -MOST_DB, np.where(noise == 0, MOST_DB, raw))
    return by_sample.of_means(np.clip(raw, -MOST_DB, MOST_DB), "higher", "dB")


def _images(
    output: np.ndarray, labels: np.ndarray, spec: TensorSpec
) -> tuple[np.ndarray, np.ndarray, float]:
    """Images, the true ones, and the range of their values."""
    images, truth = targets.matched(output, labels, spec)
    low, high = float(truth.min()), float(truth.max())
    if labels.dtype.kind in "iu":
        low, high = 0.0, max(255.0, high)
    known = [(a, b) for a, b in _RANGES if a <= low and high <= b and (b == 1 or high > _SMALL)]
    a, b = known[0] if known else (low, high)
    if high > _SMALL and float(np.abs(images).max()) <= _SMALL:
        raise DataError(
            f"True images must have the scale of output {spec.name!r}.",
            received=f"images up to {truth.max():g}, outputs up to {images.max():g}",
            hint="divide the images by 255.",
        )
    return images, truth, b - a
