"""The metrics that labels ask for: by what an output is, by their form, of every head."""

import numpy as np
import pytest

from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract, TensorSpec
from edgekit.data.samples import Samples
from edgekit.measure import metric_packages
from edgekit.measure.accuracy import METRICS
from edgekit.measure.default_metrics import default_metric, default_metrics, not_installed

IDS = np.array([0, 6, 3])
BITS = np.array([0, 1, 1])
ROWS = np.eye(4)[[0, 1, 3]]
TAGS = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 1, 1]])
PIXELS = np.zeros((3, 8, 8), int)
BOXES = np.zeros((3, 5, 5), np.float32)
SCORES = np.random.default_rng(0).normal(size=(3, 7))


def tensor(*shape, name="out", **words):
    return TensorSpec(name=name, shape=shape, dtype="float32", **words)


def contract(*outputs):
    return Contract(inputs=(), outputs=outputs)


def samples(labels=None, **heads):
    return Samples(inputs={"x": np.zeros(3)}, labels=labels, head_labels=heads)


@pytest.mark.parametrize(
    ("shape", "labels", "wanted"),
    [
        ((1, 7), IDS, "top1_accuracy"),
        ((1, 7), IDS[:, None].astype(float), "top1_accuracy"),
        ((1, 7), np.eye(7)[IDS], "top1_accuracy"),
        ((1, 7), SCORES, "mae"),
        ((1, 7), IDS + 0.5, None),
        ((1, 1), np.array([0, 1, 1]), "auc"),
        ((1,), np.array([[0.0], [1.0]]), "auc"),
        ((1, 1), np.array([20, 31]), "mae"),
        ((1, 1), np.array([0.2, 0.7]), "mae"),
        ((1, -1, -1, 3), np.zeros((2, 8, 8, 3), np.uint8), "mae"),
        ((1, 9), np.zeros((2, 8)), None),
        ((1, 7), None, None),
        ((1, 7), np.array(["ant"]), None),
    ],
)
def test_by_the_form_of_labels(shape, labels, wanted):
    assert default_metric(contract(tensor(*shape)), labels) == wanted


def test_names_and_the_only_output_that_labels_fit():
    names = tuple("abcdefg")
    assert default_metric(contract(tensor(1, 7, labels=names)), np.array(["a"])) == "top1_accuracy"
    several = contract(tensor(1, 4, 4), tensor(1, 7, name="other"))
    assert default_metric(several, IDS) == "top1_accuracy@other"
    pair = tensor(1, 7, name="a"), tensor(1, 7, name="b")
    assert default_metric(contract(*pair), IDS) is None
    labelled = contract(pair[0], tensor(1, 7, name="b", labels=names))
    assert default_metric(labelled, IDS) == "top1_accuracy@b"


def known(name, otherwise):
    """A metric of the table, or what stands in for it until it has one."""
    return name if name in METRICS else otherwise


@pytest.mark.parametrize(
    ("spec", "labels", "wanted"),
    [
        (tensor(1, 7, kind="classes"), IDS, "top1_accuracy"),
        (tensor(1, 4, kind="classes"), ROWS, "top1_accuracy"),
        (tensor(1, 4, kind="classes"), ROWS * 0.9, "mae"),
        (tensor(1, 1, kind="binary"), BITS, "auc"),
        (tensor(1, 1, kind="binary"), BITS * 0.7, "mae"),
        (tensor(1, 1, kind="values"), BITS, "mae"),
        (tensor(1, 4, kind="values"), ROWS, "mae"),
        (tensor(1, 4, kind="tags"), TAGS, known("average_precision", "mae")),
        (tensor(1, 4, kind="tags"), TAGS * 0.5, "mae"),
        (tensor(1, 8, 8, 3, kind="mask"), PIXELS, known("mean_iou", None)),
        (tensor(1, 9, 4, kind="boxes"), BOXES, known("map_50", None)),
        (tensor(1, 7, kind="embedding"), SCORES, "mae"),
        (tensor(1, 7, kind="state"), IDS + 0.5, None),
    ],
)
def test_by_kind(spec, labels, wanted):
    assert default_metric(contract(spec), labels) == wanted
    other = tensor(1, 2, name="other")
    found = default_metrics(contract(other, spec), samples(out=labels))
    assert found == ((f"{wanted}@out",) if wanted else ())


def test_labels_that_cannot_be_of_that_kind_are_measured_and_so_refused():
    assert default_metric(contract(tensor(1, 4, kind="classes")), np.eye(5)[BITS]) == (
        "top1_accuracy"
    )
    assert default_metric(contract(tensor(1, 1, kind="binary")), TAGS) == "auc"


def test_boxes_may_stand_among_columns():
    parts = Columns(kind="boxes", start=0, stop=4), Columns(kind="scores", start=4, stop=7)
    spec = tensor(1, 9, 7, columns=parts)
    assert default_metric(contract(spec), BOXES) == known("map_50", None)


def test_every_head_with_labels_has_a_metric():
    outputs = [
        tensor(1, 2, name="gender", kind="classes"),
        tensor(1, 1, name="age"),
        tensor(1, 3, name="rest"),
    ]
    labels = samples(gender=BITS, age=np.array([20.5, 31.0, 4.0]))
    assert default_metrics(contract(*outputs), labels) == ("top1_accuracy@gender", "mae@age")
    assert default_metrics(contract(*outputs), samples()) == ()


def test_of_one_output_no_name_is_needed():
    spec = tensor(1, 7, kind="classes")
    assert default_metrics(contract(spec), samples(IDS)) == ("top1_accuracy",)
    assert default_metrics(contract(spec), samples(out=IDS)) == ("top1_accuracy",)


def test_a_metric_whose_package_is_not_installed_is_told_not_measured(monkeypatch):
    monkeypatch.setitem(metric_packages.PACKAGES, "average_precision", ("no_such_package", "none"))
    tagger = contract(tensor(1, 4, kind="tags", activation="sigmoid"))
    assert default_metrics(tagger, samples(TAGS)) == ()
    assert not_installed(tagger, samples(TAGS)) == ("average_precision",)
    assert not_installed(contract(tensor(1, 7)), samples(IDS)) == ()
