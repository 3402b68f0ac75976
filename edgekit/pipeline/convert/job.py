"""What every step of a conversion is given: what is asked for, and where the work lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.core.process import Progress, silent
from edgekit.core.project import Project
from edgekit.core.records import ConvertOptions
from edgekit.pipeline.convert.plan import Plan
from edgekit.pipeline.convert.python_sources import LiveModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The model that is converted, and what the person says of it.

    Attributes:
        model: The file or folder.
        project: Its `edgekit.toml`.
        input_shapes: Full shapes with the batch, of inputs with unknown sizes.
        signature: The one to take of a model with several.
        custom_objects: `module:NAME` of custom layers.
        builder: `module:FUNCTION` that builds the model whose weights the file holds.
        training: Samples to train on, where the plan does not name them.
        evaluation: Labelled samples; None for those that the project names.
        live: The model itself, where it is one of this process.
    """

    model: Path
    project: Project = field(default_factory=Project)
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    signature: str | None = None
    custom_objects: str | None = None
    builder: str | None = None
    training: str | None = None
    evaluation: str | None = None
    live: LiveModel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One conversion.

    Attributes:
        source: The model.
        plan: What is made of it.
        options: Bounds, seeds and limits.
        work: The scratch folder, which children write to.
        notes: What is to be said of the conversion; steps add to it.
        pruned_rewritten: As `Exported.rewritten`, of the pruned float file, once there is one.
        on_progress: Takes one line at each step.
    """

    source: Source
    plan: Plan
    options: ConvertOptions
    work: Path
    notes: list[str] = field(default_factory=list)
    pruned_rewritten: dict[str, int] = field(default_factory=dict)
    on_progress: Progress = silent

    @property
    def original(self) -> Path:
        """The float file of the model as it came: what all others are compared with."""
        return self.work / "float.tflite"

    @property
    def float_file(self) -> Path:
        """The float file that is quantized: the pruned one, where the model is pruned."""
        return self.work / "pruned.tflite" if self.plan.prune else self.original

    @property
    def keras_file(self) -> Path:
        """The pruned Keras model."""
        return self.work / "pruned.keras"

    @property
    def golden(self) -> Path:
        """The golden samples."""
        return self.work / "golden.npz"

    @property
    def proof(self) -> Path:
        """The samples that every file is run on (see `prove`)."""
        return self.work / "proof.npz"

    @property
    def calibration_out(self) -> Path:
        """Where calibration samples are put, if there are any."""
        return self.work / "calibration.npz"

    @property
    def calibration(self) -> Path | None:
        """The calibration samples; None without any."""
        return self.calibration_out if self.plan.calibration else None

    @property
    def training_samples(self) -> Path:
        """Where samples to train on are put, if there are any."""
        return self.work / "training.npz"

    @property
    def labelled(self) -> Path:
        """Where labelled samples are put, if there are any, with what the original computes."""
        return self.work / "labelled.npz"

    @property
    def own_code(self) -> bool:
        """Whether loading the model runs code of the person's own."""
        given = (self.source.custom_objects, self.source.builder)
        return self.options.unsafe or any(code is not None for code in given)
