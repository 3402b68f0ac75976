"""A loaded model as one TensorFlow graph with a batch of 1; nothing of it is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edgekit.core.errors import ExportError
from edgekit.core.records import Contract, TensorSpec
from edgekit.frontend.export import (
    export_errors,
    export_graph,
    kept_state,
    lookup_tables,
    text_operators,
)
from edgekit.frontend.export.kept_state import KeptState
from edgekit.frontend.load.loaded import LoadedModel
from edgekit.frontend.trust.allowed_operators import LOWERED

# Sizes that a model of unknown ones is tried with, to see whether they are what it lacks.
_TRIED_SIZES = (64, 224)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A model as one graph with a batch of 1; nothing of it was run.

    A signature's names pass through Python arguments: `inputs` and `outputs` map names that are
    safe there to the records of the model's own. `state` is what it keeps from call to call; where
    that is among the inputs, `keeping` is the model as it was loaded, which keeps it.
    """

    loaded: LoadedModel
    function: Any
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    tables: Sequence[Any] = ()
    state: KeptState | None = None
    keeping: LoadedModel | None = None

    @property
    def trackable(self) -> Any:
        """What holds all variables and tables of the function, for the converter."""
        import tensorflow as tf

        if self.state is None and not self.tables:
            return self.loaded.trackable
        holder = tf.Module()
        holder.held = [self.loaded.trackable, *self.tables, *self.function.variables]
        return holder

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the graph."""
        if self.state is None or self.keeping is not None:
            return ()
        return (kept_state.note(self.loaded),)

    def needs_tensorflow(self) -> bool:
        """Whether it holds operators that TFLite may lack; most often the export folds them."""
        return any(node.type not in LOWERED for node in export_errors.nodes(self.function.graph))


def trace(loaded: LoadedModel, contract: Contract) -> Traced:
    """The graph of `loaded` with the input shapes of `contract`.

    Raises:
        ExportError: The model cannot be traced, ends with text, or keeps the state of many streams.
    """
    inputs = {f"input_{i}": spec for i, spec in enumerate(contract.inputs)}
    outputs = {f"output_{i}": spec for i, spec in enumerate(loaded.outputs)}
    export_graph.use_plain_recurrence(loaded)
    kept_state.refuse_many_streams(loaded)
    try:
        with lookup_tables.traceable(lookup_tables.tables(loaded)) as tables:
            function = _function(loaded, inputs, outputs)
    except Exception as error:  # the model's own code runs here: anything may happen
        raise ExportError(
            "TensorFlow could not trace the model with a batch of 1.",
            received=export_errors.last_words(error),
            hint=_sizes_that_work(loaded, inputs, outputs)
            or "call the model on one sample in Keras, inside tf.function: the same error shows "
            "there.",
        ) from error
    text_operators.refuse_text_outputs(
        {spec.name: function.structured_outputs[safe].dtype.name for safe, spec in outputs.items()}
    )
    return Traced(
        loaded=loaded,
        function=function,
        inputs=inputs,
        outputs=outputs,
        tables=tables,
        state=kept_state.kept_state(function),
    )


def _function(
    loaded: LoadedModel, inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
) -> Any:
    """The concrete function, of tensors by their safe names."""
    import tensorflow as tf

    def serve(**tensors: Any) -> dict[str, Any]:
        results = loaded.call({spec.name: tensors[safe] for safe, spec in inputs.items()})
        # An identity keeps an output apart from an input or another output it may equal.
        return {safe: tf.identity(results[spec.name], name=safe) for safe, spec in outputs.items()}

    specs = {
        safe: tf.TensorSpec([None if s < 0 else s for s in spec.shape], spec.dtype, name=safe)
        for safe, spec in inputs.items()
    }
    return tf.function(serve, autograph=False).get_concrete_function(**specs)


def _sizes_that_work(
    loaded: LoadedModel, inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
) -> str | None:
    """The hint to fix unknown sizes, where the model can be traced with some."""
    if not any(-1 in spec.shape for spec in inputs.values()):
        return None
    for size in _TRIED_SIZES:
        fixed = {
            safe: replace(spec, shape=tuple(size if s < 0 else s for s in spec.shape))
            for safe, spec in inputs.items()
        }
        if not _is_traced(loaded, fixed, outputs):
            continue
        shapes = [
            f"--input-shape {spec.name}={','.join(map(str, spec.shape))}"
            for spec, was in zip(fixed.values(), inputs.values(), strict=True)
            if spec.shape != was.shape
        ]
        return f"fix the unknown sizes, as in {' '.join(shapes)}."
    return None


def _is_traced(
    loaded: LoadedModel, inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
) -> bool:
    try:
        function = _function(loaded, inputs, outputs)
    except Exception:  # the model's own code, as in `trace`
        function = None
    return function is not None
