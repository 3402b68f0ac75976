"""What the corpus' odd tasks are measured by: callables for `metric = "module:function"`.

Each takes `(outputs, labels, inputs)`: outputs and inputs by name with samples first, in
real units, and the array `y` that `corpus.prepare` wrote. It returns one value for each
sample, or one number where a sample alone means nothing. Name them as
`benchmarks.corpus:psnr_db`, with the checkout on Python's path.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks import corpus_dtln as dtln
from edgekit.core.errors import DataError

Arrays = Mapping[str, np.ndarray]

# CREPE's 360 bins: 20 cents apart, the first at 1997.379 cents above 10 Hz.
_CREPE_CENTS = 1997.3794084376191 + 20.0 * np.arange(360)
# Blocks in one of DTLN's clips: 64,000 samples, 128 at a time.
CLIP_BLOCKS = 500


def _only(outputs: Arrays, rule: str) -> np.ndarray:
    if len(outputs) != 1:
        raise DataError(rule, received=", ".join(outputs))
    return next(iter(outputs.values()))


def _ending_in(outputs: Arrays, size: int) -> np.ndarray:
    found = [value for value in outputs.values() if value.shape[-1:] == (size,)]
    if len(found) != 1:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in outputs.items())
        raise DataError(f"One output's last size is {size}.", received=shapes)
    return found[0]


def pitch_hz(activations: np.ndarray) -> np.ndarray:
    """Pitch in Hz `(n,)` of CREPE's activations `(n, 360)`.

    The mean of the bins' cents, weighted by the activations of the largest and its four
    neighbours on either side: Kim et al., "CREPE", ICASSP 2018, section 2.
    """
    peak = activations.argmax(axis=1)[:, None]
    near = np.abs(np.arange(360) - peak) <= 4
    weights = np.where(near, activations, 0).astype(np.float64)
    cents = (weights @ _CREPE_CENTS) / np.maximum(weights.sum(axis=1), 1e-30)
    return np.asarray(10.0 * 2.0 ** (cents / 1200.0))


def within_50_cents(outputs: Arrays, labels: np.ndarray, inputs: Arrays) -> np.ndarray:
    """1.0 where the pitch is at most half a semitone from the labelled one (Hz), else 0.0."""
    hz = pitch_hz(_only(outputs, "A pitch model has one output of 360 bins."))
    with np.errstate(divide="ignore"):
        cents = 1200.0 * np.abs(np.log2(hz / labels))
    return np.asarray(cents <= 50.0, np.float64)


def psnr_db(outputs: Arrays, labels: np.ndarray, inputs: Arrays) -> np.ndarray:
    """Peak signal-to-noise ratio of each image in decibels; higher is better.

    `10 * log10(255^2 / mean squared error)` over all pixels and channels. Outputs are
    floats in 0..1, scaled by 255 and clipped to 0..255; labels are uint8, same shape.
    """
    images = _only(outputs, "A super-resolution model has one output.")
    if images.shape != labels.shape:
        raise DataError(
            "Upscaled images have the shape of their originals.",
            received=f"outputs {images.shape}, labels {labels.shape}",
        )
    values = []
    for image, original in zip(images, labels, strict=True):  # one at a time: float64 is large
        error = np.clip(image.astype(np.float64) * 255.0, 0.0, 255.0) - original
        with np.errstate(divide="ignore"):
            values.append(10.0 * np.log10(255.0**2 / np.mean(error**2)))
    return np.asarray(values)


def max_abs_difference(outputs: Arrays, labels: np.ndarray, inputs: Arrays) -> np.ndarray:
    """Largest absolute difference of each sample to `labels`; lower is better.

    `labels` holds the reference's outputs `(n, ..., sum of last sizes)`, joined on the last
    axis in the order of their names.
    """
    joined = np.concatenate([outputs[name] for name in sorted(outputs)], axis=-1)
    if joined.shape != labels.shape:
        raise DataError(
            "Outputs, joined in the order of their names, have the shape of the labels.",
            received=f"{', '.join(sorted(outputs))}: {joined.shape}, labels {labels.shape}",
        )
    difference = np.abs(joined.astype(np.float64) - labels)
    return np.asarray(difference.reshape(len(labels), -1).max(axis=1))


def masked_si_sdr_db(outputs: Arrays, labels: np.ndarray, inputs: Arrays) -> float:
    """Mean SI-SDR over clips of what DTLN's core 1 alone makes of the noisy sound.

    Args:
        outputs: Has one output `(n, 1, 257)`, the mask (states are not looked at).
        labels: `(n, 640)`: the noisy frame (512), and the clean sound of the 128 samples
            that this block completes.
        inputs: Not used.
    """
    mask = _ending_in(outputs, dtln.FRAME // 2 + 1).reshape(len(labels), -1)
    frames = dtln.masked_frame(np.fft.rfft(labels[:, : dtln.FRAME]), mask)
    return _mean_si_sdr_db(frames, labels[:, dtln.FRAME :])


def frames_si_sdr_db(outputs: Arrays, labels: np.ndarray, inputs: Arrays) -> float:
    """Mean SI-SDR over clips of the sound that DTLN's core 2 makes.

    Args:
        outputs: Has one output `(n, 1, 512)`, the frame (states are not looked at).
        labels: `(n, 128)`: the clean sound of the 128 samples that this block completes.
        inputs: Not used.
    """
    frames = _ending_in(outputs, dtln.FRAME).reshape(len(labels), -1)
    return _mean_si_sdr_db(frames, labels)


def _mean_si_sdr_db(frames: np.ndarray, clean: np.ndarray) -> float:
    """Blocks lie in order, 500 to a clip; a last clip may be cut short."""
    values = []
    for start in range(0, len(frames), CLIP_BLOCKS):
        clip = slice(start, start + CLIP_BLOCKS)
        heard = dtln.overlap_add(frames[clip])[dtln.DELAY :]
        wanted = clean[clip].reshape(-1)[dtln.DELAY :]
        if np.any(wanted):  # a clip cut down to silence has no ratio
            values.append(dtln.si_sdr_db(heard, wanted))
    if not values:
        raise DataError("SI-SDR needs clips with sound in them.", received=f"{len(frames)} blocks")
    return float(np.mean(values))
