"""Usual scalings of an input, tried on labelled samples beside what it is given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from edgekit.core.records import Preprocessing, TensorSpec
from edgekit.data import preprocess, usual_scalings
from edgekit.pipeline.convert.labelled_run import LabelledRun
from edgekit.pipeline.input_trials import Trial, is_ahead

# A classifier that is right less often may be fed wrongly: other ways are tried.
_GOOD = 0.8
# A trial may take so long; of a slow model so many samples do.
_SECONDS = 5.0
_FEWEST = 32
# Integers are right as they are where each scaling is behind by so many standard errors.
_SURELY = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What labels tell of the ways to prepare one input: `given`, and the `best` of the others.

    `is_ahead` says that the best one is surely better; `is_right` that every scaling is surely
    worse than what is given. Where neither holds, what is given is no more likely: a model that was
    trained on 0 to 1 is often right on 0 to 255 too, where its biases are lost beside the inputs,
    and hardly ever the other way round.
    """

    metric: str
    given: float
    best: Trial
    value: float
    count: int
    is_ahead: bool
    is_right: bool
    is_informed: bool

    @property
    def verdict(self) -> str:
        """What a sentence that shows both values ends in."""
        if self.is_ahead:
            return ""
        return ", which does not tell" if self.is_informed else ", no better than guessing"


def findings(run: LabelledRun, doubted: Collection[str]) -> dict[str, Finding | None]:
    """By input: what labels tell, where other ways were tried."""
    by_share = run.measured.name.startswith("top1")
    is_good = run.is_informed and not (by_share and run.measured.value < _GOOD)
    found: dict[str, Finding | None] = dict.fromkeys(doubted)
    for spec in run.contract.inputs:
        if spec.name not in doubted and (is_good or len(run.contract.inputs) > 1):
            continue
        raw, ways = _ways(run.samples.inputs[spec.name], spec)
        found[spec.name] = _tried(run, spec, raw, ways)
    return found


def _ways(values: np.ndarray, spec: TensorSpec) -> tuple[np.ndarray, dict[str, Preprocessing]]:
    """Raw values, and the usual ways in which such become inputs."""
    if is_known_image(spec):
        pixels = _pixels(values, spec.preprocessing)
        if pixels is not None:
            return pixels, usual_scalings.of_pixels(spec)
    return values, usual_scalings.of_numbers(str(values.dtype))


def is_known_image(spec: TensorSpec) -> bool:
    """Whether an input has the shape of images, and every size of it is known."""
    return usual_scalings.is_image(spec) and min(spec.shape[1:3]) > 0


def _pixels(values: np.ndarray, rules: Preprocessing) -> np.ndarray | None:
    """Pixels that became these values; None where they are none."""
    values = values.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if rules.kind == "image":
        values = values * np.asarray(rules.std, np.float32) + np.asarray(rules.mean, np.float32)
        values = values[..., ::-1] if rules.channels == "bgr" else values
    elif -1 <= low < 0 and high <= 1:
        values = (values + 1) * np.float32(127.5)
    elif low >= 0 and high <= 1:
        values = values * np.float32(255)
    elif low < 0 or high > 255:
        return None
    pixels: np.ndarray = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels


def _tried(
    run: LabelledRun, spec: TensorSpec, raw: np.ndarray, ways: Mapping[str, Preprocessing]
) -> Finding | None:
    """What the ways give on as many samples as time allows; None where none can be compared."""
    measured, count = run.measured, len(run.samples)
    most = int(count * _SECONDS / max(1e-9, run.seconds * len(ways)))
    if not measured.raw or min(most, count) < min(count, _FEWEST):
        return None
    samples = run.samples.take(range(min(most, count)))
    sign = 1.0 if measured.better == "higher" else -1.0
    given = np.asarray(measured.raw[: len(samples)]) * sign
    trials: list[tuple[float, Trial]] = []
    for name, way in ways.items():
        inputs = {
            **samples.inputs,
            spec.name: preprocess.preprocess_batch(
                raw[: len(samples)], replace(spec, preprocessing=way)
            ),
        }
        result = run.of(inputs, samples)
        if result is not None and result.raw:
            right = tuple((np.asarray(result.raw) * sign).tolist())
            trials.append((result.value, Trial(name=name, preprocessing=way, right=right)))
    if not trials:
        return None
    scaled = [trial for _, trial in trials if trial.preprocessing.std != (1.0,)]
    # Of equal ones the one that most models were trained with: it stands first.
    value, best = max(trials, key=lambda pair: (pair[1].share, pair[1] in scaled))
    return Finding(
        metric=measured.name,
        given=float(given.mean() * sign),
        best=best,
        value=value,
        count=len(samples),
        is_informed=run.is_informed,
        is_ahead=is_ahead(best.right, given.tolist()),
        is_right=run.is_informed
        and all(is_ahead(given.tolist(), trial.right, _SURELY) for trial in scaled),
    )
