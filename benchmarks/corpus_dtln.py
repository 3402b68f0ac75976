"""DTLN's streaming denoiser: two recurrent cores, one block of sound after another.

Westhausen and Meyer, "Dual-Signal Transformation LSTM Network for Real-Time Noise
Suppression", Interspeech 2020. A frame of 512 samples moves on by 128 (16 kHz). Core 1 sees
the frame's magnitudes and answers a mask; the masked frame, back in time, goes to core 2,
whose frames are added where they overlap. Both carry the states of two LSTMs from block to
block. What leaves at block `i` is complete for the time `128 * i - 384` and on.

`denoise` is the whole pipeline with any two cores (Keras, or sessions on compressed files):
the honest end-to-end figure, in which errors travel through the states. Run as a script,
this file records what the float Keras cores are fed, block by block (`corpus.py` calls it):

```
python benchmarks/corpus_dtln.py FOLDER NOISY.npz RECORD.npz
```

`litert_core` makes a core of a `.tflite` file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

FRAME = 512
HOP = 128
DELAY = FRAME - HOP
UNITS = 128
FIRST_INPUTS = ("mag", "m1_h0", "m1_c0", "m1_h1", "m1_c1")
SECOND_INPUTS = ("frame", "m2_h0", "m2_c0", "m2_h1", "m2_c1")

# One block through a core: inputs by name, shapes (batch, 1, 257 or 512) and (batch, 128);
# outputs in Keras' order: the mask or frame, then h0, c0, h1, c1.
Step = Callable[[Mapping[str, np.ndarray]], Sequence[np.ndarray]]
# Called with "first" or "second" and what that core is about to be fed.
Observer = Callable[[str, Mapping[str, np.ndarray]], None]


def denoise(
    first: Step, second: Step, noisy: np.ndarray, observe: Observer | None = None
) -> np.ndarray:
    """Send clips through both cores, block by block, states carried on.

    Args:
        first: Core 1, magnitudes to mask.
        second: Core 2, frames to frames.
        noisy: float32 `(batch, samples)` in -1..1, a multiple of 128 samples.
        observe: Sees the inputs of each call.

    Returns:
        float32 `(batch, samples)`: the denoised sound, 384 samples late, as a device
        would play it.
    """
    batch, samples = noisy.shape
    first_states = [np.zeros((batch, UNITS), np.float32) for _ in range(4)]
    second_states = list(first_states)
    frame = np.zeros((batch, FRAME), np.float32)
    sums = np.zeros((batch, FRAME), np.float32)
    result = np.zeros((batch, samples), np.float32)
    for start in range(0, samples - HOP + 1, HOP):
        frame = np.concatenate([frame[:, HOP:], noisy[:, start : start + HOP]], axis=1)
        spectrum = np.fft.rfft(frame)
        magnitude = np.abs(spectrum).astype(np.float32)[:, None]
        fed = dict(zip(FIRST_INPUTS, [magnitude, *first_states], strict=True))
        if observe:
            observe("first", fed)
        mask, *first_states = first(fed)
        masked = masked_frame(spectrum, mask[:, 0])[:, None]
        fed = dict(zip(SECOND_INPUTS, [masked, *second_states], strict=True))
        if observe:
            observe("second", fed)
        clean, *second_states = second(fed)
        sums = np.concatenate([sums[:, HOP:], np.zeros((batch, HOP), np.float32)], axis=1)
        sums += clean[:, 0]
        result[:, start : start + HOP] = sums[:, :HOP]
    return result


def litert_core(file: Path, outputs: Sequence[str]) -> Step:
    """A core that runs a `.tflite` in LiteRT, for one clip at a time (its batch is 1).

    Args:
        file: Inputs carry the names of `FIRST_INPUTS` or `SECOND_INPUTS` in its signature.
        outputs: The signature's outputs in Keras' order: the signature sorts them by name.
    """
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_path=str(file)).get_signature_runner()

    def step(inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        answered = run(**inputs)
        return [answered[name] for name in outputs]

    return step


def mean_si_sdr_db(heard: np.ndarray, clean: np.ndarray) -> float:
    """Mean over clips of what `denoise` returned: both `(clips, samples)`, delay taken off."""
    pairs = zip(heard[:, DELAY:], clean[:, :-DELAY], strict=True)
    return float(np.mean([si_sdr_db(one, wanted) for one, wanted in pairs]))


def masked_frame(spectrum: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Frames `(n, 512)` float32 from spectra `(n, 257)` with the mask on their magnitudes."""
    return np.fft.irfft(spectrum * mask, n=FRAME).astype(np.float32)


def overlap_add(frames: np.ndarray) -> np.ndarray:
    """Frames `(blocks, 512)` of one clip, added at steps of 128: `(blocks * 128,)`, late by 384."""
    blocks = len(frames)
    sums = np.zeros((blocks + 3) * HOP, np.float64)
    for part in range(FRAME // HOP):
        piece = frames[:, part * HOP : (part + 1) * HOP]
        sums[part * HOP : (part + blocks) * HOP] += piece.reshape(-1)
    return sums[: blocks * HOP]


def si_sdr_db(estimate: np.ndarray, clean: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio, in decibels; higher is better.

    `a = <estimate, clean> / <clean, clean>`, then
    `10 * log10(|a * clean|^2 / |estimate - a * clean|^2)`: Le Roux et al., "SDR, half-baked
    or well done?", ICASSP 2019. Both are `(samples,)`; summed in float64.
    """
    estimate, clean = estimate.astype(np.float64), clean.astype(np.float64)
    target = clean * (estimate @ clean) / (clean @ clean)
    distortion = estimate - target
    with np.errstate(divide="ignore"):
        return float(10 * np.log10((target @ target) / (distortion @ distortion)))


def record(folder: Path, noisy: np.ndarray) -> dict[str, np.ndarray]:
    """Run the float Keras cores and keep each input they were fed.

    Imports Keras: call it in a process of its own.

    Returns:
        Arrays `(clips, blocks, ...)` by input name, and `denoised` `(clips, samples)`.
    """
    import keras
    import tensorflow as tf

    def core(name: str) -> Step:
        model = keras.models.load_model(folder / name, compile=False)
        graph = tf.function(model)

        def step(inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
            return [np.asarray(output) for output in graph([inputs[i.name] for i in model.inputs])]

        return step

    fed: dict[str, list[np.ndarray]] = {name: [] for name in (*FIRST_INPUTS, *SECOND_INPUTS)}

    def observe(_: str, inputs: Mapping[str, np.ndarray]) -> None:
        for name, value in inputs.items():
            fed[name].append(value)

    first, second = core("dtln1_keras3.keras"), core("dtln2_keras3.keras")
    denoised = denoise(first, second, noisy, observe)
    return {"denoised": denoised} | {name: np.stack(all_, axis=1) for name, all_ in fed.items()}


if __name__ == "__main__":
    with np.load(sys.argv[2], allow_pickle=False) as clips:
        recorded = record(Path(sys.argv[1]), clips["noisy"])
    np.savez(sys.argv[3], allow_pickle=False, **recorded)
