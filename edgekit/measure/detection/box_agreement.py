"""Whether two files detect alike: boxes of one matched with boxes of the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgekit.core import box_decoder
from edgekit.core.errors import DataError
from edgekit.core.records import Contract
from edgekit.measure.detection import decode_boxes, match_boxes

_THRESHOLD = 0.5

Outputs = Mapping[str, np.ndarray]


def boxes_agree(reference: Outputs, candidate: Outputs, contract: Contract) -> np.ndarray | None:
    """The share of boxes that both files have, image by image.

    Those that an app would show (`score_threshold`, after suppression), of the same class, at IoU
    0.5: `2 * matched / (boxes of one + boxes of the other)`, 1 where neither has any.

    Args:
        reference: The float model's outputs by name, `(n, ...)`, finite.
        candidate: Of the same names and shapes.
        contract: Says how they are decoded.

    Returns:
        `(n,)`; None where the outputs are no detector's, as far as the contract tells.

    Raises:
        DataError: They cannot be decoded as the contract states.
    """
    found = box_decoder.detector(contract.outputs)
    if found is None or not {found[0], *found[1].others} <= set(reference):
        return None
    try:
        both = [decode_boxes.detections(o, contract, shown=True) for o in (reference, candidate)]
    except DataError:
        if any(spec.decode is not None for spec in contract.outputs):
            raise
        return None  # nobody says that they are boxes of an image, and they are not
    shares = []
    for before, after in zip(*both, strict=True):
        first, second = before.with_area(), after.with_area()
        total = len(first.scores) + len(second.scores)
        alike = match_boxes.num_alike(first, second, _THRESHOLD)
        shares.append(2 * alike / total if total else 1.0)
    return np.array(shares)
