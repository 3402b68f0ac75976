"""Where the demo's model is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.core.errors import UsageError
from edgekit.pipeline import demo

ROOT = Path(__file__).parents[2]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the installed package."""
    folder = tmp_path / "site-packages" / "edgekit"
    folder.mkdir(parents=True)
    monkeypatch.setattr(demo.resources, "files", {"edgekit": folder}.__getitem__)
    return folder


def _put_sample(folder: Path) -> Path:
    path = folder / "sample_models" / "digits" / "digits.keras"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    return path


def test_a_checkout_has_the_sample_beside_the_package():
    assert demo.sample_model() == ROOT / "sample_models" / "digits" / "digits.keras"


def test_an_installed_package_has_its_own_which_comes_first(package: Path):
    beside = _put_sample(package.parent)
    assert demo.sample_model() == beside
    own = _put_sample(package)
    assert demo.sample_model() == own


def test_no_other_folder_is_taken_for_it(package: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(UsageError, match="The demo's model was not found") as raised:
        demo.sample_model()
    assert str(package) in str(raised.value)
