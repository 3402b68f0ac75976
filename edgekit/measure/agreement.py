"""Whether two files decide alike, by what each output is; nothing where it decides nothing."""

from __future__ import annotations

import numpy as np

from edgekit.core.output_kinds import OutputKind
from edgekit.core.records import TensorSpec

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
    kind = spec.kind
    if spec.columns or kind is None:
        return None
    same = _same(reference, candidate, spec, kind)
    return (
        None if same is None else np.asarray(same.reshape(len(same), -1).mean(axis=1), np.float64)
    )


def _same(a: np.ndarray, b: np.ndarray, spec: TensorSpec, kind: OutputKind) -> np.ndarray | None:
    several = a.ndim > 1 and a.shape[-1] > 1
    if kind == "classes" or (kind == "mask" and several and spec.activation != "sigmoid"):
        return np.asarray(_largest(a) == _largest(b)) if several else None
    if kind in ("binary", "tags", "mask"):
        limit = threshold(a, spec)
        return np.asarray((a > limit) == (b > limit))
    return np.asarray(a == b) if kind == "ids" else None


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
