"""Whether two files decide alike, by what each output is; nothing where it decides nothing."""

from __future__ import annotations

import numpy as np

from edgekit.core.output_kinds import DECIDING
from edgekit.core.records import TensorSpec
from edgekit.measure import label_overlaps
from edgekit.verdicts import overlaps

_PROBABILITY_THRESHOLD = 0.5
_FEW_CLASSES = 8


def decisions_agree(
    reference: np.ndarray, candidate: np.ndarray, spec: TensorSpec
) -> np.ndarray | None:
    """How much of what the float file decides, another decides alike, sample by sample.

    - `classes`, and a `mask` of several: the same largest value along the last axis, by position
    - `binary`, `tags`, and a `mask` of one: the same side of the threshold (0.5 for
      probabilities, 0 for logits), by value
    - `ids`: equal

    Args:
        reference: Outputs of the float model, `(n, ...)`, finite.
        candidate: Of the same shape.
        spec: What the output is.

    Returns:
        `(n,)`, the fraction of a sample's decisions that agree; None for kinds that decide
        nothing by themselves.
    """
    same = _same(reference, candidate, spec) if decides(spec) else None
    return (
        None if same is None else np.asarray(same.reshape(len(same), -1).mean(axis=1), np.float64)
    )


def decides(spec: TensorSpec) -> bool:
    """Whether what an output decides is all that matters of it."""
    return spec.kind in DECIDING and not spec.columns


def _same(a: np.ndarray, b: np.ndarray, spec: TensorSpec) -> np.ndarray | None:
    if names_the_largest(a, spec):
        return np.asarray(_largest(a) == _largest(b))
    if spec.kind in ("binary", "tags", "mask"):
        limit = threshold(a, spec)
        return np.asarray((a > limit) == (b > limit))
    return np.asarray(a == b) if spec.kind == "ids" else None


def masks_iou(reference: np.ndarray, candidate: np.ndarray, spec: TensorSpec) -> np.ndarray | None:
    """Intersection over union of the float file's masks and another's, sample by sample.

    Averaged over the classes that either finds in the sample; 1 where neither finds any. Unlike
    the share of equal pixels, it sees a small object that is lost beside a large background.

    Args:
        reference: Masks of the float model, `(n, height, width[, classes])`, finite.
        candidate: Of the same shape.
        spec: What the output is.

    Returns:
        `(n,)`; None for all kinds but masks.
    """
    if spec.kind != "mask" or spec.columns or reference.ndim < 3:
        return None
    channels = reference.shape[-1] if reference.ndim > 3 else 1
    if channels > 1 and names_the_largest(reference, spec):
        masks = [_largest(array) for array in (reference, candidate)]
        parts = label_overlaps.of_ids(masks[0], masks[1], channels)
    else:
        limit = threshold(reference, spec)
        shape = (len(reference), -1, channels)
        bits = [(array > limit).reshape(shape) for array in (reference, candidate)]
        parts = label_overlaps.of_bits(bits[0], bits[1])
    overlap, union = overlaps.iou_quotient(*np.split(parts, 3))
    found = union > 0
    shares = np.divide(overlap, union, out=np.zeros(union.shape), where=found).sum(axis=0)
    count = found.sum(axis=0)
    return np.asarray(np.where(count, shares / np.maximum(count, 1), 1.0))


def _largest(values: np.ndarray) -> np.ndarray:
    """`argmax` along the last axis; where it is short, NumPy's own takes ten times as long."""
    if values.shape[-1] > _FEW_CLASSES:
        return np.asarray(values.argmax(axis=-1))
    largest, place = values[..., 0], np.zeros(values.shape[:-1], np.int8)
    for index in range(1, values.shape[-1]):
        above = values[..., index] > largest  # the first of equal ones wins
        place = np.maximum(place, above * np.int8(index))
        largest = np.maximum(largest, values[..., index])
    return place


def threshold(reference: np.ndarray, spec: TensorSpec) -> float:
    """Above which a value means yes: 0.5 for probabilities, 0 for logits.

    Logits are what the contract says has no activation; where it says nothing, values of which
    one lies beyond 0 to 1.
    """
    if spec.activation == "none":
        return 0.0
    if spec.activation is None and bool(np.any((reference < 0) | (reference > 1))):
        return 0.0
    return _PROBABILITY_THRESHOLD


def names_the_largest(values: np.ndarray, spec: TensorSpec) -> bool:
    """Whether an output decides by its largest value along the last axis, not by a threshold."""
    several = values.ndim > 1 and values.shape[-1] > 1
    is_mask = spec.kind == "mask" and spec.activation != "sigmoid"
    return several and (spec.kind == "classes" or is_mask)
