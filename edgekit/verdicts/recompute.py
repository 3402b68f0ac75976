"""Metrics that are no plain share, computed anew for many choices of samples at once.

| statistic | columns of `parts` | value |
|---|---|---|
| `mean` | value | their mean |
| `root_mean` | squared error | root of their mean |
| `auc` | score, class (0 or 1) | area under the ROC curve, ties half |
| `eer` | score, class (0 or 1) | equal error rate |
| `average_precision` | scores of each class, then labels | mean of the classes' |
| `f1`, `iou` | overlap of each class, then predicted, then labelled | mean of the classes' |
| `ratio` | numerator, denominator | `sum(numerator) / sum(denominator)` |
| `r2` | squared errors of each column, then its targets | mean of the columns' R2 |
| `sqnr_db` | signal, noise; of each output | the worst output's, `sum(signal) / sum(noise)` in dB |
| `map_50`, `map_50_95` | see `detection_precision` | mean average precision of detections |
| `cosine` | ab, aa, bb; of each output | the worst output's, `sum(ab) / sqrt(sum(aa) sum(bb))` |

Signal and noise are sums of squares over a sample's elements; ab, aa and bb sums of products.
On all samples each gives what `measure.accuracy` and `measure.fidelity` do, but that decibels
end at `MOST_DB`: where outputs are equal there is no noise, and the difference of two infinities
is no number.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from edgekit.core.errors import UsageError
from edgekit.core.suggest import nearest
from edgekit.verdicts import detection_precision, overlaps, rankings

MOST_DB = 200.0
"""More than float64 outputs of a float32 model can tell from equal ones."""

AVERAGE_PRECISIONS = frozenset(("average_precision", "map_50", "map_50_95"))
"""Statistics whose draws spread less than they themselves do: see `bootstrap`."""

_ZERO = 1e-24  # the square of `tflite.signal.ZERO`


def compute(statistic: str, parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The metric on each choice of samples.

    Args:
        statistic: See the table above.
        parts: `(columns, n)`, finite.
        rows: Indices of samples `(r, m)`, one choice a row, repeats allowed.

    Returns:
        `(r,)`, float64; NaN where a choice lacks what the metric needs: a class of an AUC's.

    Raises:
        UsageError: There is no such statistic.
    """
    if statistic not in STATISTICS:
        raise UsageError(
            f"A statistic of samples must be one of {', '.join(STATISTICS)}.",
            received=statistic,
            hint=nearest(statistic, STATISTICS),
        )
    return STATISTICS[statistic](np.asarray(parts, dtype=np.float64), rows)


def strata(statistic: str, parts: np.ndarray) -> np.ndarray | None:
    """What samples are drawn within, `(n,)`: an AUC's classes, else None.

    Where a single class is judged that few samples have, a draw without any would have no value:
    they are drawn by whether they have it.
    """
    if statistic in ("auc", "eer"):
        return np.asarray(parts[1].astype(np.int64))
    if statistic == "average_precision" and len(parts) == 2:
        has = parts[1] > 0
    elif statistic in ("f1", "iou") and len(parts) == 3:
        has = parts[2] > 0
    else:
        return None
    return has.astype(np.int64) if 0 < has.mean() < 0.5 else None


def _mean(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.asarray(parts[0][rows].mean(axis=1))


def _root_mean(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(_mean(parts, rows)))


def _sums(parts: np.ndarray, rows: np.ndarray, step: int) -> tuple[np.ndarray, ...]:
    """Of each column, `(outputs, r)`; every `step`-th column is of the same kind."""
    sums = np.stack([column[rows].sum(axis=1) for column in parts])
    return tuple(sums[first::step] for first in range(step))


def _sqnr_db(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    signal, noise = _sums(parts, rows, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        decibels = 10 * (np.log10(signal) - np.log10(noise))
    decibels = np.where(noise <= 0, MOST_DB, np.where(signal <= _ZERO, -MOST_DB, decibels))
    return np.asarray(np.clip(decibels, -MOST_DB, MOST_DB).min(axis=0))


def _cosine(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    ab, aa, bb = _sums(parts, rows, 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosines = ab / (np.sqrt(aa) * np.sqrt(bb))
    nothing = (aa <= _ZERO).astype(int) + (bb <= _ZERO)
    cosines = np.where(nothing == 0, np.clip(cosines, -1.0, 1.0), nothing - 1.0)
    return np.asarray(cosines.min(axis=0))


def _ratio(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    above, below = _sums(parts, rows, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((above / below)[0])


def _r2(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """A column that does not vary in a choice of samples does not count in it."""
    squares, values = np.split(parts, 2)
    values = values - values.mean(axis=1, keepdims=True)  # digits, where they lie far from 0
    weights = rankings.times(rows, parts.shape[1]).astype(np.float64)
    errors, means = weights @ squares.T, weights @ values.T / rows.shape[1]
    spread = weights @ (values**2).T - rows.shape[1] * means**2
    varies = spread > 1e-12 * (weights @ (values**2).T)
    shares = np.divide(errors, spread, out=np.zeros(errors.shape), where=varies)
    with np.errstate(invalid="ignore"):
        return np.asarray(1 - shares.sum(axis=1) / varies.sum(axis=1))


STATISTICS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mean": _mean,
    "root_mean": _root_mean,
    "auc": rankings.auc,
    "eer": rankings.equal_error_rate,
    "average_precision": rankings.average_precision,
    "f1": overlaps.f1,
    "iou": overlaps.iou,
    "ratio": _ratio,
    "r2": _r2,
    "sqnr_db": _sqnr_db,
    "cosine": _cosine,
    "map_50": partial(detection_precision.mean_ap, thresholds=1),
    "map_50_95": partial(detection_precision.mean_ap, thresholds=detection_precision.BITS),
}
