"""Views of a model's operators, tensors and weights that need no schema knowledge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from edgekit.tflite import enums, operator_facts
from edgekit.tflite.operator_facts import OperatorFacts
from edgekit.tflite.schema_objects import Model, OperatorCode, Options, Quantization, RawTensor
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

    `weight_bytes` is what its constant data takes in the file, 0 for an activation. A variable is
    a state that its operator keeps from call to call, as an LSTM's; it begins as zeros.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: TensorQuantization | None
    buffer: int
    weight_bytes: int
    is_sparse: bool = False
    is_variable: bool = False

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
    options: Options

    @property
    def facts(self) -> OperatorFacts:
        """What holds of this operator in every model."""
        return operator_facts.of(self.name)

    def operand(self, place: int | None) -> Tensor | None:
        """The input at a place; None where it has none there."""
        return self.operands[place] if place is not None and place < len(self.operands) else None

    @property
    def weight(self) -> Tensor | None:
        """Its weights, or what stands in their place; None of operators with none or several."""
        return self.operand(self.facts.weight)

    @property
    def bias(self) -> Tensor | None:
        """Its bias."""
        return self.operand(self.facts.bias)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The inputs that are there."""
        return tuple(tensor for tensor in self.operands if tensor is not None)

    @property
    def activations(self) -> tuple[Tensor, ...]:
        """Its inputs that other operators or the app give, each once: no constants, no state."""
        moving = {t.index: t for t in self.inputs if not (t.is_constant or t.is_variable)}
        return tuple(moving.values())

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


def shared_constants(operators: Iterable[Operator]) -> frozenset[int]:
    """Constants that are read in several places, by index: what suits one does not suit all."""
    readers = Counter(tensor.index for op in operators for tensor in op.constants)
    return frozenset(index for index, count in readers.items() if count > 1)


def _code(code: OperatorCode) -> tuple[str, bool]:
    name = enums.operators().get(code.builtinCode, "")  # "" of one that no operator has
    is_custom = name == enums.CUSTOM
    return enums.text(code.customCode) if is_custom else name, is_custom


def _tensor(model: Model, index: int, raw: RawTensor) -> Tensor:
    data = model.buffers[raw.buffer].data
    signature = raw.shapeSignature
    if data is not None or signature is None or len(signature) != len(raw.shape):
        signature = raw.shape
    dtype = enums.tensor_types()[raw.type]
    return Tensor(
        index=index,
        name=enums.text(raw.name),
        shape=tuple(int(size) for size in signature),
        dtype=dtype,
        # Conversion may leave a scale on a float tensor; it means nothing there.
        quantization=_quantization(raw.quantization) if "int" in dtype else None,
        buffer=raw.buffer,
        weight_bytes=0 if data is None else int(data.size),
        is_sparse=raw.sparsity is not None,
        is_variable=bool(raw.isVariable),
    )


def _quantization(raw: Quantization | None) -> TensorQuantization | None:
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
