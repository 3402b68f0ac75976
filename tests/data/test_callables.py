"""Functions that a user names: where they are found, and what is said when they fail."""

from __future__ import annotations

import sys

import pytest

from edgekit.core.errors import DataError
from edgekit.data import callables
from tests.data.contracts import evaluate


def test_what_a_function_raises_names_it(module):
    module("def data():\n    return {}['nothing']\n")
    with pytest.raises(DataError, match="my_data:data failed") as caught:
        evaluate("my_data:data")
    assert "KeyError: 'nothing' (my_data.py line 3)" in caught.value.received


def test_functions_that_are_not_there(module):
    module("value = 1\ndef load_data(): return 1\n")
    with pytest.raises(DataError, match="no function 'load_dat'") as caught:
        evaluate("my_data:load_dat")
    assert "load_data" in caught.value.hint
    with pytest.raises(DataError, match="a value 'value'"):
        evaluate("my_data:value")
    with pytest.raises(DataError, match="no module 'my_dta'"):
        evaluate("my_dta:data")
    with pytest.raises(DataError, match="must return Samples"):
        evaluate("my_data:load_data")
    module("import not_installed_here\n")
    with pytest.raises(DataError, match="Importing my_data failed"):
        evaluate("my_data:data")
    module("def data():\n    return [[1, 2], [3]], [0, 1]\n")
    with pytest.raises(DataError, match="different lengths"):
        evaluate("my_data:data")


@pytest.mark.parametrize(
    ("source", "is_name"),
    [
        ("my_data:load", True),
        ("package.module:load", True),
        ("C:\\data\\x.npz", False),
        ("my_data:", False),
        ("my_data", False),
        (":load", False),
        ("my-data:load", False),
        ("package..module:load", False),
        ("my_data:a.b", False),
    ],
)
def test_what_is_spelled_as_a_function(source, is_name):
    assert callables.is_callable_name(source) is is_name
    assert callables.is_own_code(source) is is_name


def test_a_file_that_is_there_is_no_function(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_data:load").write_text("")
    assert callables.is_callable_name("my_data:load")
    assert not callables.is_own_code("my_data:load")
    assert not callables.is_own_code(None)


@pytest.mark.parametrize("raised", ["SystemExit(3)", "ValueError('no\\nway')"])
def test_own_code_is_blamed_for_what_it_raises(raised):
    before = list(sys.path)
    with pytest.raises(DataError) as caught, callables.blaming("The metric"):
        eval(compile(f"(_ for _ in ()).throw({raised})", "my_metric.py", "eval"))
    assert caught.value.rule.startswith("The metric")
    assert raised.partition("(")[0] in caught.value.received
    assert "(my_metric.py line 1)" in caught.value.received
    assert sys.path == before


def test_errors_of_edgekit_pass_through_own_code():
    with pytest.raises(DataError) as caught, callables.blaming("The metric"):
        raise DataError("A rule.", received="a thing")
    assert caught.value.rule == "A rule."


def test_a_function_is_found_in_the_working_folder_and_in_packages(module):
    module("def twice(x): return 2 * x\n")
    assert callables.resolve("my_data:twice")(4) == 8
    assert callables.resolve("os.path:basename")("a/b") == "b"


def test_a_module_that_stops_the_program_is_an_error_too(module):
    module("raise SystemExit('no licence')\n")
    with pytest.raises(DataError, match="SystemExit: no licence"):
        callables.resolve("my_data:twice")
