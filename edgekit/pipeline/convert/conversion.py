"""A trained Keras model in, proven TFLite files out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from edgekit.core import artifacts, isolate, onednn, scratch, serde
from edgekit.core import project as projects
from edgekit.core.errors import UsageError
from edgekit.core.process import Progress, silent
from edgekit.core.project import Project
from edgekit.core.records import Artifact, Contract, ConvertOptions, Step
from edgekit.data import callables
from edgekit.frontend.load import recognise
from edgekit.pipeline.convert import compress_and_train, prove, repair, write_artifacts
from edgekit.pipeline.convert.output_claim import claim
from edgekit.pipeline.convert.plan import plan

# Enough to notice that evaluation samples were trained on, and few enough for a manifest.
_MOST_DIGESTS = 1000


def convert(
    model: Path | str,
    *,
    output: Path | str | None = None,
    name: str | None = None,
    calibration: str | None = None,
    project: Project | None = None,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
    custom_objects: str | None = None,
    options: ConvertOptions | None = None,
    on_progress: Progress = silent,
) -> tuple[Artifact, ...]:
    """Turn a trained model into a float `.tflite` and its variants, and check each.

    Args:
        model: Keras 3 or Keras 2 file, SavedModel folder, TensorFlow.js layers model, or a
            float `.tflite`.
        output: The folder for the results; the current one by default.
        name: The first part of the files' names; the model's own by default.
        calibration: Samples for static recipes: `.npz`, `.csv`, a folder by class, or
            `module:function`. The project's by default.
        project: What `edgekit.toml` says; the file beside the model by default.
        input_shapes: Full shapes with the batch, for inputs with unknown sizes; the project's by
            default.
        custom_objects: `module:NAME` of custom layers; the project's by default.
        options: Everything else.
        on_progress: Takes one line at each step.

    Returns:
        An artifact for each file. The float file comes first and is always made: it is the
        reference of all others.

    Raises:
        EdgekitError: One of its classes, by what went wrong; nothing is left half-written.
    """
    model, output = Path(model), Path(output or "")
    project = project or projects.find(model)
    custom_objects = custom_objects or project.custom_objects
    input_shapes = input_shapes or project.input_shapes
    options = options or ConvertOptions(seed=project.data.seed)
    recognised = recognise.recognise_apart(model, options.limits)
    settled = plan(
        model,
        output=output,
        name=name,
        calibration=calibration,
        project=project,
        options=options,
    )
    adopted = recognised.format == "tflite"
    if adopted and settled.prune is not None:
        raise UsageError(
            "Pruning needs a Keras model: it removes channels of layers.",
            received=f"{model.name}, a .tflite",
            hint="name the Keras model; --qat works on a .tflite too.",
        )
    with claim(settled, model, options.force, on_progress), scratch.folder() as work:
        request = {
            "model": str(model.absolute()),
            "project": str(project.file) if project.file else None,
            "calibration": settled.calibration,
            "training": settled.training.data if settled.training else None,
            "input_shapes": {key: list(shape) for key, shape in input_shapes.items()},
            "custom_objects": custom_objects,
            "golden_samples": options.golden_samples,
            "calibration_samples": options.calibration_samples,
            "calibrates": settled.calibrates,
            "judges": settled.judges,
            "seed": options.seed,
            "memory_bytes": options.limits.memory_bytes,
            "unsafe": options.unsafe,
            "out": str(work / "float.tflite"),
            "golden_out": str(work / "golden.npz"),
            "calibration_out": str(work / "calibration.npz"),
            "training_out": str(work / "training.npz"),
        }
        notes = [*settled.notes]
        export: dict[str, Any] = {
            "name": "The exporter",
            "limits": options.limits,
            "on_progress": on_progress,
            "writable": [work],
            "own_code": options.unsafe
            or custom_objects is not None
            or callables.is_own_code(settled.calibration)
            or callables.is_own_code(settled.training.data if settled.training else None),
        }
        if adopted:
            exported = isolate.call_json(
                "edgekit.quantize.rewrite.import_float:run", request, **export
            )
        else:
            exported = onednn.call(
                "edgekit.frontend.export.export:run", request, notes=notes, **export
            )
        notes += exported["notes"]
        contract = serde.from_dict(Contract, exported["contract"])
        on_progress("comparing the float file with the original")
        samples = prove.proof_samples(work, settled, options.seed)
        floating = str(work / "pruned.tflite") if settled.prune else str(request["out"])
        steps: tuple[Step, ...] = ()
        with ThreadPoolExecutor(1) as aside:  # beside the quantizer, which uses half a machine
            compared = aside.submit(prove.compare_with_original, work, samples, options)
            if settled.prune is not None:
                steps, more = compress_and_train.prune(
                    settled,
                    request,
                    exported,
                    work,
                    compared,
                    options=options,
                    on_progress=on_progress,
                )
                notes += more
            quantized = isolate.call_json(
                "edgekit.quantize.stage:run",
                {
                    "original": request["out"] if settled.prune else None,
                    "float": floating,
                    "folder": str(work),
                    "name": settled.name,
                    "contract": exported["contract"],
                    "recipes": serde.to_dict(settled.recipes),
                    "calibration": request["calibration_out"] if settled.calibration else None,
                    "seed": options.seed,
                    "bounded": settled.bounded,
                },
                name="The quantizer",
                limits=options.limits,
                on_progress=on_progress,
                writable=[work],
            )
            golden, sqnr, proof = compared.result()
        entries = compress_and_train.train(
            settled,
            quantized["files"],
            request,
            exported,
            work,
            proof,
            options=options,
            notes=notes,
            on_progress=on_progress,
        )
        if settled.bounded:
            entries = repair.hold(
                settled,
                entries,
                floating,
                request,
                exported,
                project=project,
                options=options,
                on_progress=on_progress,
            )
        common = {
            "source_sha256": serde.sha256(model),
            "float_sha256": quantized["float_sha256"],
            "calibration_sha256": exported["calibration_sha256"],
            "calibration_ranges": {
                name: (low, high) for name, (low, high) in exported["calibration_ranges"].items()
            },
            "calibration_digests": write_artifacts.digests(work / "calibration.npz"),
            "reference_sqnr_db": sqnr,
            "golden": exported["golden"],
            "tool_versions": write_artifacts.tool_versions(recognised.written_by),
            "notes": tuple(notes),
        }
        on_progress("running every file, to compare it with the float one")
        files = [Path(entry["path"]) for entry in entries]
        proven = prove.check_all(files, settled.recipes, proof, contract, options.limits)
        trained_on = write_artifacts.digests(work / "training.npz", _MOST_DIGESTS)
        made = [
            write_artifacts.artifact(
                settled, recipe, entry, steps, trained_on, {**common, "verified": one}
            )
            for recipe, entry, one in zip(settled.recipes, entries, proven, strict=True)
        ]
        golden.save(work / "golden.npz")
        others = {work / "golden.npz": artifacts.golden_path(settled.folder, settled.name)}
        if settled.prune is not None:
            others[work / "pruned.keras"] = artifacts.keras_path(settled.folder, settled.name)
        write_artifacts.write(made, files, others)
    compress_and_train.forget(settled)
    return tuple(made)
