"""Models of Keras 2 become Keras 3 models that compute the same, or say why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import ModelError

pytestmark = pytest.mark.convert


@pytest.fixture(scope="module")
def case(start_cases: Callable[[Path], Any]) -> Any:
    return start_cases(Path(__file__).parent / "keras3_worker.py")


@pytest.mark.parametrize("name", ["plain", "functions", "nested", "recurrent"])
def test_a_copy_computes_the_same_on_other_inputs(name: str, case: Any):
    assert case("agreement", name=name) > 100


def test_layers_keep_names_without_slashes_and_options(case: Any):
    told = case("made", name="plain")
    assert told["keras3"]
    assert told["inputs"] == ["image"]
    assert told["layers"][:3] == ["image", "block_conv", "block_norm"]
    assert {"DepthwiseConv2D", "SeparableConv2D", "PReLU", "Dropout"} <= set(told["classes"])


def test_layers_take_the_place_of_functions_that_pruning_knows(case: Any):
    classes = set(case("made", name="functions")["classes"])
    assert {"Add", "Multiply", "Concatenate", "Activation", "Reshape", "Softmax"} <= classes


def test_nested_and_shared_models_stay_so(case: Any):
    told = case("made", name="nested")
    assert sorted(told["inputs"]) == ["a", "b"]
    assert "deeper" in told["layers"] and "tower" in told["layers"]
    # tower: 6 x 5 + 5 + 5 x 4 + 4 = 59, once; norm 8; out 12 x 2 + 2
    assert told["parameters"] == 59 + 8 + 26


def test_frozen_layers_can_be_trained_again_and_the_original_is_left_alone(case: Any):
    told = case("made", name="plain", frozen=True)
    assert told["trainable"]
    assert told["still_frozen"]


@pytest.mark.parametrize(
    ("name", "received"),
    [
        ("custom", "'mine' of the class Doubled"),
        ("unknown_function", "tf.linalg.band_part"),
        ("time_major", "'turned' of the class LSTM: time_major"),
        ("subclassed", "Code"),
    ],
)
def test_what_cannot_be_brought_over_is_named(name: str, received: str, case: Any):
    with pytest.raises(ModelError) as caught:
        case("made", name=name)
    assert received in str(caught.value)
    assert "leave --prune out" in str(caught.value)


def test_a_layer_that_computes_something_else_is_found_out(case: Any):
    with pytest.raises(ModelError, match="to 100 dB"):
        case("made", name="wrong")


def test_a_keras_3_model_passes_unchanged(case: Any):
    told = case("keras3_file")
    assert told["same"] and told["kind"] == "keras3"


def test_a_saved_model_with_keras_description_is_rebuilt(case: Any):
    told = case("saved", name="plain", kind="keras")
    assert told["kind"] == "saved_model"
    assert "block_conv" in told["layers"]


def test_a_saved_model_of_a_graph_only_says_so(case: Any):
    with pytest.raises(ModelError, match="its layers were not saved") as caught:
        case("saved", name="plain", kind="graph")
    assert "save the model with Keras 3" in str(caught.value)


# Parameters as Keras 2 counts them.
CORPUS = {
    "resnet8_cifar10": 78666,
    "kws_dscnn/kws_ref_model": 24908,
    "sww_1dconv/str_ww_ref_model.h5": 47707,
    "imagenet_mobilenetv1_025": 475544,
    "har_st_cnn1d/model.h5": 12075,
    "magika_bytes_v1/model.h5": 260465,
    "quickdraw_doodlenet_tfjs": 544201,
    "superres_upscaler_2x": 222075,
}


@pytest.mark.corpus
@pytest.mark.parametrize("path", CORPUS)
def test_real_models_are_brought_over(path: str, corpus: Path, case: Any):
    told = case("file", path=str(corpus / path))
    assert told["keras3"] and told["trainable"]
    assert told["parameters"] == CORPUS[path]


@pytest.mark.corpus
def test_a_real_model_of_custom_layers_is_refused_by_name(corpus: Path, case: Any):
    with pytest.raises(ModelError, match="FlattenAudioCh"):
        case("file", path=str(corpus / "basic_pitch_savedmodel"))
