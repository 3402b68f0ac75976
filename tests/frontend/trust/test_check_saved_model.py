"""SavedModels of strangers: what they may hold, and what is refused before it is loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import ModelError

pytestmark = pytest.mark.convert


@pytest.fixture
def case(saved_case: Any) -> Any:
    return saved_case


def test_a_function_with_the_name_of_an_operator_hides_nothing(case: Any):
    assert "WriteFile ('n' in the function 'f')" in case("disguised")


def test_stablehlo_calls_nothing_by_name(case: Any):
    assert case("stablehlo", module="ML\xefR\rvhlo\0add_v1\0") == ""
    for module in (
        "ML\xefR\rvhlo\0custom_call_v1\0",
        "module {}",
        '"stablehlo.c\\75stom_call"',
        "",
    ):
        assert "calls code by its name" in case("stablehlo", module=module)


def test_an_operator_of_another_package_is_named(case: Any):
    with pytest.raises(ModelError, match="WordpieceTokenize"):
        case("unknown_operator")


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    "name", ["/etc/hostname", "../secret", "a/../../b", "..\\b", "C:\\b", "gs://bucket/b"]
)
def test_assets_lie_in_the_folder(case: Any, name: str, old: bool):
    assert "outside of its folder" in case("asset", name=name, old=old)
    assert case("asset", name="words.txt", old=old) == ""
    assert case("asset", name="of/words..txt", old=old) == ""


@pytest.mark.parametrize("part", ["assets", "variables", "assets/words.txt", "variables/a.index"])
def test_links_lead_nowhere_else(case: Any, tmp_path: Path, part: str):
    (tmp_path / "outside").mkdir()
    link = tmp_path / "model" / part
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "outside")
    said = case("links", folder=str(tmp_path / "model"))
    assert part in said and "outside of its folder" in said


def test_links_within_the_folder_and_of_a_download_cache_are_fine(case: Any, tmp_path: Path):
    blob, evil = tmp_path / "blobs" / "abc", tmp_path / "blobs" / "evil"
    folder = tmp_path / "snapshots" / "1" / "model"
    (folder / "variables").mkdir(parents=True)
    blob.parent.mkdir()
    blob.write_bytes(b"x")
    (folder / "variables" / "a.index").symlink_to(os.path.relpath(blob, folder / "variables"))
    (folder / "variables" / "b.index").symlink_to(folder / "variables" / "a.index")
    assert case("links", folder=str(folder)) == ""
    evil.symlink_to("/etc/hostname")
    (folder / "variables" / "c.index").symlink_to(evil)
    assert "/etc/hostname" in case("links", folder=str(folder))


@pytest.mark.parametrize("kind", ["constants", "asset", "saved again", "old", "text"])
def test_honest_tables_load_and_export(case: Any, kind: str):
    result = case("honest", kind=kind)
    assert result["found"] == [[4.0, 0.0, -2.0]]
    assert result["bytes"] > 500


@pytest.mark.parametrize("form", ["binary", "text", "both, binary prints"])
def test_a_model_that_writes_files_is_refused_in_every_form(case: Any, form: str):
    result = case("printing", form=form)
    assert "PrintV2" in result["said"] and "--unsafe" in result["said"]
    assert "scores/PrintV2" in result["said"]
    assert not result["written"]


def test_what_is_checked_is_the_form_that_tensorflow_loads(case: Any):
    result = case("printing", form="both, text prints")
    assert result == {"said": "", "inputs": ["words"], "written": False}


def test_unsafe_switches_the_check_off(case: Any):
    assert case("trusted") == ["x"]


def test_an_operator_that_tflite_lacks_is_named_before_the_model_runs(case: Any):
    result = case("tensorflow_only")
    assert result["type"] == "FlexError"
    assert "Svd" in result["said"] and "--unsafe" not in result["said"]
    assert result["lines"] == ["loading the model", "exporting the float file"]
