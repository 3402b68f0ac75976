"""JSON Schemas that come from records, and the one that is published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core import recipes, schema, serde
from edgekit.core.baseline_record import Baseline
from edgekit.core.errors import InternalError
from edgekit.core.gate_rules import GateResult, Rule, Verdict
from edgekit.core.records import Artifact, Contract, Host, Measurement, Metric, Target, TensorSpec

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas" / "gate.json"
HOST = Host(machine="m", system="s", cpu="c", cores=1, python="3")
MEASUREMENT = Measurement(
    artifact="a",
    artifact_sha256="0",
    samples_sha256="1",
    num_samples=3,
    target=Target(),
    host=HOST,
    metrics=(
        Metric(name="sqnr_db", value=float("inf"), low=float("-inf")),
        Metric(name="mae", value=float("nan"), raw=(0.0, 1.5)),
    ),
)
VERDICT = Verdict(
    variant="a",
    metric="top1_accuracy",
    rule=Rule(metric="top1_accuracy", max_loss=0.01, against="baseline"),
    status="inconclusive",
    sentence="s",
    quantity="loss",
    estimate=0.0,
    low=float("-inf"),
    high=1.0,
    n=3,
    counted="samples",
    needed=1237,
)
RESULT = GateResult(
    edgekit="0.1.0",
    model="m",
    outcome="inconclusive",
    exit_code=3,
    verdicts=(VERDICT,),
    measurements=(MEASUREMENT,),
    host=HOST,
)


def errors(kind: type, payload: object) -> list[str]:
    made = schema.schema(kind)
    jsonschema.Draft202012Validator.check_schema(made)
    return [error.message for error in jsonschema.Draft202012Validator(made).iter_errors(payload)]


def test_the_published_schema_is_that_of_the_records():
    assert PUBLISHED.read_text(encoding="utf-8") == schema.schema_text(GateResult), (
        "docs/schemas/gate.json is out of date: edgekit gate --schema > docs/schemas/gate.json"
    )


@pytest.mark.parametrize(
    "record",
    [
        RESULT,
        VERDICT,
        MEASUREMENT,
        Rule(allowed_operators=("ADD",)),
        Baseline(model="m", outputs={"digit": (1, 10)}, measurements=(MEASUREMENT,)),
        Artifact(
            path="a.tflite",
            sha256="0",
            size_bytes=1,
            compressed_bytes=1,
            recipe=recipes.get("static_wi8_ai8"),
            contract=Contract(
                inputs=(TensorSpec(name="x", shape=(1, -1), dtype="int8", scale=(0.5,)),),
                outputs=(),
            ),
            source_sha256="1",
            float_sha256="2",
            calibration_ranges={"x": (-1.0, float("inf"))},
        ),
    ],
    ids=lambda record: type(record).__name__,
)
def test_what_serde_writes_is_valid(record):
    payload = json.loads(serde.dumps(record))
    assert errors(type(record), payload) == []
    assert serde.dumps(serde.from_dict(type(record), payload)) == serde.dumps(record)


@given(
    value=st.floats(),
    low=st.none() | st.floats(),
    raw=st.lists(st.floats(), max_size=3).map(tuple),
    better=st.sampled_from(["higher", "lower"]),
)
def test_any_metric_is_valid(value, low, raw, better):
    metric = Metric(name="m", value=value, low=low, raw=raw, better=better)
    assert errors(Metric, json.loads(serde.dumps(metric))) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outcome": "fine"}, "'fine' is not one of"),
        ({"exit_code": "1"}, "'1' is not of type 'integer'"),
        ({"exit_code": True}, "True is not of type 'integer'"),
        ({"schema_version": 1}, "2 was expected"),
        ({"verdict": []}, "'verdict' was unexpected"),
        ({"seconds": "soon"}, "'soon' is not valid"),
        ({"notes": "one"}, "'one' is not of type 'array'"),
        (
            {"host": {k: "m" for k in ("machine", "cpu", "python")} | {"cores": 1}},
            "'system' is a required property",
        ),
        ({"verdicts": [{**serde.to_dict(VERDICT), "status": "passed"}]}, "'passed' is not one of"),
    ],
)
def test_what_serde_would_not_write_is_invalid(change, words):
    found = errors(GateResult, {**serde.to_dict(RESULT), **change})
    assert len(found) == 1
    assert words in found[0]


def test_a_missing_field_is_named():
    payload = serde.to_dict(RESULT)
    del payload["model"]
    assert errors(GateResult, payload) == ["'model' is a required property"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Every kind of hint."""

    pair: tuple[int, float]
    word: Literal["a", "b"] | None
    table: dict[str, tuple[str, ...]]
    either: int | str = 3
    inner: Target = Target(num_threads=2)  # noqa: RUF009  (frozen)


def test_every_kind_of_hint_has_its_schema():
    made = schema.schema(Every)
    assert made["description"] == "Every kind of hint."
    assert made["additionalProperties"] is False
    assert made["required"] == ["pair", "table"]  # None is left out when written
    properties = made["properties"]
    assert properties["pair"] == {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"$ref": "#/$defs/number"}],
        "items": False,
        "minItems": 2,
    }
    assert properties["word"] == {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]}
    assert properties["table"]["additionalProperties"] == {
        "type": "array",
        "items": {"type": "string"},
    }
    assert properties["either"]["default"] == 3
    assert properties["inner"]["$ref"] == "#/$defs/Target"
    assert properties["inner"]["default"]["num_threads"] == 2
    good = {"pair": [1, 2.5], "table": {"x": ["y"]}}
    assert errors(Every, good) == []
    assert errors(Every, {**good, "pair": [1]}) and errors(Every, {**good, "pair": [1, 2, 3]})
    assert errors(Every, {**good, "table": {"x": "y"}})


@dataclass
class Strange:
    when: complex


def test_a_hint_that_serde_does_not_know_is_a_mistake_of_ours():
    with pytest.raises(InternalError, match="complex"):
        schema.schema(Strange)


@dataclass
class Bare:
    one: int


def test_a_record_without_a_docstring_has_no_description():
    assert "description" not in schema.schema(Bare)
