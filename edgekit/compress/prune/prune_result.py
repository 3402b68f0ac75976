"""What pruning gives back: the model, and what was done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerChange:
    """What pruning did to one layer.

    Attributes:
        name: The layer.
        width: Output channels before and after.
        zeros: Fraction of its kernel that is zero, before and after.
    """

    name: str
    width: tuple[int, int]
    zeros: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pruned:
    """A pruned model, in memory.

    Attributes:
        model: A Keras 3 model; the original is as it was.
        sparsity: The fraction that went: of the channels of all groups that could be pruned, or
            of all weights that could.
        parameters: Of the model, before and after. Single weights that are zero still count.
        macs: Multiply-accumulates of one sample, before and after.
        layers: Those that changed width, or whose kernel has more zeros.
        left_alone: Layers that were not pruned, and why.
        notes: What whoever asked ought to know, one sentence each.
        masks: By layer name, for single weights only: True where the kernel's weight stays, in
            the kernel's shape. Training has to keep the others at zero.
        tried: By candidate, its error on held-out samples; the smallest was taken.
    """

    model: Any
    sparsity: float
    parameters: tuple[int, int]
    macs: tuple[int, int]
    layers: tuple[LayerChange, ...]
    left_alone: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    masks: Mapping[str, np.ndarray] = field(default_factory=dict)
    tried: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        before, after = self.parameters
        return f"<Pruned {self.sparsity:.0%}: {before:,} -> {after:,} parameters>"
