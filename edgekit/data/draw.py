"""Golden and calibration samples, drawn apart from one source: where a conversion begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgekit.data import parts, sources, synthetic
from edgekit.data.samples import Samples
from edgekit.records import Contract


def draw(
    contract: Contract, request: Mapping[str, Any], id_limits: Mapping[str, int]
) -> tuple[Samples, Samples | None]:
    """Golden samples, and calibration samples where there is data.

    Args:
        contract: The model's inputs, with their preprocessing.
        request: `calibration` (a source, or None), `golden_samples`,
            `calibration_samples` and `seed`.
        id_limits: Exclusive upper bounds of integer inputs, for synthetic samples.

    Returns:
        Golden and calibration samples without one in common. Without data the golden ones
        are synthetic: valid in shape, type and range; and there is no calibration.
    """
    wanted, seed = int(request["golden_samples"]), int(request["seed"])
    if not request.get("calibration"):
        return synthetic.synthetic(contract, wanted, seed, dict(id_limits)), None
    drawn = sources.load(
        request["calibration"],
        contract,
        purpose="calibration",
        limit=wanted + int(request["calibration_samples"]),
        seed=seed,
    )
    if len(drawn) == 1:
        return drawn, drawn
    # Of few samples a tenth is golden, but always one.
    golden = max(1, min(wanted, len(drawn) // 10))
    drawn_apart = parts.split(drawn, {"golden": golden, "calibration": len(drawn) - golden}, seed)
    return drawn_apart["golden"], drawn_apart["calibration"]
