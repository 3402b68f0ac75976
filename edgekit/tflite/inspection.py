"""All that a `.tflite` file tells without being run."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edgekit.core import serde
from edgekit.core.errors import ModelError
from edgekit.core.records import TensorSpec
from edgekit.tflite import enums, graph, metadata, versions
from edgekit.tflite.oldest_runtimes import oldest
from edgekit.tflite.read import read
from edgekit.tflite.schema_objects import Model
from edgekit.tflite.signature import contract

LARGEST_WEIGHTS = 10
_FLEX = "Flex"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCount:
    """Operators of one kind and version. `weight_bytes` counts a shared weight once."""

    name: str
    version: int
    count: int
    weight_bytes: int
    oldest_runtime: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One constant tensor, with the layer and the operator that use it."""

    name: str
    layer: str
    operator: str
    shape: tuple[int, ...]
    dtype: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedTensor:
    """How one tensor is quantized.

    `granularity` is `per_tensor`, `per_channel` or `blockwise_N`; `zero_points` holds the
    different ones, in order.
    """

    name: str
    dtype: str
    num_scales: int
    zero_points: tuple[int, ...]
    granularity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A named way into the file, with the names it takes and gives."""

    key: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a `.tflite` file is.

    `compressed_bytes` is the whole file under zlib at level 9: about what it adds to a
    download. `stated_runtime` is what the file says it needs, `oldest_runtime` what its
    operators' versions say, `needed_runtime` what they should say by their types: a file
    with a newer `needed_runtime` may load in an older one and compute garbage there.
    """

    path: str
    sha256: str
    size_bytes: int
    compressed_bytes: int
    description: str
    stated_runtime: str
    oldest_runtime: str
    needed_runtime: str
    signatures: tuple[Signature, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    operators: tuple[OperatorCount, ...]
    weight_bytes: int
    largest_weights: tuple[Weight, ...]
    quantized: tuple[QuantizedTensor, ...]
    flex_operators: dict[str, int]
    custom_operators: dict[str, int]
    num_subgraphs: int
    is_batch_static: bool
    notes: tuple[str, ...]


def inspect(path: Path) -> Inspection:
    """Look into a file.

    Raises:
        ModelError: It cannot be read (see `read`).
    """
    model = read(path)
    operators = list(graph.operators(model))
    all_tensors = [
        tensor for n in range(len(model.subgraphs)) for tensor in graph.tensors(model, n)
    ]
    inputs, outputs, notes = _interface(model)
    stated, oldest_runtime = versions.stated_runtime(model), versions.oldest_runtime(model)
    flex = _count(op.name for op in operators if op.is_custom and op.name.startswith(_FLEX))
    custom = _count(op.name for op in operators if op.is_custom and op.name not in flex)
    counts, weights = _operators(operators), _weights(operators)
    versions.set_versions(model)  # the last use of the model: it changes it
    needed = versions.oldest_runtime(model)
    content = path.read_bytes()
    return Inspection(
        path=str(path),
        sha256=serde.sha256(path),
        size_bytes=len(content),
        compressed_bytes=len(zlib.compress(content, 9)),
        description=_description(model),
        stated_runtime=stated,
        oldest_runtime=oldest_runtime,
        needed_runtime=needed,
        signatures=_signatures(model),
        inputs=inputs,
        outputs=outputs,
        operators=counts,
        weight_bytes=sum({t.buffer: t.weight_bytes for t in all_tensors}.values()),
        largest_weights=weights[:LARGEST_WEIGHTS],
        quantized=tuple(_quantized(tensor) for tensor in all_tensors if tensor.quantization),
        flex_operators=flex,
        custom_operators=custom,
        num_subgraphs=len(model.subgraphs),
        is_batch_static=all(spec.shape[:1] != (-1,) for spec in (*inputs, *outputs)),
        notes=(*notes, *_runtime_notes(stated, oldest_runtime, needed)),
    )


def _interface(
    model: Model,
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...], tuple[str, ...]]:
    try:
        interface = contract(model)
    except ModelError as error:
        # Several signatures are a reason not to bind the file, not a reason not to look.
        return (), (), (f"inputs and outputs are ambiguous: {error.rule} {error.received}",)
    return interface.inputs, interface.outputs, ()


def _runtime_notes(stated: str, oldest_runtime: str, needed: str) -> list[str]:
    notes = []
    if stated and stated != oldest_runtime:
        notes.append(
            f"the file states that it needs runtime {stated}; its operators' versions need "
            f"{oldest_runtime}"
        )
    if versions.parts(needed) > versions.parts(oldest_runtime):
        notes.append(
            f"some operators state versions older than their types need: a runtime before "
            f"{needed} may load the file and compute garbage"
        )
    return notes


def _description(model: Model) -> str:
    entries = (e for e in model.metadata or [] if enums.text(e.name) == metadata.NAME)
    first = next(entries, None)
    data = None if first is None else model.buffers[first.buffer].data
    parsed = None if data is None else metadata.parse(bytes(data))
    return (parsed.description if parsed else "") or enums.text(model.description)


def _signatures(model: Model) -> tuple[Signature, ...]:
    return tuple(
        Signature(
            key=enums.text(signature.signatureKey),
            inputs=tuple(enums.text(entry.name) for entry in signature.inputs or []),
            outputs=tuple(enums.text(entry.name) for entry in signature.outputs or []),
        )
        for signature in model.signatureDefs or []
    )


def _operators(operators: list[graph.Operator]) -> tuple[OperatorCount, ...]:
    """By kind and version, the heaviest weights first."""
    counts: dict[tuple[str, int], int] = {}
    sizes: dict[tuple[str, int], int] = {}
    runtimes: dict[tuple[str, int], str] = {}
    seen: set[int] = set()
    for op in operators:
        key = (op.name, op.version)
        counts[key] = counts.get(key, 0) + 1
        runtimes[key] = "" if op.is_custom else oldest(op.name, op.version)
        for tensor in op.constants:
            if tensor.buffer not in seen:
                seen.add(tensor.buffer)
                sizes[key] = sizes.get(key, 0) + tensor.weight_bytes
    return tuple(
        OperatorCount(
            name=name,
            version=version,
            count=counts[name, version],
            weight_bytes=sizes.get((name, version), 0),
            oldest_runtime=runtimes[name, version],
        )
        for name, version in sorted(counts, key=lambda key: (-sizes.get(key, 0), key))
    )


def _weights(operators: list[graph.Operator]) -> tuple[Weight, ...]:
    weights: dict[int, Weight] = {}
    for op in operators:
        layer = op.layer
        for tensor in op.constants:
            if tensor.buffer not in weights:
                weights[tensor.buffer] = Weight(
                    name=tensor.name,
                    layer=layer,
                    operator=op.name,
                    shape=tensor.shape,
                    dtype=tensor.dtype,
                    size_bytes=tensor.weight_bytes,
                )
    return tuple(sorted(weights.values(), key=lambda weight: (-weight.size_bytes, weight.name)))


def _quantized(tensor: graph.Tensor) -> QuantizedTensor:
    how = tensor.quantization
    assert how is not None  # the caller chose the tensors that have one
    return QuantizedTensor(
        name=tensor.name,
        dtype=tensor.dtype,
        num_scales=len(how.scale),
        zero_points=tuple(sorted(set(how.zero_point))),
        granularity=how.granularity,
    )


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
