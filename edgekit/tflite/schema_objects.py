"""The objects that a `.tflite` is unpacked into, as far as edgekit reads and writes them.

`ai_edge_litert.schema_py_generated` has these as classes without types, whose names end in T. What
`read` returned has lists where the reader leaves None or an array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

# An operator's options: another class for each kind of operator.
Options = Any

Text = bytes | str | None


class Buffer(Protocol):
    """Bytes that tensors share; None of what is computed."""

    data: np.ndarray | None


class BlockScales(Protocol):
    """Of blockwise weights: the tensor that holds their scales. Others have no details."""

    scales: int
    blockSize: int


class Quantization(Protocol):
    """Scales and zero points of a tensor."""

    scale: np.ndarray | None
    zeroPoint: np.ndarray | None
    quantizedDimension: int
    details: BlockScales


class SparseAxis(Protocol):
    """An axis of a sparse tensor: its size, or vectors of which places have which indices."""

    format: int
    denseSize: int
    arraySegments: object
    arrayIndices: object


class Sparsity(Protocol):
    """Where the values of a sparse tensor belong."""

    traversalOrder: Sequence[int] | None
    blockMap: Sequence[int] | None
    dimMetadata: Sequence[SparseAxis] | None


class RawTensor(Protocol):
    """One tensor of a subgraph. `shapeSignature` has -1 for a size that is open.

    `quantization` may be None of a float tensor: `graph.tensor` looks.
    """

    name: Text
    shape: list[int]
    shapeSignature: Sequence[int] | None
    type: int
    buffer: int
    isVariable: bool
    sparsity: Sparsity | None
    quantization: Quantization


class RawOperator(Protocol):
    """One operator: its code, and tensors by index, -1 for an optional one that is left out."""

    opcodeIndex: int
    inputs: list[int]
    outputs: list[int]
    builtinOptions: Options
    builtinOptionsType: int
    builtinOptions2: Options
    customOptions: np.ndarray | None


class SubGraph(Protocol):
    """One graph. Inputs and outputs are indices of its tensors."""

    name: Text
    tensors: list[RawTensor]
    operators: list[RawOperator]
    inputs: list[int]
    outputs: list[int]


class OperatorCode(Protocol):
    """A kind of operator, in one version."""

    builtinCode: int
    deprecatedBuiltinCode: int
    customCode: bytes | None
    version: int


class TensorMap(Protocol):
    """A tensor's name in a signature."""

    name: Text
    tensorIndex: int


class SignatureDef(Protocol):
    """A named way into a subgraph."""

    signatureKey: Text
    subgraphIndex: int
    inputs: list[TensorMap] | None
    outputs: list[TensorMap] | None


class MetadataEntry(Protocol):
    """A buffer under a name."""

    name: Text
    buffer: int


class Model(Protocol):
    """A whole file, mutable."""

    version: int
    description: Text
    operatorCodes: list[OperatorCode]
    subgraphs: list[SubGraph]
    buffers: list[Buffer]
    signatureDefs: list[SignatureDef] | None
    metadata: list[MetadataEntry] | None

    def Pack(self, builder: object) -> int:
        """Write it with a flatbuffers builder."""
        ...
