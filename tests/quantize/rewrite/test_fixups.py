"""What the quantizer leaves wrong, put right: built by hand, one fault a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.quantize.rewrite import fixups
from edgekit.tflite import enums

fix = fixups.apply_fixups
FLOAT, INT8 = schema.TensorType.FLOAT32, schema.TensorType.INT8


class File:
    """A graph of tensors and operators by name."""

    def __init__(self) -> None:
        self.graph = schema.SubGraphT(tensors=[], operators=[], inputs=[], outputs=[])
        self.codes: list[Any] = []
        self.place: dict[str, int] = {}

    def tensor(self, name: str, dtype: int, scale: float | None = None) -> None:
        one = schema.TensorT(shape=[1, 4], type=dtype, name=name.encode(), buffer=0)
        if scale is not None:
            one.quantization = schema.QuantizationParametersT(
                scale=np.float32([scale]), zeroPoint=np.int64([0])
            )
        self.place[name] = len(self.graph.tensors)
        self.graph.tensors.append(one)

    def op(self, kind: str, inputs: list[str], outputs: list[str]) -> None:
        number = enums.operator_numbers()[kind]
        self.codes.append(schema.OperatorCodeT(min(number, 127), None, 1, number))
        self.graph.operators.append(
            schema.OperatorT(
                opcodeIndex=len(self.codes) - 1,
                inputs=[self.place[n] for n in inputs],
                outputs=[self.place[n] for n in outputs],
            )
        )

    def model(self, inputs: list[str], outputs: list[str], named: dict[str, str]) -> tflite.Model:
        self.graph.inputs = [self.place[n] for n in inputs]
        self.graph.outputs = [self.place[n] for n in outputs]
        signature = schema.SignatureDefT(
            inputs=[schema.TensorMapT(n.encode(), self.place[n]) for n in inputs],
            outputs=[schema.TensorMapT(n.encode(), self.place[t]) for n, t in named.items()],
            signatureKey=b"serving_default",
            subgraphIndex=0,
        )
        whole = schema.ModelT(
            version=3,
            operatorCodes=self.codes,
            subgraphs=[self.graph],
            buffers=[schema.BufferT()],
            signatureDefs=[signature],
        )
        return tflite.read(tflite.to_bytes(whole))


def operands(model: tflite.Model, kind: str) -> list[str]:
    op = next(op for op in tflite.operators(model) if op.name == kind)
    return [tensor.name for tensor in op.inputs]


def test_an_unread_part_of_what_is_split_gets_its_type() -> None:
    file = File()
    file.tensor("axis", schema.TensorType.INT32)
    file.tensor("x", INT8, 0.5)
    file.tensor("read", INT8, 0.5)
    file.tensor("unread", FLOAT)
    file.op("SPLIT", ["axis", "x"], ["read", "unread"])
    model = file.model(["x"], ["read"], {"y": "read"})
    assert fix(model, "float32")
    unread = tflite.tensors(model)[file.place["unread"]]
    assert (unread.dtype, unread.scale) == ("int8", (0.5,))
    assert not fix(model, "float32")  # nothing is left to do


def test_what_gives_integers_reads_integers() -> None:
    file = File()
    file.tensor("x", INT8, 0.5)
    file.tensor("real", FLOAT)
    file.tensor("y", INT8, 0.25)
    file.op("DEQUANTIZE", ["x"], ["real"])
    file.op("LOGISTIC", ["real"], ["y"])
    model = file.model(["x"], ["y", "real"], {"y": "y", "real": "real"})
    assert fix(model, "float32")
    assert operands(model, "LOGISTIC") == ["x"]
    assert operands(model, "DEQUANTIZE") == ["x"]
    assert not fix(model, "float32")


@pytest.mark.parametrize(("io_dtype", "output"), [("float32", "real"), ("int8", "stored")])
def test_a_result_has_the_type_that_was_asked_for(io_dtype: str, output: str) -> None:
    file = File()
    file.tensor("x", FLOAT)
    file.tensor("real", FLOAT)
    file.tensor("stored", INT8, 0.5)
    file.op("TANH", ["x"], ["real"])
    file.op("QUANTIZE", ["real"], ["stored"])
    model = file.model(["x"], ["stored"], {"y": "stored"})
    assert fix(model, io_dtype) is (output == "real")
    found = tflite.tensors(model)[model.subgraphs[0].outputs[0]]
    assert found.name == output
    # And the signature names the graph's output.
    assert tflite.binding(model).outputs == {"y": file.place[output]}


def test_the_second_name_of_one_tensor_is_remembered() -> None:
    file = File()
    file.tensor("x", INT8, 0.5)
    file.tensor("state", INT8, 0.5)
    file.tensor("real", FLOAT)
    file.op("LOGISTIC", ["x"], ["state"])
    file.op("DEQUANTIZE", ["state"], ["real"])
    model = file.model(["x"], ["real"], {"y": "real", "state": "state"})
    assert fix(model, "float32")
    assert set(tflite.binding(model).outputs.values()) == {file.place["real"]}


def test_a_file_without_faults_stays_as_it_is() -> None:
    file = File()
    file.tensor("x", INT8, 0.5)
    file.tensor("y", INT8, 0.5)
    file.op("LOGISTIC", ["x"], ["y"])
    model = file.model(["x"], ["y"], {"y": "y"})
    before = tflite.to_bytes(model)
    assert not fix(model, "float32")
    assert tflite.to_bytes(model) == before
