"""`[state] kind = "inputs"`: the app feeds back what the call before gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import ProjectError

pytestmark = pytest.mark.convert


@pytest.mark.parametrize("name", ["lstm_unrolled", "both_ways", "gru_keras2"])
def test_state_goes_in_and_comes_out(frontend: Any, tmp_path: Path, name: str) -> None:
    found = frontend("exported", name=name, folder=str(tmp_path), state="inputs")

    assert found["sqnr_db"] > 80
    assert not found["is_sequence"]
    assert not {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"} & set(found["operators"])
    fed = {spec["feeds"] for spec in found["contract"]["outputs"] if "feeds" in spec}
    assert fed == {spec["name"] for spec in found["contract"]["inputs"]} - {"x"}
    assert "kept_state" not in found["contract"]


def test_fed_back_over_a_long_run_it_follows_keras(frontend: Any, tmp_path: Path) -> None:
    found = frontend("exported", name="lstm", folder=str(tmp_path), state="inputs")

    assert frontend("replayed", name="lstm", folder=str(tmp_path), out=found["out"]) > 80


def test_a_model_without_state_has_none_to_feed(frontend: Any, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="model that keeps state"):
        frontend("exported", name="stateless", folder=str(tmp_path), state="inputs")
