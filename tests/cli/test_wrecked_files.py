"""A model that is pruned to nothing: every verb that meets its files says so."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.convert


@pytest.fixture(scope="module")
def pruned(edgekit, digits, tmp_path_factory):
    """Nine tenths of the channels gone, and nothing trained: how it ended, and where it is."""
    folder = tmp_path_factory.mktemp("pruned")
    ended = edgekit(
        "convert", digits / "digits.keras", "-r", "float16", "-o", folder,
        "--prune", "structured", "--sparsity", "0.9", "--importance", "l1", "--no-reconstruct",
    )  # fmt: skip
    return ended, folder


def test_convert_says_so_first_keeps_the_files_and_ends_with_1(pruned):
    ended, folder = pruned
    assert ended.code == 1, ended.err
    first = ended.out.splitlines()[0]
    assert first.startswith("Wrecked: pruned.float32 has lost what the model computes: output ")
    assert "agrees with the float file to 0." in first
    assert "--finetune DATA --distill" in first
    for recipe, is_wrecked in (
        ("float32", False),
        ("pruned.float32", True),
        ("pruned.float16", True),
    ):
        assert (folder / f"digits.{recipe}.tflite").is_file()
        manifest = json.loads((folder / f"digits.{recipe}.json").read_text(encoding="utf-8"))
        assert ("wrecked" in manifest) is is_wrecked


def test_validate_repeats_it(pruned, edgekit, digits):
    _, folder = pruned
    ended = edgekit(
        "validate", folder / "digits.pruned.float16.tflite", "--data", digits / "data.npz",
        "--limit", "50",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert "wrecked: pruned.float16 has lost what the model computes" in ended.out + ended.err


def test_bundle_refuses_it(pruned, edgekit, tmp_path):
    _, folder = pruned
    said = edgekit(
        "bundle", folder / "digits.pruned.float16.tflite", "--c", tmp_path / "c"
    ).refused()
    assert "must not hold a file that has lost what its model computes" in said
