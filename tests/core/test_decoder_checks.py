"""What edgekit.toml may say of a detector's outputs."""

from __future__ import annotations

import pytest

from edgekit.core import project, serde
from edgekit.core.box_decoder import BoxDecoder
from edgekit.core.errors import ProjectError
from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract, TensorSpec

COLUMNS = (Columns(kind="boxes", start=0, stop=4), Columns(kind="scores", start=4, stop=14))


def output(name="det", shape=(1, 180, 14), **stated):
    return TensorSpec(name=name, shape=shape, dtype="float32", **stated)


def described(tmp_path, toml, *outputs):
    """The contract of a model by an `edgekit.toml`."""
    path = tmp_path / "edgekit.toml"
    path.write_text(toml, encoding="utf-8")
    image = TensorSpec(name="image", shape=(1, 96, 96, 3), dtype="float32")
    there = Contract(inputs=(image,), outputs=outputs or (output(),))
    return project.load(path).describe(there)


def decode(tmp_path, text, *outputs):
    return described(tmp_path, f"[output.det.decode]\n{text}", *outputs).outputs[0].decode


def test_what_is_stated_stands_in_the_contract_and_survives_json(tmp_path):
    there = described(
        tmp_path,
        "[output.det]\ncolumns = { boxes = [0, 4], scores = [4, 14] }\n"
        'decode = { box_format = "cxcywh", nms_iou = 0.4 }',
    )
    [spec] = there.outputs
    assert spec.columns == COLUMNS
    assert spec.decode == BoxDecoder(box_format="cxcywh", nms_iou=0.4)
    assert serde.loads(Contract, serde.dumps(there)) == there


def test_anchors_may_stand_in_a_text_file(tmp_path):
    (tmp_path / "anchors.csv").write_text("0.5, 0.5, 1, 1\n\n0.25;0.5;1;2\n")
    found = decode(
        tmp_path,
        'head = "ssd"\nscores = "class"\nanchors = "anchors.csv"',
        output(shape=(1, 2, 4)),
        output("class", (1, 2, 3)),
    )
    assert found.anchors == ((0.5, 0.5, 1, 1), (0.25, 0.5, 1, 2))


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ('head = "yolo_5"', "head must be one of", "yolo_v5"),
        ('head = "a b:c"', "head must be one of", None),
        ('box_format = "xyhw"', "box_format must be one of", "did you mean"),
        ("nms = 0.5", "no key 'nms'", None),
        ("nms_iou = 1.5", "nms_iou must be from 0 to 1", None),
        ("min_score = -1", "min_score must be from 0 to 1", None),
        ("score_threshold = 30", "score_threshold must be from 0 to 1", None),
        ("max_boxes = 0", "max_boxes must be at least 1", None),
        ('head = "ssd"\nscale = [10, 10, 0, 5]\nanchors = [[1, 1, 1, 1]]', "scale must be", None),
        ('scores = "clas"', "must name outputs of the model: det, class", "class"),
        ('head = "yolo"', "anchors must have 2 finite numbers", "anchors.csv"),
        ('head = "ssd"\nanchors = [[10, 13]]', "anchors must have 4 finite numbers", None),
        ('head = "yolo"\nanchors = [10, 13]', "anchors must have 2 finite numbers", None),
        ('head = "yolo"\nanchors = [[1, nan]]', "anchors must have 2 finite numbers", None),
        (
            'head = "yolo"\ngrids = ["class"]\nanchors = [[1, 1], [2, 2], [3, 3]]',
            "as many for each of the 2 grids",
            None,
        ),
        ('anchors = "none.csv"', "was not found", None),
    ],
)
def test_what_cannot_work_is_refused(tmp_path, text, words, hint):
    with pytest.raises(ProjectError, match=words) as error:
        decode(tmp_path, text, output(), output("class", (1, 180, 10)))
    assert hint is None or hint in str(error.value.hint)


def test_boxes_alone_need_scores(tmp_path):
    with pytest.raises(ProjectError, match="must say where the scores are"):
        decode(tmp_path, "nms_iou = 0.5", output(shape=(1, 180, 4)))


def test_boxes_are_decoded_from_one_output(tmp_path):
    text = "[output.det.decode]\n[output.class.decode]\n"
    with pytest.raises(ProjectError, match="decoded from one output"):
        described(tmp_path, text, output(), output("class", (1, 180, 10)))


def test_a_function_may_decode(tmp_path):
    assert decode(tmp_path, 'head = "my.decoders:corners"').is_function
