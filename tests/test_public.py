"""The names that `edgekit` promises."""

import ast
import os
import subprocess
import sys
from pathlib import Path

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
