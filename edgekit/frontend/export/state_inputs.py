"""State as inputs and outputs, where `edgekit.toml` says `[state] kind = "inputs"`.

The app then feeds what the call before gave, and zeros at the start. Such a file keeps nothing:
every sample stands by itself, and every runtime, recipe and bundle takes it as any other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from edgekit.core.errors import ExportError, ProjectError
from edgekit.core.records import TensorSpec
from edgekit.data.draw import Drawn
from edgekit.data.samples import Samples
from edgekit.frontend.export.kept_state import KeptState
from edgekit.frontend.load.loaded import LoadedModel, tensor_spec


def state_inputs(state: KeptState) -> tuple[TensorSpec, ...]:
    """An input for each variable, named after its layer: `lstm_state_0`, `gru_state`."""
    layers = ["_".join(name.split(":")[0].split("/")[:-1]) or "model" for name in state.names]
    count, seen = Counter(layers), Counter[str]()
    specs = []
    for layer, variable in zip(layers, state.variables, strict=True):
        number = f"_{seen[layer]}" if count[layer] > 1 else ""
        seen[layer] += 1
        specs.append(tensor_spec(f"{layer}_state{number}", variable.shape, variable.dtype))
    return tuple(specs)


def with_state_inputs(loaded: LoadedModel, state: KeptState | None) -> LoadedModel:
    """The model with its state as inputs, and as outputs `new_NAME` that feed them.

    Raises:
        ProjectError: It keeps no state.
        ExportError: Its state starts with other values than zeros, which no app would know.
    """
    if state is None:
        raise ProjectError(
            '[state] kind = "inputs" must be of a model that keeps state.',
            received=f"{loaded.name}, which changes no variable while it runs",
            hint="leave [state] out.",
        )
    if any(value.any() for value in state.initial):
        raise ExportError(
            "State that is an input must start with zeros.",
            received=f"{loaded.name}, saved with other values in {', '.join(state.names)}",
            hint="call reset_states() on it before saving; or leave [state] out of edgekit.toml.",
        )
    states = state_inputs(state)
    fed = tuple(
        replace(spec, name=f"new_{spec.name}", feeds=spec.name, kind="values") for spec in states
    )

    def call(values: dict[str, Any]) -> dict[str, Any]:
        for spec, variable in zip(states, state.variables, strict=True):
            variable.assign(values[spec.name])
        results = loaded.call({spec.name: values[spec.name] for spec in loaded.inputs})
        kept = [variable.read_value() for variable in state.variables]
        return results | {spec.name: value for spec, value in zip(fed, kept, strict=True)}

    return replace(
        loaded,
        inputs=(*loaded.inputs, *states),
        outputs=(*loaded.outputs, *fed),
        call=call,
        reset=None,
    )


def fill(drawn: Drawn, loaded: LoadedModel, state: KeptState) -> Drawn:
    """Samples with the state that each begins with, where all before it have run.

    Args:
        drawn: Samples without state, as sequences.
        loaded: The model that keeps it.
        state: Its variables.
    """
    import tensorflow as tf

    call = tf.function(loaded.call)

    def filled(samples: Samples) -> Samples:
        state.reset()
        rows: dict[str, list[np.ndarray]] = {spec.name: [] for spec in state_inputs(state)}
        for sample in range(len(samples)):
            for values, variable in zip(rows.values(), state.variables, strict=True):
                values.append(variable.numpy()[0])
            given = {spec.name: samples.inputs[spec.name] for spec in loaded.inputs}
            call(
                {
                    spec.name: tf.constant(given[spec.name][sample : sample + 1], spec.dtype)
                    for spec in loaded.inputs
                }
            )
        states = {name: np.stack(values) for name, values in rows.items()}
        return replace(samples, inputs=samples.inputs | states, is_sequence=False)

    return replace(
        drawn,
        golden=filled(drawn.golden),
        calibration=drawn.calibration and filled(drawn.calibration),
        training=drawn.training and filled(drawn.training),
        labelled=drawn.labelled and filled(drawn.labelled),
    )
