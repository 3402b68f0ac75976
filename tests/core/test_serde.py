"""Records to JSON and back, and the refusals on the way."""

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core import recipes, serde
from edgekit.core.errors import ProjectError
from edgekit.core.records import (
    Artifact,
    Contract,
    Host,
    Measurement,
    Metric,
    Preprocessing,
    Skipped,
    Target,
    TensorSpec,
)

CONTRACT = Contract(
    inputs=(
        TensorSpec(
            name="image",
            shape=(1, -1, 8, 3),
            dtype="float32",
            preprocessing=Preprocessing(kind="image", size=(8, 8), mean=(127.5,), std=(127.5,)),
        ),
    ),
    outputs=(
        TensorSpec(
            name="digit",
            shape=(1, 2),
            dtype="int8",
            scale=(0.5,),
            zero_point=(-3,),
            labels=("ä", '"'),
        ),
    ),
)


def test_an_artifact_survives_the_way_to_json_and_back():
    artifact = Artifact(
        path="a.tflite",
        sha256="0",
        size_bytes=1,
        compressed_bytes=1,
        recipe=recipes.get("static_wi8_ai8", "uint8"),
        contract=CONTRACT,
        source_sha256="1",
        float_sha256="2",
        skipped=(Skipped(layer="a", operator="ADD", reason="because"),),
        tool_versions={"keras": "3"},
    )
    assert serde.loads(Artifact, serde.dumps(artifact)) == artifact


@given(
    value=st.floats(allow_nan=False),
    raw=st.lists(st.floats(allow_nan=False), max_size=5).map(tuple),
)
def test_any_finite_or_infinite_metric_survives(value, raw):
    metric = Metric(name="sqnr_db", value=value, raw=raw)
    text = serde.dumps(metric)
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert serde.loads(Metric, text) == metric


def test_a_nan_survives_as_valid_json():
    assert math.isnan(serde.loads(Metric, serde.dumps(Metric(name="m", value=math.nan))).value)


def test_an_unknown_key_is_refused_and_the_nearest_named():
    with pytest.raises(ProjectError, match=r"no key 'num_thread'") as caught:
        serde.from_dict(Target, {"num_thread": 2})
    assert "num_threads" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "payload", "words"),
    [
        (Target, {"num_threads": "two"}, "num_threads must be of type int"),
        (Target, {"num_threads": True}, "num_threads must be of type int"),
        (Target, ["litert"], "must be a table"),
        (Preprocessing, {"kind": "imag"}, "kind must be one of"),
        (Preprocessing, {"size": [8]}, "must have 2 values"),
        (TensorSpec, {"name": "x"}, "lacks a key"),
        (Artifact, {"tool_versions": 3}, "tool_versions must be a table"),
    ],
)
def test_a_wrong_type_names_its_place(kind, payload, words):
    with pytest.raises(ProjectError, match=words):
        serde.from_dict(kind, payload)


def test_a_single_value_stands_for_a_list_of_one():
    assert serde.from_dict(Preprocessing, {"std": 255}).std == (255.0,)


def test_text_that_is_not_json_is_refused():
    with pytest.raises(ProjectError, match="is not JSON"):
        serde.loads(Target, "{", "a.json")


def _nested(inner):
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "is not JSON"),
        ('{"runtime": ' * 900 + "1" + "}" * 900, "must be of type str"),
        ('{"num_threads": ' + "9" * 10_000 + "}", "is not JSON"),
        ('{"num_threads": ' + "9" * 100 + "}", "64 bits"),
        ('{"num_threads": NaN}', "NaN is not a number"),
        ('{"num_threads": -Infinity}', "-Infinity is not a number"),
        ('{"num_threads": 1e400}', "must be of type int"),
        ('{"num_threads": true}', "must be of type int"),
        ('{"runtime": "a\\u0000b"}', "without a NUL"),
        ('{"runtime": "\\ud800"}', "is not JSON"),
        ('{"runtime": null}', "must be of type str"),
        ('{"runtime": ["' + "a" * 10_000 + '"]}', "must be of type str"),
        ("null", "table of keys"),
    ],
)
def test_json_that_is_deep_huge_or_odd_is_refused(text, words):
    with pytest.raises(ProjectError, match=words) as caught:
        serde.loads(Target, text, "a.json")
    assert len(str(caught.value)) < 1500


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), _nested))
def test_whatever_json_holds_is_a_record_or_refused(payload):
    for kind in (Target, TensorSpec, Artifact, Measurement):
        with contextlib.suppress(ProjectError):
            serde.from_dict(kind, payload)
        for name in serde.to_dict(Target()) | {"shape": 0, "scale": 0, "contract": 0}:
            with contextlib.suppress(ProjectError):
                serde.from_dict(kind, {name: payload})


def test_an_interrupted_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "a.json"
    serde.write_atomic(path, "old")

    class Killed(BaseException):
        pass

    with pytest.raises(Killed), serde.atomic_path(path) as temporary:
        temporary.write_text("half")
        raise Killed
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_hash_sees_names_and_contents(tmp_path):
    for name, files in {"a": {"x": "1"}, "b": {"y": "1"}, "c": {"x": "2"}, "d": {"x": "1"}}.items():
        for file, text in files.items():
            serde.write_atomic(tmp_path / name / file, text)
    hashes = {name: serde.sha256(tmp_path / name) for name in "abcd"}
    assert hashes["a"] == hashes["d"]
    assert len(set(hashes.values())) == 3


def test_a_measurement_finds_its_metrics_by_name():
    one = Measurement(
        artifact="a",
        artifact_sha256="0",
        samples_sha256="0",
        num_samples=1,
        target=Target(),
        host=Host(machine="m", system="s", cpu="c", cores=1, python="3"),
        metrics=(Metric(name="mae", value=1.0),),
    )
    assert one.metric("mae").value == 1.0
    assert one.metric("rmse") is None
