"""Whether `[output.NAME.decode]` of an `edgekit.toml` can work, before anything runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgekit.core.box_decoder import BOX_WIDTH, HEADS, BoxDecoder, Output
from edgekit.core.errors import ProjectError
from edgekit.core.suggest import nearest


def check(how: BoxDecoder, own: Output, outputs: Sequence[Output], where: str) -> None:
    """Refuse a decoder that cannot work, before anything runs.

    Args:
        how: As stated.
        own: The output with which it stands.
        outputs: All outputs of the model.
        where: `[output.NAME.decode]`, for errors.

    Raises:
        ProjectError: An unknown head or output, anchors that are lacking, a number out of range.
    """
    if how.head not in HEADS and not _is_function_name(how.head):
        raise ProjectError(
            f"{where} head must be one of {', '.join(HEADS)}, or module:function.",
            received=repr(how.head),
            hint=nearest(how.head, HEADS),
        )
    names = [output.name for output in outputs]
    for name in how.others:
        if name not in names:
            raise ProjectError(
                f"{where} must name outputs of the model: {', '.join(names)}.",
                received=repr(name),
                hint=nearest(name, names),
            )
    for key in ("min_score", "score_threshold", "nms_iou"):
        value = getattr(how, key)
        if value is not None and not 0 <= value <= 1:
            raise ProjectError(f"{where} {key} must be from 0 to 1.", received=str(value))
    if how.max_boxes < 1:
        raise ProjectError(f"{where} max_boxes must be at least 1.", received=str(how.max_boxes))
    if not all(math.isfinite(value) and value > 0 for value in how.scale):
        raise ProjectError(f"{where} scale must be above 0.", received=str(list(how.scale)))
    _check_scores(how, own, where)
    _check_anchors(how, where)


def _check_scores(how: BoxDecoder, own: Output, where: str) -> None:
    separate = own.shape[-1] in (2, BOX_WIDTH) and not how.scores
    if how.head in ("rows", "ssd", "center_points") and separate:
        raise ProjectError(
            f"{where} must say where the scores are.",
            received=f"{own.shape[-1]} columns of output {own.name!r}, which hold boxes alone",
            hint=f'scores = "OTHER_OUTPUT" in {where}.',
        )


def _check_anchors(how: BoxDecoder, where: str) -> None:
    if how.head not in ("yolo", "yolo_v5", "ssd"):
        return
    numbers = 4 if how.head == "ssd" else 2
    widths = {len(anchor) for anchor in how.anchors}
    if widths != {numbers} or not all(math.isfinite(v) for row in how.anchors for v in row):
        raise ProjectError(
            f"{where} anchors must have {numbers} finite numbers each.",
            received=f"{len(how.anchors)} anchors of {sorted(widths)} numbers"
            if how.anchors
            else "no anchors",
            hint='anchors = [[10, 13], [16, 30]], or a text file: anchors = "anchors.csv".',
        )
    if how.head != "ssd" and len(how.anchors) % (1 + len(how.grids)):
        raise ProjectError(
            f"{where} anchors must be as many for each of the {1 + len(how.grids)} grids.",
            received=f"{len(how.anchors)} anchors",
        )


def _is_function_name(head: str) -> bool:
    module, colon, function = head.partition(":")
    parts = [*module.split("."), function]
    return bool(colon) and all(part.isidentifier() for part in parts)
