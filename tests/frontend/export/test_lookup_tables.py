"""Lookup layers: tables in the file, comparisons in place of tables, and true refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit import tflite
from edgekit.core.errors import ExportError, FlexError

pytestmark = pytest.mark.convert


@pytest.mark.parametrize(
    "name",
    [
        *("words_keras2", "words_exported", "words_masked", "words_multi_hot"),
    ],
)
def test_text_is_looked_up_by_the_tables_of_the_file(
    frontend: Any, tmp_path: Path, name: str
) -> None:
    found = frontend("exported", name=name, folder=str(tmp_path))

    assert found["sqnr_db"] == float("inf")
    assert {"HASHTABLE", "HASHTABLE_FIND"} <= set(found["operators"])
    assert found["contract"]["inputs"][0]["dtype"] == "string"
    [made] = tflite.contract(Path(found["out"])).outputs
    assert made.shape == ((1, 4) if "hot" in name else (1, 3))


def test_ids_of_text_may_be_embedded_beside_numbers(frontend: Any, tmp_path: Path) -> None:
    assert frontend("exported", name="embedded_words", folder=str(tmp_path))["sqnr_db"] > 80


@pytest.mark.parametrize(
    "name",
    ["integers_keras2", "integers_two_unknown", "integers_out", "integers_one_hot"],
)
def test_integers_are_compared_with_each_key(frontend: Any, tmp_path: Path, name: str) -> None:
    found = frontend("exported", name=name, folder=str(tmp_path))

    assert found["sqnr_db"] == float("inf")
    assert not {op for op in found["operators"] if "HASHTABLE" in op}


@pytest.mark.parametrize(
    ("name", "layer"), [("split_text", "split"), ("hashing", "hash"), ("words_hashed", "look")]
)
def test_a_layer_that_splits_or_hashes_text_is_named(
    frontend: Any, tmp_path: Path, name: str, layer: str
) -> None:
    with pytest.raises(FlexError, match="this is preprocessing") as caught:
        frontend("exported", name=name, folder=str(tmp_path))

    assert f"in layer {layer}" in str(caught.value.received)
    assert ("num_oov_indices=1" in str(caught.value.hint)) == (name != "split_text")


def test_text_as_an_output_is_refused_with_labels_in_its_place(
    frontend: Any, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="outputs of a model must be numbers") as caught:
        frontend("exported", name="words_out", folder=str(tmp_path))

    assert "labels" in str(caught.value.hint)
