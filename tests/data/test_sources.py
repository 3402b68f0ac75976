"""Every kind of source, and every way in which its samples do not fit."""

import sys
import textwrap

import numpy as np
import pytest

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import TensorSpec
from edgekit.data.samples import Samples
from edgekit.data.sources import load
from tests.data.contracts import contract, evaluate, tensor

X = np.arange(12, dtype=np.float32).reshape(4, 3)
Y = np.array([0, 1, 0, 1])


def test_npz_by_x_and_by_name(npz):
    for name in ("x", "pixels"):
        samples = evaluate(npz(**{name: X, "y": Y, "other": Y}), tensor("pixels"))
        np.testing.assert_array_equal(samples.inputs["pixels"], X)
        assert samples.labels.tolist() == Y.tolist()
        assert samples.source.endswith("data.npz")


@pytest.mark.parametrize(
    ("purpose", "word"),
    [
        ("calibration", "calibration"),
        ("calibration", "calib"),
        ("evaluation", "evaluation"),
        ("evaluation", "test"),
        ("training", "train"),
    ],
)
@pytest.mark.parametrize("spelling", ["{word}_{base}", "{base}_{word}"])
def test_arrays_of_the_purpose_win_and_bring_their_own_labels(npz, purpose, word, spelling):
    mine = {
        spelling.format(word=word, base="x"): X[:2],
        spelling.format(word=word, base="y"): Y[1:3],
    }
    samples = load(str(npz(x=X, y=Y, **mine)), contract(), purpose=purpose)
    assert len(samples) == 2
    assert samples.labels.tolist() == [1, 0]


def test_labels_of_another_group_are_not_taken(npz):
    samples = load(str(npz(x=X, y=Y, calib_x=X[:3])), contract(), purpose="calibration")
    assert len(samples) == 3
    assert samples.labels is None


def test_calibration_falls_back_to_training_and_evaluation_does_not(npz):
    path = npz(x_train=X[:3], y_train=Y[:3])
    assert len(load(str(path), contract(), purpose="calibration")) == 3
    with pytest.raises(DataError, match="x_train"):
        load(str(path), contract(), purpose="evaluation")


def test_several_inputs(npz):
    both = tensor("a"), tensor("b", (1,), "int32")
    samples = evaluate(npz(a=X, b=np.arange(4)), *both)
    assert samples.inputs["b"].dtype == np.int32
    with pytest.raises(DataError) as caught:
        evaluate(npz(a=X, bb=Y), *both)
    assert "a, b" in caught.value.rule
    assert caught.value.received == "arrays a, bb; none for b"
    assert caught.value.hint == "rename 'bb' to 'b'."
    with pytest.raises(DataError, match="array for each input") as caught:  # a slip, no choice
        evaluate(npz(a=X, b=Y, evaluation_a=X), *both)
    assert caught.value.hint == "'evaluation_a' is for evaluation, so all inputs are: " + (
        "add evaluation_b."
    )


@pytest.mark.parametrize(
    ("arrays", "lacking", "hint"),
    [
        (("width",), "none for area", "savez_compressed(path, width=..., area=...)"),
        (("a", "b"), "none for width, area", "savez_compressed(path, width=..., area=...)"),
        (("Width", "Area"), "none for width, area", "rename 'Width' to 'width'."),
        (("x",), "none for width, area", "x feeds a model with one input"),
        ((), "arrays (none)", "width=..., area=..."),
    ],
)
def test_arrays_that_feed_no_input_are_named(npz, arrays, lacking, hint):
    with pytest.raises(DataError) as caught:
        evaluate(npz(**dict.fromkeys(arrays, X)), tensor("width"), tensor("area"))
    assert caught.value.rule.endswith("an array for each input of the model: width, area.")
    assert lacking in caught.value.received
    assert hint in caught.value.hint


def test_inputs_that_are_no_identifiers_can_be_named_too(npz):
    with pytest.raises(DataError) as caught:
        evaluate(npz(a=X), tensor("width:0"), tensor("area:0"))
    assert "**{'width:0': ..., 'area:0': ...}" in caught.value.hint


def test_x_is_for_models_with_one_input(npz):
    with pytest.raises(DataError):
        evaluate(npz(x=X), tensor("a"), tensor("b"))


def test_golden_files_are_sources_too(tmp_path):
    reference = {"out": np.eye(4, 2, dtype=np.float32)}
    Samples(inputs={"x": X}, reference=reference).save(tmp_path / "m.golden.npz")
    samples = evaluate(tmp_path / "m.golden.npz", limit=2)
    for row, x in zip(samples.reference["out"], samples.inputs["x"], strict=True):
        np.testing.assert_array_equal(row, reference["out"][int(x[0]) // 3])


def test_integers_are_raw_and_floats_are_model_inputs(npz):
    pixels = np.arange(64, dtype=np.uint8).reshape(4, 4, 4)
    image = tensor("x", (1, 4, 4, 1), kind="image", size=(4, 4), channels="gray", std=(255.0,))
    raw = evaluate(npz(x=pixels), image).inputs["x"]
    np.testing.assert_allclose(raw[..., 0], pixels / 255, rtol=1e-6)
    ready = evaluate(npz(x=pixels.astype(np.float64)), image).inputs["x"]
    np.testing.assert_array_equal(ready[..., 0], pixels)
    assert raw.dtype == ready.dtype == np.float32
    plain = evaluate(npz(x=pixels), tensor("x", (1, 4, 4, 1))).inputs["x"]
    assert plain.dtype == np.uint8
    assert plain.shape == (4, 4, 4, 1)


def test_text_strings_are_raw_and_ids_are_not(npz):
    text = tensor("x", (1, 3), "int32", kind="text", vocabulary=("", "a", "b"))
    assert evaluate(npz(x=np.array(["ab", "b"])), text).inputs["x"].tolist() == [
        [1, 2, 0],
        [2, 0, 0],
    ]
    assert evaluate(npz(x=np.array([[2, 1, 0]])), text).inputs["x"].tolist() == [[2, 1, 0]]
    with pytest.raises(DataError, match="must hold numbers"):
        evaluate(npz(x=np.array(["ab"])), tensor())


def test_inputs_of_strings_take_strings(npz):
    words = np.array(["yes", "no"])
    assert evaluate(npz(x=words), tensor("x", (1,), "string")).inputs["x"].tolist() == ["yes", "no"]


def test_integer_models_take_whole_numbers_of_their_range(npz):
    ids = tensor("x", (1, 3), "int32")
    assert evaluate(npz(x=X.astype(np.float64)), ids).inputs["x"].dtype == np.int32
    with pytest.raises(DataError, match="must be int32 values"):
        evaluate(npz(x=X + 0.5), ids)
    with pytest.raises(DataError, match="must be int8 values from -128 to 127"):
        evaluate(npz(x=X.astype(np.int64) * 50), tensor("x", (1, 3), "int8"))


def test_quantized_inputs_take_real_values(npz):
    spec = TensorSpec(name="x", shape=(1, 3), dtype="int8", scale=(0.1,), zero_point=(0,))
    assert evaluate(npz(x=X / 10), spec).inputs["x"].dtype == np.float32


def test_what_overflows_float32_is_found(npz):
    with pytest.raises(DataError, match="as float32") as caught:
        evaluate(npz(x=np.where(X == 5, 1e300, X.astype(np.float64))))
    assert "1 of 12" in caught.value.received


def test_objects_are_never_unpickled(npz):
    path = npz(x=np.array([{"a": 1}, None], dtype=object))
    with pytest.raises(DataError, match="run code"):
        evaluate(path)


def test_damaged_files(tmp_path, npz):
    whole = npz(x=np.zeros(5000)).read_bytes()
    for content in (b"", b"PK\x03\x04 nothing", whole[:3000], b"\x93NUMPY\x01\x00", b"text"):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"no whole \.npz"):
            evaluate(tmp_path / "bad.npz")
    flipped = bytearray(whole)
    flipped[2000] ^= 255
    (tmp_path / "bad.npz").write_bytes(bytes(flipped))
    with pytest.raises(DataError, match=r"no whole \.npz"):
        evaluate(tmp_path / "bad.npz")


def test_sources_that_are_none(tmp_path):
    with pytest.raises(DataError, match="source was not found"):
        evaluate(tmp_path / "nothing.npz")
    (tmp_path / "model.bin").write_bytes(b"1")
    with pytest.raises(DataError, match=r"must be an \.npz, a \.csv"):
        evaluate(tmp_path / "model.bin")


def test_limit_is_stratified_and_repeatable(npz):
    x = np.arange(300, dtype=np.float32).reshape(100, 3)
    path = npz(x=x, y=np.repeat([0, 1], [80, 20]))
    samples = evaluate(path, limit=10, seed=4)
    assert samples.labels.sum() == 2
    assert samples.sha256 == evaluate(path, limit=10, seed=4).sha256
    assert samples.sha256 != evaluate(path, limit=10, seed=5).sha256
    rows = (samples.inputs["x"][:, 0] / 3).astype(int)
    np.testing.assert_array_equal(samples.labels, rows >= 80)  # labels go with their samples
    with pytest.raises(UsageError):
        evaluate(path, limit=0)


@pytest.mark.parametrize(
    "result",
    [
        "(np.ones((4, 3)), [0, 1, 0, 1])",
        "({'x': np.ones((4, 3))}, np.array([0, 1, 0, 1]))",
        "{'x': np.ones((4, 3)), 'y': [0, 1, 0, 1], 'unused': None}",
        "__import__('edgekit.data.samples').data.samples.Samples("
        "inputs={'x': np.ones((4, 3))}, labels=np.array([0, 1, 0, 1]))",
    ],
)
def test_functions_may_return_several_forms(module, result):
    module(f"def data():\n    return {result}\n")
    before = list(sys.path)
    samples = evaluate("my_data:data")
    assert samples.inputs["x"].shape == (4, 3)
    assert samples.labels.tolist() == [0, 1, 0, 1]
    assert samples.source == "my_data:data"
    assert sys.path == before


def test_functions_are_told_what_they_ask_for(module):
    module(
        """
        def data(purpose, seed, other=1):
            assert purpose == "training"
            return {"x": np.full((2, 3), seed)}
        """
    )
    samples = evaluate("my_data:data", tensor("pixels"), purpose="training", seed=7)
    assert samples.inputs["pixels"].tolist() == [[7, 7, 7]] * 2
    assert samples.labels is None


IMAGE = tensor("image", (1, 4, 4, 3), kind="image", size=(4, 4))


@pytest.fixture
def table(tmp_path):
    def write(text):
        (tmp_path / "data.csv").write_text(textwrap.dedent(text), encoding="utf-8-sig")
        return tmp_path / "data.csv"

    return write


def test_csv_all_columns_but_the_label(table):
    samples = evaluate(table("a,label,b,c\n1,0,2,3\n\n4,1,5,6\n"))
    assert samples.inputs["x"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert samples.inputs["x"].dtype == np.float32
    assert samples.labels.tolist() == [0, 1]
    assert samples.labels.dtype == np.int64


def test_csv_named_columns_are_always_preprocessed(table):
    spec = tensor("x", (1, 2), kind="tabular", columns=("c", "a"), mean=(1.0, 0.0), std=(2.0, 1.0))
    samples = evaluate(table("a,b,c,y\n1,x,3.0,0.5\n4,z,5.0,1.5\n"), spec)
    assert samples.inputs["x"].tolist() == [[1, 1], [2, 4]]
    assert samples.labels.tolist() == [0.5, 1.5]


def test_csv_for_several_inputs_and_text(table):
    inputs = (
        tensor("a", (1, 2)),
        tensor("b", (1, 1)),
        tensor("words", (1, 2), "int32", kind="text", vocabulary=("", "good", "bad")),
    )
    samples = evaluate(
        table('a.0,a.1,b,words,label\n1,2,3,"good, bad",pos\n4,5,6,bad,neg\n'), *inputs
    )
    assert samples.inputs["a"].tolist() == [[1, 2], [4, 5]]
    assert samples.inputs["b"].tolist() == [[3], [6]]
    assert samples.inputs["words"].tolist() == [[0, 2], [2, 0]]
    assert samples.labels.tolist() == ["pos", "neg"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c\n1,2,\n", "an empty cell in sample 0"),
        ("a,b,c\n1,2,3\n1,two,3\n", "'two' in sample 1"),
        ("a,b,c\n1,2\n", "2 cells in sample 0"),
        ("a,a,c\n1,2,3\n", "twice"),
        ("a,b,c\n", "1 rows"),
        ("", "0 rows"),
        ("a,b\n1,2\n", r"shape \(3,\)"),
        ("a,b,c\n1,2,nan\n", "NaN"),
    ],
)
def test_csv_that_is_no_table_of_numbers(table, text, message):
    with pytest.raises(DataError, match=message):
        evaluate(table(text))


def test_csv_columns_that_are_missing(table):
    spec = tensor("x", (1, 2), kind="tabular", columns=("age", "hight"))
    with pytest.raises(DataError, match="no column 'hight'") as caught:
        evaluate(table("age,height\n1,2\n"), spec)
    assert caught.value.hint == "did you mean 'height'?"
    with pytest.raises(DataError, match="kind 'image'"):
        evaluate(table("age,height\n1,2\n"), IMAGE)


@pytest.mark.corpus
def test_real_files_of_the_corpus(corpus):
    cifar = tensor("image", (1, 32, 32, 3))
    data = corpus / "resnet8_cifar10" / "data.npz"
    samples = evaluate(data, cifar, limit=500)
    assert samples.inputs["image"].dtype == np.uint8
    assert np.bincount(samples.labels.ravel()).tolist() == pytest.approx([50] * 10, abs=5)
    calibration = load(str(data), contract(cifar), purpose="calibration")
    assert len(calibration) == 500
    assert calibration.labels is None
    images = tensor(
        "image",
        (1, 224, 224, 3),
        kind="image",
        size=(224, 224),
        resize_shorter_to=256,
        resize="bicubic",
        mean=(127.0,),
        std=(128.0,),
    )
    drawn = evaluate(corpus / "imagenet500", images, limit=4)
    assert drawn.inputs["image"].shape == (4, 224, 224, 3)
    assert len(set(drawn.labels.tolist())) == 4
