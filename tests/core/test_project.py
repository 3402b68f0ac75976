"""edgekit.toml: what it may say, and how it refuses the rest."""

import contextlib
import shutil

import numpy as np
import pytest

from edgekit.core import project as projects
from edgekit.core.errors import ProjectError
from edgekit.core.records import Contract, TensorSpec

CONTRACT = Contract(
    inputs=(TensorSpec(name="image", shape=(1, 8, 8, 1), dtype="float32"),),
    outputs=(TensorSpec(name="digit", shape=(1, 3), dtype="float32"),),
)
WHOLE = """
model = "m.keras"
recipes = ["float32"]
[data]
calibration = "data.npz"
[input.image]
kind = "image"
size = [8, 8]
std = 255
[output.digit]
labels = "labels.txt"
activation = "softmax"
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "edgekit.toml"
        path.write_text(text, encoding="utf-8")
        (tmp_path / "labels.txt").write_text("null\neins\nzwei\n", encoding="utf-8")
        return path

    return write


def test_preprocessing_labels_and_activation_join_the_contract(write):
    described = projects.load(write(WHOLE)).describe(CONTRACT)
    assert described.inputs[0].preprocessing.std == (255.0,)
    assert described.inputs[0].shape == (1, 8, 8, 1)
    assert described.outputs[0].labels == ("null", "eins", "zwei")
    assert described.outputs[0].activation == "softmax"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modl = 'x'", "model"),
        ("[input.image]\nkin = 'image'", "kind"),
        ("recipes = 3", r"recipes\[0\] must be of type str"),
        ("[data", "is not TOML"),
        ("[output.digit]\nlabels = 'none.txt'", "names a text file"),
    ],
)
def test_mistakes_are_named(write, text, words):
    with pytest.raises(ProjectError, match=words):
        projects.load(write(text))


def test_an_input_that_the_model_lacks_is_refused(write):
    project = projects.load(write("[input.imag]\nkind = 'none'"))
    with pytest.raises(ProjectError, match="must name an input of the model") as caught:
        project.describe(CONTRACT)
    assert "image" in caught.value.hint


def test_a_wrong_number_of_labels_is_refused(write):
    project = projects.load(write("[output.digit]\nlabels = ['a', 'b']"))
    with pytest.raises(ProjectError, match="one label for each of its 3"):
        project.describe(CONTRACT)


def test_the_file_beside_the_model_is_found_and_its_paths_are_relative_to_it(write, tmp_path):
    write(WHOLE)
    (tmp_path / "data.npz").touch()
    project = projects.find(tmp_path / "m.keras")
    assert project.resolve("data.npz") == str(tmp_path / "data.npz")
    assert project.resolve("package.module:function") == "package.module:function"
    assert projects.find(tmp_path / "elsewhere" / "m.keras").file is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = " + "[" * 100_000, "is not TOML"),
        ("recipes = " + "[" * 900 + "]" * 900, "is not TOML"),
        ("a" + ".a" * 100_000 + " = 1", "more parts"),
        ('[x . "y"' + " . 'z'" * 1000 + "]", "more parts"),
        ("[data]\nseed = " + "9" * 10_000, "is not TOML"),
        ("[data]\nseed = " + "9" * 100, "64 bits"),
        ("[data]\nseed = 0x" + "f" * 100_000, "64 bits"),
        ("name = 0x" + "f" * 100_000, "too large to show"),
        ("[data]\nseed = true", "must be of type int"),
        ("[input.x]\nstd = 1e400", "finite"),
        ("[input.x]\nstd = " + "9" * 400, "must be of type float"),
        ("[input.x]\nmean = nan", "finite"),
        ('name = "a\0"', "is not TOML"),
        ('model = "a\\u0000b"', "without a NUL"),
        ('[output.x]\nlabels = "a\\u0000b"', "could not be read"),
        ('[output.x]\nlabels = "."', "a folder"),
        ("name = 1979-05-27", "must be of type str"),
        ("target = [[]]", "table of keys"),
        ("rule = 3", "table of keys"),
    ],
)
def test_toml_that_is_deep_huge_or_odd_is_refused(write, text, words):
    with pytest.raises(ProjectError, match=words) as caught:
        projects.load(write(text))
    assert len(str(caught.value)) < 1500


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "labels.txt").write_text("one\ntwo\n", encoding="utf-8-sig")
    file = tmp_path / "edgekit.toml"
    file.write_text('name = "x"\n[output.y]\nlabels = "labels.txt"\n', encoding="utf-8-sig")
    assert projects.load(file).name == "x"
    assert projects.load(file).output["y"].labels == ("one", "two")
    file.write_text('name = "x"', encoding="utf-16")
    with pytest.raises(ProjectError, match="UTF-8"):
        projects.load(file)


def test_a_damaged_project_is_read_or_refused(tmp_path, digits):
    whole = (digits / "edgekit.toml").read_bytes()
    shutil.copy(digits / "labels.txt", tmp_path)
    rng = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(whole)
        for place in rng.integers(len(damaged), size=rng.integers(1, 33)):
            damaged[place] = rng.choice(bytearray(b"\"'[]{}=.\n\0\xff019e-"))
        (tmp_path / "edgekit.toml").write_bytes(damaged)
        with contextlib.suppress(ProjectError):
            projects.load(tmp_path / "edgekit.toml")


def test_the_metric_may_be_one_or_several(tmp_path):
    path = tmp_path / "edgekit.toml"
    for text, wanted in (
        ('metric = "mae"', ("mae",)),
        ('metric = ["auc@yes", "mae@age"]', ("auc@yes", "mae@age")),
        ("", ()),
    ):
        path.write_text(text)
        assert projects.load(path).metric == wanted
