"""What the original model and its float file reach on labelled samples."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from edgekit.core.errors import EdgekitError
from edgekit.core.records import Contract, Metric, ReferenceAccuracy
from edgekit.data.export_messages import Exported
from edgekit.data.samples import Samples
from edgekit.measure import accuracy
from edgekit.measure.default_metrics import default_metrics
from edgekit.pipeline.convert.job import Job
from edgekit.pipeline.input_trials import beats_guessing
from edgekit.runtimes.base import Session


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelledRun:
    """What the float file makes of labelled samples, as they are prepared now.

    Attributes:
        samples: With labels.
        contract: Of the float file.
        measured: The metric that the labels ask for.
        session: Of the float file, open.
        seconds: That the samples took.
        reached: The metric, of the original too.
        is_informed: Whether it is better than guessing, as far as the samples tell.
    """

    samples: Samples
    contract: Contract
    measured: Metric
    session: Session
    seconds: float
    reached: ReferenceAccuracy
    is_informed: bool

    def of(self, inputs: Mapping[str, np.ndarray], samples: Samples) -> Metric | None:
        """The metric of other inputs in their place; None where the model overflows."""
        try:
            outputs = self.session.run(dict(inputs))
            return accuracy.measure(self.measured.name, outputs, samples, self.contract)
        except EdgekitError:
            return None


def run(job: Job, exported: Exported, session: Session) -> LabelledRun | None:
    """Run the float file on the labelled samples that the exporter left, if there are any.

    Returns:
        None where no metric follows from the labels, or they do not fit the outputs.
    """
    kind = exported.samples.labelled
    if kind is None:
        return None
    samples, contract = Samples.load(job.labelled), exported.contract
    metrics = default_metrics(contract, samples)
    if not metrics:
        return None
    metric = metrics[0]
    started = time.perf_counter()
    try:
        outputs = session.run(samples.inputs)
        measured = accuracy.measure(metric, outputs, samples, contract)
        original = samples.reference or outputs
        keras = accuracy.measure(metric, original, samples, contract) if samples.reference else None

        def shuffled(order: np.ndarray) -> Metric:
            return accuracy.measure(metric, original, _relabelled(samples, order), contract)

        informed = beats_guessing(
            keras or measured, shuffled, len(samples), varied=_labels_vary(samples)
        )
    except EdgekitError:  # labels that do not fit: whoever evaluates on them is told so
        return None
    return LabelledRun(
        samples=samples,
        contract=contract,
        measured=measured,
        session=session,
        seconds=time.perf_counter() - started,
        reached=ReferenceAccuracy(
            metric=metric,
            keras=keras.value if keras else None,
            float32=measured.value,
            num_samples=len(samples),
            samples=kind,
        ),
        is_informed=informed,
    )


def _relabelled(samples: Samples, order: np.ndarray) -> Samples:
    other = samples.take(order)
    return replace(samples, labels=other.labels, head_labels=other.head_labels)


def _labels_vary(samples: Samples) -> bool:
    each = [*samples.head_labels.values(), *([] if samples.labels is None else [samples.labels])]
    return any((labels != labels[:1]).any() for labels in each)
