"""A Keras model to one float `.tflite`, once. Every variant derives from that file.

The model becomes a concrete function with a batch of exactly 1: recurrent layers become
builtin operators, mobile runtimes can create their buffers, and conversion takes 0.16x to
0.36x of the time of `TFLiteConverter.from_keras_model` (benchmarks/RESULTS.md). Inputs and
outputs carry the names that Keras gave them. `run` is called in a child process (see `isolate`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgekit import tflite
from edgekit.compat import fallbacks, litert
from edgekit.compat.tensorflow import convert_by_saved_model, convert_directly
from edgekit.core import project as projects
from edgekit.core.errors import ExportError, ModelError, UsageError
from edgekit.core.process import Progress
from edgekit.core.project import Project
from edgekit.core.records import Contract, TensorSpec
from edgekit.core.suggest import nearest
from edgekit.core.text import printable
from edgekit.data import draw
from edgekit.data.draw import Drawn
from edgekit.data.export_messages import DrawRequest, Exported, ExportRequest
from edgekit.data.label_kinds import with_label_kinds
from edgekit.data.samples import Samples
from edgekit.frontend.export import (
    export_errors,
    export_graph,
    forwarded_state,
    kept_state,
    lookup_tables,
    state_inputs,
    tensor_names,
    text_operators,
)
from edgekit.frontend.export.kept_state import KeptState
from edgekit.frontend.load import load
from edgekit.frontend.load.loaded import LoadedModel
from edgekit.frontend.own_scaling import own_scaling
from edgekit.frontend.rewrites import rewrite_graph, rewrite_rules
from edgekit.frontend.trust.allowed_operators import LOWERED
from edgekit.tflite import (
    input_use,
    integer_rewrites,
    recognise_outputs,
    signature,
    trained_ranges,
)

Shapes = Mapping[str, tuple[int, ...]]

# Golden samples that Keras runs at once: few, for the activations of large models.
_GOLDEN_BATCH = 2
# Of one input; what a damaged or hostile file states may be 2**60.
_MOST_VALUES = 2**31
# Sizes that a model of unknown ones is tried with, to see whether they are what it lacks.
_TRIED_SIZES = (64, 224)


def run(request: ExportRequest, report: Progress) -> Exported:
    """Load, export, and run Keras on the golden samples.

    Raises:
        EdgekitError: What `load.load` and `run_loaded` raise.
    """
    started = time.perf_counter()
    report("loading the model")
    return run_loaded(_load(request), request, report, started)


def run_loaded(
    loaded: LoadedModel, request: ExportRequest, report: Progress, started: float | None = None
) -> Exported:
    """`run` with a model that is loaded already.

    Args:
        loaded: The model; what `request` says of loading is not looked at.
        request: The samples, and where all goes.
        report: Takes one line at each step.
        started: When loading began, by `time.perf_counter`.

    Raises:
        EdgekitError: What `fix_shapes`, `export` and `draw.draw` raise.
    """
    last = time.perf_counter() if started is None else started
    seconds: dict[str, float] = {}

    def done(step: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[step] = seconds.get(step, 0.0) + now - last
        last = now

    done("load")
    project = projects.load(request.project) if request.project else None
    traced, contract = _trace_with_state(loaded, project, request.input_shapes)
    loaded = traced.loaded
    content = None
    text = any(spec.dtype == "string" for spec in contract.inputs)
    if text or traced.needs_tensorflow():
        # The export knows, and says in which layer: before anybody makes samples (nobody can make
        # up text), and before the model runs.
        report("exporting the float file")
        content = convert(traced)
    done("export")

    report("drawing samples")
    drawn = _draw(traced, contract, request.draw)
    done("samples")

    # Before most exports, which leave several copies of the weights in memory.
    report("running Keras on the golden samples")
    drawn = replace(drawn, golden=_with_reference(loaded, drawn.golden))
    done("golden")
    if drawn.labelled is not None:
        report("running Keras on labelled samples")
        drawn = replace(drawn, labelled=_with_reference(loaded, drawn.labelled))
        done("labelled")
    drawn.save(request.draw)

    if content is None:
        report("exporting the float file")
        content = convert(traced)
    request.out.write_bytes(content)
    written = tflite.read(content)
    contract = recognise_outputs.with_kinds(contract, written)
    contract = replace(contract, kept_state=tflite.contract(written).kept_state)
    contract = with_label_kinds(contract, drawn.calibration)
    done("export")
    return Exported(
        contract=contract,
        samples=drawn.facts,
        notes=(
            *loaded.notes,
            *traced.notes,
            *_trained(written),
            *_open_sizes(contract),
            *drawn.warnings,
        ),
        seconds=seconds,
        prepares=tuple({*own_scaling(loaded), *loaded.id_limits, *input_use.prepared(written)}),
    )


def _load(request: ExportRequest) -> LoadedModel:
    return load.load(
        request.model,
        unsafe=request.unsafe,
        custom_objects=request.custom_objects,
        signature=request.signature,
        builder=request.builder,
    )


def _trace_with_state(
    loaded: LoadedModel, project: Project | None, shapes: Shapes
) -> tuple[Traced, Contract]:
    """The graph and its contract, with state where the project wants it."""
    as_inputs = project is not None and project.state.kind == "inputs"
    contract = fix_shapes(loaded, shapes)
    if project is not None and not as_inputs:
        contract = project.describe(contract)
    traced = trace(loaded, contract)
    state = traced.state
    if project is not None and as_inputs:
        fed = state_inputs.with_state_inputs(loaded, state)
        contract = project.describe(fix_shapes(fed, shapes))
        return replace(trace(fed, contract), keeping=loaded, state=state), contract
    if state is not None:
        traced = replace(traced, loaded=replace(loaded, reset=state.reset))
        contract = replace(contract, kept_state=state.names)
    return traced, contract


def _draw(traced: Traced, contract: Contract, request: DrawRequest) -> Drawn:
    """Samples; with what state each begins, where that is an input."""
    if traced.keeping is None or traced.state is None:
        return draw.draw(contract, request, traced.loaded.id_limits)
    names = [spec.name for spec in traced.keeping.inputs]
    given = tuple(spec for spec in contract.inputs if spec.name in names)
    sequence = replace(contract, inputs=given, kept_state=traced.state.names)
    drawn = draw.draw(sequence, request, traced.loaded.id_limits)
    return state_inputs.fill(drawn, traced.keeping, traced.state)


def _with_reference(loaded: LoadedModel, samples: Samples) -> Samples:
    """Samples with what the model computes of them."""
    try:
        outputs = loaded.predict(samples.inputs, batch_size=_GOLDEN_BATCH)
    except ModelError as error:
        if samples.source != "synthetic":
            raise
        raise ModelError(
            "The model does not take samples that are made up.",
            received=error.received,
            hint="give real ones: --calibration DATA.npz; ids, as an example, have to be in range.",
        ) from None
    return replace(samples, reference=outputs)


def fix_shapes(loaded: LoadedModel, shapes: Shapes) -> Contract:
    """The model's contract with a batch of 1 and the sizes that the user fixed.

    Raises:
        UsageError: An unknown input, a shape of another rank, or one that contradicts
            a size the model already fixes.
        ModelError: An input that no memory holds.
    """
    names = [spec.name for spec in loaded.inputs]
    for name in shapes:
        if name not in names:
            raise UsageError(
                f"--input-shape must name an input of the model: {', '.join(names)}.",
                received=f"--input-shape {name}=...",
                hint=nearest(name, names),
            )
    inputs = tuple(_fix_shape(spec, shapes.get(spec.name)) for spec in loaded.inputs)
    for spec in inputs:
        if math.prod(abs(size) for size in spec.shape) > _MOST_VALUES:
            raise ModelError(
                "The shape of an input is too large for any device.",
                received=f"{loaded.name}: {printable(spec.name)} of shape {list(spec.shape)}",
                hint="fix its sizes in the model; or copy or download it again, if it is damaged.",
            )
    return Contract(inputs=inputs, outputs=loaded.outputs)


def _fix_shape(spec: TensorSpec, wanted: tuple[int, ...] | None) -> TensorSpec:
    shape = (1, *spec.shape[1:])
    if wanted is not None:
        fits = len(wanted) == len(shape) and all(
            w > 0 and s in (-1, w) for w, s in zip(wanted, shape, strict=True)
        )
        if not fits:
            raise UsageError(
                f"--input-shape {spec.name} must fit the model's shape {list(shape)}, where -1 is "
                "free and the batch is 1.",
                received=str(list(wanted)),
            )
        shape = tuple(wanted)
    return replace(spec, shape=shape)


def _trained(model: tflite.Model) -> list[str]:
    """What to say of a model that was trained with its rounding in place."""
    if not trained_ranges.has_fake_quantization(model):
        return []
    return [
        "the model was trained with quantization: static recipes take its ranges and weights; "
        "others leave out the rounding of activations that it was trained with."
    ]


def _open_sizes(contract: Contract) -> list[str]:
    return [
        f"input {spec.name} keeps unknown sizes {list(spec.shape)}: the app must resize it, "
        f"and buffers cannot be planned; fix them with --input-shape "
        f"{spec.name}={','.join('N' if s < 0 else str(s) for s in spec.shape)}."
        for spec in contract.inputs
        if -1 in spec.shape
    ]


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


def convert(traced: Traced) -> bytes:
    """The float `.tflite` of a traced model.

    Raises:
        FlexError: The model needs TensorFlow operators; they and their layers are named.
        ExportError: TensorFlow's converter refused it.
    """
    loaded, function = traced.loaded, traced.function
    if traced.state is not None:
        traced.state.reset()  # the file starts with what they hold now
    try:
        inlines = loaded.kind == "saved_model" and traced.state is None
        flat = export_graph.inline(function) if inlines else function
        model = _convert_rewritten(flat, traced)
    except Exception as error:  # TensorFlow raises many kinds here, none of them documented
        raise export_errors.explain(error, loaded, function) from error
    if traced.keeping is not None:
        forwarded_state.forward_state(model)
    tensor_names.name_layers(model, loaded, tensor_names.producers(model, function))
    _name_signature(model, traced)
    return integer_rewrites.rewritten(tflite.to_bytes(model))


def export(loaded: LoadedModel, contract: Contract) -> bytes:
    """The float `.tflite` of `loaded` with the input shapes of `contract`: traced, converted.

    Raises:
        FlexError: The model needs TensorFlow operators; they and their layers are named.
        ExportError: The model cannot be traced, or TensorFlow's converter refused it.
    """
    return convert(trace(loaded, contract))


def _convert_rewritten(function: Any, traced: Traced) -> Any:
    """The converter's model of a function without the operators that TFLite lacks."""
    try:
        return _convert(rewrite_graph.rewrite(function), traced)
    except Exception as error:  # TensorFlow raises many kinds here, none of them documented
        if not export_errors.operator_names(str(error)) & rewrite_rules.FUSED:
            raise
        # The converter did not fuse what it mostly fuses.
        return _convert(rewrite_graph.rewrite(function, fused=False), traced)


def _convert(function: Any, traced: Traced) -> Any:
    """The converter's model, its signature in TensorFlow's safe names.

    The fast way leaves the signature out, so it is made here. What cannot be frozen (tables,
    variables that change) takes the slow one.
    """
    trackable, frozen = traced.trackable, traced.state is None and not traced.tables
    content = convert_directly(function, trackable) if frozen else None
    if content is not None:
        model = litert.unpack(bytearray(content))
        # TensorFlow gives a dict's values in the order of its sorted keys: so is `outputs`.
        if _sign(model, set(traced.inputs), sorted(traced.outputs)):
            return model
        fallbacks.note("convert_directly", "inputs or outputs are not where they were")
    return litert.unpack(bytearray(convert_by_saved_model(function, trackable)))


def _sign(model: Any, wanted: set[str], outputs: list[str]) -> bool:
    """Bind inputs by the names of their tensors, outputs by their order; False if in doubt."""
    graph = model.subgraphs[0]
    inputs = {graph.tensors[i].name.decode(): int(i) for i in graph.inputs}
    if set(inputs) != wanted or len(graph.outputs) != len(outputs):
        return False

    for number, index in enumerate(graph.outputs):
        # The name that it has on the long way, where no better one is found.
        if graph.tensors[index].name.startswith(b"Identity"):
            graph.tensors[index].name = f"StatefulPartitionedCall:{number}".encode()

    places = map(int, graph.outputs)
    signature.sign(model, dict(sorted(inputs.items())), dict(zip(outputs, places, strict=True)))
    return True


def _name_signature(model: Any, traced: Traced) -> None:
    """Inputs and outputs by the model's own names; shapes that the converter lost are said."""
    names = {safe: spec.name for safe, spec in (*traced.inputs.items(), *traced.outputs.items())}
    shapes = {spec.name: (1, *spec.shape[1:]) for spec in traced.outputs.values() if spec.shape}
    for signed in model.signatureDefs:
        tensors = model.subgraphs[signed.subgraphIndex].tensors
        for entry in (*signed.inputs, *signed.outputs):
            entry.name = names[entry.name.decode()].encode()
        for entry in signed.inputs:
            tensors[entry.tensorIndex].name = b"serving_default_" + entry.name + b":0"
        for entry in signed.outputs:  # what a table gives has none
            tensor, shape = tensors[entry.tensorIndex], shapes.get(entry.name.decode(), ())
            lost = tensor.shape is None or not len(tensor.shape)
            if lost and min(shape, default=0) > 0:
                tensor.shape = np.array(shape, np.int32)
