"""Labels tell what an output is where their form leaves no doubt."""

import numpy as np
import pytest

from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract, TensorSpec
from edgekit.data.label_kinds import with_label_kinds
from edgekit.data.samples import Samples

N = 6
IDS = np.array([0, 1, 2, 0, 1, 2])
BITS = np.array([0, 1, 1, 0, 1, 0])
ROWS = np.eye(3)[IDS]
TAGS = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 1]] * 2)
PIXELS = np.arange(N * 4).reshape(N, 2, 2) % 3


def output(*shape, name="y", **words):
    return TensorSpec(name=name, shape=(1, *shape), dtype="float32", **words)


def samples(labels=None, **heads):
    return Samples(inputs={"x": np.zeros((N, 2))}, labels=labels, head_labels=heads)


def kinds(found):
    return [spec.kind for spec in found.outputs]


@pytest.mark.parametrize(
    ("spec", "labels", "kind"),
    [
        (output(3), IDS, "classes"),
        (output(3), IDS[:, None], "classes"),
        (output(3), IDS.astype(float), "classes"),
        (output(3), ROWS, "classes"),
        (output(3), TAGS, "tags"),
        (output(1), BITS, "binary"),
        (output(1), BITS[:, None].astype(float), "binary"),
        (output(1), BITS.astype(bool), "binary"),
        (output(2, 2, 3), PIXELS, "mask"),
        (output(2, 2, 3), PIXELS[..., None], "mask"),
        (output(2, 2, 1), PIXELS % 2, "mask"),
        (output(3, labels=("a", "b", "c")), np.array(list("abcabc")), "classes"),
        # doubt remains
        (output(3), IDS + 1, None),
        (output(3), np.eye(5)[IDS], None),
        (output(3), ROWS * 0.9, None),
        (output(3), TAGS * 2, None),
        (output(1), IDS, None),
        (output(1), BITS * 0.5, None),
        (output(2, 2, 1), PIXELS, None),
        (output(4, 4, 3), PIXELS, None),
        (output(5, 3), IDS, None),
        (output(3), np.array(list("abcabc")), None),
    ],
)
def test_the_form_of_labels(spec, labels, kind):
    contract = Contract(inputs=(), outputs=(spec,))
    assert kinds(with_label_kinds(contract, samples(labels))) == [kind]


def test_each_head_has_its_own():
    contract = Contract(
        inputs=(), outputs=(output(3, name="who"), output(1, name="old"), output(3, name="odd"))
    )
    found = with_label_kinds(contract, samples(who=IDS, old=BITS))
    assert kinds(found) == ["classes", "binary", None]


def test_what_is_known_stays():
    for spec in (
        output(3, kind="values"),
        output(3, columns=(Columns(kind="values", start=0, stop=3),)),
    ):
        contract = Contract(inputs=(), outputs=(spec,))
        assert with_label_kinds(contract, samples(IDS)) == contract
    contract = Contract(inputs=(), outputs=(output(3),))
    assert with_label_kinds(contract, None) is contract
    assert with_label_kinds(contract, samples()) == contract


def test_sigmoids_whose_labels_name_one_class_are_classes():
    contract = Contract(inputs=(), outputs=(output(3, kind="tags"),))
    assert kinds(with_label_kinds(contract, samples(IDS))) == ["classes"]
    assert kinds(with_label_kinds(contract, samples(TAGS))) == ["tags"]
