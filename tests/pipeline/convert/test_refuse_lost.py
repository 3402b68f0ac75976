"""A channel of which integers leave nothing is refused by name, before any file is run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import project as projects
from edgekit.core.errors import QuantizeError
from edgekit.core.records import ConvertOptions
from edgekit.data.export_messages import IMPORT
from edgekit.pipeline.convert import prove
from edgekit.pipeline.convert.conversion import convert
from edgekit.quantize.quantize_messages import QUANTIZE
from edgekit.search.search_messages import KEEP
from tests.fake_children import FakeChildren
from tests.quantize.tiny_models import Network, random

SIZES = np.array([1000, 1, 900], np.float32)
INT8 = ConvertOptions(recipes=("static_wi8_ai8",), io_dtype="int8")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def data(tmp_path: Path) -> str:
    np.savez(tmp_path / "data.npz", x=random(80, 6))
    return str(tmp_path / "data.npz")


def model(folder: Path, children: FakeChildren, sizes: np.ndarray) -> Path:
    """A regression whose columns have these sizes."""
    net = Network(shape=(6,))
    weights = random(len(sizes), 6) * sizes[:, None]
    path = folder / "net.tflite"
    path.write_bytes(net.finish(rec=net.dense(net.x, weights, np.zeros(len(sizes), np.float32))))
    children.run_here(IMPORT, QUANTIZE, KEEP)
    return path


def test_one_scale_for_unlike_columns_is_an_error_of_the_recipe(
    tmp_path: Path, data: str, children: FakeChildren, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(prove, "check_all", lambda *_: pytest.fail("a file was run"))
    out = tmp_path / "out"
    with pytest.raises(
        QuantizeError, match=r"static_wi8_ai8 leaves nothing of 'rec\[1\]'"
    ) as caught:
        convert(model(tmp_path, children, SIZES), output=out, calibration=data, options=INT8)
    assert caught.value.received.startswith("rec[1]: step ")
    assert "standard deviation" in caught.value.received
    assert "leave out --io" in caught.value.hint
    assert not list(out.glob("*"))


def test_like_columns_pass(tmp_path: Path, data: str, children: FakeChildren):
    path = model(tmp_path, children, np.array([3, 1, 2], np.float32))
    *_, static = convert(path, output=tmp_path / "out", calibration=data, options=INT8)
    assert static.wrecked == ""
    assert static.verified.sqnr_db > 25


def test_what_is_no_values_by_edgekit_toml_may_lose_a_column(
    tmp_path: Path, data: str, children: FakeChildren
):
    toml = tmp_path / "edgekit.toml"
    toml.write_text('[output.rec]\nkind = "embedding"\n', encoding="utf-8")
    *_, static = convert(
        model(tmp_path, children, SIZES),
        output=tmp_path / "out",
        calibration=data,
        options=INT8,
        project=projects.load(toml),
    )
    assert static.wrecked == ""


def test_a_bound_that_allows_it_takes_the_file_as_it_is(
    tmp_path: Path, data: str, children: FakeChildren
):
    *_, static = convert(
        model(tmp_path, children, SIZES),
        output=tmp_path / "out",
        calibration=data,
        options=replace(INT8, min_sqnr_db=-20.0),
    )
    assert static.repair.kept == ()
    assert static.verified.channel == "rec[1]"
    assert static.wrecked == ""


def test_recipes_without_integers_at_the_outputs_are_not_looked_at(
    tmp_path: Path, data: str, children: FakeChildren
):
    options = ConvertOptions(recipes=("float16", "dynamic_wi8_afp32"))
    made = convert(
        model(tmp_path, children, SIZES),
        output=tmp_path / "out",
        calibration=data,
        options=options,
    )
    assert len(made) == 3
