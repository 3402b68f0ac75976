"""Which forms each operator may have, and what they take."""

from __future__ import annotations

from dataclasses import replace

from edgekit import tflite
from edgekit.quantize.calibrated_recipe import Instead
from edgekit.search.budgets.precision_forms import choices
from tests.search.budgets.budget_models import (
    DENSE,
    DYNAMIC4,
    STATIC4,
    STATIC8,
    WEIGHTS4,
    options,
    prepared,
    widths,
)


def test_on_a_cpu_dense_layers_alone_have_int4_beside_integers():
    assert widths(options(STATIC4)) == [
        (8, 32),  # 3x3
        (8, 32),  # depthwise
        (4, 8, 32),
        (4, 8, 32),
        (8, 32),  # MEAN, without weights: int8 or float
        (4, 8, 32),
    ]
    assert all(one.forms[0].is_integer and not one.forms[-1].is_integer for one in options())


def test_for_microcontrollers_it_is_the_convolutions():
    assert widths(options(STATIC4, "mcu"))[0] == (4, 8, 32)
    assert widths(options(STATIC4, "mcu"))[-1] == (8, 32)


def test_weights_are_never_narrower_than_the_recipes():
    assert all(bits[0] == 8 for bits in widths(options(STATIC8)))


def test_without_integer_activations_operators_without_weights_have_no_choice():
    assert widths(options(WEIGHTS4)) == [(4, 8, 32), (8, 32), *[(4, 8, 32)] * 2, (32,), (4, 8, 32)]
    assert not any(form.is_integer for one in options(WEIGHTS4) for form in one.forms)
    assert widths(options(DYNAMIC4))[2] == (4, 8, 32)


def test_what_was_asked_for_by_hand_or_is_float_for_its_kernel_stays():
    assert widths(options(by_hand={2: None}))[2] == (32,)
    how = replace(STATIC8.quantize)
    assert widths(options(by_hand={2: how}))[2] == (8,)
    floats = replace(prepared(), instead={4: Instead(recipe="float32", reason="faster")})
    assert widths(choices(tflite.read(DENSE), STATIC4, "cpu", floats, {}))[4] == (32,)


def test_an_operator_with_another_kernel_keeps_that_form():
    wider = replace(prepared(), instead={1: Instead(recipe="weight_only_wi8_afp32", reason="")})
    form = choices(tflite.read(DENSE), DYNAMIC4, "cpu", wider, {})[1].forms[0]
    assert form.recipe == "weight_only_wi8_afp32"


def test_bytes_are_those_of_the_weights_and_their_scales():
    int4, int8, floats = options()[3].forms
    assert floats.size_bytes == 4 * 64 * 48
    assert int8.size_bytes - int4.size_bytes == 64 * 48 // 2
    assert 0 < int8.size_bytes - 64 * 48 <= 8 * 64
    assert options()[4].forms[0].size_bytes == 0
