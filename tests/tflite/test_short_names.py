"""Tensor names no longer than layers take: the same layers, the same interface, other names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core.errors import EdgekitError
from edgekit.tflite import enums, interpreter, versions
from edgekit.tflite.short_names import shorten, shortened
from tests.quantize.tiny_models import picture_net, random

LONG = (
    "StatefulPartitionedCall/net_1/block/conv_1/Relu;net_1/block/conv_1/BiasAdd;"
    "net_1/block/conv_1/convolution;net_1/block/conv_1/ReadVariableOp"
)


def renamed(names: list[str], content: bytes = b"") -> tflite.Model:
    """A model whose tensors have these names, the last ones theirs."""
    model = tflite.read(content or picture_net())
    for tensor, name in zip(model.subgraphs[0].tensors[1:], names, strict=False):
        tensor.name = name.encode()
    return model


def names_of(model: tflite.Model) -> list[str]:
    return [enums.text(t.name) for graph in model.subgraphs for t in graph.tensors]


def layers(model: tflite.Model) -> list[str]:
    return [op.layer for op in tflite.operators(model)]


@pytest.mark.parametrize(
    ("long", "short"),
    [
        (LONG, "net_1/block/conv_1/Relu"),
        (
            "attention_2/Mul;attention_2/query_1.Add;attention_2/query_1.Add.ReadVariableOp",
            "attention_2/Mul",
        ),
        ("dense/Tensordot.MatMul", "dense/MatMul"),
        ("model/dense/BiasAdd/ReadVariableOp/resource", "model/dense/resource"),
        ("outer%2Fdense/while.MatMul", "outer%2Fdense/MatMul"),
        ("arith.constant12", "c"),
        ("c1", "c1"),
        ("dense/x", "dense/x"),
    ],
)
def test_one_part_tells_the_layer(long: str, short: str) -> None:
    model = renamed([long])
    shorten(model)
    assert names_of(model)[1] == short


def test_names_that_differed_still_do() -> None:
    same = "a/b.MatMul;a/c.Add", "a/b.MatMul;a/c.Sub", "a/d.MatMul;a/e.Add", "a/MatMul"
    model = renamed([*same, "a/MatMul2"])
    shorten(model)
    assert names_of(model)[1:6] == ["a/MatMul1", "a/MatMul3", "a/MatMul4", "a/MatMul", "a/MatMul2"]
    assert len(set(names_of(model))) == len(names_of(model))


def test_inputs_outputs_and_variables_keep_theirs() -> None:
    content = picture_net()
    model = tflite.read(content)
    graph = model.subgraphs[0]
    for index in (*graph.inputs, *graph.outputs, 1):
        graph.tensors[index].name += b"/layer/Reshape;" + LONG.encode()
    graph.tensors[1].isVariable = True
    expected = tflite.contract(model), [graph.tensors[i].name for i in (*graph.outputs, 1)]
    shorten(model)
    assert (
        tflite.contract(model),
        [graph.tensors[i].name for i in (*graph.outputs, 1)],
    ) == expected


def test_an_operator_whose_layer_would_change_keeps_its_names() -> None:
    # What conversion returned has no layer: its constants tell it, and the first one does.
    model = tflite.read(picture_net())
    op = next(tflite.operators(model))
    tensors = model.subgraphs[0].tensors
    tensors[op.outputs[0].index].name = b"StatefulPartitionedCall:0"
    for number, constant in enumerate(op.constants):
        tensors[constant.index].name = b"arith.constant%d" % number
    before = layers(model)
    assert before[0] == "arith.constant0"
    shorten(model)
    assert layers(model) == before


def test_outputs_are_the_same_bits_and_the_converter_is_forgotten() -> None:
    model = renamed([LONG, LONG + ";x"])
    versions.set_metadata(model, "CONVERSION_METADATA", bytes(96))
    versions.set_metadata(model, "kept", b"words")
    before = tflite.to_bytes(model)
    (spec,) = tflite.contract(model).inputs
    samples = {spec.name: random(2, *spec.shape[1:])}
    after = shortened(before)
    assert len(after) < len(before) - 96 - len(LONG)
    for name, values in interpreter.run(model, samples).items():
        np.testing.assert_array_equal(interpreter.run(tflite.read(after), samples)[name], values)
    assert [entry.name for entry in tflite.read(after).metadata] == [b"kept"]


@pytest.mark.corpus
def test_layers_of_trained_models_stay(corpus: Path) -> None:
    known = [
        *corpus.glob("*/*.tflite"),
        *(p for p in corpus.glob("*/**/*.tflite") if p.stat().st_size < 1 << 18),
    ]
    compared = 0
    for path in sorted(set(known)):
        model = tflite.read(path)
        try:
            contract = tflite.contract(model)
        except EdgekitError:  # several signatures: convert refuses to choose
            continue
        before, old = layers(model), names_of(model)
        shorten(model)
        assert layers(model) == before, path
        assert tflite.contract(model) == contract, path
        assert len(set(names_of(model))) >= len(set(old)), path
        assert sum(map(len, names_of(model))) <= sum(map(len, old)), path
        compared += 1
    assert compared > 20
