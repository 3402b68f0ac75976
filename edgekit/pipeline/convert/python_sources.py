"""What somebody gives in Python, as files: a conversion of them is one of any model and data.

A live model is saved, samples are written to `.npz`, both in a folder that goes when the conversion
ends. A model that no other process could load is exported in this one, and the rest is as ever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from edgekit.core.errors import ModelError, UsageError
from edgekit.core.process import Progress
from edgekit.core.records import ConvertOptions
from edgekit.data import in_memory
from edgekit.data.export_messages import Exported, ExportRequest
from edgekit.data.in_memory import SampleData
from edgekit.frontend.live import live_model, saved_copy
from edgekit.frontend.live.live_model import KerasModel, TfModule
from edgekit.frontend.live.saved_copy import SavedCopy
from edgekit.frontend.load.recognise import Recognised
from edgekit.pipeline.convert.plan import cleaned

Model = str | PathLike[str] | KerasModel | TfModule
"""The path of a model, or a model in memory."""

_TRAINING = "training data given in Python"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveModel:
    """A model of this process, and its saved copy."""

    model: object
    copy: SavedCopy

    @property
    def recognised(self) -> Recognised:
        """What a child would say of the copy, where no child can load it."""
        keras3 = self.copy.library == "keras"
        by = live_model.version(self.copy.library)
        kind = "Keras" if keras3 else "Keras (tf_keras)"
        return Recognised(
            format="keras3" if keras3 else "keras2_zip",
            written_by=f"{kind} {by}",
            path=self.copy.path,
        )

    def export_here(self, request: ExportRequest, report: Progress) -> Exported:
        """The float file and the samples, made in this process.

        Raises:
            EdgekitError: As the exporter.
        """
        from edgekit.frontend.live import live_export

        report("exporting the model in this process: no other can load it")
        return live_export.export_here(self.model, self.copy.library, request, report)

    def check(self, golden: Path) -> None:
        """Check that the copy which was converted computes what the model does.

        Raises:
            ModelError: It does not.
        """
        from edgekit.frontend.live import live_export

        if self.copy.custom_objects is not None:
            live_export.check_copy(self.model, self.copy.library, golden)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """A model and samples as files.

    Attributes:
        model: The model, or its copy.
        options: Those of the conversion: a live model is the person's own code, and trusted.
        calibration: As `sources.load` takes it; None for what the project names.
        training: Likewise; None for what the options name.
        evaluation: Likewise; None for what the project names.
        custom_objects: Where a live model's own classes are.
        live: The live model, where it is one.
        name: What a live model is called, where nobody says otherwise.
    """

    model: Path
    options: ConvertOptions
    calibration: str | None = None
    training: str | None = None
    evaluation: str | None = None
    custom_objects: str | None = None
    live: LiveModel | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class GivenData:
    """Samples as the person gave them; None for none."""

    calibration: SampleData | None = None
    training: SampleData | None = None
    evaluation: SampleData | None = None


def write(
    model: Model, data: GivenData, options: ConvertOptions, folder: Path, name: str | None
) -> Sources:
    """Put what is given in Python into files.

    Args:
        model: A path stays what it is.
        data: The samples.
        options: Those of the conversion.
        folder: An empty one, for all that is written.
        name: What the person calls the model, if anything.

    Raises:
        UsageError: The model is none.
        ModelError: It is not built, or cannot be exported for what is asked.
        DataError: Samples that cannot be read.
    """
    live: LiveModel | None = None
    inputs: tuple[str, ...] = ()
    called: str | None = None
    if isinstance(model, (str, PathLike)):
        path = Path(model)
    else:
        called = cleaned(str(name or getattr(model, "name", "") or type(model).__name__))
        live = LiveModel(model=model, copy=saved_copy.save(model, folder, called))
        path, inputs = live.copy.path, live.copy.inputs
        options = replace(options, unsafe=True)
        _check_pruning(live.copy, options)
    training = in_memory.source(data.training, folder, "training", inputs)
    if training is not None:
        options = _with_training(options, training, data.training)
    return Sources(
        model=path,
        options=options,
        calibration=in_memory.source(data.calibration, folder, "calibration", inputs),
        training=training,
        evaluation=in_memory.source(data.evaluation, folder, "evaluation", inputs),
        custom_objects=live.copy.custom_objects if live else None,
        live=live,
        name=called,
    )


def _check_pruning(copy: SavedCopy, options: ConvertOptions) -> None:
    if options.prune is not None and copy.only_here:
        raise ModelError(
            "A model that is pruned must be one that another process can load.",
            received=copy.only_here,
            hint="move its classes and functions into a module that can be imported, and give each "
            "a get_config().",
        )


def _with_training(options: ConvertOptions, source: str, given: object) -> ConvertOptions:
    """The options with what manifests say of the samples to train on."""
    if options.training is None:
        raise UsageError(
            "Training data must come with how to train.",
            received="training, and options without it",
            hint="options=ConvertOptions(training=Training(quantization_aware=True)), or with "
            "prune=Pruning(sparsity=0.5).",
        )
    said = source if isinstance(given, (str, PathLike)) else _TRAINING
    return replace(options, training=replace(options.training, data=said))
