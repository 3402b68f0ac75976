"""One file of a conversion, as far as it has come."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgekit.core.records import Budget, Recipe, Repair, Step, Verified
from edgekit.quantize.quantize_messages import QuantizedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertedFile:
    """A recipe's file in the scratch folder.

    Attributes:
        recipe: What it is made by.
        quantized: What the quantizing stage said of it.
        steps: How its rounding was trained; none where it was not.
        repair: What it took to hold a bound; None without one.
        budget: What was chosen within bytes or a time; None where neither was asked for.
        verified: How near it comes to the float file; None for the float file itself.
        wrecked: What it has lost, where it no longer computes what the model does.
    """

    recipe: Recipe
    quantized: QuantizedFile
    steps: tuple[Step, ...] = ()
    repair: Repair | None = None
    budget: Budget | None = None
    verified: Verified | None = None
    wrecked: str = ""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.quantized.written.path
