"""What was measured of one variant on one target, gathered for its rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from edgekit.core.records import Measurement, Metric, Target

Recompute = Callable[[np.ndarray], float]
"""A metric that is one number for all samples, computed again on the samples of these indices."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """One variant on one target, and what it is compared with.

    Attributes:
        variant: Its name.
        target: Where it ran.
        measurement: Of the variant. Its ratios are `latency_ratio` and `latency_ratio@baseline`,
            with a value for each process in `raw`, as `peak_rss_bytes` has.
        reference: Metrics of the original float file, on the same samples. Those of a latency
            that is compared with are `latency_p50_ms@float` and `latency_p50_ms@baseline`.
        is_float: It is that file.
        same_samples: The baseline's measurement is of the same data, whatever its contract made
            of it.
        operators: Names of its operators, each once.
        oldest_runtime: The oldest that runs all of them.
        plain: Operators that no accelerated kernels took; None where that was not asked.
        recompute: For metrics without per-sample values: of the variant, the float file and the
            baseline, by metric.
        problem: Why it could not be measured, else empty.
        noisy: Why its times decide nothing, else empty.
        untimed: Why it could not be timed, else empty.
    """

    variant: str
    target: Target
    measurement: Measurement
    reference: tuple[Metric, ...] = ()
    is_float: bool = False
    same_samples: bool = False
    operators: tuple[str, ...] = ()
    oldest_runtime: str = ""
    plain: tuple[str, ...] | None = None
    recompute: Mapping[str, Mapping[str, Recompute]] = field(default_factory=dict)
    problem: str = ""
    noisy: str = ""
    untimed: str = ""

    def of_float(self, metric: str) -> Metric | None:
        """A metric of the float file."""
        return next((one for one in self.reference if one.name == metric), None)
