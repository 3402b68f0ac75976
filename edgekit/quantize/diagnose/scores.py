"""The outputs of a model, and how far two models' outputs lie apart.

Where a model ends in a softmax, what goes into it is compared: an int8 softmax gives multiples
of 1/256, which hide how near the rest is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from edgekit import tflite
from edgekit.core.records import Contract
from edgekit.quantize.rewrite.cast_pairs import producers
from edgekit.tflite import Model, signal
from edgekit.tflite.channels import Channel, channels
from edgekit.tflite.interpreter import run

# Errors that nothing depends on.
_MOST_DB = 120.0


class Outputs(dict[str, np.ndarray]):
    """Outputs by name, `(n, ...)` in real units; of those in `logits`, what goes into a softmax.

    `real` are all of them as the file gives them.
    """

    logits: frozenset[str] = frozenset()
    real: Mapping[str, np.ndarray] = MappingProxyType({})


def outputs(
    model: Model,
    inputs: Mapping[str, np.ndarray],
    *,
    serialize: Callable[[Model], bytes] = tflite.to_bytes,
) -> Outputs:
    """The outputs of a model for samples.

    Args:
        model: What `tflite.read` returned; it stays as it is.
        inputs: By input name, `(n, ...)`, real values.
        serialize: See `interpreter.run`.

    Raises:
        QuantizeError: The interpreter could not run it.
    """
    names = tflite.binding(model)
    read, logits = before_softmax(model, names)
    wanted = {str(i): i for i in (*read.values(), *names.outputs.values())}
    found = run(model, inputs, wanted, serialize=serialize)
    result = Outputs({name: found[str(index)] for name, index in read.items()})
    result.real = {name: found[str(index)] for name, index in names.outputs.items()}
    result.logits = frozenset(logits)
    return result


def before_softmax(model: Model, names: tflite.Binding) -> tuple[dict[str, int], set[str]]:
    """The tensor to read for each output, and which of them go into a softmax."""
    makers = producers(model)
    read, logits = {}, set()
    for name, index in names.outputs.items():
        maker = makers.get((names.subgraph, index))
        while maker is not None and maker.name in ("QUANTIZE", "DEQUANTIZE"):
            maker = makers.get((names.subgraph, maker.inputs[0].index))
        read[name] = index
        if maker is not None and maker.facts.output_activation == "softmax":
            read[name] = maker.inputs[0].index
            logits.add(name)
    return read, logits


def errors(expected: Outputs, got: Mapping[str, np.ndarray]) -> np.ndarray:
    """How far each sample's outputs lie from the float model's, `(kinds, n)`; larger is worse.

    Of each output the root of noise against the mean signal; of logits also the root of the
    Kullback-Leibler divergence of the probabilities behind them. Roots, since a divergence
    summed over samples is that of its worst one.
    """
    kinds = []
    for name, reference in expected.items():
        rows = [values.reshape(len(reference), -1) for values in (reference, got[name])]
        if not np.isfinite(rows[1]).all():
            kinds.append(np.full(len(reference), np.inf))
            continue
        power = np.square(rows[0], dtype=np.float64).sum(axis=-1).mean()
        noise = np.square(rows[0].astype(np.float64) - rows[1]).sum(axis=-1)
        kinds.append(np.sqrt(noise / power) if power else np.sqrt(noise))
        if name in expected.logits:
            shape = (len(reference), -1, reference.shape[-1])
            logits = (values.reshape(shape) for values in (reference, got[name]))
            divergence = signal.kl_divergence(*logits).mean(axis=-1)
            kinds.append(np.sqrt(np.maximum(divergence, 0)))
    return np.stack(kinds)


def relative(candidate: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Errors by sample, `(n,)`: each kind as a part of what it is on average for `base`."""
    usual = base.mean(axis=1, keepdims=True)
    usual = np.where(np.isfinite(usual) & (usual > 0), usual, 1.0)
    return np.asarray((candidate / usual).mean(axis=0))


def better(candidate: np.ndarray, base: np.ndarray) -> bool:
    """Whether a candidate's errors are smaller by more than chance: by a standard error.

    Args:
        candidate: What `errors` gave for it.
        base: The same for what it has to beat, on the same samples.
    """
    if not (np.isfinite(candidate).all() and np.isfinite(base).all()):
        return bool(np.isfinite(candidate).all() and not np.isfinite(base).all())
    difference = relative(candidate, base) - relative(base, base)
    chance = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
    return bool(difference.mean() + chance < 0)


def sqnr_db(expected: Outputs, got: Mapping[str, np.ndarray]) -> float:
    """Signal-to-quantization-noise ratio of the worst output, in decibels, 120 at most."""
    return min(
        _MOST_DB, *(signal.sqnr_db(reference, got[name]) for name, reference in expected.items())
    )


def all_channels(expected: Outputs, got: Outputs, contract: Contract) -> list[Channel]:
    """The channels of all outputs that matter, as files give them (see `tflite.channels`)."""
    return [
        channel
        for spec in contract.outputs
        if spec.name in expected.real
        for channel in channels(expected.real[spec.name], got.real[spec.name], spec)
    ]


def worst_channel_db(expected: Outputs, got: Outputs, contract: Contract) -> float:
    """The worst channel's ratio in decibels, 120 at most; that of outputs where none varies."""
    if not all(
        np.isfinite(values).all() for values in (*expected.real.values(), *got.real.values())
    ):
        return sqnr_db(expected, got)
    return min((_MOST_DB, *(one.sqnr_db for one in all_channels(expected, got, contract))))
