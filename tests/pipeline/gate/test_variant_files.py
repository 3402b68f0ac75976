"""Which variants are converted anew, and what a conversion is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core import artifacts
from edgekit.core import project as projects
from edgekit.core.errors import ModelError, ProjectError, UsageError
from edgekit.core.project import Project
from edgekit.core.records import Artifact, ConvertOptions, Limits
from edgekit.pipeline.cache import Cache
from edgekit.pipeline.gate import variant_files
from edgekit.pipeline.gate.run_options import RunOptions
from tests.pipeline.files import converted, samples

INT8 = "static_wi8_ai8"
HEAD = f"""
model = "net.keras"
name = "net"
recipes = ["float16", "{INT8}"]
[data]
calibration = "data.npz"
seed = 3
"""


class Converter:
    """Takes the place of `convert`: writes files, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[ConvertOptions] = []

    def __call__(
        self, model: Path, *, output: Path, project: Project, options: ConvertOptions, **_: object
    ) -> list[Artifact]:
        assert model.name == "net.keras" and project.file is not None
        self.asked.append(options)
        made = converted(output, *(name for name in options.recipes if name != "float32"))
        return list(made.values())

    @property
    def recipes(self) -> list[tuple[str, ...]]:
        return [options.recipes for options in self.asked]


@pytest.fixture
def convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Converter:
    fake = Converter()
    monkeypatch.setattr("edgekit.pipeline.convert.conversion.convert", fake)
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    return fake


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """`project(TOML)`: an `edgekit.toml` with its model and samples beside it."""
    samples(tmp_path)
    (tmp_path / "net.keras").write_bytes(b"a model")

    def load(more: str = "") -> Project:
        (tmp_path / "edgekit.toml").write_text(HEAD + more, encoding="utf-8")
        return projects.load(tmp_path / "edgekit.toml")

    return load


def made(project: Project, *wanted: str, **options: object) -> dict[str, Artifact]:
    run = RunOptions(**options)
    return variant_files.made(project, wanted, run)


def test_variants_that_differ_by_recipe_share_one_conversion(project, convert):
    found = made(project(), "float16", INT8)
    assert list(found) == ["float16", INT8]
    assert convert.recipes == [("float16", INT8)]
    for name, artifact in found.items():
        assert artifact.recipe.name == name and Path(artifact.path).is_file()
        assert artifacts.float_path(artifact).is_file()
    assert convert.asked[0].seed == 3


def test_what_was_converted_is_kept(project, convert):
    first = made(project(), "float16")
    assert made(project(), "float16") == first
    assert made(project(), "float16", INT8)["float16"] == first["float16"]
    assert convert.recipes == [("float16",), (INT8,)]
    made(project(), "float16", cache=Cache(fresh=True))
    assert convert.recipes[2:] == [("float16",)]


@pytest.mark.parametrize("changed", ["net.keras", "data.npz"])
def test_another_model_or_other_samples_are_converted_anew(project, convert, changed, tmp_path):
    made(project(), "float16")
    if changed == "data.npz":
        samples(tmp_path, 7)
    else:
        (tmp_path / changed).write_bytes(b"another model")
    made(project(), "float16")
    assert convert.recipes == [("float16",)] * 2


def test_a_rule_changes_no_file_but_an_input_does(project, convert):
    made(project(), "float16")
    made(project('[[rule]]\nmetric = "size_bytes"\nmax_loss = 0.1\n'), "float16")
    assert len(convert.asked) == 1
    made(project('[input.x]\nkind = "tabular"\nstd = 2.0\n'), "float16")
    assert len(convert.asked) == 2


VARIANT = f"""
[variant.kept]
recipe = "{INT8}"
keep_float = ["dense"]
rounding = "nearest"
[[variant.kept.overrides]]
layers = "conv"
recipe = "float16"
[variant.trained]
recipe = "float16"
[variant.trained.training]
data = "data.npz"
epochs = 2
"""


def test_options_of_a_variant_are_those_of_the_conversion(project, convert, tmp_path):
    limits = Limits(seconds=5)
    made(project(VARIANT), "float16", "kept", "trained", unsafe=True, limits=limits)
    plain, kept, trained = convert.asked
    assert all(one.unsafe and one.limits == limits for one in convert.asked)
    assert plain == ConvertOptions(recipes=("float16",), seed=3, unsafe=True, limits=limits)
    assert kept.rounding == "nearest"
    assert [(one.layers, one.recipe) for one in kept.overrides] == [
        ("conv", "float16"),
        ("dense", "float32"),
    ]
    assert trained.training is not None
    assert (trained.training.data, trained.training.epochs) == (str(tmp_path / "data.npz"), 2)


def test_a_variant_trained_on_other_samples_is_another(project, convert, tmp_path):
    described = project(VARIANT)
    training = described.variants["trained"].training
    assert training is not None
    made(described, "trained")
    samples(tmp_path, 9, labels=False)
    (tmp_path / "elsewhere").mkdir()
    made(described, "trained")
    assert len(convert.asked) == 2
    (tmp_path / "copy.npz").write_bytes((tmp_path / "data.npz").read_bytes())
    copy = replace(described.variant["trained"], training=replace(training, data="copy.npz"))
    made(replace(described, variant={"trained": copy}), "trained")
    assert len(convert.asked) == 2  # the same samples under another name


def test_a_model_must_be_named_and_there(project, convert, tmp_path):
    with pytest.raises(ProjectError, match="does not name the model"):
        made(replace(project(), model=None), "float16")
    (tmp_path / "net.keras").unlink()
    with pytest.raises(ModelError) as caught:
        made(project(), "float16")
    assert "net.keras" in str(caught.value)


def test_an_unknown_recipe_is_refused_before_anything_is_converted(project, convert):
    with pytest.raises(UsageError):
        made(replace(project(), recipes=("float15",)), "float15")
    assert convert.asked == []


def test_a_digest_is_of_what_a_source_holds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.npz").write_bytes(b"1")
    (tmp_path / "b.npz").write_bytes(b"1")
    assert variant_files.source_digest("a.npz") == variant_files.source_digest("b.npz")
    (tmp_path / "own_samples.py").write_text("x = 1", encoding="utf-8")
    first = variant_files.source_digest("own_samples:load")
    assert first.startswith("own_samples:load ")
    (tmp_path / "own_samples.py").write_text("x = 2", encoding="utf-8")
    assert variant_files.source_digest("own_samples:load") != first
    assert variant_files.source_digest("json:load").startswith("json:load ")
    assert variant_files.source_digest("no_such_module:load") == "no_such_module:load"
