"""Golden and calibration samples, drawn apart from one source: where a conversion begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgekit.data import parts, ranges, sources, suitability, synthetic
from edgekit.data.samples import Samples
from edgekit.records import Contract


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawn:
    """What a conversion runs on.

    Attributes:
        golden: Samples that the original model answers.
        calibration: Samples for static ranges; None without data.
        ranges: Smallest and largest value of the calibration samples, by float input.
        warnings: Why the calibration samples are not fit for it, one sentence each.
    """

    golden: Samples
    calibration: Samples | None = None
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def answer(self) -> dict[str, Any]:
        """What an exporter says of the samples, in JSON's types."""
        return {
            "golden": "synthetic" if self.calibration is None else "data",
            "calibration_sha256": self.calibration.sha256 if self.calibration else None,
            "calibration_ranges": {name: list(pair) for name, pair in self.ranges.items()},
        }


def draw(contract: Contract, request: Mapping[str, Any], id_limits: Mapping[str, int]) -> Drawn:
    """Golden samples, and calibration samples where there is data.

    Args:
        contract: The model's inputs, with their preprocessing.
        request: `calibration` (a source, or None), `golden_samples`,
            `calibration_samples`, `seed`, and `calibrates`: whether anything will be
            calibrated, so that unfit samples matter.
        id_limits: Exclusive upper bounds of integer inputs, for synthetic samples.

    Returns:
        Golden and calibration samples without one in common. Without data the golden ones
        are synthetic: valid in shape, type and range; and there is no calibration.
    """
    wanted, seed = int(request["golden_samples"]), int(request["seed"])
    if not request.get("calibration"):
        return Drawn(golden=synthetic.synthetic(contract, wanted, seed, dict(id_limits)))
    drawn = sources.load(
        request["calibration"],
        contract,
        purpose="calibration",
        limit=wanted + int(request["calibration_samples"]),
        seed=seed,
    )
    golden, calibration = _apart(drawn, wanted, seed)
    calibrates = bool(request.get("calibrates"))
    return Drawn(
        golden=golden,
        calibration=calibration,
        ranges=ranges.of(calibration, contract),
        warnings=suitability.warnings(calibration, golden, drawn, contract) if calibrates else (),
    )


def _apart(drawn: Samples, wanted: int, seed: int) -> tuple[Samples, Samples]:
    if len(drawn) == 1:
        return drawn, drawn
    # Of few samples a tenth is golden, but always one.
    golden = max(1, min(wanted, len(drawn) // 10))
    drawn_apart = parts.split(drawn, {"golden": golden, "calibration": len(drawn) - golden}, seed)
    return drawn_apart["golden"], drawn_apart["calibration"]
