"""Operators, tensors and stored values of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core.errors import ModelError

MODELS = Path(__file__).parents[1] / "models"


CONV = (MODELS / "conv_2d.int8.tflite").read_bytes()


def test_values_of_a_weight_are_those_of_the_file() -> None:
    model = tflite.read(CONV)
    op = next(op for op in tflite.operators(model) if op.name == "CONV_2D")
    weight = op.inputs[1]
    codes = tflite.values(model, weight)
    assert codes is not None
    assert codes.shape == weight.shape == (8, 3, 3, 4)
    assert codes.dtype == np.int8
    # Symmetric int8: each channel's largest weight is 127 scales from zero.
    assert np.abs(codes.astype(int)).reshape(8, -1).max(axis=1).tolist() == [127] * 8
    assert len(weight.scale) == 8
    assert weight.quantization is not None
    assert weight.quantization.granularity == "per_channel"
    assert tflite.values(model, op.inputs[0]) is None


@pytest.mark.parametrize(("dtype", "low", "high"), [("INT4", -8, 7), ("INT2", -2, 1)])
@pytest.mark.parametrize("count", [1, 2, 5, 16])
def test_packed_integers_unpack_lowest_bits_first(
    dtype: str, low: int, high: int, count: int
) -> None:
    from ai_edge_litert import schema_py_generated as generated

    bits = 4 if dtype == "INT4" else 2
    codes = np.random.default_rng(count).integers(low, high + 1, count)
    packed = np.zeros((count * bits + 7) // 8, np.uint8)
    for i, code in enumerate(codes):
        packed[i * bits // 8] |= (int(code) & (2**bits - 1)) << (i * bits % 8)
    model = tflite.read(CONV)
    model.buffers.append(generated.BufferT(data=packed))
    number = getattr(generated.TensorType, dtype)
    model.subgraphs[0].tensors.append(
        generated.TensorT(shape=[count], type=number, buffer=len(model.buffers) - 1, name=b"w")
    )
    model = tflite.read(tflite.to_bytes(model))
    values = tflite.values(model, tflite.tensors(model)[-1])
    assert values is not None
    assert values.tolist() == codes.tolist()


def test_an_operand_that_is_left_out_keeps_its_place() -> None:
    model = tflite.read(MODELS / "fully_connected.float32.tflite")
    model.subgraphs[0].operators[0].inputs[2] = -1
    (op,) = tflite.operators(model)
    assert op.operands[2] is None
    assert len(op.operands) == 3 and len(op.inputs) == 2
    assert op.constants == (op.operands[1],)


def test_a_scale_on_a_float_tensor_means_nothing() -> None:
    model = tflite.read(CONV)
    index = next(t.index for t in tflite.tensors(model) if t.scale)
    assert tflite.tensor(model, 0, index).scale
    model.subgraphs[0].tensors[index].type = 0
    assert tflite.tensor(model, 0, index).scale == ()


def test_an_activation_of_open_sizes_has_minus_one_and_a_weight_has_none() -> None:
    model = tflite.read(CONV)
    raw = model.subgraphs[0].tensors
    weight = next(t for t in tflite.tensors(model) if t.is_constant)
    activation = next(t for t in tflite.tensors(model) if not t.is_constant)
    for tensor in (weight, activation):
        raw[tensor.index].shapeSignature = [-1, *tensor.shape[1:]]
    assert tflite.tensor(model, 0, weight.index).shape == weight.shape
    assert tflite.tensor(model, 0, activation.index).shape == (-1, *activation.shape[1:])


def test_the_layer_is_told_by_a_weight_where_the_output_names_none() -> None:
    model = tflite.read(MODELS / "fully_connected.float32.tflite")
    raw = model.subgraphs[0]
    raw.tensors[raw.operators[0].outputs[0]].name = b"StatefulPartitionedCall:0"
    raw.tensors[raw.operators[0].inputs[1]].name = b"net/classify/MatMul"
    (op,) = tflite.operators(model)
    assert op.layer == "classify"


def constant(dtype: str, data: np.ndarray, count: int) -> tuple[tflite.Model, tflite.Tensor]:
    from ai_edge_litert import schema_py_generated as generated

    model = tflite.read(CONV)
    model.buffers.append(generated.BufferT(data=data.view(np.uint8)))
    model.subgraphs[0].tensors.append(
        generated.TensorT(
            shape=[count],
            type=getattr(generated.TensorType, dtype),
            buffer=len(model.buffers) - 1,
            name=b"w",
        )
    )
    return model, tflite.tensors(model)[-1]


def test_bfloat16_is_widened() -> None:
    wanted = np.array([1.5, -2.0, 0.0078125], np.float32)  # exact in eight bits
    model, tensor = constant("BFLOAT16", (wanted.view(np.uint32) >> 16).astype("<u2"), 3)
    values = tflite.values(model, tensor)
    assert values is not None and values.dtype == np.float32
    np.testing.assert_array_equal(values, wanted)


def test_what_numpy_lacks_is_refused_by_name() -> None:
    model, tensor = constant("STRING", np.zeros(8, np.uint8), 1)
    with pytest.raises(ModelError) as caught:
        tflite.values(model, tensor)
    assert caught.value.received == "tensor 'w' of type string"
    model, tensor = constant("FLOAT32", np.zeros(4, np.float32), 4)
    with pytest.raises(ModelError, match="stored sparse"):
        tflite.values(model, replace(tensor, is_sparse=True))
