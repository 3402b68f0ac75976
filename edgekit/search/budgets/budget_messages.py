"""What the search for a file within a budget is asked and answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edgekit.core.isolate import Stage
from edgekit.core.records import Budget, Contract, Device, Limits, Recipe
from edgekit.quantize.quantize_messages import QuantizedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRequest:
    """A float file, and what a quantized one may take.

    Attributes:
        float_file: What is quantized.
        original: What times are compared with: another file where the model was pruned.
        file: Where it goes.
        name: The model's.
        contract: The float file's.
        recipe: What operators have where nothing else is chosen.
        calibration: Samples, an `.npz`.
        to_bytes: The file's size at most; None without a limit.
        to_latency: Its time at most, as a fraction of the original's; likewise.
        seed: Of every draw.
        device: What the file is for.
        limits: Of the processes that time files.
    """

    float_file: Path
    original: Path
    file: Path
    name: str
    contract: Contract
    recipe: Recipe
    calibration: Path
    to_bytes: int | None = None
    to_latency: float | None = None
    seed: int = 0
    device: Device = "cpu"
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetResult:
    """The file, and how it came about."""

    file: QuantizedFile
    budget: Budget


BUDGET = Stage("edgekit.search.budgets.budget_search:run", BudgetRequest, BudgetResult)
