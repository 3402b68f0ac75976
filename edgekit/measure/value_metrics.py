"""How near numbers are, as shares: of their variance, and of themselves."""

from __future__ import annotations

import numpy as np

from edgekit.core.errors import DataError
from edgekit.core.records import Metric, TensorSpec
from edgekit.measure import by_sample, label_overlaps, metric_packages, targets


def r2(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Coefficient of determination of each column, averaged over columns.

    1 less the squared error as a share of the targets' variance: 0 is what their mean would give.
    Columns whose target does not vary do not count.

    Raises:
        DataError: Targets do not fit, or none of their columns varies.
    """
    predicted, target = (
        array.reshape(len(array), -1) for array in targets.matched(output, labels, spec)
    )
    varies = np.ptp(target, axis=0) > 0
    if not varies.any():
        raise DataError(
            "r2 needs targets that vary.",
            received=f"{len(target)} samples, all with the same target",
            hint="--metric mae",
        )
    predicted, target = predicted[:, varies], target[:, varies]
    return by_sample.of_parts(
        "r2",
        np.concatenate([(predicted - target).T ** 2, target.T]),
        float(metric_packages.package("r2").r2_score(target, predicted)),
        note=label_overlaps.absent_note(varies, spec)
        .replace("classes", "columns")
        .replace("no label of", "the same target always in"),
    )


def mape(output: np.ndarray, labels: np.ndarray, spec: TensorSpec) -> Metric:
    """Mean absolute error as a fraction of the target: 0.05 is 5 %.

    Raises:
        DataError: Targets do not fit, or one is 0.
    """
    predicted, target = (
        array.reshape(len(array), -1) for array in targets.matched(output, labels, spec)
    )
    zeros = target == 0
    if zeros.any():
        raise DataError(
            "mape cannot be of targets that are 0: it divides by them.",
            received=f"{int(zeros.sum())} of {zeros.size} targets, the first in sample "
            f"{int(np.argwhere(zeros)[0][0])}",
            hint="--metric mae",
        )
    score = metric_packages.package("mape").mean_absolute_percentage_error
    # Of the transpose scikit-learn's columns are samples.
    raw = score(target.T, predicted.T, multioutput="raw_values")
    return by_sample.of_means(np.asarray(raw, dtype=np.float64), "lower")
