"""A configuration made ready to be built, as plain JSON."""

from __future__ import annotations

from edgekit.frontend.load import keras_config
from edgekit.frontend.load.keras_config import without_compilation
from edgekit.frontend.trust.check_config import check
from tests.frontend.trust.configs import layer, nobody, refusal


def test_losses_of_nested_models_are_taken_out():
    loss = {"class_name": "function", "module": "os", "config": "system"}
    config = layer("Functional", {"layers": []}, compile_config={"loss": loss})
    check(without_compilation(config), nobody)
    refusal(config)


def test_mixed_policies_become_float32_and_nothing_else_changes():
    config = {
        "layers": [
            {"dtype": {"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}, "n": 1},
            {"dtype": "mixed_bfloat16"},
            {"dtype": "int32", "config": {"dtype": "bfloat16"}},
        ]
    }
    changed, any_changed = keras_config.in_float32(config)
    assert any_changed
    assert changed == {
        "layers": [
            {"dtype": "float32", "n": 1},
            {"dtype": "float32"},
            {"dtype": "int32", "config": {"dtype": "float32"}},
        ]
    }
    assert keras_config.in_float32(changed) == (changed, False)


def test_fewest_weights_counts_what_layers_say_alone():
    layers = [
        {"class_name": "Dense", "config": {"units": 10}},
        {"class_name": "Conv2D", "config": {"filters": 5}},
        {"class_name": "Embedding", "config": {"input_dim": 100, "output_dim": 8}},
        {"class_name": "Odd", "config": {"units": "many", "filters": None}},
    ]
    config = {"class_name": "Sequential", "config": {"layers": layers}}
    assert keras_config.fewest_weights(config) == 815
