"""What may be left to floats: islands of operators without weights, and those with weights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgekit import tflite
from edgekit.core.records import LayerError, Quantization
from edgekit.quantize.rewrite import check_applied
from edgekit.tflite import Model, Operator, signal

# An operator makes most of the noise of its island together with others of no smaller part.
_HARMFUL = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Island:
    """Neighbours without weights, as far as tensors join them, or one operator with weights.

    Attributes:
        operators: Their indices in the main graph of the float file, in order.
        weighted: Whether it has weights, which stay integers.
        harmful: Those of them that make most of the noise.
        noise: What their errors alone do to the worst channel: noise over signal, summed.
    """

    operators: tuple[int, ...]
    harmful: tuple[int, ...]
    weighted: bool
    noise: float


def islands(
    model: Model, how: Quantization, errors: Sequence[LayerError], fixed: Mapping[int, object]
) -> list[Island]:
    """Those that do harm, the worst first.

    Args:
        model: The float file.
        how: A static quantization.
        errors: By `diagnose.layer_errors`, with what they do to the outputs.
        fixed: Operators that were asked for by hand: not to be changed.
    """
    noise = {error.tensor: _noise(error) for error in errors}
    operators = [op for op in tflite.main_operators(model) if not op.facts.has_bodies]
    joined = _Joined([op.index for op in operators if not has_weights(op)])
    makers = {tensor.index: op.index for op in operators for tensor in op.outputs}
    for op in operators:
        for tensor in op.inputs:
            joined.join(op.index, makers.get(tensor.index, -1))
    by_root: dict[int, list[Operator]] = defaultdict(list)
    for op in operators:
        by_root[joined.root(op.index)].append(op)
    found = [
        _island(members, noise)
        for members in by_root.values()
        if not any(op.index in fixed for op in members)
        and any(check_applied.treats(op, how) for op in members)
    ]
    return sorted(
        (one for one in found if one.noise > 0), key=lambda one: (-one.noise, one.operators)
    )


def has_weights(op: Operator) -> bool:
    """Whether it multiplies by a matrix of constants, or looks rows of one up."""
    return op.facts.has_weights and any(
        tensor.dtype == "float32" and len(tensor.shape) >= 2 for tensor in op.constants
    )


def _island(members: Sequence[Operator], noise: Mapping[str, float]) -> Island:
    alone = {op.index: sum(noise.get(t.name, 0.0) for t in op.outputs) for op in members}
    total = sum(alone.values())
    return Island(
        operators=tuple(alone),
        harmful=tuple(index for index, value in alone.items() if value > _HARMFUL * total),
        weighted=has_weights(members[0]),
        noise=total,
    )


def _noise(error: LayerError) -> float:
    # Lost is lost: an operator that drowns the outputs is not worse than one that fills them.
    sqnr = error.output_sqnr_db
    return 0.0 if sqnr is None else min(1.0, signal.noise_to_signal(sqnr))


class _Joined:
    """Indices that were joined have one root; others are their own."""

    def __init__(self, indices: Sequence[int]) -> None:
        self._above = {index: index for index in indices}

    def root(self, index: int) -> int:
        while self._above.get(index, index) != index:
            index = self._above[index]
        return index

    def join(self, one: int, other: int) -> None:
        if one in self._above and other in self._above:
            first, second = sorted((self.root(one), self.root(other)))
            self._above[second] = first
