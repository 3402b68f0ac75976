"""A detector's contract and outputs."""

from __future__ import annotations

import numpy as np

from edgekit.core.box_decoder import BoxDecoder
from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract, TensorSpec

COLUMNS = (Columns(kind="boxes", start=0, stop=4), Columns(kind="scores", start=4, stop=7))
IMAGE = TensorSpec(name="image", shape=(1, 64, 96, 3), dtype="float32")


def output(name="det", shape=(1, 6, 7), **stated):
    return TensorSpec(name=name, shape=shape, dtype="float32", **stated)


def contract(*outputs, image=IMAGE):
    return Contract(inputs=(image,), outputs=outputs or (output(columns=COLUMNS),))


def stated(**decode):
    return contract(output(decode=BoxDecoder(**decode)))


def rows(*boxes, num_rows=6):
    """One image: rows of x0 y0 x1 y1 class score, as centre, size and three scores."""
    table = np.zeros((1, num_rows, 7), np.float32)
    table[0, :, :4] = [50, 30, 10, 10]
    for number, (x0, y0, x1, y1, of, score) in enumerate(boxes):
        table[0, number, :4] = [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]
        table[0, number, 4 + of] = score
    return table
