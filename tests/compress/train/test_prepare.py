"""What a training consists of: batches, loss, and the model around the student."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from edgekit.compress.train import prepare
from edgekit.core.errors import DataError, ModelError
from edgekit.core.records import TensorSpec


@pytest.mark.convert
@pytest.mark.parametrize(
    ("what", "received"),
    [
        ("shared", "weights in common"),
        ("other outputs", "outputs of shape"),
        ("other inputs", "inputs image and a, b; 1 and 2 outputs"),
        ("frozen", "without trainable weights"),
    ],
)
def test_models_that_cannot_be_trained_together_are_refused(
    case: Any, what: str, received: str
) -> None:
    with pytest.raises(ModelError) as caught:
        case("bad", what=what)
    assert received in caught.value.received


@pytest.mark.convert
def test_labels_alone_make_a_labelled_student(case: Any) -> None:
    found = case("prepared", distill=False, labels=True)
    assert found["trainer"] == "Labelled"
    # A moved picture shows what its label says; a mirrored or mixed one does not.
    assert found["augmentation"] == [True, False, False]
    assert found["held"] == [80, 20] and found["size"] == 8
    with pytest.raises(DataError, match="--distill"):
        case("prepared", distill=False, labels=False)


@pytest.mark.convert
def test_a_teacher_needs_no_labels_and_labels_weigh_what_they_are_told(case: Any) -> None:
    found = case("prepared", distill=True, labels=False)
    assert found["compiled"] == ["loss"]
    assert found["augmentation"] == [True, True, True]
    assert (found["labels"], found["weight"]) == (False, 0.0)
    found = case("prepared", distill=True, labels=True, label_weight=0.25)
    assert (found["labels"], found["weight"]) == (True, 0.25)
    found = case("prepared", distill=True, labels=True, label_weight=0.0, augment=False)
    assert not found["labels"] and found["augmentation"] == [False, False, False]


@pytest.mark.convert
def test_a_batch_is_no_larger_than_what_there_is_to_train_on(case: Any) -> None:
    assert case("prepared", distill=True, labels=False, batch_size=500)["size"] == 80


@pytest.mark.parametrize(("batch", "fixed"), [(-1, None), (4, 4)])
def test_a_fixed_batch_is_that_of_the_inputs(batch: int, fixed: int | None) -> None:
    scalar = TensorSpec(name="s", shape=(), dtype="float32")
    spec = TensorSpec(name="x", shape=(batch, 3), dtype="float32")
    assert prepare.fixed_batch(SimpleNamespace(inputs=(scalar, spec))) == fixed


def test_a_model_that_was_never_built_is_refused() -> None:
    with pytest.raises(ModelError) as caught:
        prepare.wrap(SimpleNamespace(name="net", inputs=None))
    assert "'net'" in caught.value.received
