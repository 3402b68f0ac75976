"""What an output is: kinds that are none, and columns that overlap or leave gaps, are refused."""

import pytest

from edgekit.core.errors import ProjectError
from edgekit.core.output_kinds import KINDS, Columns, check_kind, columns, recognised

WHERE = "[output.det]"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_one(kind):
    check_kind(kind, WHERE)
    [found] = columns({kind: (0, 3)}, 3, WHERE)
    assert found == Columns(kind=kind, start=0, stop=3)


def test_an_unknown_kind_has_its_nearest_named():
    with pytest.raises(ProjectError, match="must be one of classes") as caught:
        check_kind("class", f"{WHERE} kind")
    assert caught.value.received == "'class'"
    assert caught.value.hint == "did you mean 'classes'?"
    with pytest.raises(ProjectError) as caught:
        columns({"boxs": (0, 4)}, 4, WHERE)
    assert caught.value.hint == "did you mean 'boxes'?"


def test_columns_stand_in_their_order():
    found = columns({"scores": (4, 7), "boxes": (0, 4)}, 7, WHERE)
    assert [(one.kind, one.start, one.stop) for one in found] == [
        ("boxes", 0, 4),
        ("scores", 4, 7),
    ]
    assert columns({"scores": (0, 7)}, -1, WHERE)
    assert columns({}, 7, WHERE) == ()


@pytest.mark.parametrize(
    ("stated", "width", "says"),
    [
        ({"boxes": (0, 4), "scores": (3, 7)}, 7, "overlap at column 3"),
        ({"boxes": (0, 4), "scores": (5, 7)}, 7, "leave a gap at column 4"),
        ({"boxes": (1, 4), "scores": (4, 7)}, 7, "leave a gap at column 0"),
        ({"boxes": (0, 4)}, 7, "boxes = [0, 4]"),
        ({"boxes": (0, 8)}, 7, "boxes = [0, 8]"),
        ({"boxes": (4, 0)}, 7, "boxes = [4, 0]"),
        ({"boxes": (-1, 4)}, 7, "boxes = [-1, 4]"),
        ({"boxes": (0, 2, 4)}, 7, "boxes = [0, 2, 4]"),
    ],
)
def test_ranges_that_are_none(stated, width, says):
    with pytest.raises(ProjectError, match=r"\[output\.det\] columns must") as caught:
        columns(stated, width, WHERE)
    assert says in caught.value.received


@pytest.mark.parametrize(
    ("shape", "dtype", "words", "kind"),
    [
        ((1, 10), "float32", {"activation": "softmax"}, "classes"),
        ((1, 20, 10), "float32", {"activation": "softmax"}, "classes"),
        ((1, 8, 8, 3), "float32", {"activation": "softmax"}, "mask"),
        ((1, 1), "float32", {"activation": "sigmoid"}, "binary"),
        ((1, 5), "float32", {"activation": "sigmoid"}, "tags"),
        ((1, 8, 8, 1), "float32", {"activation": "sigmoid"}, None),
        ((1, 10), "float32", {}, None),
        ((1, 10), "float32", {"labelled": True}, "classes"),
        ((1, 4), "int64", {}, "ids"),
        ((1, 4), "int8", {"quantized": True}, None),
        ((1, 4), "int8", {"quantized": True, "activation": "softmax"}, "classes"),
    ],
)
def test_a_kind_is_recognised_where_the_graph_leaves_no_doubt(shape, dtype, words, kind):
    known = {"quantized": False, "activation": None, "labelled": False, **words}
    assert recognised(shape, dtype, **known) == kind
