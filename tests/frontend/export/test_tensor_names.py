"""Layers behind TensorFlow's names, without TensorFlow: what exports of models rarely hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit import tflite
from edgekit.frontend.export.tensor_names import name_layers
from edgekit.frontend.load.loaded import LoadedModel

MODEL = Path(__file__).parents[2] / "models" / "conv_2d.float32.tflite"


def loaded(kind: Any, *paths: tuple[str, ...], name: str = "net") -> LoadedModel:
    return LoadedModel(
        kind=kind,
        name=name,
        inputs=(),
        outputs=(),
        trackable=None,
        call=lambda values: values,
        layers=tuple(path[-1] for path in paths),
        layer_paths=() if kind == "saved_model" else paths,
        id_limits={},
    )


def layer(name: str, of: LoadedModel, *others: str) -> str:
    """The layer of an operator that gives a tensor of that name."""
    model = tflite.read(MODEL)
    graph = model.subgraphs[0]
    graph.tensors[graph.operators[0].outputs[0]].name = name.encode()
    for index, other in zip(graph.operators[0].inputs[1:], others, strict=False):
        graph.tensors[index].name = other.encode()
    name_layers(model, of, {})
    [op] = tflite.operators(tflite.read(tflite.to_bytes(model)))
    return op.layer


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net_1/dense_1/MatMul", "dense"),
        ("net_1/dense_1_2/MatMul", "dense_1"),
        ("net_1/dense_3/MatMul", "dense"),
        # A layer inside `heads` that is called like one of the model.
        ("net_1/heads_1/softmax_1/Softmax", "heads"),
        ("net_1/softmax_1/Softmax", "softmax"),
        ("net_1/Mul", "net"),
        ("arith.constant3", "arith.constant3"),
    ],
)
def test_calls_of_keras_3_are_numbered(name: str, expected: str) -> None:
    of = loaded("keras3", ("dense",), ("dense_1",), ("heads",), ("softmax",))
    assert layer(name, of) == expected


def test_scopes_of_keras_2_are_the_layers() -> None:
    of = loaded("keras2", ("dense",), ("dense_1",))
    assert layer("net/dense/MatMul_1", of) == "dense"
    assert layer("net/dense_1/MatMul", of) == "dense_1"
    assert layer("StatefulPartitionedCall/net/dense_1/MatMul", of) == "dense_1"


def test_layers_of_one_name_in_two_models_are_told_apart() -> None:
    paths = ("left",), ("left", "dense"), ("right",), ("right", "dense"), ("head",)
    of = loaded("keras3", *paths)
    assert layer("net_1/left_1/dense_1/MatMul", of) == "left/dense"
    assert layer("net_1/right_1/dense_1/MatMul", of) == "right/dense"
    assert layer("net_1/head_1/MatMul", of) == "head"


def test_a_model_may_be_called_like_one_of_its_layers() -> None:
    of = loaded("keras3", ("net",), ("dense",))
    assert layer("net_1/dense_1/MatMul", of) == "dense"
    assert layer("net_1/net_1/Relu", of) == "net"


def test_a_saved_model_shows_by_its_layers_whether_calls_are_numbered() -> None:
    of = loaded("saved_model", ("dense",), ("dense_1",), name="folder")
    keras3 = ("net_1/dense_1/MatMul", "net_1/dense_1_2/MatMul")
    assert layer(keras3[0], of, keras3[1]) == "dense"
    assert layer("net_1/pool_1/MaxPool", of, *keras3) == "pool"  # no variables: not known
    keras2 = ("net/dense/MatMul", "net/dense_1/MatMul")
    assert layer(keras2[1], of, keras2[0]) == "dense_1"
    assert layer("net/pool_1/MaxPool", of, *keras2) == "pool_1"
    # As deep as the known ones, whatever that layer is made of.
    assert layer("net/features/conv_2/ExpandDims", of, *keras2) == "features"


def test_equal_names_are_made_unequal() -> None:
    of = loaded("keras3", ("dense",))
    model = tflite.read(MODEL)
    graph = model.subgraphs[0]
    first, second = graph.operators[0].outputs[0], graph.operators[0].inputs[1]
    graph.tensors[first].name = b"net_1/dense_1/MatMul"
    graph.tensors[second].name = b"net_1/dense_2/MatMul"
    name_layers(model, of, {})
    names = [graph.tensors[index].name for index in sorted((first, second))]
    assert names == [b"dense/MatMul", b"dense/MatMul_2"]
    name_layers(model, of, {})  # names that are right stay
    assert [graph.tensors[index].name for index in sorted((first, second))] == names
