"""Targets that are numbers, beside the outputs they are the truth of."""

from __future__ import annotations

import numpy as np

from edgekit.core.errors import DataError
from edgekit.core.records import TensorSpec


def matched(
    output: np.ndarray, labels: np.ndarray, spec: TensorSpec
) -> tuple[np.ndarray, np.ndarray]:
    """An output and its targets as float64 arrays of one shape, `(n, ...)`.

    Sizes of 1 may be missing or too many; nothing is broadcast.

    Raises:
        DataError: Targets are no numbers, not finite, or of another shape.
    """
    if labels.dtype.kind not in "iufb":
        raise DataError(
            f"Targets of output {spec.name!r} must be numbers.",
            received=f"labels of dtype {labels.dtype}",
            hint="--metric top1_accuracy for labels that are names.",
        )
    # (n,) against (n, 1) would broadcast to (n, n) and give a plausible wrong number.
    squeezed = [tuple(s for s in array.shape[1:] if s != 1) for array in (output, labels)]
    if squeezed[0] != squeezed[1]:
        raise DataError(
            f"Targets must have the shape of output {spec.name!r}, {output.shape}.",
            received=f"labels of shape {labels.shape}",
            hint="--metric top1_accuracy for class ids." if labels.ndim == 1 else None,
        )
    check_finite(labels, spec)
    return output.astype(np.float64), labels.reshape(output.shape).astype(np.float64)


def check_finite(labels: np.ndarray, spec: TensorSpec) -> None:
    """Refuse labels that are NaN or infinite.

    Raises:
        DataError: One is; the error names the first sample.
    """
    if labels.dtype.kind != "f":
        return
    bad = ~np.isfinite(labels)
    if bad.any():
        raise DataError(
            f"Labels of output {spec.name!r} must be finite numbers.",
            received=f"{int(bad.sum())} of {bad.size} are NaN or infinite, the first in sample "
            f"{int(np.argwhere(bad)[0][0])}",
            hint="leave samples without a label out.",
        )
