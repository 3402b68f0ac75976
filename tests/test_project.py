"""edgekit.toml: what it may say, and how it refuses the rest."""

import pytest

from edgekit import project as projects
from edgekit.errors import ProjectError
from edgekit.records import Contract, TensorSpec

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
        ("recipes = 3", r"recipes\[0\] is a str"),
        ("[data", "is not TOML"),
        ("[output.digit]\nlabels = 'none.txt'", "names a text file"),
    ],
)
def test_mistakes_are_named(write, text, words):
    with pytest.raises(ProjectError, match=words):
        projects.load(write(text))


def test_an_input_that_the_model_lacks_is_refused(write):
    project = projects.load(write("[input.imag]\nkind = 'none'"))
    with pytest.raises(ProjectError, match="names an input of the model") as caught:
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
