"""What is used of Keras 3 beside its documented names: there, and the fast way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.convert

Case = Callable[..., Any]


@pytest.mark.parametrize("kind", ["keras3", "keras2"])
def test_history_and_calls_that_read(case: Case, kind: str):
    assert case("histories", kind=kind) == {
        "fallbacks": {},
        "place": ["dense", 1, 0],
        "other": None,
        "readers": 0,
        "of_input": ["dense", "dense"],
        "of_none": [],
    }


def test_call_that_made_a_tensor(case: Case):
    assert case("call") == {
        "fallbacks": {},
        "kind": "Concatenate",
        "outputs": [True],
        "inputs": [True, True],
        "given": 1,
        "training": True,
    }


def test_an_input_without_a_name_has_that_of_its_layer(case: Case):
    done = case("inputs")
    assert done["fallbacks"] == {}
    assert done["numbered"]
    assert done["names"] == done["loaded"] == done["layers"]


@pytest.mark.parametrize("kind", ["keras3", "keras2"])
def test_all_layers_are_those_within_wrappers_too(case: Case, kind: str):
    done = case("layers", kind=kind)
    assert done["names"][0] == "model"
    assert done["kinds"].count("LSTM") == 2
    assert done["kinds"].count("LSTMCell") == 2
    first = [done["kinds"].index(kind) for kind in ("Bidirectional", "LSTM", "LSTMCell")]
    assert first == sorted(first), "each before those within it"
    assert done["public"] == ["both", "dense"]


def test_lambda_output_shape(case: Case):
    assert case("lambda_shape", gone=False) == {"fallbacks": {}, "shape": [3], "again": [None, 3]}
    done = case("lambda_shape", gone=True)
    assert list(done["fallbacks"]) == ["lambda_output_shape"]
    assert done["again"] == [None, 3]


def test_set_student_loss_is_still_needed_and_trains(case: Case):
    done = case("student_loss")
    assert done["before"] != "dict", "this Keras keeps a plain dict: set_student_loss can go"
    assert done["after"] == "dict"
    assert "_student_loss" in done["gone"]


def test_kept_logits_are_what_the_activation_got(case: Case):
    done = case("logits")
    assert done["layer"] and done["other"]
    for name in ("softmax", "sigmoid"):
        assert done[name]["kept"] and done[name]["taken"]
        assert done[name]["error"] < 1e-6


def test_traced_function_names_the_call_of_keras_ops(case: Case):
    done = case("traced")
    assert (done["name"], done["none"]) == ("keras.ops.argmax", None)


def test_operations_are_found_without_private_names(case: Case):
    done = case("operations")
    assert done["names"] == ["GetItem", "NotEqual"]
    assert done["foreign"] == []
    assert done["count"] > 300


def test_loading_leaves_scikit_learn_to_those_who_ask(digits: Path):
    pytest.importorskip("sklearn")
    program = """
import sys
from pathlib import Path
from edgekit.frontend.load.load import load
load(Path(sys.argv[1]))
print("sklearn" in sys.modules, "keras" in sys.modules)
import sklearn.base
print(sklearn.base.BaseEstimator.__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(digits / "digits.keras")],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.split() == ["False", "True", "BaseEstimator"], done.stderr
