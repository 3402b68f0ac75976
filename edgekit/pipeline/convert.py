"""A trained Keras model in, proven TFLite files out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from edgekit import artifacts, isolate, serde
from edgekit import project as projects
from edgekit.convert import recognise
from edgekit.data.samples import Samples
from edgekit.errors import FidelityError, QuantizeError
from edgekit.measure import fidelity
from edgekit.pipeline.plan import Plan, plan
from edgekit.process import Progress, silent
from edgekit.project import Project
from edgekit.records import Artifact, Contract, ConvertOptions, Limits, Recipe, Skipped, Target
from edgekit.runtimes import host

# Whether a file runs at all shows on few samples; how well it computes, `validate` says.
_CHECK_SAMPLES = 2
_CHECK_WORKERS = 2

_TOOLS = ("tensorflow", "keras", "tf-keras", "ai-edge-litert", "litert-quantizer", "numpy")


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
        input_shapes: Full shapes with the batch, for inputs with unknown sizes.
        custom_objects: `module:NAME` of custom layers.
        options: Everything else.
        on_progress: Takes one line at each step.

    Returns:
        An artifact for each file. The float file comes first and is always made: it is the
        reference of all others.

    Raises:
        EdgekitError: One of its classes, by what went wrong; nothing is left half-written.
    """
    model, output = Path(model), Path(output or "")
    recognised = recognise.recognise(model)
    project = project or projects.find(model)
    options = options or ConvertOptions(seed=project.data.seed)
    settled = plan(
        model,
        output=output,
        name=name,
        calibration=calibration,
        project=project,
        options=options,
    )
    with tempfile.TemporaryDirectory(prefix="edgekit-") as scratch:
        work = Path(scratch)
        request = {
            "model": str(model.absolute()),
            "project": str(project.file) if project.file else None,
            "calibration": settled.calibration,
            "input_shapes": {key: list(shape) for key, shape in (input_shapes or {}).items()},
            "custom_objects": custom_objects,
            "golden_samples": options.golden_samples,
            "calibration_samples": options.calibration_samples,
            "seed": options.seed,
            "unsafe": options.unsafe,
            "out": str(work / "float.tflite"),
            "golden_out": str(work / "golden.npz"),
            "calibration_out": str(work / "calibration.npz"),
        }
        adopted = recognised.format == "tflite"
        exported = isolate.call(
            "edgekit.quantize.adopt:run" if adopted else "edgekit.convert.export:run",
            request,
            name="The exporter",
            limits=options.limits,
            on_progress=on_progress,
        )
        on_progress("comparing the float file with the original")
        golden, sqnr = compare_with_original(work, options)
        quantized = isolate.call(
            "edgekit.quantize.stage:run",
            {
                "float": request["out"],
                "folder": scratch,
                "name": settled.name,
                "contract": exported["contract"],
                "recipes": serde.to_dict(settled.recipes),
                "calibration": request["calibration_out"] if settled.calibration else None,
            },
            name="The quantizer",
            limits=options.limits,
            on_progress=on_progress,
        )
        common = {
            "source_sha256": serde.sha256(model),
            "float_sha256": quantized["float_sha256"],
            "calibration_sha256": exported["calibration_sha256"],
            "calibration_digests": _digests(work / "calibration.npz"),
            "reference_sqnr_db": sqnr,
            "golden": exported["golden"],
            "tool_versions": _tool_versions(recognised.written_by),
            "notes": (*settled.notes, *exported["notes"]),
        }
        on_progress("running every file on golden samples")
        few = golden.take(range(min(len(golden), _CHECK_SAMPLES)))
        with ThreadPoolExecutor(_CHECK_WORKERS) as pool:
            checks = [
                pool.submit(check_runs, Path(entry["path"]), recipe, few, options.limits)
                for recipe, entry in zip(settled.recipes, quantized["files"], strict=True)
            ]
            for check in checks:
                check.result()
        made = [
            _artifact(settled, recipe, entry, common)
            for recipe, entry in zip(settled.recipes, quantized["files"], strict=True)
        ]
        golden.save(work / "golden.npz")
        _write(
            made,
            [Path(entry["path"]) for entry in quantized["files"]],
            work / "golden.npz",
            artifacts.golden_path(settled.folder, settled.name),
        )
    return tuple(made)


def compare_with_original(work: Path, options: ConvertOptions) -> tuple[Samples, float | None]:
    """Run the float file on the golden samples and compare it with the Keras outputs.

    Returns:
        The golden samples with reference outputs, and the SQNR in dB; None where there
        was no Keras model to compare with.

    Raises:
        FidelityError: The float file does not compute what Keras computes.
    """
    golden = Samples.load(work / "golden.npz")
    with host.open_session(work / "float.tflite", Target(), limits=options.limits) as session:
        outputs = session.run(golden.inputs)
    if not golden.reference:
        return replace(golden, reference=outputs), None
    sqnr = min(
        fidelity.sqnr_db(golden.reference[name].reshape(outputs[name].shape), outputs[name])
        for name in outputs
    )
    if sqnr < options.min_reference_sqnr_db:
        raise FidelityError(
            f"The float .tflite agrees with Keras to at least {options.min_reference_sqnr_db:g} dB "
            f"on {len(golden)} golden samples.",
            received=f"{sqnr:.1f} dB",
            hint="the model may be random at inference (noise, dropout that is always on), or "
            "unstable in float32.",
        )
    return golden, sqnr


def check_runs(path: Path, recipe: Recipe, golden: Samples, limits: Limits) -> None:
    """Refuse a file that does not run, or that computes something not finite.

    Raises:
        QuantizeError: An output is NaN or infinite.
        RunError: The interpreter could not run it.
    """
    import numpy as np

    with host.open_session(path, Target(), limits=limits) as session:
        outputs = session.run(golden.inputs)
    for name, values in outputs.items():
        if not np.isfinite(values).all() and np.isfinite(golden.reference[name]).all():
            raise QuantizeError(
                f"{recipe.name} computes finite outputs.",
                received=f"{name} holds NaN or infinity on golden samples",
                hint="use another recipe.",
            )


def _artifact(
    settled: Plan, recipe: Recipe, entry: Mapping[str, Any], common: Mapping[str, Any]
) -> Artifact:
    return Artifact(
        path=str(artifacts.tflite_path(settled.folder, settled.name, recipe.name)),
        recipe=recipe,
        contract=serde.from_dict(Contract, entry["contract"]),
        skipped=tuple(serde.from_dict(Skipped, item) for item in entry["skipped"]),
        **{key: entry[key] for key in ("sha256", "size_bytes", "compressed_bytes")},
        oldest_runtime=entry["oldest_runtime"],
        **common,
    )


def _write(made: Sequence[Artifact], files: Sequence[Path], golden: Path, golden_to: Path) -> None:
    """All files or none: each is written beside its place, then all are moved there.

    Args:
        made: Where the files go, and their manifests.
        files: Where they are.
        golden: Where the golden samples are.
        golden_to: Where they go.

    Raises:
        OutputError: No room or no right. What was there before is still there.
    """
    manifests = [artifacts.manifest_path(Path(artifact.path)) for artifact in made]
    with ExitStack() as moves:  # it ends in reverse order: manifests are moved last
        for artifact, path in zip(made, manifests, strict=True):
            temporary = moves.enter_context(serde.atomic_path(path))
            temporary.write_text(artifacts.manifest_text(artifact), encoding="utf-8")
        places = [golden_to, *(Path(artifact.path) for artifact in made)]
        for source, place in zip([golden, *files], places, strict=True):
            shutil.copyfile(source, moves.enter_context(serde.atomic_path(place)))
        # An old manifest beside a new file would be a lie, should somebody end us in between.
        for path in manifests:
            moves.callback(path.unlink, missing_ok=True)


def _digests(calibration: Path) -> str:
    return " ".join(Samples.load(calibration).digests()) if calibration.is_file() else ""


def _tool_versions(written_by: str) -> dict[str, str]:
    versions = {"edgekit": metadata.version("edgekit-tflite"), "model": written_by}
    for tool in _TOOLS:
        try:
            versions[tool] = metadata.version(tool)
        except metadata.PackageNotFoundError:
            continue
    return versions
