"""Whole numbers for a float input: pixels and sounds as files hold them, which few models take.

Most models were trained on values near 1. A static file that is calibrated on 0 to 255 in their
place has steps that are 255 times too wide.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.records import Contract
from edgekit.data.export_messages import WholeNumbers
from edgekit.data.preprocess import dtype_of
from edgekit.data.samples import Samples
from edgekit.data.usual_scalings import is_image


def of(samples: Samples, contract: Contract) -> dict[str, WholeNumbers]:
    """The float inputs without a stated preprocessing whose samples are whole numbers beyond 1.

    Numbers from -1 to 1 are masks, one-hot rows and signs, which need no scaling. Floats count as
    inputs already, but of images whole numbers are pixels of files.

    Args:
        samples: That fit the contract; integers of up to 16 bits stay integers in them.
        contract: The model's inputs.
    """
    return {
        spec.name: found
        for spec in contract.inputs
        if spec.preprocessing.kind == "none" and dtype_of(spec).kind == "f" and not spec.scale
        if (found := _whole(samples.inputs[spec.name], in_floats=is_image(spec))) is not None
    }


def _whole(array: np.ndarray, *, in_floats: bool) -> WholeNumbers | None:
    if array.dtype.kind not in ("iuf" if in_floats else "iu") or not array.size:
        return None
    low, high = float(array.min()), float(array.max())
    if -1 <= low and high <= 1:
        return None
    if array.dtype.kind == "f" and (array != np.floor(array)).any():
        return None
    return WholeNumbers(dtype=str(array.dtype), low=low, high=high)
