"""Metrics against labels, each with its per-sample values and a 95 % interval.

`raw` of a metric has one value for each sample, and **its mean is the metric's value**,
so that two files measured on the same samples can be compared in pairs by the
differences alone:

| metric | raw | interval |
|---|---|---|
| `top1_accuracy`, `top5_accuracy` | 1.0 or 0.0 | Wilson |
| `mae` | mean absolute error of the sample | BCa bootstrap |
| `rmse` | influence values (below) | BCa bootstrap of the squared errors, its root |
| `auc` | influence values | DeLong |
| `map_50`, `map_50_95` | what leaving it out changes | BCa bootstrap of images |
| `mape`, `psnr`, `ssim`, `si_sdr` | the sample's own | BCa bootstrap |
| of F1, precision, IoU, Dice, R2, `wer`, `cer` | influence values | BCa bootstrap of them |
| `eer` | none | bootstrap within the classes |
| `module:function` | what it returns by sample | BCa bootstrap; none for one number |

Root and AUC are no means, nor are those below `mape` (see
`verdicts.influence`). Influence values of the first are: `rmse + (e**2 - mse) / (2 * rmse)`,
and DeLong's placement values scaled by the share of their class, whose paired
differences are DeLong's paired test.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from edgekit.core.errors import DataError, UsageError
from edgekit.core.project import is_callable_name
from edgekit.core.records import Better, Contract, Metric, TensorSpec
from edgekit.core.suggest import nearest
from edgekit.data import callables, label_hints
from edgekit.data.samples import Samples
from edgekit.measure import by_sample, classes, intervals, metric_packages, targets

METRICS: dict[str, str] = {
    "top1_accuracy": "edgekit.measure.accuracy:top1_accuracy",
    "top5_accuracy": "edgekit.measure.accuracy:top5_accuracy",
    "mae": "edgekit.measure.accuracy:mae",
    "rmse": "edgekit.measure.accuracy:rmse",
    "auc": "edgekit.measure.accuracy:auc",
    "map_50": "edgekit.measure.detection.mean_precision:map_50",
    "map_50_95": "edgekit.measure.detection.mean_precision:map_50_95",
    "f1_macro": "edgekit.measure.decision_metrics:f1_macro",
    "f1_micro": "edgekit.measure.decision_metrics:f1_micro",
    "average_precision": "edgekit.measure.decision_metrics:average_precision",
    "eer": "edgekit.measure.decision_metrics:eer",
    "mean_iou": "edgekit.measure.mask_metrics:mean_iou",
    "dice": "edgekit.measure.mask_metrics:dice",
    "r2": "edgekit.measure.value_metrics:r2",
    "mape": "edgekit.measure.value_metrics:mape",
    "psnr": "edgekit.measure.signal_metrics:psnr",
    "ssim": "edgekit.measure.signal_metrics:ssim",
    "si_sdr": "edgekit.measure.signal_metrics:si_sdr",
    "wer": "edgekit.measure.text_metrics:wer",
    "cer": "edgekit.measure.text_metrics:cer",
}
"""Name to function `(output (n, ...), labels (n, ...), spec) -> Metric`."""

_OF_DETECTORS = ("map_50", "map_50_95")  # of all outputs, samples and contract

Outputs = Mapping[str, np.ndarray]
Labels = np.ndarray | Mapping[str, np.ndarray] | None


def measure(metric: str, outputs: Outputs, samples: Samples, contract: Contract) -> Metric:
    """Judge outputs by labels.

    Args:
        metric: A name of `METRICS`, or `module:function`; `@OUTPUT` behind it picks the
            output of a model that has several. The function is called with
            `(outputs, labels, inputs)`: two dictionaries of arrays and the labels, as many
            of them as it takes. The labels are those of the output after `@`, or a dictionary
            where the samples have them by output. It returns one number, or one for each
            sample; its attributes `better` (`"higher"`, the default, or `"lower"`) and `unit`
            are read.
        outputs: By name, `(n, ...)`, real values (dequantized).
        samples: With labels of the output: class ids `(n,)`, one-hot `(n, classes)`, label
            names of the contract, or target values of the output's shape.
        contract: Labels and activations of the outputs.

    Returns:
        The metric under the name it was asked by; see the table above.

    Raises:
        UsageError: No such metric, or it does not suit the output.
        DataError: Labels are missing or do not fit, or an output is not finite.
    """
    name, at, wanted = metric.partition("@")
    _check_outputs(outputs, samples, contract)
    if at and wanted not in outputs:
        raise UsageError(
            f"METRIC@OUTPUT must name an output of the model: {', '.join(outputs)}.",
            received=metric,
            hint=nearest(wanted, outputs),
        )
    if name not in METRICS:
        check_metric(metric)
        chosen = {wanted: outputs[wanted]} if at else dict(outputs)
        labels: Labels = samples.head_labels or samples.labels
        if at and samples.head_labels:
            labels = samples.labels_of(wanted, alone=len(outputs) == 1)
        return replace(_by_function(name, chosen, labels, samples), name=metric)
    if name in _OF_DETECTORS:
        detected: Metric = callables.resolve(METRICS[name])(outputs, samples, contract)
        return replace(detected, name=metric)
    if not at and len(outputs) > 1:
        raise UsageError(
            f"{name} must name its output: the model has several.",
            received=f"--metric {metric} for outputs {', '.join(outputs)}",
            hint=f"--metric {name}@{next(iter(outputs))}",
        )
    wanted = wanted or next(iter(outputs))
    spec = next(spec for spec in contract.outputs if spec.name == wanted)
    labels = samples.labels_of(wanted, alone=len(outputs) == 1)
    if labels is None:
        raise DataError(
            f"{name} needs labels{f' of output {wanted!r}' if samples.is_labelled else ''}.",
            received=f"samples without them from {samples.source or 'memory'}",
            hint=label_hints.how(samples, contract, wanted),
        )
    function = callables.resolve(METRICS[name])
    result: Metric = function(outputs[wanted], labels, spec)
    return replace(result, name=metric)


def check_metric(metric: str) -> None:
    """Refuse a metric that is none, without measuring anything.

    Raises:
        UsageError: Neither a name of `METRICS` nor spelled `module:function`, or its package is
            not installed.
        DataError: There is no such function.
    """
    name = metric.partition("@")[0]
    if name in METRICS:
        metric_packages.check_installed(name)
        return
    if not is_callable_name(name):
        raise UsageError(
            f"A metric must be one of {', '.join(METRICS)}, or module:function.",
            received=f"--metric {metric}",
            hint=nearest(name, METRICS),
        )
    callables.resolve(name)


def _check_outputs(outputs: Outputs, samples: Samples, contract: Contract) -> None:
    known = {spec.name for spec in contract.outputs}
    if not outputs or set(outputs) - known:
        raise DataError(
            f"Outputs must be those of the contract: {', '.join(sorted(known))}.",
            received=", ".join(outputs) or "none",
        )
    for name, array in outputs.items():
        if not array.ndim or len(array) != len(samples):
            raise DataError(
                f"Output {name!r} must have a row for each of {len(samples)} samples.",
                received=f"shape {array.shape}",
            )
        bad = ~np.isfinite(array)
        if bad.any():
            first = int(np.argwhere(bad)[0][0])
            raise DataError(
                f"Output {name!r} is not finite.",
                received=f"{int(bad.sum())} of {array.size} values are NaN or infinite, the "
                f"first in sample {first}",
                hint="the model overflows on that sample: check its preprocessing.",
            )


def _by_function(
    name: str, outputs: dict[str, np.ndarray], labels: Labels, samples: Samples
) -> Metric:
    function = callables.resolve(name)
    with callables.blaming(name):
        try:
            takes = len(inspect.signature(function).parameters)
        except ValueError:  # a builtin tells nothing of itself
            takes = 3
        result = function(*(outputs, labels, samples.inputs)[: max(1, takes)])
        raw = np.asarray(result, dtype=np.float64)
    if raw.shape not in ((), (len(samples),)):
        raise DataError(
            f"{name} must return one number, or one for each of {len(samples)} samples.",
            received=f"an array of shape {raw.shape}",
        )
    if not np.isfinite(raw).all():
        raise DataError(
            f"{name} must return finite numbers.",
            received=f"{int((~np.isfinite(raw)).sum())} of {raw.size} are NaN or infinite",
        )
    better: Better = getattr(function, "better", "higher")
    if better not in ("higher", "lower"):
        raise DataError(f'{name}.better must be "higher" or "lower".', received=repr(better))
    unit = str(getattr(function, "unit", ""))
    if raw.ndim == 0:
        note = "one number for all samples: no interval"
        return Metric(
            name=name, value=float(raw), unit=unit, better=better, note=note, statistic="whole"
        )
    return by_sample.of_means(raw, better, unit)


def top1_accuracy(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Share of samples whose largest output is the labelled class.

    An output of one value names class 1 above 0.5 (above 0 where the contract says
    `activation = "none"`, or a value lies beyond 0 to 1: logits).
    """
    return _accuracy(output, labels, spec, 1)


def top5_accuracy(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Share of samples whose labelled class is among the five largest outputs."""
    if classes.count(output) <= 5:
        raise UsageError(
            "top5_accuracy needs more than 5 classes: with fewer it is always 1.",
            received=f"{classes.count(output)} classes",
            hint="--metric top1_accuracy",
        )
    return _accuracy(output, labels, spec, 5)


def _accuracy(output: np.ndarray, labels: np.ndarray, spec: TensorSpec, k: int) -> Metric:
    scores = classes.scores(output, spec)
    ids = classes.ids(labels, scores, spec)
    own = np.take_along_axis(scores, ids[..., None], axis=-1)
    # Of equal values the first wins, as argmax has it: int8 outputs tie now and then.
    earlier = np.arange(scores.shape[-1]) < ids[..., None]
    rank = np.sum((scores > own) | ((scores == own) & earlier), axis=-1)
    raw = (rank < k).reshape(len(rank), -1).mean(axis=1)
    if ids.ndim > 1:  # positions of one sample are no independent trials
        return by_sample.of_means(raw, "higher")
    low, high = intervals.wilson(float(raw.sum()), len(raw))
    return Metric(name="", value=float(raw.mean()), low=low, high=high, raw=tuple(raw.tolist()))


def mae(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Mean absolute error, over the elements of a sample and then over samples."""
    errors = np.abs(_errors(output, labels, spec))
    return by_sample.of_means(errors.reshape(len(errors), -1).mean(axis=1), "lower")


def rmse(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Root of the mean squared error, over all elements of all samples."""
    squares = _errors(output, labels, spec) ** 2
    of_squares = by_sample.of_means(squares.reshape(len(squares), -1).mean(axis=1), "lower")
    value = math.sqrt(of_squares.value)
    influence = tuple(
        value + (r - of_squares.value) / (2 * value) if value else 0.0 for r in of_squares.raw
    )
    return replace(
        of_squares,
        value=value,
        raw=influence,
        statistic="root_mean",
        parts=(of_squares.raw,),
        low=None if of_squares.low is None else math.sqrt(max(0.0, of_squares.low)),
        high=None if of_squares.high is None else math.sqrt(max(0.0, of_squares.high)),
    )


def _errors(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> np.ndarray:
    predicted, target = targets.matched(output, labels, spec)
    return np.asarray(predicted - target)


def auc(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Area under the ROC curve of two classes; ties count half.

    The interval is DeLong's (DeLong et al. 1988, Biometrics 44:837). Where the classes
    are separated perfectly its variance is 0; the interval then ends at
    `0.025 ** (1 / size of the smaller class)`, an exact bound by disjoint pairs.
    """
    scores = classes.scores(output, spec)
    if scores.ndim != 2 or scores.shape[1] != 2:
        raise UsageError(
            "auc needs an output of one value or two classes.",
            received=f"output {spec.name!r} of shape {output.shape}",
            hint="--metric top1_accuracy",
        )
    truth = classes.ids(labels, scores, spec)
    ranked = scores[:, 1] - scores[:, 0]
    positive, negative = ranked[truth == 1], ranked[truth == 0]
    m, n = len(positive), len(negative)
    if not m or not n:
        raise DataError(
            "auc needs samples of both classes.",
            received=f"{m} of class 1, {n} of class 0",
            hint="draw more samples: draws are stratified by class.",
        )
    above = _share_below(positive, negative)
    below = 1 - _share_below(negative, positive)
    value = float(above.mean())
    raw = np.empty(m + n)
    raw[truth == 1] = value + (above - value) * (m + n) / m
    raw[truth == 0] = value + (below - value) * (m + n) / n
    variance = _variance(above) / m + _variance(below) / n
    half = intervals.Z * math.sqrt(variance)
    low, high = max(0.0, value - half), min(1.0, value + half)
    bound = 0.025 ** (1 / min(m, n))
    if value == 1.0:
        low = bound
    elif value == 0.0:
        high = 1 - bound
    return Metric(
        name="",
        value=value,
        low=low,
        high=high,
        raw=tuple(raw.tolist()),
        statistic="auc",
        parts=(tuple(ranked.tolist()), tuple(truth.tolist())),
    )


def _share_below(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """For each value the share of `others` below it, equal ones counted half."""
    ordered = np.sort(others)
    left = np.searchsorted(ordered, values, side="left")
    right = np.searchsorted(ordered, values, side="right")
    return np.asarray((left + right) / (2 * len(ordered)))


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0
