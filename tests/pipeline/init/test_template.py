"""The text of a first `edgekit.toml`: it reads as it is meant, also with all switched on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgekit.core import project as projects
from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract, TensorSpec
from edgekit.pipeline.init import lookup
from tests.pipeline.init.descriptions import described, pixels, trial, written

# A line of TOML that is switched off: a table, or a key with its value.
SWITCHED_OFF = re.compile(r'# (\[{1,2}[\w."\[]+.*\]|("[^"]*"|\w+) = .*)$')


def switched_on(text: str) -> str:
    """The file with everything switched on that it offers."""
    lines = [m.group(1) if (m := SWITCHED_OFF.match(line)) else line for line in text.splitlines()]
    return "\n".join(lines)


KINDS = {
    "image": TensorSpec(name="a.b", shape=(1, 32, 32, 3), dtype="float32"),
    "gray": TensorSpec(name='say "hi"', shape=(1, 32, 32, 1), dtype="float32"),
    "open": TensorSpec(name="open", shape=(1, -1, -1, 3), dtype="float32"),
    "bytes": TensorSpec(name="bytes", shape=(1, 16, 16, 3), dtype="uint8"),
    "sound": TensorSpec(name="wave", shape=(1, 16000), dtype="float32"),
    "row": TensorSpec(name="row", shape=(1, 4), dtype="float32"),
    "ids": TensorSpec(name="ids", shape=(1, 20), dtype="int32"),
    "window": TensorSpec(name="müßig\n#", shape=(1, 26, 3), dtype="float32"),
    "scalar": TensorSpec(name="scalar", shape=(1,), dtype="float32"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", ["", "int16 from 0 to 256"], ids=["plain", "raw"])
def test_all_that_is_switched_off_can_be_switched_on(kind, raw, tmp_path):
    spec = KINDS[kind]
    found = lookup.Found(raw={spec.name: raw} if raw else {})
    told = described(spec, id_limits={"ids": 100})
    text, _ = written(told, tmp_path, found=found)
    (tmp_path / "labels.txt").write_text("a\nb\nc\n", encoding="utf-8")
    (tmp_path / "vocabulary.txt").write_text("a\nb\n", encoding="utf-8")
    path = tmp_path / "on.toml"
    path.write_text(switched_on(text), encoding="utf-8")
    project = projects.load(path)
    project.describe(told.contract)
    assert set(project.variant) == {"small"} and len(project.target) == 2
    assert len(project.rule) == 7 and project.rule[-1].allowed_operators
    assert project.data.calibration == "data.npz"
    assert project.output["out"].labels == ("a", "b", "c")
    wanted = {"image", "gray", "open", "bytes", "sound", "row", "ids"}
    assert set(project.input) == ({spec.name} if kind in wanted or raw else set())
    if kind == "open":
        assert project.input_shapes == {"open": (1, 224, 224, 3)}


def test_bytes_need_no_scaling(tmp_path):
    _, project = written(described(KINDS["bytes"]), tmp_path)
    assert (project.input["bytes"].kind, project.input["bytes"].size) == ("image", (16, 16))


def test_custom_objects_are_said_once(tmp_path):
    _, project = written(described(KINDS["row"]), tmp_path, custom_objects="layers:OBJECTS")
    assert project.custom_objects == "layers:OBJECTS"


def test_trials_stand_in_the_comment_whether_or_not_one_won(tmp_path):
    trials = (trial("0 to 1", [1, 1]), trial("0 to 255", [1, 0]))
    text, project = written(pixels(takes_pixels=False), tmp_path, trials=trials)
    assert "1.00 as 0 to 1, 0.50 as 0 to 255" in text.replace("\n# ", " ")
    assert not project.input


def outputs_section(text: str) -> str:
    return text[text.index("# Output") : text.index("# More ways")]


def test_what_an_output_is_stands_there_where_it_is_known(tmp_path):
    columns = (
        Columns(kind="boxes", start=0, stop=4),
        Columns(kind="scores", start=4, stop=7),
    )
    det = TensorSpec(name="det", shape=(1, 64, 7), dtype="float32", columns=columns)
    digit = TensorSpec(name="digit", shape=(1, 10), dtype="float32", kind="classes")
    _, project = written(described(KINDS["row"], outputs=(det, digit)), tmp_path)
    assert project.output["det"].columns == {"boxes": (0, 4), "scores": (4, 7)}
    assert project.output["digit"].kind == "classes"
    [stated, named] = project.describe(
        Contract(inputs=(KINDS["row"],), outputs=(det, digit))
    ).outputs
    assert (stated.columns, named.kind) == (columns, "classes")


@pytest.mark.parametrize(
    ("shape", "offered"),
    [
        ((1, 3), '# kind = "values" '),
        ((1, 64, 7), "# # columns = { boxes = [0, 4], scores = [4, 7] }"),
    ],
)
def test_what_an_output_is_may_be_chosen_where_nobody_knows(tmp_path, shape, offered):
    out = TensorSpec(name="out", shape=shape, dtype="float32")
    text, project = written(described(KINDS["row"], outputs=(out,)), tmp_path)
    assert "out" not in project.output
    section = outputs_section(text)
    assert offered in section
    assert "taken as values: nobody said what it is" in section


def test_each_labelled_output_has_rules_and_any_other_its_fidelity(tmp_path):
    digit = TensorSpec(name="digit", shape=(1, 10), dtype="float32", kind="classes")
    age = TensorSpec(name="age", shape=(1, 1), dtype="float32", kind="values")
    pose = TensorSpec(name="pose", shape=(1, 6), dtype="float32")
    found = lookup.Found(
        calibration=Path("data.npz"), evaluation=Path("data.npz"), num_samples=3000
    )
    _, project = written(
        described(KINDS["row"], outputs=(digit, age, pose)),
        tmp_path,
        found=found,
        metrics=("top1_accuracy@digit", "mae@age"),
    )
    assert project.metric == ("top1_accuracy@digit", "mae@age")
    judged = [rule.metric for rule in project.rule]
    assert judged == [
        *["top1_accuracy@digit"] * 2,
        *["mae@age"] * 2,
        "sqnr_db@pose",
        "size_bytes",
        "latency_ratio",
    ]
