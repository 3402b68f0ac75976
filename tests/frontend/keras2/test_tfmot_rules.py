"""What a `QuantizeConfig` says of its layer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from edgekit.core.errors import ModelError
from edgekit.frontend.keras2.tfmot_rules import Rules, rules

KERNEL = {"weight_attrs": ["kernel"], "activation_attrs": ["activation"], "quantize_output": False}


def layer(activation: str = "relu") -> Any:
    return SimpleNamespace(name="z", activation=SimpleNamespace(__name__=activation))


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        (
            "Default8BitConvQuantizeConfig",
            KERNEL,
            Rules(weights=("kernel",), per_channel=True, activations=("activation",)),
        ),
        (
            "Default8BitQuantizeConfig",
            KERNEL,
            Rules(weights=("kernel",), activations=("activation",)),
        ),
        ("NoOpQuantizeConfig", {}, Rules()),
        ("Default8BitOutputQuantizeConfig", {}, Rules(output=True)),
        ("Default8BitActivationQuantizeConfig", {}, Rules(output=True)),
        (
            "OutputOnlyConfig",
            {"quantize_config": {"class_name": "Default8BitQuantizeConfig", "config": KERNEL}},
            Rules(activations=("activation",)),
        ),
    ],
)
def test_rules(kind: str, options: dict[str, Any], expected: Rules):
    assert rules({"class_name": kind, "config": options}, layer()) == expected


def test_an_activation_with_a_fixed_range_is_not_rounded():
    config = {"class_name": "Default8BitActivationQuantizeConfig", "config": {}}
    assert rules(config, layer("softmax")) == Rules()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("MyQuantizeConfig", KERNEL),
        ("Default8BitQuantizeConfig", {**KERNEL, "weight_attrs": ["__class__"]}),
        ("Default8BitQuantizeConfig", {**KERNEL, "activation_attrs": ["a b"]}),
    ],
)
def test_others_are_refused(kind: str, options: dict[str, Any]):
    with pytest.raises(ModelError) as caught:
        rules({"class_name": kind, "config": options}, layer())
    assert kind in str(caught.value)
    assert caught.value.hint
