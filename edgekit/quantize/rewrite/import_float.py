"""An existing float `.tflite` as the starting point, in place of a Keras model."""

from __future__ import annotations

from pathlib import Path

from edgekit import tflite
from edgekit.core import project as projects
from edgekit.core.errors import ModelError, UsageError
from edgekit.core.process import Progress
from edgekit.data import draw
from edgekit.data.export_messages import Exported, ExportRequest
from edgekit.data.label_kinds import with_label_kinds
from edgekit.tflite import input_use, integer_rewrites, recognise_outputs


def run(request: ExportRequest, report: Progress) -> Exported:
    """Check the file, name its inputs and outputs, and draw samples.

    The golden samples have no reference yet, since this file is its own.

    Raises:
        ModelError: Not a `.tflite`, or already quantized.
        UsageError: `--input-shape` was given: only an export can fix sizes.
    """
    report("reading the .tflite")
    if request.input_shapes:
        raise UsageError(
            "--input-shape cannot be used with a .tflite.",
            received="a .tflite, whose sizes are settled",
        )
    model = tflite.read(request.model)
    require_float(model, request.model)
    tflite.ensure_signature(model)
    notes = _fix_batch(model)
    integer_rewrites.apply(model)
    request.out.write_bytes(tflite.to_bytes(model))
    contract = tflite.contract(model)
    if request.project:
        contract = projects.load(request.project).describe(contract)
    contract = recognise_outputs.with_kinds(contract, model)
    drawn = draw.draw(contract, request.draw, {})
    contract = with_label_kinds(contract, drawn.calibration)
    drawn.save(request.draw)
    return Exported(
        contract=contract,
        samples=drawn.facts,
        notes=(*notes, *drawn.warnings),
        prepares=tuple(input_use.prepared(model)),
    )


def require_float(model: tflite.Model, path: Path) -> None:
    """Refuse a file that is quantized already: nothing can be derived from it.

    Raises:
        ModelError: It is.
    """
    quantized = sorted(
        {
            f"{op.name} ({tensor.dtype})"
            for op in tflite.operators(model)
            for tensor in op.inputs
            if tensor.scale
        }
    )
    half = [t.name for t in tflite.tensors(model) if t.dtype == "float16" and t.is_constant]
    if half and not quantized:
        quantized = [f"{len(half)} tensors of float16"]
    if quantized:
        raise ModelError(
            "The .tflite is quantized already; a float one is needed.",
            received=f"{path.name} is quantized already: {', '.join(quantized[:4])}",
            hint="start from the Keras model, or from its float .tflite.",
        )


def _fix_batch(model: tflite.Model) -> list[str]:
    """Make a free batch 1, in place, as an export from Keras does; say what stays open."""
    names = tflite.binding(model)
    graph = model.subgraphs[names.subgraph]
    notes = []
    for index in {*names.inputs.values(), *names.outputs.values()}:
        tensor = graph.tensors[index]
        stated = tensor.shapeSignature
        # `shape` holds 1 for every unknown size; the signature alone knows better.
        if stated is not None and len(stated) == len(tensor.shape) and stated[0] == -1:
            tensor.shapeSignature = [int(tensor.shape[0]), *map(int, stated[1:])]
    for spec in tflite.contract(model).inputs:
        if -1 in spec.shape:
            notes.append(
                f"input {spec.name} keeps unknown sizes {list(spec.shape)}: the app must resize "
                "it, and buffers cannot be planned; only an export from Keras can fix them."
            )
    return notes
