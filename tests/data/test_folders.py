"""Folders of images or sounds: classes, tables of labels, and what is wrong with them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from edgekit.core.errors import DataError, ProjectError
from tests.data.contracts import contract, evaluate, tensor


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


def test_ten_comes_before_two_as_keras_sorts_folders(tmp_path):
    for name in ("2", "10"):
        picture(tmp_path / name / "1.png", int(name))
    samples = evaluate(tmp_path, IMAGE)
    assert samples.labels.tolist() == [0, 1]
    assert samples.inputs["image"][:, 0, 0, 0].tolist() == [10, 2]


def test_folders_within_a_class_count_and_hidden_files_do_not(folder):
    picture(folder / "ant" / "more" / "13.PNG", 13)
    picture(folder / "ant" / "._14.png", 14)
    assert evaluate(folder, IMAGE).labels.tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_what_would_not_fit_into_memory_is_refused_before_it_is_held(folder):
    from edgekit.data import folders

    bytes_of_all = 6 * 4 * 4 * 3 * 4
    one = contract(IMAGE)
    assert len(folders.read(folder, one, None, 0, memory_bytes=100 * bytes_of_all)) == 6
    with pytest.raises(DataError, match="6 files of"):
        folders.read(folder, one, None, 0, memory_bytes=bytes_of_all)
