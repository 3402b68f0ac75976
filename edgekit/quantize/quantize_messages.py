"""Requests and results of the quantizing stages, and the records of their files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.core.isolate import Stage
from edgekit.core.records import Candidate, Contract, Device, Kept, LayerError, Recipe, Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file that was checked and written.

    Attributes:
        path: Where it lies.
        sha256: Of its content.
        size_bytes: Of its content.
        compressed_bytes: About what a download costs.
        contract: Its own inputs and outputs.
        oldest_runtime: The first release that can run it.
        skipped: Operators that the recipe left as they were.
        kept: Operators that have another precision than the recipe's.
    """

    path: Path
    sha256: str
    size_bytes: int
    compressed_bytes: int
    contract: Contract
    oldest_runtime: str
    skipped: tuple[Skipped, ...] = ()
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trainable:
    """What the training of a rounding starts from.

    Attributes:
        source: The float file that is quantized.
        grid: What its rounding looks like (see `trained.grid`), an `.npz`.
    """

    source: Path
    grid: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedFile:
    """One recipe's file, and what it takes to make it again.

    Attributes:
        written: The file.
        prepared: `calibrated_recipe.Prepared`, to quantize again with exceptions, an `.npz`.
        seconds: What quantizing took.
        candidates: What was compared.
        equalized: See `records.Artifact`.
        rewritten: Likewise, of this recipe alone.
        trainable: Where the rounding is to be trained or learned.
    """

    written: WrittenFile
    prepared: Path
    seconds: float
    candidates: tuple[Candidate, ...] = ()
    equalized: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    rewritten: Mapping[str, int] = field(default_factory=dict)
    trainable: Trainable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeRequest:
    """A float file, and all recipes for it.

    Attributes:
        float_file: What is quantized.
        original: The float file of the model before it was pruned, whose recipe stands first;
            None where it was not.
        folder: Where the files go.
        name: The model's.
        contract: The float file's.
        recipes: The first is a float one.
        calibration: Samples, an `.npz`; None without any.
        seed: Of every draw.
        bounded: Whether a loss is bounded (see `candidates.Search`).
        device: What the files are for.
    """

    float_file: Path
    original: Path | None = None
    folder: Path
    name: str
    contract: Contract
    recipes: tuple[Recipe, ...]
    calibration: Path | None = None
    seed: int = 0
    bounded: bool = False
    device: Device = "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeResult:
    """The files in the order of the recipes, and what is to be said of them."""

    files: tuple[QuantizedFile, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyTrainedRequest:
    """A file to be written anew, with the weights and ranges that training found.

    Attributes:
        file: As it was.
        trained: Its grid after training, an `.npz`.
        recipe: What the file is made by.
        contract: The float file's.
        name: The model's.
        judges: Calibration samples, the third of which that was held out says whether the new file
            is better; None to write it without a question.
        seed: They are divided by it.
    """

    file: QuantizedFile
    trained: Path
    recipe: Recipe
    contract: Contract
    name: str
    judges: Path | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerErrorsRequest:
    """A quantized file whose errors by operator are wanted.

    Attributes:
        float_file: What it was made from.
        quantized: The file.
        samples: Inputs, an `.npz`.
        equalized: Of its manifest; None for a file without one, whose weights tell.
    """

    float_file: Path
    quantized: Path
    samples: Path
    equalized: Mapping[str, tuple[int, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerErrorsResult:
    """Errors in order of execution, and how many of the samples were used."""

    errors: tuple[LayerError, ...]
    num_samples: int


QUANTIZE = Stage("edgekit.quantize.stage:run", QuantizeRequest, QuantizeResult)
APPLY_TRAINED = Stage("edgekit.quantize.stage:apply_trained", ApplyTrainedRequest, QuantizedFile)
LAYER_ERRORS = Stage(
    "edgekit.quantize.diagnose.layer_errors:run", LayerErrorsRequest, LayerErrorsResult
)
