"""Golden, calibration and training samples, drawn apart: where a conversion begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgekit.core.errors import DataError
from edgekit.core.records import Contract
from edgekit.data import input_ranges, sources, split, suitability, synthetic
from edgekit.data.export_messages import DrawRequest, SampleFacts
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

    def save(self, request: DrawRequest) -> None:
        """Write them where `request` says."""
        self.golden.save(request.golden_out)
        if self.calibration is not None:
            self.calibration.save(request.calibration_out, compress=False)
        if self.training is not None:
            self.training.save(request.training_out, compress=False)

    @property
    def facts(self) -> SampleFacts:
        """What an exporter says of the samples."""
        return SampleFacts(
            golden="synthetic" if self.calibration is None else "data",
            calibration_sha256=self.calibration.sha256 if self.calibration else None,
            calibration_ranges=self.ranges,
            training_sha256=self.training.sha256 if self.training else None,
        )


def draw(contract: Contract, request: DrawRequest, id_limits: Mapping[str, int]) -> Drawn:
    """Golden samples, and calibration samples where there is data.

    Args:
        contract: The model's inputs, with their preprocessing.
        request: Sources, and how many samples are wanted of each kind.
        id_limits: Exclusive upper bounds of integer inputs, for synthetic samples.

    Returns:
        Golden and calibration samples without one in common. Without data the golden ones
        are synthetic: valid in shape, type and range; and there is no calibration. No training
        sample is golden, or one of the held-out calibration samples that judge.

    Raises:
        DataError: A source cannot be read, does not fit, or leaves nothing to train on.
    """
    wanted, seed = request.golden_samples, request.seed
    if not request.calibration:
        return Drawn(golden=synthetic.synthetic(contract, wanted, seed, dict(id_limits)))
    drawn = sources.load(
        request.calibration,
        contract,
        purpose="calibration",
        limit=wanted + request.calibration_samples,
        seed=seed,
        memory_bytes=request.memory_bytes,
    )
    golden, calibration = _apart(drawn, wanted, seed)
    training = None
    if request.training:
        _, held = split.held_back(calibration, seed)
        judges = held.take(range(min(request.judges, len(held))))
        training = _training(request, request.training, contract, (golden, judges))
    return Drawn(
        golden=golden,
        calibration=calibration,
        training=training,
        ranges=input_ranges.of(calibration, contract),
        warnings=suitability.warnings(calibration, golden, drawn, contract)
        if request.calibrates
        else (),
    )


def _training(
    request: DrawRequest, source: str, contract: Contract, others: Sequence[Samples]
) -> Samples:
    drawn = sources.load(
        source,
        contract,
        purpose="training",
        seed=request.seed,
        memory_bytes=request.memory_bytes,
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
