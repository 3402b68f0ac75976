"""What lies beside a model, and what it is for."""

from __future__ import annotations

import pytest

from edgekit.core.errors import DataError
from edgekit.pipeline.init import lookup, model_summary
from tests.pipeline.init.descriptions import pictures, pixels, written


def test_pictures_feed_a_model_that_scales_them_itself(tmp_path):
    pictures(tmp_path / "sorted", ["cat", "dog", "owl"], (20, 30))
    told = pixels(takes_pixels=True)
    found = lookup.beside(tmp_path, model_summary.stated(told), tmp_path / "m.keras")
    assert (found.ready, found.num_samples, found.labels.tolist()) == (True, 6, [0, 0, 1, 1, 2, 2])
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
    with pytest.raises(DataError, match="holds images or sounds"):
        lookup.named(str(tmp_path / "empty"), pixels(takes_pixels=True).contract)
