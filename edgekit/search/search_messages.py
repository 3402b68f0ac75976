"""What the search for a file that holds a bound is asked and answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edgekit.core.errors import UsageError
from edgekit.core.isolate import Stage
from edgekit.core.records import Contract, Device, Limits, Recipe, Repair
from edgekit.quantize.quantize_messages import WrittenFile


@dataclass(frozen=True, slots=True, kw_only=True)
class LossLimits:
    """What may be lost: one of them or both.

    Attributes:
        max_loss: A fraction of a metric, or of the agreement with float; None for no such limit.
        min_sqnr_db: Of the worst output; None for no such limit.
        metric: Task metrics; by default those that the labels ask for.
    """

    max_loss: float | None = None
    min_sqnr_db: float | None = None
    metric: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _limit(self)

    @property
    def limit(self) -> float:
        """The loss; the SQNR in dB where no loss is bounded."""
        return _limit(self)


def _limit(loss: LossLimits) -> float:
    for value in (loss.max_loss, loss.min_sqnr_db):
        if value is not None:
            return value
    raise UsageError("A bound must be a loss, an SQNR or both.", received="neither")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileToHold:
    """One recipe's file, and what it takes to make it again (see `quantize_messages`)."""

    recipe: Recipe
    path: Path
    prepared: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRequest:
    """Files that are to hold a bound.

    Attributes:
        float_file: What was quantized.
        original: What losses are measured against: another file where the model was pruned.
        contract: The float file's.
        calibration: Samples, an `.npz`.
        seed: They are divided by it.
        loss: What may be lost.
        device: What the files are for.
        name: The model's.
        limits: Of the processes that time files.
        files: One for each recipe that quantizes; replaced in place.
    """

    float_file: Path
    original: Path
    contract: Contract
    calibration: Path
    seed: int
    loss: LossLimits
    device: Device = "cpu"
    name: str
    limits: Limits = field(default_factory=Limits)
    files: tuple[FileToHold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFile:
    """What it took; `written` is the new file, None where nothing had to be kept."""

    repair: Repair
    written: WrittenFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepResult:
    """The files in the order of the request."""

    files: tuple[HeldFile, ...]


KEEP = Stage("edgekit.search.keep_search:run", KeepRequest, KeepResult)
