"""Golden, calibration and training samples, drawn apart: where a conversion begins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from edgekit.core.errors import DataError, EdgekitError
from edgekit.core.project import is_callable_name
from edgekit.core.records import Contract
from edgekit.data import input_ranges, sources, split, suitability, synthetic, whole_numbers
from edgekit.data.export_messages import DrawRequest, SampleFacts, WholeNumbers
from edgekit.data.samples import Samples

# A batch to train on, and one to judge by.
_FEWEST = 4
# Labelled samples that the original model is run on: so many small ones, or at least the few; they
# have about so many values together.
_MOST_LABELLED, _FEWEST_LABELLED, _LABELLED_VALUES = 128, 32, 6_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawn:
    """What a conversion runs on.

    Attributes:
        golden: Samples with outputs of the original model.
        calibration: Samples for static ranges; None without data.
        training: Samples to train on; None where nothing is trained.
        ranges: Smallest and largest value of the calibration samples, by float input.
        labelled: Samples with labels, on which the original model is run; None without any.
        labelled_as: What they are.
        whole_numbers: By float input that no preprocessing is stated of.
        warnings: Why the calibration samples are not fit for it, one sentence each.
    """

    golden: Samples
    calibration: Samples | None = None
    training: Samples | None = None
    labelled: Samples | None = None
    labelled_as: Literal["evaluation", "calibration"] | None = None
    whole_numbers: dict[str, WholeNumbers] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def save(self, request: DrawRequest) -> None:
        """Write them where `request` says."""
        self.golden.save(request.golden_out)
        if self.calibration is not None:
            self.calibration.save(request.calibration_out, compress=False)
        if self.training is not None:
            self.training.save(request.training_out, compress=False)
        if self.labelled is not None and request.labelled_out is not None:
            self.labelled.save(request.labelled_out, compress=False)

    @property
    def facts(self) -> SampleFacts:
        """What an exporter says of the samples."""
        return SampleFacts(
            golden="synthetic" if self.calibration is None else "data",
            calibration_sha256=self.calibration.sha256 if self.calibration else None,
            calibration_ranges=self.ranges,
            training_sha256=self.training.sha256 if self.training else None,
            labelled=self.labelled_as,
            whole_numbers=self.whole_numbers,
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
        labelled, labelled_as, why = _labelled(request, contract, None)
        return Drawn(
            golden=synthetic.synthetic(contract, wanted, seed, dict(id_limits)),
            labelled=labelled,
            labelled_as=labelled_as,
            whole_numbers=whole_numbers.of(labelled, contract) if labelled else {},
            warnings=why,
        )
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
    labelled, labelled_as, why = _labelled(request, contract, drawn)
    ranges = input_ranges.of(calibration, contract)
    unfit: tuple[str, ...] = ()
    if request.calibrates:
        unfit = suitability.warnings(calibration, golden, drawn, contract)
        if labelled is not None and labelled_as == "evaluation":
            unfit += input_ranges.unlike_calibration(labelled, ranges).notes
    return Drawn(
        golden=golden,
        calibration=calibration,
        training=training,
        ranges=ranges,
        labelled=labelled,
        labelled_as=labelled_as,
        whole_numbers=whole_numbers.of(drawn, contract),
        warnings=(*unfit, *why),
    )


def _labelled(
    request: DrawRequest, contract: Contract, drawn: Samples | None
) -> tuple[Samples | None, Literal["evaluation", "calibration"] | None, tuple[str, ...]]:
    """A few labelled samples, what they are, and why the evaluation samples are none of them."""
    if request.labelled_out is None:
        return None, None, ()
    values = sum(abs(math.prod(spec.shape)) for spec in contract.inputs)
    few = max(_FEWEST_LABELLED, min(_MOST_LABELLED, _LABELLED_VALUES // max(1, values)))
    notes: tuple[str, ...] = ()
    if request.evaluation:
        try:
            labelled = _evaluation(request.evaluation, request, contract, few)
            if labelled is not None:
                return labelled, "evaluation", ()
        except EdgekitError as error:
            notes = (f"the evaluation samples were not looked at: {error.brief}",)
    if drawn is not None and drawn.is_labelled:
        chosen = split.draw(drawn.labels, len(drawn), few, request.seed)
        if drawn.is_sequence:
            chosen = np.arange(len(chosen))
        return drawn.take(chosen), "calibration", notes
    if request.calibration:
        # A file with unlabelled calibration arrays may hold labelled ones beside them.
        with suppress(EdgekitError):
            labelled = _evaluation(request.calibration, request, contract, few)
            if labelled is not None:
                return labelled, "evaluation", notes
    return None, None, notes


def _evaluation(
    source: str, request: DrawRequest, contract: Contract, limit: int
) -> Samples | None:
    """Evaluation samples with labels; None of a function, which may take hours."""
    if is_callable_name(source) and not Path(source).exists():
        return None
    samples = sources.load(
        source,
        contract,
        purpose="evaluation",
        limit=limit,
        seed=request.seed,
        memory_bytes=request.memory_bytes,
    )
    return samples if samples.is_labelled else None


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
