"""How a detector's outputs become boxes: `[output.NAME.decode]` of `edgekit.toml`.

The table stands with the output that holds the boxes. What each head is, `docs/detection.md` says;
`core.decoder_checks` refuses what cannot work, and `measure.detection` computes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from edgekit.core.output_kinds import Columns, OutputKind

HEADS = ("rows", "yolo", "yolo_v5", "ssd", "center_points")

BoxFormat = Literal["", "cxcywh", "cycxhw", "xyxy", "yxyx", "xywh"]
BoxUnit = Literal["", "pixels", "fractions", "cells"]
Activation = Literal["none", "sigmoid", "softmax"]

_NMS_IOU = 0.5
BOX_WIDTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxDecoder:
    """How outputs become boxes.

    Attributes:
        head: One of `HEADS`, or `module:function` that takes the outputs by name and returns for
            each image boxes `(k, 4)`, scores `(k,)` and classes `(k,)`.
        box_format: The order of the four numbers; of `rows`, `x0 y0 x1 y1` is recognised by
            corners that are in order, and else they are taken as centre and size.
        box_unit: Pixels of the model's input, fractions of it, or cells of a grid; empty:
            fractions where no number is above 2, else pixels.
        scores: The output with the scores, where they are no columns of this one.
        classes: The output with each box's class, of models that end with suppression.
        offset: The output with centre points' offsets inside their cells.
        grids: Further outputs of a YOLO head, in the order of `anchors`.
        objectness: Whether a first score says how sure a row is to hold any object.
        background: Whether class 0 of the scores means none.
        apply: What is still to be applied to the scores.
        anchors: Of YOLO width and height in pixels, as many for each grid; of SSD four numbers in
            the order of `box_format`. In `edgekit.toml` also a text file, one a line.
        scale: What SSD's encoded centres (two) and sizes (two) are divided by.
        min_score: Boxes below take no part in any figure.
        score_threshold: From here on an app shows a box: agreement compares such boxes.
        nms_iou: Of a class, the weaker of two boxes that overlap more goes; None: 0.5, but for
            heads that need no suppression.
        max_boxes: Of an image, the best so many count.
    """

    head: str = "rows"
    box_format: BoxFormat = ""
    box_unit: BoxUnit = ""
    scores: str = ""
    classes: str = ""
    offset: str = ""
    grids: tuple[str, ...] = ()
    objectness: bool = False
    background: bool = False
    apply: Activation = "none"
    anchors: tuple[tuple[float, ...], ...] = ()
    scale: tuple[float, float, float, float] = (10.0, 10.0, 5.0, 5.0)
    min_score: float = 0.001
    score_threshold: float = 0.25
    nms_iou: float | None = None
    max_boxes: int = 100

    @property
    def is_function(self) -> bool:
        """Whether somebody's own function decodes."""
        return ":" in self.head

    @property
    def overlap(self) -> float:
        """The IoU above which the weaker of two boxes goes; 1 where none does."""
        if self.nms_iou is not None:
            return self.nms_iou
        finished = self.head == "center_points" or self.is_function or bool(self.classes)
        return 1.0 if finished else _NMS_IOU

    @property
    def others(self) -> tuple[str, ...]:
        """The outputs that it reads besides its own."""
        return tuple(filter(None, (self.scores, self.classes, self.offset, *self.grids)))


class Output(Protocol):
    """What must be known of an output: `records.TensorSpec` is one."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """With the batch."""
        ...

    @property
    def kind(self) -> OutputKind | None:
        """What it is."""
        ...

    @property
    def columns(self) -> tuple[Columns, ...]:
        """What its columns are."""
        ...

    @property
    def decode(self) -> BoxDecoder | None:
        """How it is decoded, where that is stated."""
        ...


def detector(outputs: Sequence[Output]) -> tuple[str, BoxDecoder] | None:
    """The output that holds boxes and how to decode it; None where outputs are no detector's.

    Stated, or plain: one output with columns of boxes and of scores, or one of boxes beside one of
    scores with as many rows.
    """
    for output in outputs:
        if output.decode is not None:
            return output.name, output.decode
    for output in outputs:
        if {"boxes", "scores"} <= {part.kind for part in output.columns}:
            return output.name, BoxDecoder()
    boxes, scores = ([o for o in outputs if o.kind == kind] for kind in ("boxes", "scores"))
    if len(boxes) == len(scores) == 1 and boxes[0].shape[1:-1] == scores[0].shape[1:-1]:
        return boxes[0].name, BoxDecoder(scores=scores[0].name)
    return None


def num_classes(outputs: Sequence[Output]) -> int | None:
    """How many classes a detector tells apart; None where its outputs do not say."""
    found = detector(outputs)
    if found is None or found[1].is_function or found[1].classes:
        return None
    name, how = found
    output = next(one for one in outputs if one.name == (how.scores or name))
    if how.head.startswith("yolo"):
        per_grid = len(how.anchors) // (1 + len(how.grids))
        width = output.shape[-1] // (per_grid if len(output.shape) == 4 else 1) - 5
    elif how.scores:
        width = output.shape[-1]
    else:
        columns = scores_columns(output)
        width = (columns.stop or output.shape[-1]) - columns.start
    return width - how.objectness - how.background if output.shape[-1] > 0 else None


def scores_columns(output: Output) -> slice:
    """Where scores stand in an output that holds boxes too: behind the boxes, if nobody says."""
    part = next((part for part in output.columns if part.kind == "scores"), None)
    return slice(part.start, part.stop) if part else slice(BOX_WIDTH, None)


def box_columns(output: Output) -> slice:
    """Where boxes stand in an output: its first four columns, if nobody says."""
    part = next((part for part in output.columns if part.kind == "boxes"), None)
    return slice(part.start, part.stop) if part else slice(0, BOX_WIDTH)
