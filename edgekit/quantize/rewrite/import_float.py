"""An existing float `.tflite` as the starting point, in place of a Keras model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from edgekit import tflite
from edgekit.core import project as projects
from edgekit.core.errors import ModelError
from edgekit.core.process import Progress
from edgekit.core.records import Contract
from edgekit.data import draw
from edgekit.data.export_messages import Exported, ExportRequest
from edgekit.data.label_kinds import with_label_kinds
from edgekit.quantize.imported import (
    batch_of_one,
    choose_signature,
    fix_sizes,
    golden_run,
    inline_composites,
    widen_weights,
)
from edgekit.tflite import (
    Model,
    enums,
    exact_rewrites,
    input_use,
    integer_rewrites,
    recognise_outputs,
    short_names,
)


def run(request: ExportRequest, report: Progress) -> Exported:
    """Bring the file into the form that all steps take, draw samples, and run it on some.

    The golden samples have no reference yet, since this file is its own.

    Raises:
        ModelError: Not a `.tflite`, already quantized, or LiteRT cannot run it.
        UsageError: `--signature` or `--input-shape` does not fit the model.
    """
    report("reading the .tflite")
    model = tflite.read(request.model)
    notes = prepare(model, request.model, request.signature, request.input_shapes)
    integer_rewrites.apply(model)
    rewritten = exact_rewrites.apply(model)
    if request.short_names:
        short_names.shorten(model)
    request.out.write_bytes(tflite.to_bytes(model))
    contract = tflite.contract(model)
    if request.project:
        contract = projects.load(request.project).describe(contract)
    contract = recognise_outputs.with_kinds(contract, model)
    drawn = draw.draw(contract, request.draw, {})
    report("running the .tflite on the golden samples")
    golden_run.require(model, contract, drawn.golden)
    contract = with_label_kinds(contract, drawn.calibration)
    drawn.save(request.draw)
    return Exported(
        contract=contract,
        samples=drawn.facts,
        notes=(*notes, *rewritten.notes, *_open_sizes(contract), *drawn.warnings),
        prepares=tuple(input_use.prepared(model)),
        rewritten=rewritten.counts,
    )


def prepare(
    model: Model,
    path: Path,
    signature: str | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> list[str]:
    """Bring a float model into the form that all steps take, in place.

    Args:
        model: What `tflite.read` returned.
        path: Where it lies, for messages.
        signature: The one to take, where it has several.
        shapes: Full shapes of inputs with open sizes.

    Returns:
        What was done to it, in sentences.

    Raises:
        ModelError: It is quantized, or has what no step can take.
        UsageError: It has no such signature, or a shape does not fit it.
    """
    composites = inline_composites.inline(model)
    half, sparse = widen_weights.widen(model)
    if signature is None:  # no choice of one would help
        require_float(model, path)
    choose_signature.choose(model, signature)
    require_float(model, path)
    _name_apart(model)
    tflite.ensure_signature(model)
    if not tflite.binding(model).inputs:
        raise ModelError(
            "A model must have an input.",
            received=f"{path.name}, which computes the same each time",
            hint="convert the original model again, with what changes as an input.",
        )
    fix_sizes.fix(model, shapes or {})
    counted = (
        (half, "float16 constants were widened to float32, which changes no value"),
        (sparse, "sparse constants were stored with their zeros"),
        (composites, "composite operators were replaced by what they stand for"),
        (
            sum(tensor.is_variable for tensor in tflite.tensors(model)),
            "states are kept from call to call: reset the interpreter's variables before each "
            "sequence",
        ),
    )
    return [*(f"{what}: {n}" for n, what in counted if n), *batch_of_one.settle(model)]


def require_float(model: Model, path: Path) -> None:
    """Refuse a file that is quantized already: nothing can be derived from it.

    Raises:
        ModelError: It is.
    """
    quantized = sorted(
        {
            f"{op.name} ({tensor.dtype})"
            for op in tflite.operators(model)
            for tensor in (*op.inputs, *op.outputs)
            if tensor.quantization
        }
    )
    if quantized:
        raise ModelError(
            "The .tflite is quantized already; a float one is needed.",
            received=f"{path.name} is quantized already: {', '.join(quantized[:4])}",
            hint="start from the Keras model, or from its float .tflite.",
        )
    half = sorted({f"{op.name} ({t.dtype})" for op, t in _half(model)})
    if half:
        raise ModelError(
            "A float .tflite must compute in float32, not in half precision.",
            received=f"{path.name}: {', '.join(half[:4])}",
            hint="convert the original model again with float32 activations; float16 weights "
            "alone may stay.",
        )


def _half(model: Model) -> Iterator[tuple[tflite.Operator, tflite.Tensor]]:
    for op in tflite.operators(model):
        yield from ((op, t) for t in (*op.inputs, *op.outputs) if t.dtype in widen_weights.HALF)


def _name_apart(model: Model) -> None:
    """Give the tensors of a graph names that differ, in place: the quantizer counts on it."""
    for graph in model.subgraphs:
        taken = {enums.text(tensor.name) for tensor in graph.tensors}
        used: set[str] = set()
        for number, tensor in enumerate(graph.tensors):
            name = enums.text(tensor.name)
            if name in used or not name:
                name = next(
                    new
                    for k in range(len(taken) + 2)
                    if (new := f"{name or 'tensor'}_{number + k}") not in taken
                )
                tensor.name = name.encode()
                taken.add(name)
            used.add(name)


def _open_sizes(contract: Contract) -> list[str]:
    return [
        f"input {spec.name} keeps unknown sizes {list(spec.shape)}: the app must resize it, and "
        "buffers cannot be planned; fix them with --input-shape "
        f"{spec.name}={','.join('N' if s < 0 else str(s) for s in spec.shape)}."
        for spec in contract.inputs
        if -1 in spec.shape
    ]
