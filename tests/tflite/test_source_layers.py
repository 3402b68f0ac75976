"""Names of layers, from names of any length."""

from __future__ import annotations

import pytest

from edgekit.tflite import source_layers

# Each took hours by the square of its length.
LONG = {
    "suffixes": "a/" + "_int8" * 200_000 + "!",
    "numbered suffixes": "a/x" + "_duplicated_1" * 100_000 + "!",
    "digits": "a/Gather" + "1" * 1_000_000 + "!",
    "layers": ";".join(f"layer{i}/x" for i in range(100_000)),
    "slashes": "a" + "/" * 1_000_000,
    "colons": ":1" * 500_000 + "a",
}


@pytest.mark.parametrize("name", LONG.values(), ids=LONG)
def test_a_long_name_takes_time_by_its_length_only(name: str) -> None:
    assert source_layers.layer_of(name)
    source_layers.names_a_layer(name)


def test_of_layers_named_as_often_the_last_wins() -> None:
    assert source_layers.layer_of("a/add;b/add") == "b"
    assert source_layers.layer_of("b/add;a/add;b/mul") == "b"


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        (
            "functional_1/activation/Relu;functional_1/batch_normalization/FusedBatchNormV3;"
            "functional_1/conv2d/BiasAdd/ReadVariableOp/resource;functional_1/conv2d/BiasAdd;"
            "functional_1/conv2d_4/Conv2D;functional_1/conv2d/Conv2D",
            "conv2d",
        ),
        (
            "functional_1/activation_1/Relu;functional_1/batch_normalization_1/FusedBatchNormV3;"
            "functional_1/depthwise_conv2d/depthwise;functional_1/depthwise_conv2d/BiasAdd;"
            "functional_1/conv2d_4/Conv2D;functional_1/depthwise_conv2d/BiasAdd/ReadVariableOp/"
            "resource",
            "depthwise_conv2d",
        ),
        ("functional_5/dense_3/Tensordot/Reshape/shape", "dense_3"),
        ("functional_3/lstm_4/lstm_cell_4/3188", "lstm_4"),
        ("model/dense/MatMul_dequant", "dense"),
        ("StatefulPartitionedCall/model/block1/conv/Conv2D", "conv"),
        ("serving_default_input_2:0", "input_2"),
        ("Identity", "Identity"),
        # As the exporter writes them: the layer, a slash, the operator.
        ("stem_relu/Relu6;stem_bn/batchnorm.add_1;stem/convolution;stem_bn/batchnorm.sub1", "stem"),
        ("a%2Fb/BiasAdd.ReadVariableOp.resource", "a/b"),
        ("up/resize.ResizeBilinear", "up"),
        ("while/MatMul1", "while"),
        ("add/add;relu/Relu", "add"),
    ],
)
def test_the_layer_behind_a_tensor_name(name: str, layer: str) -> None:
    assert source_layers.layer_of(name) == layer
