"""Fixtures that any test may use: where the corpus lies, and where the digits sample lies."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from edgekit.core.errors import EnvironmentFailure
from edgekit.core.records import Target
from edgekit.runtimes import environments

ROOT = Path(__file__).parents[1]

# A busy machine makes any example slow; what hangs is ended by pytest's own timeout.
settings.register_profile("edgekit", deadline=None)
settings.load_profile("edgekit")

# Scripts that run in children and makers of fixtures: not tests, and some need TensorFlow.
collect_ignore_glob = [
    "*_worker.py",
    "*_cases.py",
    "*_models.py",
    "*_layers.py",
    "*_writer.py",
    "*make*.py",
]

# `benchmarks` is not installed; tests import it as a reader of the checkout would.
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# For the tests of the pytest plugin, and for those that load Keras models in children.
pytest_plugins = ["pytester", "tests.keras_children", "tests.fake_children"]


# Fixtures that import TensorFlow in a child: who asks for one of them needs it, marked or not.
_OF_TENSORFLOW = {"start_cases", "keras_models", "digits_float", "recurrent"}


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs TensorFlow, also where it is a fixture that does."""
    for item in items:
        if _OF_TENSORFLOW & set(getattr(item, "fixturenames", ())):
            item.add_marker("convert")


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait for children, and no core works meanwhile."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of trained models that other people made; skips where there is none."""
    value = os.environ.get("EDGEKIT_CORPUS")
    if not value:
        pytest.skip("EDGEKIT_CORPUS is unset: it names the folder that holds corpus.json")
    folder = Path(value)
    if not (folder / "corpus.json").is_file():
        pytest.fail(f"EDGEKIT_CORPUS={value} holds no corpus.json")
    return folder


@dataclass(frozen=True, slots=True)
class CorpusItem:
    """What corpus.json says of one trained model that does a task.

    Attributes:
        name: Of the item and its folder.
        models: The model's files or folders.
        official: Whole networks that its authors made of it, as `.tflite`.
    """

    name: str
    models: tuple[Path, ...]
    official: tuple[Path, ...]


@pytest.fixture(scope="session")
def corpus_items(corpus: Path) -> list[CorpusItem]:
    """The items with a task. Others (`peers_fixtures`: bits of files, not networks) have none."""
    described = json.loads((corpus / "corpus.json").read_text(encoding="utf-8"))
    return [
        CorpusItem(
            name=name,
            models=_paths(corpus / name, said["model"]),
            official=_paths(corpus / name, ", ".join(said.get("official", {}).values())),
        )
        for name, said in described.items()
        if "task" in said and "model" in said
    ]


def _paths(folder: Path, said: str) -> tuple[Path, ...]:
    """The paths that corpus.json spells as `a.keras, b/ (a remark)`."""
    names = re.sub(r"\([^)]*\)", "", said).split(",")
    return tuple(folder / name.strip().rstrip("/") for name in names if name.strip())


@pytest.fixture(scope="session")
def digits() -> Path:
    """The folder of the digits sample: `digits.keras`, `data.npz`, `edgekit.toml`."""
    return ROOT / "sample_models" / "digits"


@pytest.fixture(scope="session")
def tflite_runtime() -> Target:
    """The old runtime in an environment that is made once and kept for later test runs."""
    target = environments.parse("tflite-runtime==2.14.0")
    try:
        environments.add(target)
    except EnvironmentFailure as failure:
        pytest.skip(f"tflite-runtime 2.14.0 cannot be installed here: {failure}")
    return target


@pytest.fixture(autouse=True)
def no_tensorflow_in_this_process() -> Iterator[None]:
    """Tests run TensorFlow in children only: a test that imports it here fails, and no other."""
    before = "tensorflow" in sys.modules
    yield
    assert before or "tensorflow" not in sys.modules, (
        "TensorFlow was imported into pytest's process"
    )
