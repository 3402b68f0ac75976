"""`.tflite` files as others write them: any shapes and types, several graphs and signatures."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from edgekit import tflite
from edgekit.tflite import enums

_NUMBERS = {name: number for number, name in enums.tensor_types().items()}


class File:
    """A file that grows graph by graph; each call gives an index."""

    def __init__(self) -> None:
        self._model = schema.ModelT(version=3)
        self._model.buffers = [schema.BufferT()]
        self._model.operatorCodes, self._model.subgraphs = [], []
        self._model.signatureDefs = []

    def graph(self) -> int:
        """A new graph, which the next calls are about."""
        graph = schema.SubGraphT(tensors=[], operators=[], inputs=[], outputs=[])
        self._model.subgraphs.append(graph)
        return len(self._model.subgraphs) - 1

    @property
    def _graph(self) -> Any:
        return self._model.subgraphs[-1]

    def tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: str = "float32",
        *,
        open_: tuple[int, ...] | None = None,
    ) -> int:
        """An activation; `open_` is its shape with -1 for what is open."""
        made = schema.TensorT(name=name.encode(), shape=list(shape), type=_NUMBERS[dtype])
        made.buffer, made.hasRank = 0, True
        made.shapeSignature = None if open_ is None else list(open_)
        self._graph.tensors.append(made)
        return len(self._graph.tensors) - 1

    def input(self, name: str, shape: tuple[int, ...], dtype: str = "float32", **more: Any) -> int:
        """An input of the graph."""
        index = self.tensor(name, shape, dtype, **more)
        self._graph.inputs.append(index)
        return index

    def constant(self, name: str, values: np.ndarray, sparsity: Any = None) -> int:
        """A constant; with `sparsity` the values are those that are stored."""
        shape = values.shape if sparsity is None else sparsity[0]
        index = self.tensor(name, shape, values.dtype.name)
        data = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        self._model.buffers.append(schema.BufferT(data=data))
        self._graph.tensors[index].buffer = len(self._model.buffers) - 1
        self._graph.tensors[index].sparsity = None if sparsity is None else sparsity[1]
        return index

    def op(
        self,
        kind: str,
        inputs: list[int],
        outputs: list[int],
        options: Any = None,
        *,
        custom: str = "",
    ) -> int:
        """An operator; its first output."""
        number = enums.operator_numbers()[kind]
        code = schema.OperatorCodeT(
            builtinCode=number, deprecatedBuiltinCode=min(number, 127), version=1
        )
        code.customCode = custom.encode() or None
        self._model.operatorCodes.append(code)
        made = schema.OperatorT(inputs=inputs, outputs=outputs)
        made.opcodeIndex = len(self._model.operatorCodes) - 1
        name = type(options).__name__.removesuffix("T")
        if hasattr(schema.BuiltinOptions, name):
            made.builtinOptions = options
            made.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        elif options is not None:
            made.builtinOptions2 = options
            made.builtinOptions2Type = getattr(schema.BuiltinOptions2, name)
        self._graph.operators.append(made)
        return outputs[0]

    def binary(self, kind: str, a: int, b: int, name: str, shape: tuple[int, ...]) -> int:
        """ADD, MUL, SUB or MAXIMUM of two."""
        options = {"ADD": schema.AddOptionsT, "MUL": schema.MulOptionsT, "SUB": schema.SubOptionsT}
        made = options.get(kind, schema.MaximumMinimumOptionsT)()
        return self.op(kind, [a, b], [self.tensor(name, shape)], made)

    def output(self, *indices: int) -> None:
        """The graph's outputs."""
        self._graph.outputs = list(indices)

    def sign(self, key: str, graph: int, inputs: dict[str, int], outputs: dict[str, int]) -> None:
        """A signature."""

        def entries(named: dict[str, int]) -> list[Any]:
            return [
                schema.TensorMapT(name=name.encode(), tensorIndex=i) for name, i in named.items()
            ]

        self._model.signatureDefs.append(
            schema.SignatureDefT(
                inputs=entries(inputs),
                outputs=entries(outputs),
                signatureKey=key.encode(),
                subgraphIndex=graph,
            )
        )

    def bytes(self) -> bytes:
        """The file."""
        self._model.signatureDefs = self._model.signatureDefs or None
        return tflite.to_bytes(self._model)

    def model(self) -> tflite.Model:
        """The file, read."""
        return tflite.read(self.bytes())


def run(content: bytes | tflite.Model, *values: np.ndarray) -> list[np.ndarray]:
    """What LiteRT computes in the first graph, by the order of its inputs and outputs."""
    native = Interpreter(
        model_content=content if isinstance(content, bytes) else tflite.to_bytes(content),
        num_threads=1,
    )
    inputs = native.get_input_details()
    for details, value in zip(inputs, values, strict=True):
        native.resize_tensor_input(details["index"], value.shape)
    native.allocate_tensors()
    for details, value in zip(inputs, values, strict=True):
        native.set_tensor(details["index"], value)
    native.invoke()
    return [native.get_tensor(details["index"]) for details in native.get_output_details()]


def random(*shape: int, seed: int = 0) -> np.ndarray:
    """Standard normal numbers, float32."""
    return np.random.default_rng((seed, *shape)).normal(size=shape).astype(np.float32)


# By rows: where each begins, and the columns of what is stored.
DENSE = np.array([[0, 2, 0], [0, 0, 3], [5, 0, 7]], np.float32)
STORED = np.array([2, 3, 5, 7], np.float32)


def axis(size: int = 0, segments: list[int] | None = None, indices: list[int] | None = None) -> Any:
    """An axis of a sparse tensor: dense of a size, or with lists."""
    if segments is None:
        return schema.DimensionMetadataT(format=schema.DimensionType.DENSE, denseSize=size)
    kind = schema.SparseIndexVector.Int32Vector
    return schema.DimensionMetadataT(
        format=schema.DimensionType.SPARSE_CSR,
        arraySegmentsType=kind,
        arraySegments=schema.Int32VectorT(values=segments),
        arrayIndicesType=kind,
        arrayIndices=schema.Int32VectorT(values=indices),
    )


def sparsity() -> Any:
    """Where `STORED` belongs in `DENSE`."""
    return schema.SparsityParametersT(
        traversalOrder=[0, 1], dimMetadata=[axis(3), axis(0, [0, 1, 2, 4], [1, 2, 0, 2])]
    )


def lstm(batch: int = 1) -> bytes:
    """UNIDIRECTIONAL_SEQUENCE_LSTM of 6 steps, 3 to 5 values, and a dense layer of 4 behind it."""
    file = File()
    file.graph()
    x = file.input("x", (batch, 6, 3))
    inward = [file.constant(f"w{i}", random(5, 3, seed=i) / 2) for i in range(4)]
    again = [file.constant(f"r{i}", random(5, 5, seed=10 + i) / 2) for i in range(4)]
    bias = [file.constant(f"b{i}", random(5, seed=20 + i) / 10) for i in range(4)]
    states = [file.tensor(name, (batch, 5)) for name in ("hidden", "cell")]
    for index in states:
        file._graph.tensors[index].isVariable = True
    options = schema.UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.TANH
    none = [-1]
    inputs = [x, *inward, *again, *none * 3, *bias, *none * 2, *states, *none * 4]
    steps = file.tensor("steps", (batch, 6, 5))
    file.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [steps], options)
    dense = schema.FullyConnectedOptionsT(keepNumDims=True)
    y = file.tensor("y", (batch, 6, 4))
    file.output(
        file.op("FULLY_CONNECTED", [steps, file.constant("dense", random(4, 5)), -1], [y], dense)
    )
    return file.bytes()
