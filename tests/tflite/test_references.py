"""The slots that refer to something, held against the generated schema."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from edgekit.tflite import references
from edgekit.tflite.verifier import Outside, Union

_WIDTHS = {"Bool": 1, "Int8": 1, "Uint8": 1, "Int16": 2, "Uint16": 2, "Float64": 8, "Int64": 8}


def test_the_slots_are_those_of_the_generated_schema() -> None:
    """Read off the generated code, table by table: a new release of LiteRT may bring new ones."""
    ours = references.tflite()
    parts = re.split(r"^class (\w+)\(object\):\n", Path(schema.__file__).read_text(), flags=re.M)
    tables = {n: s for n, s in zip(parts[1::2], parts[2::2], strict=True) if "_tab = " in s}
    assert set(ours) < set(tables)
    for name, source in tables.items():
        assert dict(ours.get(name, {})) == _slots(source), name


def _slots(source: str) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for name, body in re.findall(r"    def (\w+)\(self(?:, j)?\):\n((?:        .*\n|\n)+)", source):
        offset = re.search(r"_tab\.Offset\((\d+)\)", body)
        if offset is None or re.search(r"(AsNumpy|Length|IsNone)$", name):
            continue
        slot = (int(offset[1]) - 4) // 2
        table = re.search(r"obj = (\w+)\(\)", body)
        vector = "_tab.Vector(" in body
        scalar = re.search(r"number_types\.(\w+)Flags, a", body)
        if ".Union(" in body:
            found[slot] = _union(name)
        elif table:
            found[slot] = (table[1],) if vector else table[1]
        elif "_tab.String(" in body:
            found[slot] = 1
        elif vector and scalar:
            found[slot] = _WIDTHS.get(scalar[1], 4)
        elif name.endswith("Offset") and f"def {name.removesuffix('Offset')}Size(" in source:
            found[slot] = Outside()
    return found


def _union(field: str) -> Union:
    enum = {"Details": "QuantizationDetails", "ArraySegments": "SparseIndexVector"}
    enum["ArrayIndices"] = "SparseIndexVector"
    members = vars(getattr(schema, enum.get(field, field)))
    return Union({n: m for m, n in members.items() if isinstance(n, int) and n})
