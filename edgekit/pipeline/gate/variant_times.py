"""Latency and memory of variants: timed side by side on this machine, or kept from before."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TypeVar

from edgekit.core import serde
from edgekit.core.errors import ProjectError
from edgekit.core.gate_rules import TIME_METRICS, Rule, TimingOptions
from edgekit.core.installed import installed
from edgekit.core.json_values import Json
from edgekit.core.records import Metric, Target
from edgekit.measure.machine import describe_host
from edgekit.pipeline import cache
from edgekit.pipeline.cache import Cache
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.pipeline.timing import Timed, measure_memory, memory_metric, time_pairs
from edgekit.runtimes import environments
from edgekit.verdicts.evidence import LEVEL
from edgekit.verdicts.ratio import Ratio

OTHER_P50_MS = "latency_p50_ms@"
"""What the names begin with of times that are of the file compared with."""

_FILE = "times.json"
_ALPHA = 1 - LEVEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """A file's times, one for each process: ratios to another file's, and milliseconds of both."""

    ratios: tuple[float, ...]
    p50_ms: tuple[float, ...]
    other_p50_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A file's peak memory, one for each process."""

    peak_rss_bytes: tuple[float, ...]


T = TypeVar("T", Times, Memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is timed of one variant on one target.

    Attributes:
        variant: Its name.
        path: Its file.
        reference: The float file.
        baseline: The baseline's file; None where no rule asks for it, or there is none.
        rules: About its times.
    """

    variant: str
    path: Path
    reference: Path
    baseline: Path | None
    rules: tuple[Rule, ...]

    def others(self) -> tuple[Path, ...]:
        """What it is timed against."""
        return (self.reference, *([self.baseline] if self.baseline else []))


def times(
    asked: Sequence[Asked], target: Target, run: RunOptions
) -> tuple[dict[str, tuple[Metric, ...]], str]:
    """Time variants against their float files (and the baseline's), on one target.

    Args:
        asked: The variants; those of the cache are not timed again.
        target: Where they run.
        run: How long and how often, and what was timed before.

    Returns:
        By variant `latency_p50_ms`, `latency_ratio` and, against the baseline's file,
        `latency_ratio@baseline`, each with a value for each process in `raw`; and what they are
        ratios to, as `latency_p50_ms@float` and `@baseline`. And why they cannot be believed,
        empty where they can.
    """
    by_pair: dict[tuple[Path, Path], Times] = {}
    pairs = list(
        dict.fromkeys((variant.path, other) for variant in asked for other in variant.others())
    )
    keys = {pair: _key(pair, target, run.timing) for pair in pairs}
    for pair in pairs:
        before = run.cache.read(keys[pair], partial(_load, Times))
        if before is not None:
            by_pair[pair] = before
    missing = [pair for pair in pairs if pair not in by_pair]
    noisy = ""
    if missing:
        timed = time_pairs(
            missing,
            target,
            options=run.timing,
            undecided=lambda so_far: _is_undecided(asked, so_far),
            limits=run.limits,
            on_progress=run.on_progress,
        )
        noisy = timed.reason
        for pair in missing:
            by_pair[pair] = Times(
                ratios=tuple(timed.ratios[pair]),
                p50_ms=tuple(timed.p50_ms[pair[0]]),
                other_p50_ms=tuple(timed.p50_ms[pair[1]]),
            )
        if not noisy and not _is_undecided(asked, timed):
            for pair in missing:
                _save(run.cache, keys[pair], by_pair[pair])
    return {variant.variant: _metrics(variant, by_pair) for variant in asked}, noisy


def memories(files: Mapping[str, Path], target: Target, run: RunOptions) -> dict[str, Metric]:
    """Peak memory of files on one target, by the names they are given here."""
    metrics: dict[str, Metric] = {}
    for name, path in files.items():
        key = cache.key("memory", **_place(target), file=serde.sha256(path))
        before = run.cache.read(key, partial(_load, Memory))
        if before is None:
            metrics[name] = measure_memory(
                path, target, limits=run.limits, on_progress=run.on_progress
            )
            _save(run.cache, key, Memory(peak_rss_bytes=metrics[name].raw))
        else:
            metrics[name] = memory_metric(before.peak_rss_bytes)
    return metrics


def _is_undecided(asked: Sequence[Asked], timed: Timed) -> bool:
    """Whether a rule about times is neither held nor broken yet."""
    for variant in asked:
        for rule in variant.rules:
            if rule.metric in TIME_METRICS:
                values = timed.p50_ms.get(variant.path)
            else:
                other = variant.reference if rule.against == "float" else variant.baseline
                values = timed.ratios.get((variant.path, other)) if other else None
            if values is None:
                continue
            evidence, limit = Ratio(values), _limit(rule)
            if min(evidence.p_above(limit), evidence.p_below(limit)) > _ALPHA:
                return True
    return False


def _limit(rule: Rule) -> float:
    if rule.max_loss is not None:
        return 1 + rule.max_loss
    return next(limit for limit in (rule.at_most, rule.at_least) if limit is not None)


def _metrics(variant: Asked, by_pair: Mapping[tuple[Path, Path], Times]) -> tuple[Metric, ...]:
    times = by_pair[variant.path, variant.reference]
    metrics = [
        _metric("latency_p50_ms", times.p50_ms, "ms"),
        _metric("latency_ratio", times.ratios),
        _metric(f"{OTHER_P50_MS}float", times.other_p50_ms, "ms"),
    ]
    if variant.baseline:
        old = by_pair[variant.path, variant.baseline]
        metrics.append(_metric("latency_ratio@baseline", old.ratios))
        metrics.append(_metric(f"{OTHER_P50_MS}baseline", old.other_p50_ms, "ms"))
    return tuple(metrics)


def _metric(name: str, raw: Sequence[float], unit: str = "") -> Metric:
    """The geometric mean over processes, as the gate judges it."""
    value = math.exp(statistics.fmean(math.log(v) for v in raw))
    return Metric(name=name, value=value, unit=unit, better="lower", raw=tuple(raw))


def _key(pair: tuple[Path, Path], target: Target, options: TimingOptions) -> str:
    files = [serde.sha256(path) for path in pair]
    return cache.key("times", **_place(target), files=files, options=serde.to_dict(options))


def _place(target: Target) -> dict[str, Json]:
    """Times and memory hold on one machine, with one runtime and Python."""
    return {
        "host": serde.to_dict(describe_host()),
        "target": serde.to_dict(target),
        "python": str(environments.python_for(target)),
        "runtime": installed("ai-edge-litert"),
    }


def _load(kind: type[T], folder: Path) -> T:
    record = serde.loads(kind, (folder / _FILE).read_text(encoding="utf-8"), _FILE)
    for values in (getattr(record, field.name) for field in fields(record)):
        if not values or not all(math.isfinite(value) and value > 0 for value in values):
            raise ProjectError("What was measured must be above 0.", received=str(values))
    return record


def _save(entries: Cache, key: str, record: Times | Memory) -> None:
    with entries.making(key) as folder:
        (folder / _FILE).write_text(serde.dumps(record), encoding="utf-8")
