"""All that calibration samples said about one recipe, to be applied as often as needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from edgekit import tflite
from edgekit.core import recipes, serde
from edgekit.core.records import Candidate, Recipe
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.calibration.equalize import Exponents
from edgekit.quantize.rewrite import engine
from edgekit.quantize.rewrite.cast_pairs import pairs, producers
from edgekit.quantize.rewrite.engine import Exceptions
from edgekit.quantize.weights import patch
from edgekit.quantize.weights.patch import Weights
from edgekit.tflite import Model

INT8_WEIGHTS = recipes.RECIPES["weight_only_wi8_afp32"].quantize


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A float file, and how a recipe quantizes it best.

    Attributes:
        float_model: The `.tflite` that is quantized: the float file, or one that computes the
            same with equalized weights. Operators have the same indices in both.
        ranges: Of activations, where the recipe or its exceptions need them.
        weights: By the operator's index; none where round-to-nearest gives them.
        small: Operators so small that int8 weights in place of int4 hardly cost anything.
        equalized: Of which activations `float_model` holds other values than the float file:
            exponents by tensor name (see `equalize`).
        candidates: What was compared to come here.
    """

    float_model: bytes
    ranges: Ranges | None = None
    weights: Mapping[int, Weights] = field(default_factory=dict)
    small: frozenset[int] = frozenset()
    equalized: Exponents = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()

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
        return {**dict.fromkeys(self.small, INT8_WEIGHTS), **others}

    def save(self, path: Path) -> None:
        """Write all of it to an `.npz`, for another process."""
        arrays: dict[str, np.ndarray] = {"float_model": np.frombuffer(self.float_model, np.uint8)}
        for index, weights in self.weights.items():
            arrays[f"codes/{index}/{weights.bits}"] = weights.codes
            arrays[f"scales/{index}"] = weights.scales
            if weights.bias is not None:
                arrays[f"bias/{index}"] = weights.bias
        about: dict[str, Any] = {
            "small": sorted(self.small),
            "equalized": self.equalized,
            "candidates": serde.to_dict(self.candidates),
            "ranges": None if self.ranges is None else list(self.ranges),
        }
        for number, extremes in enumerate((self.ranges or {}).values()):
            arrays[f"min/{number}"], arrays[f"max/{number}"] = extremes["min"], extremes["max"]
        arrays["about"] = np.array(json.dumps(about))
        # NumPy's types take any keyword for its one option, allow_pickle.
        np.savez(path, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> Prepared:
        """Read what `save` wrote."""
        with np.load(path) as file:
            about = json.loads(str(file["about"]))
            weights = {}
            for key in file.files:
                if key.startswith("codes/"):
                    _, index, bits = key.split("/")
                    bias = f"bias/{index}"
                    weights[int(index)] = Weights(
                        codes=file[key],
                        scales=file[f"scales/{index}"],
                        bias=file[bias] if bias in file.files else None,
                        bits=int(bits),
                    )
            ranges = None
            if about["ranges"] is not None:
                ranges = {
                    name: {"min": file[f"min/{i}"], "max": file[f"max/{i}"]}
                    for i, name in enumerate(about["ranges"])
                }
            return cls(
                float_model=file["float_model"].tobytes(),
                ranges=ranges,
                weights=weights,
                small=frozenset(about["small"]),
                equalized={name: tuple(powers) for name, powers in about["equalized"].items()},
                candidates=tuple(serde.from_dict(Candidate, c) for c in about["candidates"]),
            )
