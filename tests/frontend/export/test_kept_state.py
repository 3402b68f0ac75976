"""Models that keep state: the file keeps it, and samples are one sequence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import ExportError

pytestmark = pytest.mark.convert


@pytest.mark.parametrize("name", ["conv_lstm", "gru_keras2", "lstm_and_erf"])
def test_the_file_computes_what_keras_does_over_a_sequence(
    frontend: Any, tmp_path: Path, name: str
) -> None:
    found = frontend("exported", name=name, folder=str(tmp_path))

    assert found["sqnr_db"] > 80
    assert found["is_sequence"]
    assert found["samples"] > 1
    assert {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"} <= set(found["operators"])
    assert found["contract"]["kept_state"]
    assert any("keeps state from call to call" in note for note in found["notes"])


def test_a_stateless_model_is_no_sequence(frontend: Any, tmp_path: Path) -> None:
    found = frontend("exported", name="stateless", folder=str(tmp_path))

    assert not found["is_sequence"]
    assert "kept_state" not in found["contract"]


def test_several_streams_are_refused_by_the_layers_name(frontend: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="must have a batch of 1") as caught:
        frontend("exported", name="four_streams", folder=str(tmp_path))

    assert "a batch of 4, in layer lstm" in str(caught.value.received)
