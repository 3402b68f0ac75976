"""Which way to quantize serves a model best: tried on calibration samples held back for it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from edgekit.data.samples import Samples
from edgekit.errors import QuantizeError
from edgekit.quantize import calibrate
from edgekit.quantize.calibrate import Ranges
from edgekit.quantize.prepare import Prepared
from edgekit.records import Contract, Recipe


class Search:
    """One float file and its calibration samples; what is found once serves all recipes.

    Args:
        float_model: The `.tflite`.
        samples: Calibration samples, if there are any.
        contract: The file's inputs and outputs.
        seed: Of every draw.
        report: Takes one line of progress.
    """

    def __init__(
        self,
        float_model: bytes,
        samples: Samples | None,
        contract: Contract,
        *,
        seed: int,
        report: Callable[[str], None],
    ) -> None:
        self._float_model, self._samples, self._contract = float_model, samples, contract
        self._seed, self._report = seed, report

    def prepare(self, recipe: Recipe) -> Prepared:
        """How a recipe quantizes this model best.

        Raises:
            QuantizeError: It needs samples and there are none.
        """
        how = recipe.quantize
        if how is None or not how.needs_ranges:
            return Prepared(float_model=self._float_model)
        return Prepared(float_model=self._float_model, ranges=self._extremes)

    @cached_property
    def _extremes(self) -> Ranges:
        if self._samples is None:
            raise QuantizeError(
                "Static recipes need calibration samples.",
                received="none",
                hint="pass --calibration DATA.npz (100 to 500 samples).",
            )
        self._report(f"calibrating on {len(self._samples)} samples")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "float.tflite")
            path.write_bytes(self._float_model)
            return calibrate.collect_ranges(path, self._samples, self._contract)
