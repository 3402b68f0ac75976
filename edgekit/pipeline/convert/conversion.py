"""A trained Keras model in, proven TFLite files out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TypedDict, Unpack

from edgekit.core import artifacts, isolate, onednn, scratch, serde
from edgekit.core import project as projects
from edgekit.core.arguments import checked
from edgekit.core.errors import ProjectError, UsageError
from edgekit.core.process import Progress, silent
from edgekit.core.project import Project
from edgekit.core.records import Artifact, ConvertOptions, Step
from edgekit.core.result_tables import Artifacts
from edgekit.data import callables
from edgekit.data.export_messages import EXPORT, IMPORT, DrawRequest, Exported, ExportRequest
from edgekit.data.in_memory import SampleData
from edgekit.frontend.load import recognise
from edgekit.frontend.load.recognise import Recognised
from edgekit.measure.lost_content import LeastKept
from edgekit.pipeline.convert import (
    budget,
    compress_and_train,
    high_effort,
    input_check,
    kept_exports,
    prove,
    python_sources,
    repair,
    second_look,
    wrecked,
    write_artifacts,
)
from edgekit.pipeline.convert.converted_file import ConvertedFile
from edgekit.pipeline.convert.job import Job, Source
from edgekit.pipeline.convert.output_claim import claim
from edgekit.pipeline.convert.plan import Plan, plan
from edgekit.pipeline.convert.python_sources import GivenData, Model, Sources
from edgekit.pipeline.convert.refuse_lost import refuse_lost
from edgekit.pipeline.convert.refuse_state import refuse_state
from edgekit.quantize.quantize_messages import QUANTIZE, QuantizeRequest

# Enough to notice that evaluation samples were trained on, and few enough for a manifest.
_MOST_DIGESTS = 1000


class Details(TypedDict, total=False):
    """Keywords of `convert` that few models need.

    Attributes:
        name: The first part of the files' names; the model's own by default.
        input_shapes: Full shapes with the batch, for inputs with unknown sizes; the project's by
            default.
        signature: The one to take of a SavedModel or `.tflite` with several.
        custom_objects: `module:NAME` of custom layers; the project's by default. A live model
            brings its own.
        builder: `module:FUNCTION` that returns the built model, where the file holds weights alone.
        training: Samples to train on, in place of `options.training.data`.
        evaluation: Labelled samples, on which the model and its float file are compared; the
            project's by default.
    """

    name: str | None
    input_shapes: Mapping[str, Sequence[int]] | None
    signature: str | None
    custom_objects: str | None
    builder: str | None
    training: SampleData | None
    evaluation: SampleData | None


@checked
def convert(
    model: Model,
    *,
    output: Path | str | None = None,
    calibration: SampleData | None = None,
    project: Project | Path | str | None = None,
    options: ConvertOptions | None = None,
    on_progress: Progress = silent,
    **details: Unpack[Details],
) -> Artifacts:
    """Turn a trained model into a float `.tflite` and its variants, and check each.

    Args:
        model: A live Keras 3 or tf_keras model, which stays as it is, or a `tf.Module`; or the path
            of a Keras file, SavedModel, TensorFlow.js model or float `.tflite`.
        output: The folder for the results; the current one by default.
        calibration: Samples for static recipes: arrays `(n, ...)`, `(inputs, labels)`, a
            dictionary by input, a generator or `tf.data.Dataset` of batches or samples (read
            once, to its end); or `.npz`, `.csv`, a folder by class, or `module:function`. The
            project's by default.
        project: What `edgekit.toml` says, or that file; the one beside the model by default.
        options: Recipes, bounds, pruning, training, seeds and limits.
        on_progress: Takes one line at each step.
        details: What few models need, and samples to train on (see `Details`).

    Returns:
        An artifact for each file. The float file comes first and is always made: it is the
        reference of all others. One that has lost what the model computes says so as `wrecked`.

    Raises:
        EdgekitError: One of its classes, by what went wrong; nothing is left half-written.
    """
    project = _project(project, model)
    options = options or ConvertOptions(seed=project.data.seed)
    with scratch.folder() as folder:
        data = GivenData(calibration, details.get("training"), details.get("evaluation"))
        files = python_sources.write(model, data, options, folder, details.get("name"))
        recognised = _recognised(files, details)
        planned = plan(
            files.model,
            output=Path(output or ""),
            name=details.get("name") or project.name or files.name,
            calibration=files.calibration or (None if project.data.calibration else files.training),
            project=project,
            options=files.options,
        )
        if recognised.format == "tflite":
            _refuse_what_takes_keras(planned, project, files.model)
        with claim(planned, files.model, options.force, on_progress), scratch.folder() as work:
            job = Job(
                source=_source(files, project, details),
                plan=planned,
                options=files.options,
                work=work,
                notes=[*planned.notes],
                on_progress=on_progress,
            )
            written = Conversion(job, recognised).run()
    compress_and_train.forget(planned)
    return Artifacts(written)


def _project(project: Project | Path | str | None, model: object) -> Project:
    if isinstance(project, Project):
        return project
    if project is not None:
        return projects.load(Path(project))
    return projects.find(Path(model)) if isinstance(model, (str, PathLike)) else Project()


def _recognised(files: Sources, details: Details) -> Recognised:
    """What the model is; looked at in a child, unless it lives here and nowhere else."""
    if files.live is not None and files.live.copy.only_here:
        return files.live.recognised
    if details.get("builder"):
        return recognise.weights(files.model)
    return recognise.recognise_apart(files.model, files.options.limits)


def _refuse_what_takes_keras(planned: Plan, project: Project, model: Path) -> None:
    """Refuse for a `.tflite` what only a model of layers allows."""
    if planned.prune is not None:
        raise UsageError(
            "Pruning needs a Keras model: it removes channels of layers.",
            received=f"{model.name}, a .tflite",
            hint="name the Keras model; --qat works on a .tflite too.",
        )
    if project.state.kind == "inputs":
        raise ProjectError(
            '[state] kind = "inputs" must be of a Keras model or a SavedModel.',
            received=f"{model.name}, a .tflite",
            hint="name the model that it was made from; or leave [state] out: the file keeps its "
            "state.",
        )


def _source(files: Sources, project: Project, details: Details) -> Source:
    shapes = details.get("input_shapes") or project.input_shapes
    objects = details.get("custom_objects") or project.custom_objects
    return Source(
        model=files.model,
        project=project,
        input_shapes={name: tuple(shape) for name, shape in shapes.items()},
        signature=details.get("signature"),
        custom_objects=files.custom_objects or objects,
        builder=details.get("builder"),
        training=files.training,
        evaluation=files.evaluation,
        live=files.live,
    )


def _evaluation(project: Project) -> str | None:
    return project.resolve(project.data.evaluation) if project.data.evaluation else None


class Conversion:
    """One conversion, step by step. Each heavy step is a child process of its own.

    Args:
        job: What is asked for.
        recognised: What the model is.
    """

    def __init__(self, job: Job, recognised: Recognised) -> None:
        self._job, self._recognised = job, recognised

    def run(self) -> tuple[Artifact, ...]:
        """All steps; files are written when all of them have passed their checks."""
        job = self._job
        exported = self.export()
        refuse_state(job.plan, exported)
        job.on_progress("looking at what the inputs are given")
        reached = input_check.check(job, exported)
        job.on_progress("comparing the float file with the original")
        samples = prove.proof_samples(job)
        with ThreadPoolExecutor(1) as aside:  # beside the quantizer, which uses half a machine
            comparing = aside.submit(prove.compare_with_original, job, samples)
            steps = self.prune(exported, comparing)
            files = self.quantize(exported)
            compared = comparing.result()
        if not job.plan.bounded:  # a bound is what the person says of it
            refuse_lost(files, compared.proof, exported.contract)
        float_sha256 = files[0].quantized.written.sha256
        files = compress_and_train.train(job, exported, files, compared.proof)
        files = high_effort.improve(job, exported, files, compared.proof)
        if job.plan.bounded:
            files = repair.hold(job, exported, files)
        facts = replace(self.facts(exported, compared, float_sha256), reference_accuracy=reached)
        files = self.verify(exported, files, compared.proof)
        return self.write(files, steps, facts, compared)

    def export(self) -> Exported:
        """The float file and the samples, from Keras or from a `.tflite`."""
        job, source = self._job, self._job.source
        training = source.training or (job.plan.training.data if job.plan.training else None)
        request = ExportRequest(
            model=source.model.absolute(),
            draw=self._draw(training),
            out=job.original,
            project=source.project.file,
            input_shapes=source.input_shapes,
            signature=source.signature,
            custom_objects=source.custom_objects,
            builder=source.builder,
            unsafe=job.options.unsafe,
            short_names=job.options.tensor_names == "short",
        )
        own_code = (
            job.own_code
            or callables.is_own_code(job.plan.calibration)
            or callables.is_own_code(training)
        )
        live = source.live
        if live is not None and live.copy.only_here:
            exported = live.export_here(request, job.on_progress)
        elif self._recognised.format == "tflite":
            exported = isolate.call(
                IMPORT,
                request,
                name="The exporter",
                limits=job.options.limits,
                on_progress=job.on_progress,
                writable=[job.work],
                own_code=own_code,
            )
        else:

            def export() -> Exported:
                return onednn.call(
                    EXPORT,
                    request,
                    name="The exporter",
                    notes=job.notes,
                    limits=job.options.limits,
                    on_progress=job.on_progress,
                    writable=[job.work],
                    own_code=own_code,
                )

            exported = kept_exports.exported(job, self._recognised, request, export)
        if live is not None:
            live.check(job.golden)
        job.notes.extend(exported.notes)
        return exported

    def _draw(self, training: str | None) -> DrawRequest:
        job = self._job
        return DrawRequest(
            calibration=job.plan.calibration,
            training=training,
            evaluation=job.source.evaluation or _evaluation(job.source.project),
            golden_samples=job.options.golden_samples,
            calibration_samples=job.options.calibration_samples,
            calibrates=job.plan.calibrates,
            judges=job.plan.judges,
            seed=job.options.seed,
            memory_bytes=job.options.limits.memory_bytes,
            golden_out=job.golden,
            calibration_out=job.calibration_out,
            training_out=job.training_samples,
            labelled_out=job.labelled,
        )

    def prune(self, exported: Exported, compared: Future[prove.Compared]) -> tuple[Step, ...]:
        """The pruned model and its float file, trained where that is asked for."""
        if self._job.plan.prune is None:
            return ()
        return compress_and_train.prune(self._job, self._job.plan.prune, exported, compared)

    def quantize(self, exported: Exported) -> list[ConvertedFile]:
        """A file for each recipe."""
        job = self._job
        recipes = job.plan.recipes
        if job.options.has_budget:
            recipes = tuple(recipe for recipe in recipes if recipe.quantize is None)
        quantized = isolate.call(
            QUANTIZE,
            QuantizeRequest(
                original=job.original if job.plan.prune else None,
                float_file=job.float_file,
                folder=job.work,
                name=job.plan.name,
                contract=exported.contract,
                recipes=recipes,
                calibration=job.calibration,
                seed=job.options.seed,
                bounded=job.plan.bounded,
                device=job.options.device,
            ),
            name="The quantizer",
            limits=job.options.limits,
            on_progress=job.on_progress,
            writable=[job.work],
        )
        job.notes.extend(quantized.notes)
        files = [
            ConvertedFile(recipe=recipe, quantized=file)
            for recipe, file in zip(recipes, quantized.files, strict=True)
        ]
        return [*files, budget.search(job, exported)] if job.options.has_budget else files

    def verify(
        self, exported: Exported, files: Sequence[ConvertedFile], proof: prove.Proof
    ) -> list[ConvertedFile]:
        """Run every file, and say how near it comes to the float one, or that it is wrecked."""
        job = self._job
        job.on_progress("running every file, to compare it with the float one")
        made = [(file.path, file.recipe) for file in files]
        contract = exported.contract
        least = LeastKept.unless_lower(job.options.max_loss, job.options.min_sqnr_db)
        verified = prove.check_all(
            [path for path, _ in made],
            [recipe for _, recipe in made],
            proof,
            contract,
            job.options.limits,
            least,
        )
        is_made_up = exported.samples.golden == "synthetic"
        if not is_made_up:
            verified = second_look.confirmed(job, made, verified, proof, contract, least)
        near = [replace(file, verified=one) for file, one in zip(files, verified, strict=True)]
        if is_made_up:  # says nothing of real inputs
            return near
        return wrecked.judged(near, job.options)

    def facts(
        self, exported: Exported, compared: prove.Compared, float_sha256: str
    ) -> write_artifacts.Facts:
        """What the manifests of all files say alike."""
        job, samples = self._job, exported.samples
        return write_artifacts.Facts(
            source_sha256=serde.sha256(job.source.model),
            float_sha256=float_sha256,
            calibration_sha256=samples.calibration_sha256,
            calibration_ranges=dict(samples.calibration_ranges),
            calibration_digests=write_artifacts.digests(job.calibration_out),
            training_digests=write_artifacts.digests(job.training_samples, _MOST_DIGESTS),
            reference_sqnr_db=compared.sqnr_db,
            golden=samples.golden,
            tool_versions=write_artifacts.tool_versions(self._recognised.written_by),
            notes=tuple(job.notes),
            rewritten=exported.rewritten,
            pruned_rewritten=job.pruned_rewritten,
        )

    def write(
        self,
        files: Sequence[ConvertedFile],
        steps: tuple[Step, ...],
        facts: write_artifacts.Facts,
        compared: prove.Compared,
    ) -> tuple[Artifact, ...]:
        """Put files, manifests, golden samples and the pruned model in their places."""
        job, planned = self._job, self._job.plan
        manifests = [write_artifacts.artifact(planned, file, steps, facts) for file in files]
        compared.golden.save(job.golden)
        others = {job.golden: artifacts.golden_path(planned.folder, planned.name)}
        if planned.prune is not None:
            others[job.keras_file] = artifacts.keras_path(planned.folder, planned.name)
        write_artifacts.write(manifests, [file.path for file in files], others)
        return tuple(manifests)
