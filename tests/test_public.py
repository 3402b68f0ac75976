"""The names that `edgekit` promises."""

import ast
import dataclasses
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.cli.main import VERBS

# Looking these up imports Keras, which no test does in pytest's own process.
KERAS = {"KeepZeros", "PolynomialDecay", "prune_model"}


def test_every_promised_name_is_there_and_listed_in_order():
    assert sorted(edgekit.__all__) == edgekit.__all__
    assert set(edgekit.__all__) == set(edgekit._PLACES)
    for name in set(edgekit.__all__) - KERAS:
        assert getattr(edgekit, name).__doc__, name


@pytest.mark.convert
def test_names_that_need_keras_are_there_too():
    program = "import sys, edgekit; print(all(getattr(edgekit, n).__doc__ for n in sys.argv[1:]))"
    told = subprocess.run(
        [sys.executable, "-c", program, *sorted(KERAS)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert told.stdout.split() == ["True"]


def test_every_verb_has_a_function_of_its_name():
    assert set(VERBS) - {"runtime"} <= set(edgekit.__all__)
    for verb in set(VERBS) - {"runtime"}:
        assert getattr(edgekit, verb).__name__ == verb


@pytest.mark.parametrize(
    ("former", "name"),
    [("convert_model", "convert"), ("make_bundle", "bundle"), ("run_gate", "gate")],
)
def test_former_names_work_with_a_warning(former: str, name: str):
    assert former not in edgekit.__all__ and former not in dir(edgekit)
    with pytest.warns(DeprecationWarning, match=f"edgekit.{former} is now edgekit.{name};") as w:
        assert getattr(edgekit, former) is getattr(edgekit, name)
    assert [one.filename for one in w] == [__file__]


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'convrt'"):
        edgekit.convrt  # noqa: B018  (the look-up is what is tested)


def test_a_type_checker_reads_the_same_names():
    tree = ast.parse(Path(edgekit.__file__).read_text(encoding="utf-8"))
    [block] = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    places = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert places == edgekit._PLACES


# Values that most parameters do not take: each parameter of each function gets all of them.
WRONG = [
    *(None, -1, 2.5, True, "nonsense", "", "a\0b", b"x", [], {}, [1], {"a": 1}),
    *(object(), int, np.zeros(3), float("nan"), Path("nope"), set()),
]
# What a call needs besides the parameter that is wrong.
REST: dict[str, dict[str, object]] = {
    "add_runtime": {"target": 1},
    "benchmark": {"files": ["nope.tflite"]},
    "bundle": {"files": ["nope.tflite"], "destinations": {"c": "nope"}},
    "convert": {"model": "nope.keras"},
    "gate": {"project": "nope"},
    "init": {"model": "nope.keras"},
    "inspect": {"path": "nope.tflite"},
    "parse_runtime": {"text": "nope"},
    "remove_runtime": {"target": 1},
    "validate": {"files": ["nope.tflite"], "data": "nope.npz"},
}
DETAILS = (
    *("name", "input_shapes", "custom_objects", "training", "evaluation"),
    *("signature", "builder"),
)
OPTIONS = sorted(
    name
    for name in set(edgekit.__all__) - KERAS
    if name.endswith("Options") or name in ("Limits", "Pruning", "Target", "Training")
)


def wrong_calls(function: Any, rest: dict[str, object]) -> Iterator[dict[str, object]]:
    """Keywords of which one is wrong, or of another name."""
    kinds = inspect.signature(function).parameters
    names = [name for name, one in kinds.items() if one.kind is not one.VAR_KEYWORD]
    names += [] if len(names) == len(kinds) else DETAILS
    for name in names:
        for value in WRONG:
            yield {**rest, name: value}
    yield {**rest, "nonsense": 1}
    yield {}


@pytest.mark.parametrize("name", REST)
def test_a_wrong_argument_is_an_edgekit_error(name: str, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = getattr(edgekit, name)
    for keywords in wrong_calls(function, REST[name]):
        with pytest.raises(edgekit.EdgekitError) as caught:
            function(**keywords)
        assert caught.value.rule and caught.value.received, keywords


@pytest.mark.parametrize("name", OPTIONS)
def test_a_wrong_option_is_an_edgekit_error(name: str):
    kind = getattr(edgekit, name)
    taken = {True, "nonsense", "", -1, 2.5, None}  # by some field or other
    for field in dataclasses.fields(kind):
        for value in WRONG:
            try:
                kind(**{field.name: value})
            except edgekit.EdgekitError as error:
                assert error.received, (field.name, value)
            else:
                assert isinstance(value, (float, list, Path)) or value in taken, field.name
    with pytest.raises(edgekit.EdgekitError, match="has no argument 'nonsense'"):
        kind(nonsense=1)


def test_what_no_parameter_takes_is_named_with_what_it_does():
    with pytest.raises(edgekit.EdgekitError, match=r"Hint: write recipes=\('float16',\)\."):
        edgekit.ConvertOptions(recipes="float16")
    with pytest.raises(edgekit.EdgekitError, match="did you mean 'calibration'"):
        edgekit.convert("nope.keras", callibration="data.npz")
    runtime = edgekit.Target(runtime="litertt")
    with pytest.raises(edgekit.EdgekitError, match="did you mean 'litert'"):
        edgekit.benchmark([__file__], targets=[runtime])


@pytest.mark.parametrize("name", sorted(REST))
def test_functions_say_what_they_take(name: str):
    """Annotations are the promise that arguments are held against."""
    function = getattr(edgekit, name)
    hints = inspect.get_annotations(function)
    assert set(hints) == {*inspect.signature(function).parameters, "return"}
