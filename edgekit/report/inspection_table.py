"""The terminal's view of one `.tflite`."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from edgekit.core.records import Delegation, TensorSpec
from edgekit.report.terminal import bytes_text, console
from edgekit.tflite import Inspection


def show(found: Inspection, delegation: Delegation) -> None:
    """Print all there is to see."""
    out = console()
    out.print(f"{found.path}: {found.description or 'no description'}", highlight=False)
    out.print(
        f"{bytes_text(found.size_bytes)}, compressed {bytes_text(found.compressed_bytes)}, weights "
        f"{bytes_text(found.weight_bytes)}; oldest runtime {found.needed_runtime or 'unknown'}",
        highlight=False,
    )
    out.print(_delegation(delegation), highlight=False)
    for note in found.notes:
        out.print(f"Note: {note}", highlight=False)
    out.print(_tensors(found))
    out.print(_operators(found))
    _weights(found, out)


def _delegation(how: Delegation) -> str:
    if how.failure is not None:
        return f"{how.runtime} cannot prepare it: {how.failure}"
    return (
        f"{how.runtime}: {how.num_ops} operators, {how.partitions} "
        f"partition{'' if how.partitions == 1 else 's'} in accelerated kernels"
    )


def _tensors(found: Inspection) -> Table:
    table = Table(title="inputs and outputs")
    for head in ("", "name", "shape", "type", "scale", "zero point"):
        table.add_column(head, overflow="fold")
    for side, specs in (("in", found.inputs), ("out", found.outputs)):
        for spec in specs:
            table.add_row(side, spec.name, _shape(spec), spec.dtype, *_quantization(spec))
    return table


def _shape(spec: TensorSpec) -> str:
    return "x".join("?" if size < 0 else str(size) for size in spec.shape) or "scalar"


def _quantization(spec: TensorSpec) -> tuple[str, str]:
    if not spec.scale:
        return "-", "-"
    return f"{spec.scale[0]:.6g}", str(spec.zero_point[0] if spec.zero_point else 0)


def _operators(found: Inspection) -> Table:
    table = Table(title="operators")
    for head in ("operator", "version", "count", "weights", "oldest runtime"):
        table.add_column(head, justify="left" if head == "operator" else "right")
    for op in found.operators:
        table.add_row(
            op.name,
            str(op.version),
            str(op.count),
            bytes_text(op.weight_bytes),
            op.oldest_runtime or "-",
        )
    return table


def _weights(found: Inspection, out: Console) -> None:
    table = Table(title="largest weights")
    for head in ("layer", "operator", "shape", "type", "size"):
        table.add_column(head, overflow="fold")
    for weight in found.largest_weights:
        table.add_row(
            weight.layer,
            weight.operator,
            "x".join(map(str, weight.shape)),
            weight.dtype,
            bytes_text(weight.size_bytes),
        )
    if found.largest_weights:
        out.print(table)
    quantized: dict[tuple[str, str], int] = {}
    for tensor in found.quantized:
        key = (tensor.dtype, tensor.granularity)
        quantized[key] = quantized.get(key, 0) + 1
    for (dtype, granularity), count in sorted(quantized.items()):
        out.print(f"{count} tensors are {dtype}, {granularity}", highlight=False)
