"""Golden, calibration and training samples, drawn apart: where a conversion begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgekit.core.errors import DataError
from edgekit.core.records import Contract, Limits
from edgekit.data import input_ranges, sources, split, suitability, synthetic
from edgekit.data.samples import Samples

# A batch to train on, and one to judge by.
_FEWEST = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawn:
    """What a conversion runs on.

    Attributes:
        golden: Samples with outputs of the original model.
        calibration: Samples for static ranges; None without data.
        training: Samples to train on; None where nothing is trained.
        ranges: Smallest and largest value of the calibration samples, by float input.
        warnings: Why the calibration samples are not fit for it, one sentence each.
    """

    golden: Samples
    calibration: Samples | None = None
    training: Samples | None = None
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def save(self, request: Mapping[str, Any]) -> None:
        """Write what later stages need, as `request` names it (see `draw`)."""
        if self.calibration is not None:
            self.calibration.save(Path(request["calibration_out"]), compress=False)
        if self.training is not None:
            self.training.save(Path(request["training_out"]), compress=False)

    def answer(self) -> dict[str, Any]:
        """What an exporter says of the samples, in JSON's types."""
        return {
            "golden": "synthetic" if self.calibration is None else "data",
            "calibration_sha256": self.calibration.sha256 if self.calibration else None,
            "calibration_ranges": {name: list(pair) for name, pair in self.ranges.items()},
            "training_sha256": self.training.sha256 if self.training else None,
        }


def draw(contract: Contract, request: Mapping[str, Any], id_limits: Mapping[str, int]) -> Drawn:
    """Golden samples, and calibration samples where there is data.

    Args:
        contract: The model's inputs, with their preprocessing.
        request: `calibration` (a source, or None), `golden_samples`, `calibration_samples`,
            `seed`, `calibrates`: whether anything will be calibrated, so that unfit samples
            matter, `training` (a source, or None), and `judges`: how many of the held-out
            calibration samples judge what was trained, and are not trained on. For `Drawn.save`
            `calibration_out` and `training_out` (`.npz`). `memory_bytes` is the memory limit;
            without it that of `Limits`.
        id_limits: Exclusive upper bounds of integer inputs, for synthetic samples.

    Returns:
        Golden and calibration samples without one in common. Without data the golden ones
        are synthetic: valid in shape, type and range; and there is no calibration. No training
        sample is golden, or one of the held-out calibration samples that judge.

    Raises:
        DataError: A source cannot be read, does not fit, or leaves nothing to train on.
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
        memory_bytes=_memory(request),
    )
    golden, calibration = _apart(drawn, wanted, seed)
    training = None
    if request.get("training"):
        _, held = split.held_back(calibration, seed)
        judges = held.take(range(min(int(request["judges"]), len(held))))
        training = _training(request, contract, (golden, judges), seed)
    calibrates = bool(request.get("calibrates"))
    return Drawn(
        golden=golden,
        calibration=calibration,
        training=training,
        ranges=input_ranges.of(calibration, contract),
        warnings=suitability.warnings(calibration, golden, drawn, contract) if calibrates else (),
    )


def _memory(request: Mapping[str, Any]) -> int:
    return int(request.get("memory_bytes", Limits().memory_bytes))


def _training(
    request: Mapping[str, Any], contract: Contract, others: Sequence[Samples], seed: int
) -> Samples:
    source = request["training"]
    drawn = sources.load(
        source, contract, purpose="training", seed=seed, memory_bytes=_memory(request)
    )
    training = split.without(drawn, *others)
    if len(training) < _FEWEST:
        raise DataError(
            f"Training needs at least {_FEWEST} samples besides the held-out ones.",
            received=f"{len(training)} of {len(drawn)} from {source}",
            hint="give more data.",
        )
    return training


def _apart(drawn: Samples, wanted: int, seed: int) -> tuple[Samples, Samples]:
    if len(drawn) == 1:
        return drawn, drawn
    # Of few samples a tenth is golden, but always one.
    golden = max(1, min(wanted, len(drawn) // 10))
    drawn_apart = split.split(drawn, {"golden": golden, "calibration": len(drawn) - golden}, seed)
    return drawn_apart["golden"], drawn_apart["calibration"]
