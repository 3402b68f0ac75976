"""Self-tests pass on the right model and fail on wrong ones: the Python bundle, in its runtimes.

`checks/` shows the same for C, Kotlin and Swift with the same mutants.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.codegen.python import python_bundle
from edgekit.core import artifacts
from edgekit.core.bundle_record import Bundle
from edgekit.core.records import Target
from edgekit.pipeline.bundle.bundle import bundle
from edgekit.runtimes import environments
from tests.codegen import columns_bundle
from tests.codegen.corpus_bundles import ITEMS, convert_item
from tests.codegen.mutants import Contents, mutants

Run = Callable[[Bundle, Contents, Path], subprocess.CompletedProcess[str]]

# Layers whose factor a layer norm behind them takes out again: the outputs are the same.
_UNCHANGED = {"magika_bytes_v1": {"weight 2"}}


@pytest.fixture(scope="module")
def converted(
    corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], list[Path]]:
    """The files of an item, which all tests share."""
    known: dict[str, list[Path]] = {}

    def files(item: str) -> list[Path]:
        if item not in known:
            known[item] = convert_item(item, corpus, tmp_path_factory.mktemp(item) / "files")
        return known[item]

    return files


def made(files: list[Path], folder: Path) -> tuple[Bundle, Contents]:
    """The record of a bundle, and what its files hold."""
    record = bundle(files, {"python": folder})
    names = [name for model in record.models for name in (model.file, model.golden.file)]
    return record, {name: next(folder.rglob(name)).read_bytes() for name in names}


def self_test(
    record: Bundle, contents: Contents, folder: Path, interpreter: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Write the package of a record, and run its self-test."""
    for path, data in python_bundle.files(record, contents).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    [package] = [path.parent.name for path in folder.glob("*/__main__.py")]
    return subprocess.run(
        [interpreter, "-m", package], cwd=folder, capture_output=True, text=True, timeout=300
    )


def failures(done: subprocess.CompletedProcess[str], record: Bundle) -> set[str]:
    """The variants that the self-test found wrong."""
    assert done.returncode in (0, 1), done.stderr
    failed = {m.variant for m in record.models if f"FAILED {m.variant}" in done.stdout}
    assert bool(failed) == bool(done.returncode), done.stdout
    return failed


def seen(files: list[Path], folder: Path, layers: int = 3) -> dict[str, set[str]]:
    """For each mutant the variants whose self-test fails; the right one passes."""
    record, contents = made(files, folder / "right")
    done = self_test(record, contents, folder / "again")
    assert failures(done, record) == set(), done.stdout
    found = {}
    for name, wrong, theirs in mutants(record, contents, layers):
        done = self_test(wrong, theirs, folder / name.replace(" ", "_"))
        found[name] = failures(done, record)
    return found


def test_every_mutant_is_seen(net: list[Path], tmp_path: Path) -> None:
    found = seen(net, tmp_path)
    assert set(found) == {"mean", "std", "labels", "reversed", "file", "weight 0"}
    for name, variants in found.items():
        assert variants == {"float32", "static_wi8_ai8"}, name


def test_columns_that_stand_still_are_seen_beside_larger_ones(tmp_path: Path) -> None:
    found = seen(columns_bundle.convert(tmp_path / "converted"), tmp_path)
    assert set(found) == {"reversed", "columns", "file", "weight 0"}
    for name, variants in found.items():
        assert variants == {"float32", "dynamic_wi8_afp32"}, name


def test_what_a_column_says_is_shown(tmp_path: Path) -> None:
    record, contents = made(columns_bundle.convert(tmp_path / "converted"), tmp_path / "right")
    wrong = dict((name, rest) for name, *rest in mutants(record, contents))["columns"]
    shown = self_test(*wrong, tmp_path / "wrong").stdout.splitlines()
    assert [line.split(":")[0] for line in shown if line.startswith("FAILED")] == [
        "FAILED float32, y, columns 4 to 7",
        "FAILED dynamic_wi8_afp32, y, columns 4 to 7",
    ]


@pytest.mark.corpus
@pytest.mark.parametrize("item", ITEMS)
def test_every_mutant_of_the_corpus_is_seen(
    item: str, converted: Callable[[str], list[Path]], tmp_path: Path
) -> None:
    files = converted(item)
    found = seen(files, tmp_path, layers=6)
    variants = {path.name.split(".")[-2] for path in files}
    weights = {name: found.pop(name) for name in list(found) if name.startswith("weight")}
    for name, failed in found.items():
        assert failed == variants, name
    weights = {name: weights[name] for name in weights.keys() - _UNCHANGED.get(item, set())}
    # Of an int8 file's outputs, kernels may make as much as the least of its layers.
    assert all("float32" in failed for failed in weights.values()), weights
    caught = sum(len(failed) for failed in weights.values())
    assert caught >= 0.75 * len(variants) * len(weights), weights


@pytest.mark.corpus
@pytest.mark.tflite_runtime
@pytest.mark.parametrize("item", ITEMS)
def test_the_old_runtime_passes(
    item: str,
    converted: Callable[[str], list[Path]],
    tflite_runtime: Target,
    tmp_path: Path,
) -> None:
    # Of DTLN's static file two operators compute with ranges taken while running, so that no state
    # is lost, which runs since 2.17: its manifest says so.
    files = [file for file in converted(item) if _runs_on(file, tflite_runtime.version)]
    assert files
    record, contents = made(files, tmp_path / "right")
    old = str(environments.python_for(tflite_runtime))
    done = self_test(record, contents, tmp_path / "again", old)
    assert failures(done, record) == set(), done.stdout


def _runs_on(file: Path, version: str) -> bool:
    manifest = artifacts.load(file)
    assert manifest is not None
    oldest, given = (
        tuple(map(int, text.split("."))) for text in (manifest.oldest_runtime, version)
    )
    return oldest <= given
