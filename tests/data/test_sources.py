"""Every kind of source, and every way in which its samples do not fit."""

import sys
import textwrap

import numpy as np
import pytest
from PIL import Image

from edgekit.core.errors import DataError, ProjectError, UsageError
from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.data.samples import Samples
from edgekit.data.sources import load


def tensor(name="x", shape=(1, 3), dtype="float32", labels=(), **rules):
    return TensorSpec(
        name=name, shape=shape, dtype=dtype, labels=labels, preprocessing=Preprocessing(**rules)
    )


def contract(*inputs, outputs=None):
    return Contract(inputs=inputs or (tensor(),), outputs=outputs or (tensor("out", (1, 2)),))


def evaluate(source, *inputs, outputs=None, **options):
    options = {"purpose": "evaluation", **options}
    return load(str(source), contract(*inputs, outputs=outputs), **options)


@pytest.fixture
def npz(tmp_path):
    def write(**arrays):
        np.savez(tmp_path / "data.npz", **arrays)
        return tmp_path / "data.npz"

    return write


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


@pytest.mark.parametrize(
    ("shape", "array", "hint"),
    [
        ((1, 4, 3), X, "looks like one sample"),
        ((1, 3), X[:, None], "array\\[:, 0\\]"),
        ((1, 3), X.reshape(2, 2, 3), "concatenate"),
        ((1, 5, 6, 3), np.ones((2, 3, 5, 6)), "moveaxis"),
        ((1, 7), X, "reshape"),
    ],
)
def test_shapes_that_do_not_fit(npz, shape, array, hint):
    with pytest.raises(DataError, match=hint) as caught:
        evaluate(npz(x=array), tensor("x", shape))
    assert "'x'" in caught.value.rule
    assert str(shape[1:]) in caught.value.rule
    assert str(array.shape) in caught.value.received


def test_unknown_sizes_match_and_scalars_may_be_columns(npz):
    assert evaluate(npz(x=X), tensor("x", (1, -1))).inputs["x"].shape == (4, 3)
    assert evaluate(npz(x=X[:, :1]), tensor("x", (1,))).inputs["x"].shape == (4,)
    assert evaluate(npz(x=X[:, 0]), tensor("x", (1, 1))).inputs["x"].shape == (4, 1)


def test_nan_and_infinity_are_found(npz):
    bad = X.copy()
    bad[2, 1], bad[3, 0] = np.nan, np.inf
    with pytest.raises(DataError) as caught:
        evaluate(npz(x=bad))
    assert "'x'" in caught.value.rule
    assert "2 of 12" in caught.value.received
    assert "[2, 1]" in caught.value.received
    with pytest.raises(DataError, match="Labels"):
        evaluate(npz(x=X, y=bad[:, 0]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_calibration_samples_are_finite_too(npz, value):
    bad = X.copy()
    bad[1, 2] = value
    with pytest.raises(DataError) as caught:
        evaluate(npz(calib_x=bad), purpose="calibration")
    assert "1 of 12 values are NaN or infinite, the first at index [1, 2]" in str(caught.value)
    assert "look at sample 1" in caught.value.hint


def test_what_overflows_float32_is_found(npz):
    with pytest.raises(DataError, match="as float32") as caught:
        evaluate(npz(x=np.where(X == 5, 1e300, X.astype(np.float64))))
    assert "1 of 12" in caught.value.received


def test_empty_and_uneven(npz):
    with pytest.raises(DataError, match="There are no samples"):
        evaluate(npz(x=X[:0]))
    with pytest.raises(DataError, match=r"x: 4, labels: 3"):
        evaluate(npz(x=X, y=Y[:3]))
    with pytest.raises(DataError, match="x: a single value"):
        evaluate(npz(x=np.float32(1)))


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


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write `my_data.py` into the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "my_data", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(text):
        sys.modules.pop("my_data", None)
        (tmp_path / "my_data.py").write_text("import numpy as np\n" + textwrap.dedent(text))

    yield write
    sys.modules.pop("my_data", None)


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


def test_what_a_function_raises_names_it(module):
    module("def data():\n    return {}['nothing']\n")
    with pytest.raises(DataError, match="my_data:data failed") as caught:
        evaluate("my_data:data")
    assert "KeyError: 'nothing' (my_data.py line 3)" in caught.value.received


def test_functions_that_are_not_there(module):
    module("value = 1\ndef load_data(): return 1\n")
    with pytest.raises(DataError, match="no function 'load_dat'") as caught:
        evaluate("my_data:load_dat")
    assert "load_data" in caught.value.hint
    with pytest.raises(DataError, match="a value 'value'"):
        evaluate("my_data:value")
    with pytest.raises(DataError, match="no module 'my_dta'"):
        evaluate("my_dta:data")
    with pytest.raises(DataError, match="must return Samples"):
        evaluate("my_data:load_data")
    module("import not_installed_here\n")
    with pytest.raises(DataError, match="Importing my_data failed"):
        evaluate("my_data:data")
    module("def data():\n    return [[1, 2], [3]], [0, 1]\n")
    with pytest.raises(DataError, match="different lengths"):
        evaluate("my_data:data")


def picture(path, value, size=(6, 5)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 0, 0)).save(path)


IMAGE = tensor("image", (1, 4, 4, 3), kind="image", size=(4, 4))


@pytest.fixture
def folder(tmp_path):
    for name, values in {"dog": (1, 2, 3, 4), "ant": (11, 12)}.items():
        for value in values:
            picture(tmp_path / "pets" / name / f"{value:02}.png", value)
    (tmp_path / "pets" / ".hidden").mkdir()
    (tmp_path / "pets" / "dog" / "notes.txt").write_text("not a picture")
    return tmp_path / "pets"


def test_folder_by_class_sorted(folder):
    samples = evaluate(folder, IMAGE)
    assert samples.inputs["image"].shape == (6, 4, 4, 3)
    assert samples.labels.tolist() == [0, 0, 1, 1, 1, 1]
    assert samples.inputs["image"][:, 0, 0, 0].tolist() == [11, 12, 1, 2, 3, 4]


def test_folder_by_the_labels_of_the_contract(folder):
    labelled = (tensor("out", (1, 3), labels=("cat", "dog", "ant")),)
    assert evaluate(folder, IMAGE, outputs=labelled).labels.tolist() == [2, 2, 1, 1, 1, 1]
    labelled = (tensor("out", (1, 2), labels=("cat", "dogs")),)
    with pytest.raises(DataError, match="folder 'ant'"):
        evaluate(folder, IMAGE, outputs=labelled)


def test_folder_draws_before_it_decodes(folder):
    drawn = evaluate(folder, IMAGE, limit=3, seed=1)
    assert sorted(drawn.labels.tolist()) == [0, 1, 1]
    unread = set(drawn.inputs["image"][:, 0, 0, 0].astype(int))
    for path in folder.rglob("*.png"):
        if int(path.stem) not in unread:
            path.write_bytes(b"damaged")
    assert evaluate(folder, IMAGE, limit=3, seed=1).sha256 == drawn.sha256
    with pytest.raises(DataError, match="decoded"):
        evaluate(folder, IMAGE)


def test_folder_with_another_number_of_classes(folder):
    with pytest.raises(DataError, match="each of the model's 5 classes"):
        evaluate(folder, IMAGE, outputs=(tensor("out", (1, 5)),))
    assert len(evaluate(folder, IMAGE, outputs=(tensor("out", (1, 1)),))) == 6


def test_folder_needs_a_preprocessing_and_one_input(folder, tmp_path):
    with pytest.raises(DataError, match=r"\[input.image\]"):
        evaluate(folder, tensor("image", (1, 4, 4, 3)))
    with pytest.raises(DataError, match="several inputs"):
        evaluate(folder, IMAGE, tensor("b"))
    with pytest.raises(ProjectError, match="size"):
        evaluate(folder, tensor("image", (1, 4, 4, 3), kind="image"))
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="must hold"):
        evaluate(tmp_path / "none", IMAGE, outputs=(tensor("out", (1, -1)),))


def test_flat_folder_with_and_without_a_table(tmp_path):
    for value in (1, 2, 3):
        picture(tmp_path / f"{value}.png", value)
    assert evaluate(tmp_path, IMAGE).labels is None
    table = tmp_path / "labels.csv"
    table.write_text("file,class_index\n3.png,30\n1.png,10\n2.png,20\n")
    assert evaluate(tmp_path, IMAGE).labels.tolist() == [10, 20, 30]
    table.write_text("file,label\n3.png,c\n1.png,a\n2.png,b\n")
    assert evaluate(tmp_path, IMAGE).labels.tolist() == ["a", "b", "c"]
    table.write_text("file,label\n3.png,c\n")
    with pytest.raises(DataError, match=r"2 files without a label, first 1.png"):
        evaluate(tmp_path, IMAGE)
    table.write_text("name,label\n3.png,c\n")
    with pytest.raises(DataError, match="column `file`"):
        evaluate(tmp_path, IMAGE)
    picture(tmp_path / "dog" / "1.png", 1)
    with pytest.raises(DataError, match="not both"):
        evaluate(tmp_path, IMAGE)


SOUND = tensor("sound", (1, 4, 1), kind="audio", window=4, sample_rate=8000)


def test_folder_of_sounds(tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="the extra `audio` is not installed")
    for name, values in {"yes": [16384, -32768], "no": [0, 8192, 0, 0, 0, 0]}.items():
        (tmp_path / name).mkdir()
        soundfile.write(tmp_path / name / "1.wav", np.array(values, np.int16), 8000)
    samples = evaluate(tmp_path, SOUND)
    assert samples.labels.tolist() == [0, 1]
    assert samples.inputs["sound"][..., 0].tolist() == [[0, 0.25, 0, 0], [0.5, -1, 0, 0]]
    slow = tensor("sound", (1, 4, 1), kind="audio", window=4, sample_rate=16000)
    with pytest.raises(DataError, match=r"at 8000"):
        evaluate(tmp_path, slow)
    soundfile.write(tmp_path / "no" / "3.wav", np.array([0, np.nan]), 8000, subtype="FLOAT")
    with pytest.raises(DataError, match=r"3\.wav must hold finite numbers"):
        evaluate(tmp_path, SOUND)
    (tmp_path / "no" / "2.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match="decoded"):
        evaluate(tmp_path, SOUND)


def test_sounds_without_the_package(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.wav").write_bytes(b"RIFF")
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(DataError, match="package soundfile"):
        evaluate(tmp_path, SOUND)


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
