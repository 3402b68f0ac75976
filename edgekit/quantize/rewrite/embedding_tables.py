"""Tables that rows are picked from, in int8 where the rest of a file computes in floats.

The quantizer knows GATHER in static recipes only, so that a text model's dynamic file was its table
and little else. The kernel copies int8 rows as well as float ones, in every runtime since 1.14.
What was picked becomes floats behind it, which costs as much as those rows and not as the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from edgekit import tflite
from edgekit.compat import litert
from edgekit.core.records import Quantization
from edgekit.quantize.rewrite.cast_pairs import pairs
from edgekit.tflite import Model, Operator, Tensor, enums, graph_edits
from edgekit.tflite.quantized_weights import SMALLEST
from edgekit.tflite.schema_objects import Quantization as RawQuantization
from edgekit.tflite.signal import sqnr_db

KEPT = "kept float: its table is small, or also read otherwise, or loses too much in int8"
SCHEMES = ("dynamic", "weight_only")
# Of floats: what a table of fewer gains, two more tensors and an operator take.
_LEAST_BYTES = 4096
# One scale serves all rows; the kernel gives what it picks no other.
_LEAST_DB = 30.0
_LARGEST = 127


def as_int8(
    before: Model,
    after: Model,
    how: Quantization,
    exceptions: Mapping[int, Quantization | None],
) -> int:
    """Store float tables of GATHER in int8 and dequantize the rows that are picked, in place.

    One scale for a table, symmetric: `scale = max(|table|) / 127`. The rows have it too, as the
    kernel demands.

    Args:
        before: The float file.
        after: What the quantizer made of it.
        how: The recipe's.
        exceptions: What single operators of the main graph have instead, by index in the float
            file.

    Returns:
        How many operators pick from such tables now.
    """
    main = tflite.binding(before).subgraph
    meant = {
        (new.subgraph, new.index): new
        for old, new in pairs(before, after)
        if new is not None
        and old.subgraph == main
        and _is_wanted(exceptions.get(old.index, how))
        and _float_table(new) is not None
    }
    done: dict[int, float] = {}
    for table, readers in _tables(after, meant):
        scale = _quantize(after, table)
        if scale is not None:
            done |= {op.index: scale for op in readers}
    for index in sorted(done, reverse=True):  # what is put behind one moves those after it
        _dequantize_behind(after, main, index, done[index])
    return len(done)


def _is_wanted(how: Quantization | None) -> bool:
    return how is not None and how.scheme in SCHEMES


def _float_table(op: Operator) -> Tensor | None:
    table = op.weight if op.name == "GATHER" else None
    fits = table is not None and table.is_constant and table.dtype == "float32"
    return table if fits and table is not None and len(table.shape) >= 2 else None


def _tables(
    model: Model, meant: Mapping[tuple[int, int], Operator]
) -> Iterator[tuple[Tensor, list[Operator]]]:
    """Tables that nothing else reads, with what picks from them."""
    readers: dict[tuple[int, int], list[Operator]] = {}
    for op in tflite.operators(model):
        for tensor in op.constants:
            readers.setdefault((op.subgraph, tensor.index), []).append(op)
    for found in readers.values():
        table = _float_table(found[0])
        if table is None or table.weight_bytes < _LEAST_BYTES:
            continue
        if table.index in model.subgraphs[found[0].subgraph].outputs:
            continue
        if all((op.subgraph, op.index) in meant and _float_table(op) == table for op in found):
            yield table, found


def _quantize(model: Model, table: Tensor) -> float | None:
    """Store a table in int8; its scale, or None where that would lose too much."""
    subgraph = tflite.binding(model).subgraph
    real = tflite.values(model, table)
    if real is None or not np.isfinite(real).all():
        return None
    scale = np.float32(max(float(np.abs(real).max()), SMALLEST) / _LARGEST)
    codes = np.rint(real / scale).astype(np.int8)
    if sqnr_db(real, codes * scale) < _LEAST_DB:
        return None
    raw = model.subgraphs[subgraph].tensors[table.index]
    raw.type, raw.quantization = litert.schema().TensorType.INT8, _of(scale)
    tflite.set_values(model, subgraph, tflite.tensor(model, subgraph, table.index), codes)
    return float(scale)


def _of(scale: np.floating | float) -> RawQuantization:
    """Quantization by one scale and no zero point."""
    quantization: RawQuantization = litert.schema().QuantizationParametersT(
        scale=np.array([scale], np.float32), zeroPoint=np.zeros(1, np.int64)
    )
    return quantization


def _dequantize_behind(model: Model, subgraph: int, index: int, scale: float) -> None:
    graph = model.subgraphs[subgraph]
    picks = graph.operators[index]
    output = int(picks.outputs[0])
    name = enums.text(graph.tensors[output].name)
    rows = graph_edits.add_tensor(graph, like=output, name=f"{name}_quantized")
    graph.tensors[rows].type = litert.schema().TensorType.INT8
    graph.tensors[rows].quantization = _of(scale)
    picks.outputs = [rows]
    graph.operators.insert(index + 1, graph_edits.operator(model, "DEQUANTIZE", [rows], [output]))
