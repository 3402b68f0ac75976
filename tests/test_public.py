"""The names that `edgekit` promises."""

import importlib
import os
import subprocess
import sys

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


def test_every_verb_has_a_function():
    functions = {"bundle": "make_bundle", "convert": "convert_model", "gate": "run_gate"}
    functions["runtime"] = "add_runtime"
    assert {functions.get(verb, verb) for verb in VERBS} <= set(edgekit.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'convrt'"):
        edgekit.convrt  # noqa: B018  (the look-up is what is tested)


def test_the_stage_packages_stay_importable():
    assert importlib.import_module("edgekit.frontend.load.recognise").recognise
