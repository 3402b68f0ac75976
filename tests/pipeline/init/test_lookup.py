"""What lies beside a model, and what it is for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.core.records import Contract, TensorSpec
from edgekit.pipeline.init import lookup, model_summary
from tests.pipeline.init.descriptions import pictures, pixels, written


def test_pictures_feed_a_model_that_scales_them_itself(tmp_path):
    pictures(tmp_path / "sorted", ["cat", "dog", "owl"], (20, 30))
    told = pixels(takes_pixels=True)
    found = lookup.beside(tmp_path, model_summary.stated(told), tmp_path / "m.keras")
    assert (found.ready, found.num_samples, found.labels.labels.tolist()) == (
        True,
        6,
        [0, 0, 1, 1, 2, 2],
    )
    labels = model_summary.labels_of_folders(found.classes, told.contract)
    _, project = written(told, tmp_path, found=found, labels=labels)
    assert project.input["image"].size == (8, 9)
    assert project.output["kind"].labels == ("cat", "dog", "owl")
    assert project.data.evaluation == "sorted"


def test_pictures_whose_scaling_nobody_knows_wait_for_it(tmp_path):
    pictures(tmp_path / "sorted", ["cat", "dog", "owl"], (20, 30))
    told = pixels(takes_pixels=False)
    found = lookup.beside(tmp_path, model_summary.stated(told), tmp_path / "m.keras")
    assert not found.ready and found.num_samples == 6
    text, project = written(told, tmp_path, found=found)
    assert project.data.evaluation is None and not project.input
    assert '# evaluation = "sorted"' in text


@pytest.mark.parametrize("others", [["src"], []])
def test_folders_of_something_else_are_left_alone(tmp_path, others):
    names = ["cat", "dog"] if not others else ["cat", "dog", "owl"]
    pictures(tmp_path / "assets", names, (4, 4))
    for name in others:
        (tmp_path / "assets" / name).mkdir()
    contract = model_summary.stated(pixels(takes_pixels=True))
    assert lookup.beside(tmp_path, contract, tmp_path / "m.keras").evaluation is None


def test_a_folder_that_is_named_has_pictures_in_it(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="must hold images or sounds"):
        lookup.named(str(tmp_path / "empty"), pixels(takes_pixels=True).contract)


DENSE = Contract(
    inputs=(TensorSpec(name="x", shape=(1, 4), dtype="float32"),),
    outputs=(TensorSpec(name="y", shape=(1, 3), dtype="float32"),),
)


def beside(folder: Path, **arrays: np.ndarray) -> lookup.Found:
    if arrays:
        np.savez(folder / "data.npz", **arrays)
    return lookup.beside(folder, DENSE, folder / "m.keras")


def rows(count: int, dtype: str = "float32") -> np.ndarray:
    return np.arange(count * 4).reshape(count, 4).astype(dtype)


def test_one_archive_evaluates_and_calibrates_from_the_same_samples(tmp_path):
    found = beside(tmp_path, x=rows(6), y=np.arange(6) % 3)
    assert found.calibration == found.evaluation == tmp_path / "data.npz"
    assert (found.shared, found.ready, found.num_samples, found.training) == (True, True, 6, None)
    assert found.labels is not None and found.labels.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert found.shapes == {"x": (1, 4)} and found.raw == {}


def test_arrays_of_each_purpose_are_not_shared_and_train(tmp_path):
    found = beside(tmp_path, calib_x=rows(2), test_x=rows(5), train_x=rows(9))
    assert (found.num_samples, found.shared) == (5, False)
    assert found.training == tmp_path / "data.npz"


def test_integers_for_floats_are_raw_and_say_their_range(tmp_path):
    assert beside(tmp_path, x=rows(3, "uint8")).raw == {"x": "uint8 from 0 to 11"}


def test_what_feeds_nothing_is_passed_over_with_its_reason(tmp_path):
    np.savez(tmp_path / "notes.npz", words=np.zeros(3))
    (tmp_path / ".hidden.npz").write_bytes(b"")
    found = beside(tmp_path, x=rows(3))
    assert found.evaluation == tmp_path / "data.npz"
    [note] = found.notes
    assert note.startswith("notes.npz does not feed the model: ")


def test_golden_files_and_baselines_are_no_samples(tmp_path):
    for name in ("m.golden", "baseline", "baseline-2"):
        np.savez(tmp_path / f"{name}.npz", x=rows(3))
    found = beside(tmp_path)
    assert (found.evaluation, found.calibration, found.notes) == (None, None, ())


@pytest.mark.parametrize(
    ("names", "evaluation", "calibration", "training"),
    [
        (("data", "test"), "data", "data", None),
        (("a_test", "b_calib", "c_train"), "a_test", "b_calib", "c_train"),
        (("val", "train"), "val", "train", "train"),
        (("contest", "more"), None, None, None),  # a word within a word says nothing
        (("test_a", "test_b"), None, None, None),
    ],
)
def test_files_are_told_apart_by_words(tmp_path, names, evaluation, calibration, training):
    for name in names:
        np.savez(tmp_path / f"{name}.npz", x=rows(3))
    found = lookup.beside(tmp_path, DENSE, tmp_path / "m.keras")
    stems = [p and p.stem for p in (found.evaluation, found.calibration, found.training)]
    assert stems == [evaluation, calibration, training]
    if evaluation is None:
        assert names[0] in found.notes[-1] and "--data" in found.notes[-1]


def test_a_table_names_the_columns_that_feed_the_model(tmp_path):
    header = ["label", "a", "b", "c", "d"]
    lines = [",".join(header), "1,0.5,1,2,3", "0,1,1,2,3"]
    (tmp_path / "table.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "labels.csv").write_text("x", encoding="utf-8")
    found = lookup.beside(tmp_path, DENSE, tmp_path / "m.keras")
    assert (found.columns, found.num_samples) == (("a", "b", "c", "d"), 2)


def test_a_function_is_a_source_that_shares_nothing(tmp_path, monkeypatch):
    text = (
        "import numpy as np\ndef samples():\n    return np.ones((7, 4), 'f4'), np.arange(7) % 3\n"
    )
    (tmp_path / "lookup_samples.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = lookup.named("lookup_samples:samples", DENSE)
    assert found.evaluation == found.calibration == "lookup_samples:samples"
    assert (found.num_samples, found.shared, found.columns) == (7, False, ())


def test_what_is_named_must_fit_also_into_memory(tmp_path):
    np.savez(tmp_path / "wide.npz", x=np.zeros((3, 5), np.float32))
    with pytest.raises(DataError, match="shape"):
        lookup.named(str(tmp_path / "wide.npz"), DENSE)
    np.savez(tmp_path / "many.npz", x=rows(1000))
    with pytest.raises(DataError):
        lookup.named(str(tmp_path / "many.npz"), DENSE, memory_bytes=1000)


def test_a_folder_of_files_feeds_one_input_only(tmp_path):
    pictures(tmp_path / "sorted", ["cat", "dog"], (4, 4))
    two = replace(DENSE, inputs=(*DENSE.inputs, replace(DENSE.inputs[0], name="z")))
    with pytest.raises(DataError, match="several inputs"):
        lookup.named(str(tmp_path / "sorted"), two)
    assert lookup.beside(tmp_path, two, tmp_path / "m.keras").evaluation is None
