"""A configuration made ready to be built, as plain JSON."""

from __future__ import annotations

from typing import Any

import pytest

from edgekit.core.errors import ModelError
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
            {"dtype": "float64"},
        ]
    }
    changed, any_changed = keras_config.in_float32(config)
    assert any_changed
    assert changed == {
        "layers": [
            {"dtype": "float32", "n": 1},
            {"dtype": "float32"},
            {"dtype": "int32", "config": {"dtype": "float32"}},
            {"dtype": "float32"},
        ]
    }
    assert keras_config.in_float32(changed) == (changed, False)


def test_classes_of_tfmot_are_looked_up_by_name_alone():
    wrapper = layer("QuantizeLayer", {}, module="tensorflow_model_optimization.python.core.a")
    changed = keras_config.with_stand_ins({"layers": [wrapper, layer("Dense", {}, module="keras")]})
    assert changed["layers"][0]["module"] is None
    assert changed["layers"][0]["registered_name"] == "QuantizeLayer"
    assert changed["layers"][1]["module"] == "keras"
    legacy = layer("QuantizeLayer", {})
    assert keras_config.with_stand_ins(legacy) == legacy


def test_fewest_weights_counts_what_layers_say_alone():
    layers = [
        {"class_name": "Dense", "config": {"units": 10}},
        {"class_name": "Conv2D", "config": {"filters": 5}},
        {"class_name": "Embedding", "config": {"input_dim": 100, "output_dim": 8}},
        {"class_name": "Odd", "config": {"units": "many", "filters": None}},
    ]
    config = {"class_name": "Sequential", "config": {"layers": layers}}
    assert keras_config.fewest_weights(config) == 815


def sequential(first: dict[str, Any], *others: dict[str, Any], **more: Any) -> dict[str, Any]:
    layers = [{"class_name": "InputLayer", "config": first}, *others]
    return {"class_name": "Sequential", "config": {"layers": layers}, **more}


def test_the_batch_that_a_sequential_first_saw_is_left_free():
    config = sequential({"batch_shape": [7, 3]}, build_config={"input_shape": [7, 3]})
    config["config"]["build_input_shape"] = [7, 3]
    freed, changed = keras_config.free_batch(config)
    assert changed
    assert freed["config"]["layers"][0]["config"]["batch_shape"] == [None, 3]
    assert freed["config"]["build_input_shape"] == [None, 3]
    assert freed["build_config"]["input_shape"] == [None, 3]
    assert config["build_config"]["input_shape"] == [7, 3]  # the original stays
    assert keras_config.free_batch(freed) == (freed, False)


def test_a_stateful_layer_and_a_functional_model_keep_their_batch():
    state = {"class_name": "LSTM", "config": {"stateful": True}}
    stateful = sequential({"batch_input_shape": [7, 3]}, state)
    assert keras_config.free_batch(stateful) == (stateful, False)
    functional = {**sequential({"batch_shape": [7, 3]}), "class_name": "Functional"}
    assert keras_config.free_batch(functional) == (functional, False)


def test_functions_are_named_by_plain_text_in_h5():
    own = {"class_name": "function", "config": "triple", "module": "mine"}
    config = {"layers": [{"activation": own, "units": 3}], "loss": "mse"}
    assert keras_config.functions_by_name(config) == {
        "layers": [{"activation": "triple", "units": 3}],
        "loss": "mse",
    }


def test_an_architecture_far_larger_than_its_weights_is_refused():
    layers = [{"class_name": "Dense", "config": {"units": 900_000_000}}]
    config = {"class_name": "Sequential", "config": {"layers": layers}}
    with pytest.raises(ModelError) as caught:
        keras_config.check_size(config, 1000, "m.keras")
    assert caught.value.received == (
        "m.keras stores 1000 numbers; its layers hold at least 900000000."
    )
    keras_config.check_size(config, 900_000_000 // 4, "m.keras")


def test_serialized_objects_are_found_wherever_they_lie():
    inner = {"class_name": "Dense", "config": {}}
    config = {"class_name": "Model", "config": {"layers": [[{"x": inner}]], "class_name": 3}}
    assert list(keras_config.objects(config)) == [config, inner]
