"""What a baseline holds: each contract once, changes on a line."""

from __future__ import annotations

import json

from edgekit.core import serde
from edgekit.core.baseline_record import Baseline, Change, Values, shared
from edgekit.core.records import Contract, TensorSpec

FLOAT = Contract(inputs=(TensorSpec(name="x", shape=(1, 2), dtype="float32"),), outputs=())
INT8 = Contract(
    inputs=(TensorSpec(name="x", shape=(1, 2), dtype="int8", scale=(0.1,)),), outputs=()
)


def test_a_contract_of_several_variants_stands_once() -> None:
    contracts = shared({"a": FLOAT, "b": INT8, "c": FLOAT})
    assert [one.variants for one in contracts] == [("a", "c"), ("b",)]
    baseline = Baseline(model="m", contracts=contracts)
    assert (baseline.contract("c"), baseline.contract("b")) == (FLOAT, INT8)
    assert baseline.contract("d") is None
    again = serde.from_dict(Baseline, json.loads(serde.dumps(baseline)))
    assert again == baseline


def test_a_change_is_one_line_that_names_whose_it_is_where_it_is_not_of_all() -> None:
    change = Change(place="input x", key="std", old="1", new="2")
    assert change.text == "input x: std 1 -> 2"
    some = Change(place="input x", key="std", old="1", new="2", variants=("a", "b"))
    assert some.text == "input x of a, b: std 1 -> 2"


def test_values_that_are_not_known_are_left_out_of_json() -> None:
    assert serde.to_dict(Values(new=0.5)) == {"new": 0.5}
