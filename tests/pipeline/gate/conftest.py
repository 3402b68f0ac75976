"""Gates that take a second: nothing is converted, and no runtime starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core import serde
from edgekit.core.project import Project
from edgekit.core.records import Artifact, Contract, TensorSpec
from edgekit.pipeline import runner
from edgekit.pipeline.gate import measure_variants, variant_files
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.runtimes.fake import FakeModel, FakeRuntime
from tests.pipeline.files import FakeSessions, converted, dense
from tests.pipeline.gate.team import FLOAT, INT8, Team


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`use(INT8, FLOAT)`: what the two files do."""

    def models(int8: FakeModel, floating: FakeModel = FLOAT) -> None:
        fakes = {"net.float32.tflite": floating, f"net.{INT8}.tflite": int8}
        monkeypatch.setattr(runner, "ParallelSession", FakeSessions(fakes))
        monkeypatch.setattr(measure_variants, "local", FakeRuntime(fakes))

    models(dense())
    return models


@pytest.fixture
def renamed() -> dict[str, str]:
    """Names of tensors that the model has now, in place of those that the file has."""
    return {}


@pytest.fixture
def extra() -> list[TensorSpec]:
    """Outputs that the model has besides the file's own."""
    return []


@pytest.fixture
def team(tmp_path, monkeypatch, use, renamed, extra) -> Team:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    made = 0

    def fake(project: Project, wanted: list[str], run: RunOptions) -> dict[str, Artifact]:
        nonlocal made
        made += 1
        folder = tmp_path / f"made{made}"
        folder.mkdir()
        found = converted(folder, INT8, calibration_sha256="c")
        for one in found.values():
            named = _with_names(one.contract, renamed)
            contract = project.describe(replace(named, outputs=(*named.outputs, *extra)))
            path = Path(one.path).with_suffix(".json")
            text = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps({**text, "contract": serde.to_dict(contract)}), "utf-8")
            found[one.recipe.name] = replace(one, contract=contract)
        return {name: found[name] for name in wanted}

    monkeypatch.setattr(variant_files, "made", fake)
    return Team(tmp_path)


def _with_names(contract: Contract, names: dict[str, str]) -> Contract:
    return Contract(
        inputs=tuple(replace(s, name=names.get(s.name, s.name)) for s in contract.inputs),
        outputs=tuple(replace(s, name=names.get(s.name, s.name)) for s in contract.outputs),
    )
