"""What each sample adds to a metric: the first derivative by the sample's weight.

The values of two files on the same samples differ by what the metric loses, sample by sample, so
that their mean difference is the loss and their spread says how sure it is. (The infinitesimal
jackknife: Efron 1982, "The Jackknife, the Bootstrap and Other Resampling Plans", chapter 6.)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.verdicts import overlaps
from edgekit.verdicts.rankings import Ranking


def influence(statistic: str, parts: np.ndarray) -> np.ndarray | None:
    """What each sample adds, `(n,)`, 0 on average; None where that has no plain form.

    Args:
        statistic: Of `recompute`.
        parts: As there.
    """
    function = _INFLUENCES.get(statistic)
    return None if function is None else function(np.asarray(parts, dtype=np.float64))


def _f1(parts: np.ndarray) -> np.ndarray:
    return _of_overlaps(overlaps.f1_quotient, parts)


def _iou(parts: np.ndarray) -> np.ndarray:
    return _of_overlaps(overlaps.iou_quotient, parts)


def _of_overlaps(quotient: overlaps.Quotient, parts: np.ndarray) -> np.ndarray:
    above, below = quotient(*np.split(parts, 3))
    there = overlaps.labelled(parts).sum(axis=1) > 0
    return np.asarray(_of_quotients(above[there], below[there]).mean(axis=0))


def _ratio(parts: np.ndarray) -> np.ndarray:
    return np.asarray(_of_quotients(parts[:1], parts[1:])[0])


def _of_quotients(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Of quotients of sums, `(quotients, n)` both."""
    n = above.shape[1]
    total, under = above.sum(axis=1, keepdims=True), below.sum(axis=1, keepdims=True)
    return np.asarray(n * (above / under - total * below / under**2))


def _r2(parts: np.ndarray) -> np.ndarray:
    squares, values = np.split(parts, 2)
    spread = (values - values.mean(axis=1, keepdims=True)) ** 2
    varies = spread.sum(axis=1) > 0
    return np.asarray(-_of_quotients(squares[varies], spread[varies]).mean(axis=0))


def _average_precision(parts: np.ndarray) -> np.ndarray:
    scores, labels = np.split(parts, 2)
    found = [
        _of_ranking(Ranking(score, label), label)
        for score, label in zip(scores, labels, strict=True)
        if label.any()
    ]
    return np.asarray(np.mean(found, axis=0))


def _of_ranking(ranking: Ranking, label: np.ndarray) -> np.ndarray:
    """What a sample adds itself, and what it does to the precision at those that it is above."""
    n, p = len(label), len(ranking.positives)
    above = ranking.ends + 1.0
    precision = (ranking.last + 1.0) / above
    own = np.zeros(n)
    own[ranking.positives] = precision - precision.mean()
    # Of each place: sums over the labelled ones whose precision counts it.
    inverse, share = np.zeros(n), np.zeros(n)
    np.add.at(inverse, ranking.ends, 1 / above)
    np.add.at(share, ranking.ends, precision / above)
    inverse, share = (np.cumsum(sums[::-1])[::-1] for sums in (inverse, share))
    found = np.empty(n)
    found[ranking.order] = n / p * (own + label[ranking.order] * inverse - share)
    return found


_INFLUENCES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "f1": _f1,
    "iou": _iou,
    "ratio": _ratio,
    "r2": _r2,
    "average_precision": _average_precision,
}
