"""What a bundle is made of: a manifest of the very file, which keeps the rules of edgekit.toml."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core import artifacts, npz_record
from edgekit.core.errors import EdgekitError
from edgekit.core.records import Limits
from edgekit.data import npz
from edgekit.pipeline.bundle import bundle_checks
from edgekit.pipeline.bundle.bundle import bundle


@pytest.fixture
def file(net: list[Path], tmp_path: Path) -> Path:
    shutil.copytree(net[0].parent, tmp_path / "out")
    return tmp_path / "out" / net[1].name


Change = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], object]


def edit(file: Path, change: Change) -> None:
    """Change the manifest: all of it, its input, its output."""
    path = artifacts.manifest_path(file)
    payload = json.loads(path.read_text(encoding="utf-8"))
    [x], [y] = payload["contract"]["inputs"], payload["contract"]["outputs"]
    change(payload, x, y)
    path.write_text(json.dumps(payload), encoding="utf-8")


def refused(file: Path) -> str:
    destination = file.parent.parent / "c"
    with pytest.raises(EdgekitError) as caught:
        bundle([file], {"c": destination})
    assert not destination.exists()
    assert caught.value.exit_code == 2 and caught.value.received
    return str(caught.value)


def test_a_wrecked_file_is_refused_unless_it_is_forced(file: Path) -> None:
    edit(file, lambda manifest, x, y: manifest.update(wrecked="it has lost y."))
    said = refused(file)
    assert "must not hold a file that has lost what its model computes" in said
    assert "it has lost y." in said
    assert bundle([file], {"c": file.parent.parent / "c"}, force=True).models[0].file == file.name


def test_a_converted_file_passes(net: list[Path]) -> None:
    for path in net:
        artifact = bundle_checks.load(path)
        bundle_checks.golden_inputs(path, artifact, Limits())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _, x, y: x.update(name="z"), "inputs z there, x in the file"),
        (lambda _, x, y: y.update(name="z"), "outputs z there, y in the file"),
        (lambda m, x, y: m["contract"]["outputs"].append(y), "outputs y, y there, y in"),
        (lambda m, x, y: m["contract"]["inputs"].clear(), "inputs none there"),
        (lambda _, x, y: x.update(shape=[1, 4, 3, 1]), "shape (1, 4, 3, 1) there"),
        (lambda _, x, y: y.update(dtype="int8"), "dtype int8 there, float32 in"),
        (lambda _, x, y: y.update(scale=[0.5], zero_point=[0]), "scale (0.5,) there, () in"),
        (lambda _, x, y: x.update(zero_point=[3]), "zero_point (3,) there"),
        (lambda _, x, y: x["preprocessing"].update(std=[0.0]), "does not keep a rule"),
        (lambda _, x, y: x["preprocessing"].update(std=["nan"]), "does not keep a rule"),
        (lambda _, x, y: x["preprocessing"].update(mean=["inf"]), "does not keep a rule"),
        (lambda _, x, y: x["preprocessing"].update(size=[5, 5]), "does not keep a rule"),
        (lambda _, x, y: x["preprocessing"].update(size=[-3, -4]), "does not keep a rule"),
        (lambda _, x, y: x["preprocessing"].update(kind="text"), "does not keep a rule"),
        (lambda _, x, y: y["labels"].pop(), "8 values"),
        (lambda m, x, y: m["recipe"].update(name="a`*/\n"), "recipe"),
        (lambda _, x, y: y["labels"].__setitem__(0, "\ud800"), "surrogates"),
        (lambda m, x, y: m.update(oldest_runtime="2.1 */"), "version"),
    ],
)
def test_a_manifest_of_another_file_or_of_bad_rules_is_refused(
    file: Path, change: Change, words: str
) -> None:
    edit(file, change)
    assert words in refused(file)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: {"input/z": x}, "no samples for input 'x'"),
        (lambda x: {"input/x": x[:, :2]}, "shape"),
        (lambda x: {"input/x": np.full(x.shape, np.nan, np.float32)}, "NaN"),
        (lambda x: {"input/x": np.full(x.shape, "a")}, "numbers"),
        (lambda x: {"input/x": x[:0]}, "There are no samples"),
        (lambda x: {"x": x}, "input/NAME"),
    ],
)
def test_golden_samples_that_do_not_fit_are_refused(
    file: Path, change: Callable[[np.ndarray], dict[str, np.ndarray]], words: str
) -> None:
    path = artifacts.golden_path(file.parent, "net")
    npz_record.write(path, change(npz.read(path)["input/x"]))
    assert words in refused(file)


def test_a_file_name_that_is_not_printable_is_refused(file: Path) -> None:
    said = refused(file.rename(file.with_name("a\n::error::.tflite")))
    assert "printable" in said and "\n::error::" not in said.replace("\\n", "")
