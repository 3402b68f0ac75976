"""What a sweep over many models is made of: cases, and what became of each.

A part is a module `coverage_NAME.py` with `cases() -> list[Case]`, which a child calls: it may
import Keras. Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Verdict = Literal["right", "refused", "failed"]

FLOAT = "float32"
# The float file must be this near to the source model.
LEAST_FLOAT_DB = 80.0
# A quantized file may lose this much against TensorFlow's before it counts as wrong, and from
# here on it is good whatever TensorFlow's has.
LESS_THAN_PEER_DB = 3.0
GOOD_DB = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a case's `make` wrote.

    Attributes:
        model: What is given to edgekit.
        samples: An `.npz` by input name, with calibration and test samples; None for golden
            samples that edgekit makes up.
        expected: An `.npz` by output name with what the model computes for `samples`; by default
            the source model is run.
    """

    model: Path
    samples: Path | None = None
    expected: Path | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One model.

    Attributes:
        name: Unique in its part.
        make: Writes the model into a folder; called in a child that has imported TensorFlow.
        recipes: What edgekit makes of it; `float32` comes first.
        options: Further words of `edgekit convert`.
        peer: Whether TensorFlow's converter is given the same model.
        written_model: The Keras model that the conversion writes, as `m.pruned.keras`: it must be
            smaller than the source model, and files are compared with it instead.
    """

    name: str
    make: Callable[[Path], Source]
    recipes: tuple[str, ...] = (FLOAT,)
    options: tuple[str, ...] = ()
    peer: bool = True
    written_model: str = ""


class Skipped(Exception):
    """Raised by `cases` with the reason, where a part needs what is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of one recipe.

    Attributes:
        verdict: Right, refused, or failed.
        db: How near the file's outputs come to the source model's; None without a file, infinite
            where they are equal.
        message: What happened and what was received, of a refusal; the reason of a failure.
        hint: The next step that the refusal names.
        kind: The class of the error.
        hint_kept: What carrying out the hint came to; empty where it was not (see `sweep_hints`).
    """

    verdict: Verdict
    db: float | None = None
    message: str = ""
    hint: str = ""
    kind: str = ""
    hint_kept: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a case.

    Attributes:
        part: The part's name.
        case: The case's name.
        edgekit: By recipe.
        tensorflow: What TensorFlow's own converter came to, by recipe; empty without a peer.
        seconds: What all of it took.
    """

    part: str
    case: str
    edgekit: Mapping[str, Judged]
    tensorflow: Mapping[str, Judged] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The worst of all recipes."""
        found = {judged.verdict for judged in self.edgekit.values()}
        worst: Verdict = "right"
        for verdict in ("refused", "failed"):
            worst = verdict if verdict in found else worst
        return worst

    @property
    def behind(self) -> tuple[str, ...]:
        """The recipes that TensorFlow makes rightly and edgekit does not."""
        return tuple(
            recipe
            for recipe, judged in self.edgekit.items()
            if judged.verdict != "right" and self._peer(recipe) == "right"
        )

    def _peer(self, recipe: str) -> str:
        return self.tensorflow[recipe].verdict if recipe in self.tensorflow else ""
