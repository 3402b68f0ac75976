"""What a contract tells of a detector."""

from __future__ import annotations

import pytest

from edgekit.core import box_decoder
from edgekit.core.box_decoder import BoxDecoder
from edgekit.core.output_kinds import Columns
from edgekit.core.records import TensorSpec

COLUMNS = (Columns(kind="boxes", start=0, stop=4), Columns(kind="scores", start=4, stop=14))


def output(name="det", shape=(1, 180, 14), **stated):
    return TensorSpec(name=name, shape=shape, dtype="float32", **stated)


def test_a_detector_is_what_has_boxes_and_scores():
    assert box_decoder.detector((output(),)) is None
    assert box_decoder.detector((output(columns=COLUMNS),)) == ("det", BoxDecoder())
    two = (output("where", (1, 9, 4), kind="boxes"), output("what", (1, 9, 3), kind="scores"))
    assert box_decoder.detector(two) == ("where", BoxDecoder(scores="what"))
    assert box_decoder.detector((two[0], output("what", (1, 8, 3), kind="scores"))) is None
    how = BoxDecoder(head="a:b")
    assert box_decoder.detector((*two, output(decode=how))) == ("det", how)


@pytest.mark.parametrize(
    ("how", "shape", "classes"),
    [
        (BoxDecoder(), (1, 180, 14), 10),
        (BoxDecoder(objectness=True), (1, 180, 15), 10),
        (BoxDecoder(scores="class", background=True), (1, 180, 4), 2),
        (BoxDecoder(scores="class", classes="det"), (1, 180, 4), None),
        (BoxDecoder(head="a:b"), (1, 180, 4), None),
        (BoxDecoder(head="yolo", anchors=((1, 1), (2, 2))), (1, 6, 6, 30), 10),
        (BoxDecoder(head="yolo", anchors=((1, 1), (2, 2))), (1, 6, 6, 2, 15), 10),
        (BoxDecoder(), (1, 180, -1), None),
    ],
)
def test_how_many_classes_there_are(how, shape, classes):
    outputs = (output(shape=shape, decode=how), output("class", (1, 180, 3)))
    assert box_decoder.num_classes(outputs) == classes


def test_columns_say_how_many_classes_there_are():
    assert box_decoder.num_classes((output(columns=COLUMNS),)) == 10


def test_heads_that_need_no_suppression():
    assert BoxDecoder().overlap == 0.5 and BoxDecoder(nms_iou=0.7).overlap == 0.7
    assert BoxDecoder(head="center_points").overlap == BoxDecoder(classes="c").overlap == 1
