"""What each variant computes on each target: run and measured, or taken from the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edgekit.core import serde
from edgekit.core.baseline_record import Baseline
from edgekit.core.errors import DataError, EdgekitError, UnsupportedOperator
from edgekit.core.gate_rules import ACCURACIES, TASK_METRICS
from edgekit.core.installed import installed
from edgekit.core.project import Project
from edgekit.core.records import Artifact, Measurement, Metric, Target
from edgekit.data.label_kinds import with_label_kinds
from edgekit.data.samples import Samples
from edgekit.measure import accuracy
from edgekit.measure.machine import describe_host
from edgekit.pipeline import cache
from edgekit.pipeline.evaluate import Candidate, candidate, measure, sample_notes, sizes
from edgekit.pipeline.gate import baseline as store
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.pipeline.gate.variant_files import source_digest
from edgekit.pipeline.runner import REFERENCE_TARGET, Drawn, Runner
from edgekit.runtimes import environments, local
from edgekit.runtimes.base import SessionInfo

_FLOAT = "float32"
_FILE = "measurement.json"
_PLAIN = "plain"

Pair = tuple[str, Target]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """One variant on one target.

    Attributes:
        measurement: Of the variant, with per-sample values.
        reference: Metrics of its float file.
        plain: Operators that no accelerated kernels took; None where it did not run.
        outputs: Whole outputs, where a metric needs them: `candidate/NAME` and `float/NAME`.
        problem: Why there are no metrics of samples.
    """

    measurement: Measurement
    reference: tuple[Metric, ...] = ()
    plain: tuple[str, ...] | None = None
    outputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    problem: str = ""


class Measuring:
    """Runs variants of a project on its evaluation samples.

    Args:
        project: Its data, metric and rules.
        made: The artifact of each variant.
        run: What was measured before, and the limits of each worker.
    """

    def __init__(self, project: Project, made: Mapping[str, Artifact], run: RunOptions) -> None:
        self._project, self._made, self._options = project, made, run
        self._files = _one_file_each(made)
        source = project.data.evaluation
        self._source = source and project.resolve(source)
        # Several variants of the same inputs share samples, and their hash.
        self.drawn = Drawn(self._source or "", None, project.data.seed, run.limits.memory_bytes)

    def measure(self, wanted: Sequence[Pair]) -> dict[Pair, Measured]:
        """Each variant on each target.

        Raises:
            DataError: The evaluation samples cannot be read, or do not fit.
            EnvironmentFailure: A target's runtime is not installed.
        """
        keys = {pair: self._key(*pair) for pair in wanted}
        results = {pair: self._options.cache.read(key, _load) for pair, key in keys.items()}
        missing = [pair for pair, measured in results.items() if measured is None]
        for pair, measured in self._run(missing).items():
            results[pair] = measured
            if not measured.problem:
                with self._options.cache.making(keys[pair]) as folder:
                    _save(folder, measured)
        return {pair: measured for pair, measured in results.items() if measured is not None}

    def samples(self, variant: str) -> Samples:
        """The evaluation samples for a variant."""
        return self.drawn.of(self._files[variant].contract)

    def _key(self, variant: str, target: Target) -> str:
        artifact = self._made[variant]
        data = self._source and Path(self._source)
        if data and not data.exists():  # a function: what it returns is known when it is called
            samples = self.samples(variant).sha256
        else:
            samples = serde.sha256(data) if data else ""
        asked = [*self._project.metric, *self._asked()]
        return cache.key(
            "measurement",
            file=artifact.sha256,
            reference=artifact.float_sha256,
            contract=serde.to_dict(artifact.contract),
            samples=samples,
            metrics=asked,
            code=[source_digest(name) for name in asked if ":" in name],
            variant=variant,
            target=serde.to_dict(target),
            python=str(environments.python_for(target)),
            runtime=installed("ai-edge-litert"),
        )

    def _asked(self) -> list[str]:
        """The metrics of samples that rules name, besides the project's own."""
        named = dict.fromkeys(
            rule.metric
            for rule in self._project.rule
            if rule.base_metric in TASK_METRICS or ":" in rule.metric
        )
        return [name for name in named if name not in self._project.metric]

    def _run(self, wanted: Sequence[Pair]) -> dict[Pair, Measured]:
        if not wanted:
            return {}
        order: dict[tuple[Path, Target], None] = {}
        for variant, target in wanted if self._source else ():
            file = self._files[variant]
            order[_reference(file), REFERENCE_TARGET] = None
            order[file.path, target] = None
        runner = Runner(
            list(order),
            jobs=1,
            limits=self._options.limits,
            on_progress=self._options.on_progress,
            meanwhile=self.drawn.begin_hashing,
        )
        with runner:
            return {pair: self._run_pair(*pair, runner) for pair in wanted}

    def _run_pair(self, variant: str, target: Target, runner: Runner) -> Measured:
        """Run one pair. What goes wrong with it is its problem: the others go on."""
        file = self._files[variant]
        samples = self.samples(variant) if self._source else None
        blank = Measured(
            measurement=Measurement(
                artifact=variant,
                artifact_sha256=serde.sha256(file.path),
                samples_sha256=self.drawn.hashes()[0] if samples else "",
                num_samples=len(samples) if samples else 0,
                target=target,
                host=describe_host(),
                metrics=sizes(file.path),
                created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            ),
            reference=sizes(_reference(file)),
        )
        try:
            if samples is not None:
                return self._ran(blank, file, samples, runner)
            with local.open_session(file.path, target, limits=self._options.limits) as session:
                return _with_info(blank, session.info)
        except UnsupportedOperator as error:
            failed = replace(blank.measurement, failure=error.received or error.rule)
            return replace(blank, measurement=failed)
        except EdgekitError as error:
            return replace(blank, problem=error.brief)

    def _ran(self, blank: Measured, file: Candidate, samples: Samples, runner: Runner) -> Measured:
        target = blank.measurement.target
        expected = runner.outputs(_reference(file), REFERENCE_TARGET, samples)
        outputs = runner.outputs(file.path, target, samples)
        stated = [name for name in self._project.metric if _can_be_measured(name, samples, outputs)]
        metrics, notes = measure(file, samples, outputs, expected, stated)
        contract = with_label_kinds(file.contract, samples)
        have = {metric.name for metric in metrics}
        asked = [name for name in self._asked() if name not in have]
        asked = [name for name in asked if _can_be_measured(name, samples, outputs)]
        more = [accuracy.measure(name, outputs, samples, contract) for name in asked]
        task = [m.name for m in (*metrics, *more) if _is_task(m.name)]
        _check_classes(samples, task)
        before = [accuracy.measure(name, expected, samples, contract) for name in task]
        whole = any(metric.statistic == "whole" for metric in (*metrics, *more))
        measured = replace(
            blank,
            measurement=replace(
                blank.measurement,
                metrics=(*metrics, *more),
                notes=(*notes, *sample_notes(file.manifest, samples, self.drawn.hashes()[1])),
            ),
            reference=(*blank.reference, *before),
            outputs={
                f"{whose}/{name}": array
                for whose, arrays in (("candidate", outputs), ("float", expected))
                for name, array in arrays.items()
                if whole
            },
        )
        return _with_info(measured, runner.info(file.path, target))


def _with_info(measured: Measured, info: SessionInfo) -> Measured:
    """With what the runtime said of itself and of the file."""
    measurement = replace(measured.measurement, runtime_version=info.runtime_version)
    return replace(measured, measurement=measurement, plain=info.plain)


def _check_classes(samples: Samples, task: Sequence[str]) -> None:
    """Refuse samples of one class: a model that always gives it would pass.

    Raises:
        DataError: They are.
    """
    for name in task if len(samples) > 1 else ():
        metric, _, output = name.partition("@")
        labels = samples.labels_of(output, alone=not output)
        if metric not in ACCURACIES or labels is None:
            continue
        rows = labels.reshape(len(samples), -1)
        if (rows == rows[0]).all():
            raise DataError(
                f"{name} needs samples of several classes.",
                received=f"{len(samples)} evaluation samples, all of class {rows[0].tolist()}",
                hint="draw them from all classes.",
            )


def _can_be_measured(name: str, samples: Samples, outputs: Mapping[str, np.ndarray]) -> bool:
    """Whether there are the labels that a metric takes; a rule about it tells if there are none."""
    metric, _, output = name.partition("@")
    alone = len(outputs) == 1
    wanted = output or next(iter(outputs))
    return metric not in TASK_METRICS or samples.labels_of(wanted, alone=alone) is not None


def _is_task(name: str) -> bool:
    return name.partition("@")[0] in TASK_METRICS or ":" in name


def _reference(file: Candidate) -> Path:
    assert file.reference is not None  # the cache keeps each file beside its float file
    return file.reference


def _one_file_each(made: Mapping[str, Artifact]) -> dict[str, Candidate]:
    """The files of variants; those of equal content are one file, and so run once."""
    first: dict[str, Path] = {}
    files = {}
    for variant, artifact in made.items():
        file = candidate(Path(artifact.path))
        floating = first.setdefault(artifact.float_sha256, _reference(file))
        path = first.setdefault(artifact.sha256, file.path)
        files[variant] = replace(file, path=path, reference=floating)
    return files


def _load(folder: Path) -> Measured:
    stored, outputs = store.load(folder / _FILE)
    measurement, reference = stored.measurements
    plain = outputs.pop(_PLAIN, None)
    return Measured(
        measurement=measurement,
        reference=reference.metrics,
        plain=None if plain is None else tuple(plain.tolist()),
        outputs=outputs,
    )


def _save(folder: Path, measured: Measured) -> None:
    reference = replace(measured.measurement, artifact=_FLOAT, metrics=measured.reference)
    outputs = dict(measured.outputs)
    if measured.plain is not None:
        outputs[_PLAIN] = np.array(measured.plain, dtype="U")
    stored = Baseline(model="", measurements=(measured.measurement, reference))
    store.save(folder / _FILE, stored, outputs=outputs)
