"""Which operator of a quantized file is which of its float file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edgekit.tflite import Model, Operator, Tensor, operators


def pairs(before: Model, after: Model) -> Iterator[tuple[Operator, Operator | None]]:
    """Each operator with what became of it; None where it went away.

    A quantizer inserts casts and keeps the order of the rest. Where it did more than
    that, operators are joined by the name of what they give.
    """
    old = [op for op in operators(before) if not op.facts.is_cast]
    new = [op for op in operators(after) if not op.facts.is_cast]
    if [(op.subgraph, op.name) for op in old] == [(op.subgraph, op.name) for op in new]:
        yield from zip(old, new, strict=True)
        return
    by_output = {(op.subgraph, tensor.name): op for op in new for tensor in op.outputs}
    for op in old:
        name = op.outputs[0].name if op.outputs else ""
        yield op, by_output.get((op.subgraph, name))


def producers(model: Model) -> dict[tuple[int, int], Operator]:
    """Which operator gives each (subgraph, tensor index)."""
    return {(op.subgraph, tensor.index): op for op in operators(model) for tensor in op.outputs}


def behind_casts(
    op: Operator, tensor: Tensor, made_by: Mapping[tuple[int, int], Operator]
) -> tuple[Tensor, Operator | None]:
    """The tensor that a cast before `op` reads, with that cast; else `tensor` itself and None."""
    maker = made_by.get((op.subgraph, tensor.index))
    if maker is not None and maker.name in ("DEQUANTIZE", "CAST") and maker.inputs:
        return maker.inputs[0], maker
    return tensor, None
