"""Views of a model's operators, tensors and weights that need no schema knowledge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.core.errors import ModelError
from edgekit.tflite import enums
from edgekit.tflite.read import Model
from edgekit.tflite.source_layers import layer_of, names_a_layer


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorQuantization:
    """`real = scale * (stored - zero_point)`, with one scale or several.

    `per_tensor`: one. `per_channel`: one for each index of `dimension`. `blockwise_N`:
    scales lie in a tensor of their own, one for each N elements; none are listed here.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    dimension: int
    granularity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor of a subgraph. `shape` has -1 where a size is unknown.

    `weight_bytes` is what its constant data takes in the file, 0 for an activation.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: TensorQuantization | None
    buffer: int
    weight_bytes: int
    is_sparse: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether the file holds its values."""
        return self.weight_bytes > 0

    @property
    def scale(self) -> tuple[float, ...]:
        """Its scales; empty for a float tensor."""
        return self.quantization.scale if self.quantization else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator.

    `operands` has its inputs by position, None where an optional one is left out;
    `inputs` has those that are there.
    """

    subgraph: int
    index: int
    name: str
    is_custom: bool
    version: int
    operands: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Any

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The inputs that are there."""
        return tuple(tensor for tensor in self.operands if tensor is not None)

    @property
    def constants(self) -> tuple[Tensor, ...]:
        """Its inputs whose values are in the file: weights, biases, shapes."""
        return tuple(tensor for tensor in self.inputs if tensor.is_constant)

    @property
    def layer(self) -> str:
        """The source layer, from the names of its outputs or else of its weights."""
        for tensor in (*self.outputs, *self.constants):
            if names_a_layer(tensor.name):
                return layer_of(tensor.name)
        return layer_of(self.outputs[0].name) if self.outputs else ""


def tensors(model: Model, subgraph: int = 0) -> tuple[Tensor, ...]:
    """All tensors of a subgraph, in the file's order."""
    return tuple(
        _tensor(model, index, raw) for index, raw in enumerate(model.subgraphs[subgraph].tensors)
    )


def tensor(model: Model, subgraph: int, index: int) -> Tensor:
    """One tensor of a subgraph, as the model is now."""
    return _tensor(model, index, model.subgraphs[subgraph].tensors[index])


def operators(model: Model) -> Iterator[Operator]:
    """Every operator of every subgraph, in the order of execution."""
    # Each name once: a million bytes that name 20,000 operators are one text.
    codes = [(*_code(code), code.version) for code in model.operatorCodes]
    for number, graph in enumerate(model.subgraphs):
        known = tensors(model, number)
        for index, raw in enumerate(graph.operators):
            name, is_custom, version = codes[raw.opcodeIndex]
            yield Operator(
                subgraph=number,
                index=index,
                name=name,
                is_custom=is_custom,
                version=version,
                operands=tuple(known[i] if i >= 0 else None for i in raw.inputs),
                outputs=tuple(known[i] for i in raw.outputs if i >= 0),
                options=raw.builtinOptions or raw.builtinOptions2,
            )


def _code(code: Any) -> tuple[str, bool]:
    name = enums.operators().get(code.builtinCode, "")  # "" of one that no operator has
    is_custom = name == enums.CUSTOM
    return enums.text(code.customCode) if is_custom else name, is_custom


def _tensor(model: Model, index: int, raw: Any) -> Tensor:
    data = model.buffers[raw.buffer].data
    signature = raw.shapeSignature
    dynamic = data is None and signature is not None and len(signature) == len(raw.shape)
    dtype = enums.tensor_types()[raw.type]
    return Tensor(
        index=index,
        name=enums.text(raw.name),
        shape=tuple(int(size) for size in (signature if dynamic else raw.shape)),
        dtype=dtype,
        # Conversion may leave a scale on a float tensor; it means nothing there.
        quantization=_quantization(raw.quantization) if "int" in dtype else None,
        buffer=raw.buffer,
        weight_bytes=0 if data is None else int(data.size),
        is_sparse=raw.sparsity is not None,
    )


def _quantization(raw: Any) -> TensorQuantization | None:
    if raw is None:
        return None
    block_size = getattr(raw.details, "blockSize", 0)
    scale = () if raw.scale is None else tuple(np.asarray(raw.scale, np.float64).tolist())
    if not scale and not block_size:
        return None
    zeros = () if raw.zeroPoint is None else tuple(np.asarray(raw.zeroPoint, np.int64).tolist())
    return TensorQuantization(
        scale=scale,
        zero_point=zeros,
        dimension=int(raw.quantizedDimension),
        granularity=f"blockwise_{block_size}"
        if block_size
        else ("per_channel" if len(scale) > 1 else "per_tensor"),
    )


def values(model: Model, tensor: Tensor) -> np.ndarray | None:
    """A constant tensor's stored values (codes, not real numbers, where quantized).

    int4 and int2 are unpacked to int8, bfloat16 widened to float32.

    Args:
        model: What `read` returned.
        tensor: One of its tensors.

    Returns:
        An array of the tensor's shape, perhaps read-only; None for an activation.

    Raises:
        ModelError: The tensor is sparse, holds strings, or has another type that NumPy
            lacks.
    """
    data = model.buffers[tensor.buffer].data
    if data is None or not data.size:
        return None
    if tensor.is_sparse or tensor.dtype not in enums.BITS or "float8" in tensor.dtype:
        raise ModelError(
            "A tensor must be dense and of numbers, to be read as an array.",
            received=f"tensor {tensor.name!r} of type {tensor.dtype}"
            + (", stored sparse" if tensor.is_sparse else ""),
        )
    flat = _decode(np.asarray(data, dtype=np.uint8), tensor.dtype)
    count = int(np.prod(tensor.shape, dtype=np.int64))
    return flat[:count].reshape(tensor.shape)


def _decode(data: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "bfloat16":
        return (data.view("<u2").astype(np.uint32) << 16).view(np.float32)
    if dtype in ("int4", "uint4", "int2"):
        bits = enums.BITS[dtype]
        shifts = np.arange(0, 8, bits, dtype=np.uint8)  # the lowest bits come first
        codes = ((data[:, None] >> shifts) & ((1 << bits) - 1)).reshape(-1).astype(np.int8)
        if dtype.startswith("u"):
            return codes.view(np.uint8)
        half = np.int8(1 << (bits - 1))
        return (codes ^ half) - half  # two's complement of so many bits
    return data.view(np.dtype(dtype).newbyteorder("<"))
