"""Labels of several outputs come from every source, are checked, and go wherever samples go."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.data import split
from edgekit.data.label_hints import how
from edgekit.data.samples import Samples
from edgekit.search.run_model import joined
from tests.data.contracts import contract, evaluate, tensor

N = 30
X = np.arange(N * 3, dtype=np.float32).reshape(N, 3)
GENDER = np.arange(N) % 3 // 2
AGE = np.linspace(0, 99, N)
HEADS = (tensor("age", (1, 1)), tensor("gender", (1, 2)))


def heads(samples: Samples) -> dict[str, list[float]]:
    return {name: array.tolist() for name, array in samples.head_labels.items()}


WHOLE = {"age": AGE.tolist(), "gender": GENDER.tolist()}


def test_arrays(npz):
    samples = evaluate(npz(x=X, gender=GENDER, age=AGE, comment=AGE), outputs=HEADS)
    assert heads(samples) == WHOLE
    assert (samples.labels, samples.ignored) == (None, ("comment",))


def test_a_golden_file(tmp_path):
    path = tmp_path / "golden.npz"
    Samples(inputs={"x": X}, head_labels={"age": AGE, "gender": GENDER}).save(path)
    assert heads(evaluate(path, outputs=HEADS)) == WHOLE


@pytest.mark.parametrize(
    "result",
    [
        "(x, {'age': age, 'gender': gender})",
        "({'x': x}, {'age': age, 'gender': gender})",
        "{'x': x, 'age': age, 'gender': gender}",
        "Samples(inputs={'x': x}, head_labels={'age': age, 'gender': gender})",
    ],
)
def test_functions(module, result):
    module(
        f"""
        from edgekit.data.samples import Samples
        def samples():
            x = np.arange({N} * 3, dtype=np.float32).reshape({N}, 3)
            gender, age = np.arange({N}) % 3 // 2, np.linspace(0, 99, {N})
            return {result}
        """
    )
    assert heads(evaluate("my_data:samples", outputs=HEADS)) == WHOLE


@pytest.mark.parametrize(
    "result", ["(x, {'agee': x[:, 0]})", "Samples(inputs={'x': x}, head_labels={'agee': x[:, 0]})"]
)
def test_labels_of_no_output_are_refused(module, result):
    module(
        f"""
        from edgekit.data.samples import Samples
        def samples():
            x = np.ones((4, 3), np.float32)
            return {result}
        """
    )
    with pytest.raises(DataError, match="outputs of the model: age, gender") as caught:
        evaluate("my_data:samples", outputs=HEADS)
    assert caught.value.hint == "did you mean 'age'?"


def test_nan_and_other_lengths_are_refused(npz):
    with pytest.raises(DataError, match=r"Labels of 'age' in .*finite") as caught:
        evaluate(npz(x=X, age=np.where(AGE > 50, np.nan, AGE)), outputs=HEADS)
    assert "NaN" in caught.value.received
    with pytest.raises(DataError, match="same number of samples") as caught:
        evaluate(npz(x=X, age=AGE, gender=GENDER[:-1]), outputs=HEADS)
    assert caught.value.received == f"x: {N}, labels of 'age': {N}, labels of 'gender': {N - 1}"


def test_a_draw_is_stratified_by_the_first_head_of_classes(npz):
    path = npz(x=X, gender=GENDER, age=AGE)
    samples = evaluate(path, outputs=HEADS, limit=9)
    assert samples.head_labels["gender"].sum() == 3
    for i, row in enumerate(samples.inputs["x"][:, 0] / 3):
        assert samples.head_labels["age"][i] == AGE[int(row)]


def test_parts_and_their_union_keep_them():
    every = Samples(
        inputs={"x": X}, head_labels={"age": AGE, "gender": GENDER}, ignored=("comment",)
    )
    parts = split.split(every, {"a": 15, "b": 15}, seed=1)
    assert parts["a"].head_labels["gender"].sum() == 5
    assert parts["a"].ignored == ("comment",)
    whole = joined(parts["a"], parts["b"])
    order = np.argsort(whole.inputs["x"][:, 0])
    assert {name: array[order].tolist() for name, array in whole.head_labels.items()} == WHOLE
    assert joined(parts["a"], Samples(inputs={"x": X})).head_labels == {}


@pytest.mark.parametrize(
    ("output", "ignored", "says"),
    [
        ("age", (), "name an array, or a column of a table, as the output: age."),
        ("age", ("ages", "z"), "age; the data holds ages, z besides: did you mean 'ages'?"),
        ("age", ("comment",), "age; the data holds comment besides."),
        ("x", (), "feeds the input of that name: call labels of the output labels/x."),
    ],
)
def test_the_next_step_names_arrays_and_outputs(output, ignored, says):
    samples = Samples(inputs={"x": X}, ignored=ignored)
    found = how(samples, contract(outputs=(*HEADS, tensor("x"))), output)
    assert found.endswith(says)


def test_of_one_output_y_is_named():
    said = how(Samples(inputs={"x": X}, ignored=("lable",)), contract(), "out")
    assert said == "add an array y, or out; the data holds lable besides."
