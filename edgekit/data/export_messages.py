"""What the exporter of Keras models, and the importer of `.tflite` files, are asked and answer.

Both begin a conversion: a float file and the samples that everything after it runs on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edgekit.core.isolate import Stage
from edgekit.core.records import Contract, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRequest:
    """Which samples a conversion runs on, and where they go.

    Attributes:
        calibration: Where they come from (see `sources.load`); None for golden samples that are
            made up, and no others.
        training: Where samples to train on come from; None where nothing is trained.
        evaluation: Where labelled samples come from, on which the original model is run; None for
            the calibration samples, where they have labels.
        golden_samples: At most so many are golden.
        calibration_samples: At most so many calibrate.
        calibrates: Whether anything will be calibrated, so that unfit samples matter.
        judges: How many of the held-out calibration samples judge what was trained, and are
            not trained on.
        seed: Of every draw.
        memory_bytes: What the process may take.
        golden_out: Where the golden samples go, an `.npz`.
        calibration_out: Likewise, where there are any.
        training_out: Likewise, where there are any.
        labelled_out: Likewise, the labelled ones with the original's outputs; None where nobody
            wants them.
    """

    calibration: str | None = None
    training: str | None = None
    evaluation: str | None = None
    golden_samples: int
    calibration_samples: int
    calibrates: bool = False
    judges: int = 0
    seed: int = 0
    memory_bytes: int = Limits().memory_bytes
    golden_out: Path
    calibration_out: Path
    training_out: Path
    labelled_out: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeNumbers:
    """What an input was given that the model takes as floats: whole numbers, beyond -1 to 1.

    `dtype` is that of the samples; they are whole numbers in floats too.
    """

    dtype: str
    low: float
    high: float

    @property
    def are_integers(self) -> bool:
        """Whether the samples themselves are integers."""
        return "int" in self.dtype


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFacts:
    """What a manifest says of the samples.

    Attributes:
        golden: Whether the golden ones were taken from data or made up.
        calibration_sha256: Of the calibration samples; None without any.
        calibration_ranges: Their smallest and largest value by float input.
        training_sha256: Of the samples to train on; None without any.
        labelled: What the labelled samples are, on which the original is run; None without any.
        whole_numbers: By float input that no preprocessing is stated of.
    """

    golden: Literal["data", "synthetic"]
    calibration_sha256: str | None = None
    calibration_ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    training_sha256: str | None = None
    labelled: Literal["evaluation", "calibration"] | None = None
    whole_numbers: Mapping[str, WholeNumbers] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """A trained model whose float file and samples are wanted.

    Attributes:
        model: The file or folder.
        draw: The samples.
        out: Where the float file goes.
        project: An `edgekit.toml`, whose words describe inputs and outputs.
        input_shapes: Full shapes with the batch, of inputs with unknown sizes.
        signature: The one to take of a file with several.
        custom_objects: `module:NAME` of custom layers.
        builder: `module:FUNCTION` that builds the model whose weights the file holds.
        unsafe: Whether the model may run code of its own while it is loaded.
        short_names: Whether the file's tensors have no longer names than their layers take.
    """

    model: Path
    draw: DrawRequest
    out: Path
    project: Path | None = None
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    signature: str | None = None
    custom_objects: str | None = None
    builder: str | None = None
    unsafe: bool = False
    short_names: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A float file that was written, and its samples.

    Attributes:
        contract: Its inputs and outputs.
        samples: What the samples are.
        notes: What is to be said of the model, and of calibration samples that are not fit.
        seconds: By step: `load`, `samples`, `golden`, `labelled`, `export`.
        prepares: The inputs that the model scales, or looks up as ids, by itself.
        rewritten: How many operators the file has in another form, by what was done.
    """

    contract: Contract
    samples: SampleFacts
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    prepares: tuple[str, ...] = ()
    rewritten: Mapping[str, int] = field(default_factory=dict)


EXPORT = Stage("edgekit.frontend.export.export:run", ExportRequest, Exported)
IMPORT = Stage("edgekit.quantize.rewrite.import_float:run", ExportRequest, Exported)
