"""A model's inputs and outputs by the names that apps use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgekit.compat import litert
from edgekit.core.errors import ModelError
from edgekit.core.records import Contract, TensorSpec
from edgekit.tflite import enums, graph
from edgekit.tflite.graph import Operator, operators
from edgekit.tflite.read import read
from edgekit.tflite.schema_objects import Model

DEFAULT = "serving_default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Names bound to tensor indices of one subgraph. `key` is "" without a signature."""

    key: str
    subgraph: int
    inputs: dict[str, int]
    outputs: dict[str, int]


def binding(model: Model) -> Binding:
    """The names of the only signature, or of `serving_default` where there are several.

    A file without a signature is bound by its tensors' names.

    Raises:
        ModelError: Several signatures and none is `serving_default`, or two inputs (or
            outputs) share a name.
    """
    signatures = [s for s in model.signatureDefs or [] if s.inputs or s.outputs]
    if not signatures:
        main = model.subgraphs[0]
        return Binding(
            key="",
            subgraph=0,
            inputs=_unique([(main.tensors[i].name, i) for i in main.inputs], "inputs"),
            outputs=_unique([(main.tensors[i].name, i) for i in main.outputs], "outputs"),
        )
    keys = [enums.text(s.signatureKey) for s in signatures]
    if len(signatures) > 1 and DEFAULT not in keys:
        raise ModelError(
            f"One of several signatures must be named {DEFAULT}.",
            received=", ".join(keys),
            hint=f"edgekit convert --signature {keys[0]} makes files of that one alone.",
        )
    chosen = keys.index(DEFAULT) if DEFAULT in keys else 0
    signature = signatures[chosen]
    return Binding(
        key=keys[chosen],
        subgraph=signature.subgraphIndex,
        inputs=_unique([(e.name, e.tensorIndex) for e in signature.inputs or []], "inputs"),
        outputs=_unique([(e.name, e.tensorIndex) for e in signature.outputs or []], "outputs"),
    )


def main_operators(model: Model) -> tuple[Operator, ...]:
    """The operators of the graph that `binding` names, in the order of execution."""
    main = binding(model).subgraph
    return tuple(op for op in operators(model) if op.subgraph == main)


def ensure_signature(model: Model) -> None:
    """Give a file without a signature one, `serving_default`, of its tensors' names.

    In place. A file that has a signature stays as it is.

    Raises:
        ModelError: Two inputs (or outputs) share a name.
    """
    names = binding(model)
    if not names.key:
        sign(model, names.inputs, names.outputs, names.subgraph)


def sign(
    model: Model, inputs: Mapping[str, int], outputs: Mapping[str, int], subgraph: int = 0
) -> None:
    """Make `serving_default` the only signature, in place: names to indices of tensors."""
    generated = litert.schema()

    def entries(named: Mapping[str, int]) -> list[object]:
        return [
            generated.TensorMapT(name=name.encode(), tensorIndex=index)
            for name, index in named.items()
        ]

    model.signatureDefs = [
        generated.SignatureDefT(
            inputs=entries(inputs),
            outputs=entries(outputs),
            signatureKey=DEFAULT.encode(),
            subgraphIndex=subgraph,
        )
    ]


def _unique(pairs: list[tuple[bytes | str | None, int]], what: str) -> dict[str, int]:
    named = {enums.text(name): index for name, index in pairs}
    if len(named) != len(pairs):
        raise ModelError(
            f"The model's {what} must have names that differ.",
            received=", ".join(enums.text(name) for name, _ in pairs),
            hint="export the model with a named signature.",
        )
    return named


def contract(source: Model | Path | bytes) -> Contract:
    """Inputs and outputs by signature name, as the file states them.

    Preprocessing, labels and activations are not in here: the project file adds them.

    Args:
        source: What `read` returned, a path, or the file's bytes.

    Raises:
        ModelError: The file cannot be read, or its names are ambiguous (see `binding`).
    """
    model = read(source) if isinstance(source, (Path, bytes)) else source
    names = binding(model)
    known = graph.tensors(model, names.subgraph)
    return Contract(
        inputs=tuple(_spec(name, known[index]) for name, index in names.inputs.items()),
        outputs=tuple(_spec(name, known[index]) for name, index in names.outputs.items()),
        kept_state=kept_state(model),
    )


def kept_state(model: Model) -> tuple[str, ...]:
    """The variables that a file keeps from call to call, by the names that it gives them.

    An LSTM operator's own state is none of them: every runtime can reset that.
    """
    return tuple(
        dict.fromkeys(
            enums.text(model.subgraphs[op.subgraph].operators[op.index].builtinOptions.sharedName)
            for op in graph.operators(model)
            if op.name == "VAR_HANDLE"
        )
    )


def _spec(name: str, tensor: graph.Tensor) -> TensorSpec:
    quantization = tensor.quantization
    if quantization is None:
        return TensorSpec(name=name, shape=tensor.shape, dtype=tensor.dtype)
    return TensorSpec(
        name=name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        scale=quantization.scale,
        zero_point=quantization.zero_point,
        quantized_dimension=quantization.dimension,
    )
