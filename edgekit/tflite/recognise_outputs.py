"""What the outputs of a graph are, as far as their last operators leave no doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby

from edgekit.core.output_kinds import Columns, OutputKind, recognised
from edgekit.core.records import Contract, TensorSpec
from edgekit.tflite.graph import Operator, Tensor
from edgekit.tflite.schema_objects import Model
from edgekit.tflite.signature import binding, main_operators

# They change neither what a value is nor which column it stands in.
_PASSING = frozenset(("QUANTIZE", "DEQUANTIZE", "RESHAPE"))
_BOX_WIDTH = 4
_Makers = Mapping[int, Operator]


def with_kinds(contract: Contract, model: Model) -> Contract:
    """The contract with the kinds that a graph tells; what is stated already stays.

    Args:
        contract: Names, shapes, labels and activations.
        model: The file that it describes.
    """
    places = binding(model).outputs
    makers = {tensor.index: op for op in main_operators(model) for tensor in op.outputs}
    return replace(
        contract,
        outputs=tuple(
            spec
            if spec.kind or spec.columns or spec.name not in places
            else _with_kind(spec, makers.get(places[spec.name]), makers)
            for spec in contract.outputs
        ),
    )


def _with_kind(spec: TensorSpec, maker: Operator | None, makers: _Makers) -> TensorSpec:
    parts = _columns(spec, maker, makers)
    if parts:
        return replace(spec, columns=parts)
    kind = recognised(
        spec.shape,
        spec.dtype,
        quantized=bool(spec.scale),
        activation=spec.activation or _activation(maker, spec.shape[-1:], makers),
        labelled=bool(spec.labels),
    )
    return replace(spec, kind=kind)


def _activation(maker: Operator | None, width: tuple[int, ...], makers: _Makers) -> str | None:
    """What the operator behind casts and reshapes of the same last axis computes."""
    while maker is not None and maker.name in _PASSING:
        source = maker.inputs[0]
        if source.shape[-1:] != width:
            return None
        maker = makers.get(source.index)
    return maker.facts.output_activation if maker is not None else None


def _columns(spec: TensorSpec, maker: Operator | None, makers: _Makers) -> tuple[Columns, ...]:
    """The parts that a concatenation along the last axis joins, where some of them decide.

    Of detections, rows of a tensor of three axes: scores, and the four other columns are boxes.
    """
    while maker is not None and maker.name in _PASSING:
        maker = makers.get(maker.inputs[0].index)
    if maker is None or maker.name != "CONCATENATION" or len(spec.shape) != 3:
        return ()
    parts = [tensor for tensor in maker.inputs if not tensor.is_constant]
    if len(parts) < 2 or sum(part.shape[-1] for part in parts) != spec.shape[-1]:
        return ()
    return _merged([(_part_kind(part, makers), part.shape[-1]) for part in parts])


def _part_kind(part: Tensor, makers: _Makers) -> OutputKind:
    decides = _activation(makers.get(part.index), part.shape[-1:], makers)
    return "scores" if decides else "values"


def _merged(parts: list[tuple[OutputKind, int]]) -> tuple[Columns, ...]:
    """Neighbours of one kind as one; none where all are of one, or a kind would stand twice."""
    found = []
    start = 0
    for kind, some in groupby(parts, key=lambda part: part[0]):
        stop = start + sum(width for _, width in some)
        named: OutputKind = "boxes" if kind == "values" and stop - start == _BOX_WIDTH else kind
        found.append(Columns(kind=named, start=start, stop=stop))
        start = stop
    kinds = [one.kind for one in found]
    return tuple(found) if len(found) > 1 and len(set(kinds)) == len(kinds) else ()
