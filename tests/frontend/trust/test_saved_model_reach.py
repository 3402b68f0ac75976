"""What loading and running a SavedModel reach, and which files it may read."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.convert


@pytest.fixture
def case(saved_case: Any) -> Any:
    return saved_case


@pytest.mark.parametrize("operator", ["SaveV2", "MergeV2Checkpoints"])
def test_what_saves_a_model_may_stay_where_nothing_calls_it(case: Any, operator: str):
    refused = case("saving", operator=operator)
    assert not refused["uncalled"]
    assert refused["library"] and refused["initializer"] and refused["text"]
    assert case("substitutes", operator=operator) == {"api_implements": True, "gradient": True}


def test_a_table_reads_assets_only_however_the_path_travels(case: Any):
    assert case("drawn_paths", count=1000) == []


@pytest.mark.parametrize(
    ("path", "fetched_by", "allowed"),
    [
        ("asset", "init", True),
        ("same", "init", True),
        ("asset:0", "init", True),
        ("asset:1", "init", False),
        ("own", "init", False),
        ("asset", "signature", False),  # nothing is fed there: the constant itself is read
        ("asset", "restore", False),
        ("prefix", "restore", True),
        ("prefix", "init", False),
        ("prefix", "signature", False),
        ("own", "nothing", True),
    ],
)
def test_an_old_graph_reads_what_tensorflow_feeds(
    case: Any, path: str, fetched_by: str, allowed: bool
):
    assert (case("old_graph", path=path, fetched_by=fetched_by) == "") is allowed


def test_an_old_graph_keeps_its_saver_and_does_not_run_it(case: Any):
    assert case("old_saver", fetched=False) == ""
    assert "SaveV2" in case("old_saver", fetched=True)
