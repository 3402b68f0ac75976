"""How close a compressed model's outputs are to the float model's. No labels needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from edgekit.core import box_decoder
from edgekit.core.errors import DataError
from edgekit.core.records import Contract, Metric, TensorSpec
from edgekit.core.suggest import nearest
from edgekit.measure import agreement
from edgekit.measure.detection import box_agreement
from edgekit.measure.intervals import wilson
from edgekit.tflite import channels, signal

# Of so many channels the sums by sample are kept, for a bootstrap.
_KEPT_CHANNELS = 8
_PART = 1 << 15  # values
_LARGE = 1e150  # sums of squares, so that the product of two is finite
SMALLEST_PROBABILITY = 1e-7  # int8 softmax gives exact zeros, whose logarithm is infinite


def sqnr_db(reference: np.ndarray, candidate: np.ndarray) -> float:
    """Signal-to-quantization-noise ratio of `candidate`, in decibels.

    Over all samples at once, as `tflite.signal.sqnr_db`, of outputs that are checked.

    Args:
        reference: Outputs of the float model, shape `(samples, ...)`.
        candidate: Outputs of the compressed model, same shape, in real units
            (dequantized, not int8 codes).

    Returns:
        Decibels, higher is better; `inf` where equal, or where nothing on either side
        exceeds `signal.ZERO`; `-inf` where only the reference is zero.

    Raises:
        DataError: The shapes differ, there is no value, or one is NaN or infinite.
    """
    return signal.sqnr_db(*_pair(reference, candidate))


def cosine(reference: np.ndarray, candidate: np.ndarray) -> float:
    """Cosine of the angle between two sets of outputs, pooled over all samples.

    Blind to a common factor, so read it beside `sqnr_db`.

    >>> cosine(np.array([1.0, 0.0]), np.array([0.0, 2.0]))
    0.0

    Args:
        reference: Outputs of the float model, shape `(samples, ...)`.
        candidate: Outputs of the compressed model, same shape.

    Returns:
        -1 to 1, higher is better; 1 where both are zero, 0 where one is.

    Raises:
        DataError: The shapes differ, there is no value, or one is NaN or infinite.
    """
    a, b = _pair(reference, candidate)
    largest = float(np.max(np.abs(a))), float(np.max(np.abs(b)))
    if min(largest) <= signal.ZERO:
        return 1.0 if max(largest) <= signal.ZERO else 0.0
    a, b = a / largest[0], b / largest[1]
    value = float(np.sum(a * b) / math.sqrt(float(np.sum(a * a)) * float(np.sum(b * b))))
    return max(-1.0, min(1.0, value))


def kl_divergence(
    reference: np.ndarray, candidate: np.ndarray, *, logits: bool | None = None
) -> float:
    """Kullback-Leibler divergence from the reference's probabilities, in nats.

    `mean over samples of sum(p * log(p / q))` along the last axis. Probabilities below
    1e-7 count as that, and rows are scaled to a sum of 1.

    Args:
        reference: Outputs of the float model, shape `(samples, ..., classes)`.
        candidate: Outputs of the compressed model, same shape.
        logits: Whether a softmax is still to be applied. None: it is, unless every row
            of the reference is non-negative with a sum within 0.01 of 1.

    Returns:
        0 where equal, larger is worse.

    Raises:
        DataError: The shapes differ, a value is not finite, or there is one class only.
    """
    a, b = _pair(reference, candidate)
    _require_classes(a, "Divergence")
    if logits is None:
        logits = bool(np.any(a < 0) or np.any(np.abs(a.sum(axis=-1) - 1) > 0.01))
    p, q = (np.exp(signal.log_softmax(array)) if logits else array for array in (a, b))
    floored = (np.log(np.maximum(array, SMALLEST_PROBABILITY)) for array in (p, q))
    return max(0.0, float(signal.kl_divergence(*floored).mean()))


def compare(
    reference: Mapping[str, np.ndarray],
    candidate: Mapping[str, np.ndarray],
    contract: Contract | None = None,
) -> tuple[Metric, ...]:
    """All fidelity metrics of two runs on the same samples.

    `sqnr_db` is that of the worst channel (see `tflite.channels`), which its note names;
    `pooled_sqnr_db` and `cosine` are those of the worst output as a whole. A model with several
    outputs has each for them too, as `sqnr_db@NAME`. `agreement` is there only where an output
    decides (see `agreement.decisions_agree`), `agreement_all` where one decides several things of
    a sample: whether all are alike, `agreement_iou` where it is a mask: how far both masks overlap.
    Of a detector it is the share of boxes that both files have (see `detection.box_agreement`).
    With several such outputs the worst counts for each sample.

    Args:
        reference: The float model's outputs by name, `(samples, ...)`, real values.
        candidate: The compressed model's, of the same names and shapes.
        contract: What is known of the outputs, if anything.

    Returns:
        Metrics, the overall ones first; `agreement` with raw values and, where they are
        0 or 1, a Wilson interval.

    Raises:
        DataError: Names or shapes differ, or a value is NaN or infinite.
    """
    if set(reference) != set(candidate) or not reference:
        odd = sorted(set(reference) ^ set(candidate))
        raise DataError(
            "Both runs must have the same outputs.",
            received=f"{', '.join(reference) or 'none'} against {', '.join(candidate) or 'none'}",
            hint=nearest(odd[0], set(reference) & set(candidate)) if odd else None,
        )
    specs = {spec.name: spec for spec in contract.outputs} if contract else {}
    found: dict[str, dict[str, Metric]] = {}
    for name in reference:
        spec = specs.get(name) or TensorSpec(
            name=name, shape=reference[name].shape, dtype="float32"
        )
        try:
            found[name] = _of_output(spec, reference[name], candidate[name])
        except DataError as error:
            raise DataError(
                f"Output {name!r}: {error.rule}", received=error.received, hint=error.hint
            ) from None
    if contract is not None:
        _of_boxes(found, reference, candidate, contract)
    metrics = []
    for figure in _FIGURES:
        by_output = {name: of[figure] for name, of in found.items() if figure in of}
        if by_output:
            metrics.append(_overall(figure, by_output))
    if len(reference) > 1:
        for name, of in found.items():
            metrics += [replace(metric, name=f"{figure}@{name}") for figure, metric in of.items()]
    return tuple(metrics)


_FIGURES = (
    *("sqnr_db", "agreement", "agreement_all", "agreement_iou"),
    *("pooled_sqnr_db", "cosine"),
)


def _of_output(spec: TensorSpec, reference: np.ndarray, candidate: np.ndarray) -> dict[str, Metric]:
    """The figures of one output, with the sums by sample that they follow from."""
    _check_pair(reference, candidate)
    found = {"sqnr_db": _of_channels(channels.channels(reference, candidate, spec))}
    alike = agreement.decisions_agree(reference, candidate, spec)
    if alike is not None:
        found["agreement"] = _agreement("agreement", alike)
        if spec.kind == "tags":
            found["agreement_all"] = _agreement("agreement_all", np.floor(alike))
    masks = agreement.masks_iou(reference, candidate, spec)
    if masks is not None:
        found["agreement_iou"] = _agreement("agreement_iou", masks)
    both, own, others, noise = _products(reference, candidate)
    sums = [float(column.sum()) for column in (both, own, others, noise)]
    usual = all(reference.size * signal.ZERO**2 < power < _LARGE for power in sums[1:3])
    found["pooled_sqnr_db"] = Metric(
        name="pooled_sqnr_db",
        value=signal.decibels(sums[1], sums[3]) if usual else signal.sqnr_db(reference, candidate),
        unit="dB",
        statistic="sqnr_db",
        parts=(tuple(own.tolist()), tuple(noise.tolist())),
    )
    found["cosine"] = Metric(
        name="cosine",
        value=max(-1.0, min(1.0, sums[0] / math.sqrt(sums[1] * sums[2])))
        if usual
        else cosine(reference, candidate),
        statistic="cosine",
        parts=tuple(tuple(column.tolist()) for column in (both, own, others)),
    )
    return found


def _of_boxes(
    found: Mapping[str, dict[str, Metric]],
    reference: Mapping[str, np.ndarray],
    candidate: Mapping[str, np.ndarray],
    contract: Contract,
) -> None:
    """A detector's agreement is that of its boxes, and of nothing else that they follow from."""
    alike = box_agreement.boxes_agree(reference, candidate, contract)
    detector = box_decoder.detector(contract.outputs)
    if alike is None or detector is None:
        return
    name, how = detector
    for output in (name, *how.others):
        for figure in ("agreement", "agreement_all", "agreement_iou"):
            found[output].pop(figure, None)
    found[name]["agreement"] = _agreement("agreement", alike)


def _products(a: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    """Of each sample the sums of a * b, a**2, b**2 and (a - b)**2, float64 `(n,)` each.

    Part by part: what stays in the processor's cache takes half of the time.
    """
    sums = [np.empty(len(a)) for _ in range(4)]
    step = max(1, _PART // max(1, a[0].size))
    for start in range(0, len(a), step):
        part = slice(start, start + step)
        first, second = (x[part].reshape(len(x[part]), -1).astype(np.float64) for x in (a, b))
        error = first - second
        pairs = ((first, second), (first, first), (second, second), (error, error))
        for out, (left, right) in zip(sums, pairs, strict=True):
            np.einsum("ij,ij->i", left, right, out=out[part])
    return sums


def _of_channels(found: Sequence[channels.Channel]) -> Metric:
    """The worst channel's figure, with the sums of the worst few: another draw may have another."""
    ordered = sorted(found, key=lambda channel: channel.sqnr_db)
    worst = ordered[0]
    rows = [row for one in ordered[:_KEPT_CHANNELS] for row in (one.signal, one.noise)]
    return Metric(
        name="sqnr_db",
        value=worst.sqnr_db,
        unit="dB",
        note=f"of {worst.name}" if len(found) > 1 else "",
        statistic="sqnr_db",
        parts=tuple(tuple(row.tolist()) for row in rows),
    )


def _overall(figure: str, by_output: Mapping[str, Metric]) -> Metric:
    """That of the worst output, with the parts of all: another draw may have another worst."""
    if figure.startswith("agreement"):
        if len(by_output) == 1:
            return next(iter(by_output.values()))
        return _agreement(figure, np.min([metric.raw for metric in by_output.values()], axis=0))
    name, worst = min(by_output.items(), key=lambda pair: pair[1].value)
    every = tuple(row for metric in by_output.values() for row in metric.parts)
    note = worst.note or (f"of {name}" if len(by_output) > 1 and figure == "sqnr_db" else "")
    return replace(worst, name=figure, note=note, parts=every)


def _agreement(name: str, raw: np.ndarray) -> Metric:
    binary = bool(np.all((raw == 0) | (raw == 1)))
    low, high = wilson(float(raw.sum()), len(raw)) if binary else (None, None)
    values = tuple(raw.tolist())
    return Metric(name=name, value=float(raw.mean()), low=low, high=high, raw=values)


def _require_classes(array: np.ndarray, figure: str) -> None:
    if array.ndim < 2 or array.shape[-1] < 2:
        raise DataError(
            f"{figure} needs at least 2 classes, along the last axis.",
            received=f"shape {array.shape}",
        )


def _pair(reference: np.ndarray, candidate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64, checked."""
    _check_pair(reference, candidate)
    return np.asarray(reference, np.float64), np.asarray(candidate, np.float64)


def _check_pair(reference: np.ndarray, candidate: np.ndarray) -> None:
    if reference.shape != candidate.shape or reference.size == 0:
        raise DataError(
            "Reference and candidate must have the same shape, with at least one value.",
            received=f"{reference.shape} against {candidate.shape}",
        )
    for what, array in (("reference", reference), ("candidate", candidate)):
        if np.isfinite(array.min()) and np.isfinite(array.max()):  # NaN passes through both
            continue
        bad = ~np.isfinite(array)
        first = [int(i) for i in np.argwhere(bad)[0]]
        raise DataError(
            f"The {what}'s outputs are not finite.",
            received=f"{int(bad.sum())} of {array.size} values are NaN or infinite, the "
            f"first at index {first}",
            hint="a model that overflows cannot be compared: check its inputs and weights.",
        )
