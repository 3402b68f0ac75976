"""The names that `edgekit` promises."""

import importlib

import pytest

import edgekit
from edgekit.cli.main import VERBS


def test_every_promised_name_is_there_and_listed_in_order():
    assert sorted(edgekit.__all__) == edgekit.__all__
    assert set(edgekit.__all__) == set(edgekit._PLACES)
    for name in edgekit.__all__:
        assert getattr(edgekit, name).__doc__, name


def test_every_verb_has_a_function():
    functions = {"convert": "convert_model", "runtime": "add_runtime"}
    assert {functions.get(verb, verb) for verb in VERBS} <= set(edgekit.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'convrt'"):
        edgekit.convrt  # noqa: B018  (the look-up is what is tested)


def test_the_stage_packages_stay_importable():
    assert importlib.import_module("edgekit.convert.recognise").recognise
