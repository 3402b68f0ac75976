"""A Keras model to one float `.tflite`, once. Every variant derives from that file.

The model becomes a concrete function with a batch of exactly 1: recurrent layers become
builtin operators, mobile runtimes can create their buffers, and conversion takes 0.16x to
0.36x of the time of `TFLiteConverter.from_keras_model` (benchmarks/RESULTS.md). Inputs and
outputs carry the names that Keras gave them. `run` is called in a child process (see `isolate`).
"""

from __future__ import annotations

import time
from dataclasses import replace

from edgekit import tflite
from edgekit.core import project as projects
from edgekit.core.errors import ModelError
from edgekit.core.process import Progress
from edgekit.core.project import Project
from edgekit.core.records import Contract
from edgekit.data import draw
from edgekit.data.draw import Drawn
from edgekit.data.export_messages import DrawRequest, Exported, ExportRequest
from edgekit.data.label_kinds import with_label_kinds
from edgekit.data.samples import Samples
from edgekit.frontend.export import state_inputs
from edgekit.frontend.export.convert_graph import convert
from edgekit.frontend.export.fixed_shapes import Shapes, fix_shapes, open_sizes
from edgekit.frontend.export.trace import Traced, trace
from edgekit.frontend.load import load
from edgekit.frontend.load.loaded import LoadedModel
from edgekit.frontend.own_scaling import own_scaling
from edgekit.tflite import (
    exact_rewrites,
    input_use,
    recognise_outputs,
    short_names,
    trained_ranges,
)

# Golden samples that Keras runs at once: few, for the activations of large models.
_GOLDEN_BATCH = 2


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
    content, rewritten = exact_rewrites.rewritten(content)
    if request.short_names:
        content = short_names.shortened(content)
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
            *rewritten.notes,
            *open_sizes(contract),
            *drawn.warnings,
        ),
        seconds=seconds,
        prepares=tuple({*own_scaling(loaded), *loaded.id_limits, *input_use.prepared(written)}),
        rewritten=rewritten.counts,
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


def _trained(model: tflite.Model) -> list[str]:
    """What to say of a model that was trained with its rounding in place."""
    if not trained_ranges.has_fake_quantization(model):
        return []
    return [
        "the model was trained with quantization: static recipes take its ranges and weights; "
        "others leave out the rounding of activations that it was trained with."
    ]


def export(loaded: LoadedModel, contract: Contract) -> bytes:
    """The float `.tflite` of `loaded` with the input shapes of `contract`: traced, converted.

    Raises:
        FlexError: The model needs TensorFlow operators; they and their layers are named.
        ExportError: The model cannot be traced, or TensorFlow's converter refused it.
    """
    return convert(trace(loaded, contract))
