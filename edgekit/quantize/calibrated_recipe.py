"""All that calibration samples said about one recipe, to be applied as often as needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from edgekit import tflite
from edgekit.core import npz_record, recipes
from edgekit.core.records import Candidate, Recipe
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.calibration.equalize import Exponents
from edgekit.quantize.rewrite import engine
from edgekit.quantize.rewrite.cast_pairs import pairs, producers
from edgekit.quantize.rewrite.engine import Exceptions
from edgekit.quantize.weights import patch
from edgekit.tflite import Model
from edgekit.tflite.quantized_weights import QuantizedWeights


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """What an operator has in place of the file's recipe: the name of another, and why."""

    recipe: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A float file, and how a recipe quantizes it best.

    Attributes:
        float_model: The `.tflite` that is quantized: the float file, or one that computes the
            same with equalized weights. Operators have the same indices in both.
        ranges: Of activations, where the recipe or its exceptions need them.
        weights: By the operator's index; none where round-to-nearest gives them.
        instead: Operators that another recipe serves better, by index: they would take a channel's
            content (see `apart.keep_apart`), or have no fast kernel, or are small.
        equalized: Of which activations `float_model` holds other values than the float file:
            exponents by tensor name (see `equalize`).
        candidates: What was compared to come here.
        rewritten: How many operators `float_model` has in another form, by what was done.
    """

    float_model: bytes
    ranges: Ranges | None = None
    weights: Mapping[int, QuantizedWeights] = field(default_factory=dict)
    instead: Mapping[int, Instead] = field(default_factory=dict)
    equalized: Exponents = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    rewritten: Mapping[str, int] = field(default_factory=dict)

    def apply(self, recipe: Recipe, exceptions: Exceptions = MappingProxyType({})) -> Model:
        """The quantized model, with other precisions for single operators.

        Raises:
            QuantizeError: The quantizer refused the file.
        """
        exceptions = self.exceptions(exceptions)
        model = engine.quantized(self.float_model, recipe, self.ranges, exceptions)
        if not self.weights:
            return model
        before = engine.parsed(self.float_model)
        main, makers = tflite.binding(before).subgraph, producers(model)
        for old, new in pairs(before, model):
            if new is not None and old.subgraph == main and old.index in self.weights:
                patch.apply(model, new, self.weights[old.index], makers)
        return model

    def exceptions(self, others: Exceptions = MappingProxyType({})) -> Exceptions:
        """Its own exceptions, and others, which win."""
        own = {i: recipes.get(one.recipe).quantize for i, one in self.instead.items()}
        return {**own, **others}

    @property
    def reasons(self) -> dict[int, str]:
        """Why its own exceptions are, by the operator's index."""
        return {index: one.reason for index, one in self.instead.items()}

    def save(self, path: Path) -> None:
        """Write all of it to an `.npz`, for another process."""
        arrays: dict[str, np.ndarray] = {"float_model": np.frombuffer(self.float_model, np.uint8)}
        for index, weights in self.weights.items():
            arrays[f"integers/{index}/{weights.bits}/{weights.axis}"] = weights.integers
            arrays[f"scales/{index}"] = weights.scales
            if weights.bias is not None:
                arrays[f"bias/{index}"] = weights.bias
        for number, extremes in enumerate((self.ranges or {}).values()):
            arrays[f"min/{number}"], arrays[f"max/{number}"] = extremes["min"], extremes["max"]
        record = _PreparedRecord(
            instead={str(index): one for index, one in self.instead.items()},
            equalized=self.equalized,
            candidates=self.candidates,
            rewritten=self.rewritten,
            ranges=None if self.ranges is None else tuple(self.ranges),
        )
        npz_record.write_record(path, record, arrays)

    @classmethod
    def load(cls, path: Path) -> Prepared:
        """Read what `save` wrote."""
        record, arrays = npz_record.read_record(_PreparedRecord, path)
        weights = {}
        for key, integers in arrays.items():
            if key.startswith("integers/"):
                _, index, bits, axis = key.split("/")
                weights[int(index)] = QuantizedWeights(
                    integers=integers,
                    scales=arrays[f"scales/{index}"],
                    bias=arrays.get(f"bias/{index}"),
                    bits=int(bits),
                    axis=int(axis),
                )
        ranges = None
        if record.ranges is not None:
            ranges = {
                name: {"min": arrays[f"min/{i}"], "max": arrays[f"max/{i}"]}
                for i, name in enumerate(record.ranges)
            }
        return cls(
            float_model=arrays["float_model"].tobytes(),
            ranges=ranges,
            weights=weights,
            instead={int(index): one for index, one in record.instead.items()},
            equalized=record.equalized,
            candidates=record.candidates,
            rewritten=record.rewritten,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _PreparedRecord:
    """What of a `Prepared` is no array; `ranges` are the names of its tensors."""

    instead: Mapping[str, Instead]
    equalized: Exponents
    candidates: tuple[Candidate, ...]
    rewritten: Mapping[str, int]
    ranges: tuple[str, ...] | None = None
