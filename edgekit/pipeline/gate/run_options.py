"""How variants are converted, run and timed: what every part of a gate is handed on."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgekit.core.gate_rules import TimingOptions
from edgekit.core.process import Progress, silent
from edgekit.core.records import Limits
from edgekit.pipeline.cache import Cache


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How variants are converted, run and timed.

    Attributes:
        unsafe: Allow models that run code of their own while loading.
        limits: Time and memory of each process.
        timing: How long and how often files are timed.
        cache: What was converted, measured and timed before.
        on_progress: Takes one line at each step.
    """

    unsafe: bool = False
    limits: Limits = field(default_factory=Limits)
    timing: TimingOptions = field(default_factory=TimingOptions)
    cache: Cache = field(default_factory=Cache)
    on_progress: Progress = silent
