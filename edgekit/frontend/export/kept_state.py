"""Variables that a model changes while it runs: what `LSTM(stateful=True)` carries on.

The file has them as variables of its own (VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE), which
start with the values that they have here: zeros, after a reset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.core.errors import ExportError
from edgekit.frontend.export.export_errors import nodes
from edgekit.frontend.load.loaded import LoadedModel


@dataclass(frozen=True, slots=True, eq=False)
class KeptState:
    """The variables, and what they hold before the first call."""

    variables: tuple[Any, ...]
    initial: tuple[np.ndarray, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What TensorFlow calls the variables."""
        return tuple(variable.name for variable in self.variables)

    def reset(self) -> None:
        """Put all of them back to where they were before the first call."""
        for variable, value in zip(self.variables, self.initial, strict=True):
            variable.assign(value)


def kept_state(function: Any) -> KeptState | None:
    """What a traced function assigns to; None where it changes nothing.

    Args:
        function: A concrete function that has not run.
    """
    assigns = [node for node in nodes(function.graph) if node.type.startswith("Assign")]
    if not assigns:
        return None
    outer = {id(inner): handle for handle, inner in function.graph.captures}
    handles = [outer.get(id(node.inputs[0])) for node in assigns]
    variables = [v for v in function.variables if any(v.handle is handle for handle in handles)]
    if None in handles:  # within a function that is called: any of them may change
        variables = list(function.variables)
    return KeptState(tuple(variables), tuple(variable.numpy() for variable in variables))


def stateful_layers(loaded: LoadedModel) -> list[str]:
    """The names of the layers that were made with `stateful=True`."""
    if loaded.model is None:
        return []
    pending, found = list(loaded.model.layers), []
    while pending:
        layer = pending.pop(0)
        below = list(getattr(layer, "layers", None) or ())
        pending += below
        if getattr(layer, "stateful", False) and not below:
            found.append(str(layer.name))
    return found


def refuse_many_streams(loaded: LoadedModel) -> None:
    """Refuse a stateful model whose batch is fixed at more than 1.

    Raises:
        ExportError: It is such.
    """
    batches = {spec.shape[0] for spec in loaded.inputs if spec.shape}
    names = stateful_layers(loaded)
    if names and max(batches, default=-1) > 1:
        raise ExportError(
            "A model with stateful=True must have a batch of 1: an app feeds one stream.",
            received=f"a batch of {max(batches)}, in layer {_listed(names)}",
            hint="build it again with keras.Input(batch_shape=(1, ...)), and take the weights "
            "over: new.set_weights(old.get_weights()).",
        )


def note(loaded: LoadedModel) -> str:
    """What is to be said of a file that keeps state."""
    names = stateful_layers(loaded)
    who = f"layer {_listed(names)} keeps" if names else "the model keeps"
    return (
        f"{who} state from call to call: samples run in their order as one sequence, from a fresh "
        "start; in an app only a new interpreter starts afresh."
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
