"""One operator of a traced graph, as a rule sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


class NoRewrite(Exception):
    """A rule does not hold for this call: a size or a value is not known, or too large."""


@dataclass(frozen=True, slots=True)
class OperatorCall:
    """What is known of a call before anything runs.

    Attributes:
        type: TensorFlow's raw name, `ResizeBicubic`.
        attributes: By name, as `tf.Operation.get_attr` gives them.
        constants: The value of each operand that is constant, otherwise None.
        shapes: Of each operand, sizes that are not known as None; of complex values, not of pairs.
        paired: Whether an operand is complex, and comes as pairs (see `complex_pairs`).
        protos: The attributes as TensorFlow's messages.
    """

    type: str
    attributes: Mapping[str, Any]
    constants: Sequence[np.ndarray | None]
    shapes: Sequence[tuple[int | None, ...]]
    paired: Sequence[bool] = ()
    protos: Mapping[str, Any] = field(default_factory=dict)

    def constant(self, operand: int) -> np.ndarray:
        """The value of an operand that must be constant.

        Raises:
            NoRewrite: It is not.
        """
        value = self.constants[operand]
        if value is None:
            raise NoRewrite(f"operand {operand} of {self.type} is not constant")
        return value

    def sizes(self, operand: int, *axes: int) -> tuple[int, ...]:
        """The sizes of an operand along these axes, of all axes if none are named.

        Raises:
            NoRewrite: One is not known.
        """
        shape = self.shapes[operand]
        sizes = [shape[axis] for axis in axes] if axes else shape
        known = tuple(size for size in sizes if size is not None)
        if len(known) != len(sizes):
            raise NoRewrite(f"operand {operand} of {self.type} has the shape {shape}")
        return known


# The tensors of a call to its results: one tensor, or a tuple of them.
Rule = Callable[..., Any]
