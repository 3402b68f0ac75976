"""What a gate asks, and what it answers: variants, rules, verdicts.

The records of `edgekit.toml`'s gate (`Variant`, `Rule`) and of its answer (`Verdict`,
`GateResult`). They stand beside `records`, whose conventions hold; what a gate compares with
stands in `baseline_record`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from edgekit.core.arguments import checked_record
from edgekit.core.baseline_record import Change, Values
from edgekit.core.errors import UsageError
from edgekit.core.html_table import html_table
from edgekit.core.records import (
    Device,
    Host,
    IoDtype,
    Measurement,
    Override,
    Pruning,
    Rounding,
    Training,
)
from edgekit.core.suggest import nearest
from edgekit.core.text import printable

ACCURACIES = ("top1_accuracy", "top5_accuracy")
MASK_METRICS = ("mean_iou", "dice")
_SHARES = (
    *ACCURACIES,
    *("auc", "f1_macro", "f1_micro", "average_precision", "eer"),
    *(*MASK_METRICS, "r2", "mape", "ssim", "wer", "cer"),
    *("map_50", "map_50_95"),
)
TASK_METRICS = (*_SHARES, "mae", "rmse", "psnr", "si_sdr")
AGREEMENTS = ("agreement", "agreement_all", "agreement_iou")
FIDELITY_METRICS = (*AGREEMENTS, "sqnr_db", "pooled_sqnr_db", "cosine")
SIZE_METRICS = ("size_bytes", "compressed_bytes")
TIME_METRICS = ("latency_p50_ms",)
OTHER_METRICS = ("latency_ratio", "peak_rss_bytes")
METRICS = (*TASK_METRICS, *FIDELITY_METRICS, *SIZE_METRICS, *TIME_METRICS, *OTHER_METRICS)
"""What a rule may be about, besides `module:function`; `@OUTPUT` behind a name picks an output."""

FRACTIONS = (*_SHARES, *AGREEMENTS, "cosine")
"""Metrics whose difference is a loss as it stands; that of others is divided by the reference's."""

RESULT_SCHEMA_VERSION = 2

ACCEPTABLE = ("contract", "worse")
"""What `--accept` may take: a changed contract; more lost against the baseline than rules allow."""

Against = Literal["float", "baseline"]
Status = Literal["pass", "accepted", "fail", "inconclusive", "incomparable", "error"]
Outcome = Literal["passed", "failed", "inconclusive", "unjudged"]
OnInconclusive = Literal["exit3", "pass", "fail"]
Quantity = Literal["value", "loss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to convert the model: `[variant.NAME]`. A recipe's name is a variant by itself.

    Fields are those of `ConvertOptions`; None and empty mean that record's defaults.
    """

    recipe: str
    prune: Pruning | None = None
    training: Training | None = None
    io_dtype: IoDtype | None = None
    rounding: Rounding | None = None
    bias_correction: bool | None = None
    overrides: tuple[Override, ...] = ()
    keep_float: tuple[str, ...] = ()
    max_loss: float | None = None
    min_sqnr_db: float | None = None
    device: Device | None = None
    calibration_samples: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that must hold: `[[rule]]`.

    A rule about a metric has one of `at_least`, `at_most` and `max_loss`. A loss is a fraction: the
    difference of metrics that are shares, as accuracies, F1, IoU and agreement are (0.01 is one in
    a hundred), else of what it is compared with (0.05 is five hundredths larger, slower or worse),
    which is the `float` file or the `baseline`. The other kinds need no metric: every operator is
    among `allowed_operators`; the file runs on every runtime since `oldest_runtime`; all of it runs
    in accelerated kernels.

    `variants` and `targets` are those that it is about, all of them by default; a target is spelled
    as in `--runtime`, or with its threads as in tables: `litert, 2 threads`.
    """

    metric: str = ""
    at_least: float | None = None
    at_most: float | None = None
    max_loss: float | None = None
    against: Against = "float"
    allowed_operators: tuple[str, ...] = ()
    oldest_runtime: str = ""
    fully_delegated: bool = False
    variants: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def base_metric(self) -> str:
        """The metric's name without its output."""
        return self.metric.partition("@")[0]

    @property
    def about(self) -> str:
        """What it is about, in a word: the metric, or the kind of a rule without one."""
        if self.metric:
            return self.metric
        if self.allowed_operators:
            return "allowed_operators"
        if self.oldest_runtime:
            return "oldest_runtime"
        return "fully_delegated" if self.fully_delegated else "contract"

    @property
    def accepted_by(self) -> str:
        """What `--accept` must say where this is broken and that is meant; empty for no word."""
        if self.about == "contract":
            return "contract"
        return "worse" if self.against == "baseline" else ""


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class TimingOptions:
    """How the gate times files against each other.

    `num_processes` fresh processes time all of them, `max_processes` in all where those decide
    nothing. Each times `num_runs` rounds, or as many as `min_seconds` allow, whichever is more,
    after `warmup_runs` that do not count. Where the same file, timed twice, seems to differ from
    itself by more than `tolerance` (a fraction), no ratio is believed.
    """

    num_processes: int = 5
    max_processes: int = 15
    warmup_runs: int = 10
    num_runs: int = 60
    min_seconds: float = 0.5
    tolerance: float = 0.02


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class GateOptions:
    """What `gate` does when nobody says otherwise.

    Attributes:
        fresh: Convert, run and time everything again, whatever the cache has.
        unsafe: Allow models that hold code.
        timing: How long and how often files are timed.
        accept: What is meant though the baseline is other: words of `ACCEPTABLE`.

    Raises:
        UsageError: Another word is to be accepted.
    """

    fresh: bool = False
    unsafe: bool = False
    timing: TimingOptions = field(default_factory=TimingOptions)
    accept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for word in self.accept:
            if word not in ACCEPTABLE:
                raise UsageError(
                    f"--accept must be one of {', '.join(ACCEPTABLE)}.",
                    received=f"--accept {word}",
                    hint=nearest(word, ACCEPTABLE),
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one rule, for one variant on one target.

    `estimate` is the metric's value or its loss, as `quantity` says, and `limit` what it is held
    against. `low` and `high` are one-sided 95 % bounds each: the truth is below `low` one time in
    twenty, and above `high` one time in twenty; None where nothing can be said. `n` counts
    `counted` (samples, or processes that timed); `needed` of them would probably decide, None
    where nothing is left to decide or no number would. `sentence` says what, by how much, and how
    sure. `target` is empty where the rule is about the file, not about a run.

    `values` are the metric's own, then and now; `changes` tell the same of what is no number. A
    verdict on the `contract` has a rule without keys, which holds wherever there is a baseline, and
    no variant; its changes name those that they are about.
    """

    variant: str
    target: str = ""
    metric: str
    rule: Rule
    status: Status
    sentence: str
    quantity: Quantity = "value"
    unit: str = ""
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    n: int = 0
    counted: Literal["samples", "processes", ""] = ""
    needed: int | None = None
    note: str = ""
    values: Values = field(default_factory=Values)
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What `edgekit gate` found.

    `outcome` is the worst of the verdicts: failed before unjudged (incomparable or an error)
    before inconclusive. `exit_code` follows from it and from what inconclusive verdicts shall mean.
    `measurements` are without their per-sample values. `baseline` names the file compared with,
    empty where no rule needs one; `updated` tells that it was written, `changes` what is new in it.
    Where it was to be written and was not, `refused` has the words that `--accept` would have to
    say. `accepted` are those that it did say.
    """

    schema_version: int = RESULT_SCHEMA_VERSION
    edgekit: str
    model: str
    outcome: Outcome
    exit_code: int
    verdicts: tuple[Verdict, ...]
    measurements: tuple[Measurement, ...]
    host: Host
    baseline: str = ""
    baseline_created_at: str = ""
    updated: bool = False
    accepted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        passed = sum(one.status == "pass" for one in self.verdicts)
        of = f"{passed} of {len(self.verdicts)} verdicts pass"
        return f"<GateResult {printable(self.model)}: {self.outcome}, {of}>"

    def _repr_html_(self) -> str:
        rows = [[one.status, one.variant, one.target, one.sentence] for one in self.verdicts]
        return html_table(["verdict", "variant", "target", "why"], rows, repr(self)[1:-1])

    def verdict(
        self,
        metric: str,
        variant: str | None = None,
        target: str | None = None,
        against: Against | None = None,
    ) -> Verdict:
        """The only verdict on a metric (of a variant, on a target, compared with `against`).

        Raises:
            UsageError: There is none, or there are several.
        """
        verdicts = self.verdicts_on(metric, variant, target, against)
        if len(verdicts) != 1:
            there = verdicts or self.verdicts
            raise UsageError(
                "One verdict must be meant.",
                received=f"{len(verdicts)} verdicts on {_asked(metric, variant, target, against)}",
                hint="the gate has: " + ("; ".join(map(_spelled, there)) or "none"),
            )
        return verdicts[0]

    def verdicts_on(
        self,
        metric: str | None = None,
        variant: str | None = None,
        target: str | None = None,
        against: Against | None = None,
    ) -> tuple[Verdict, ...]:
        """The verdicts that fit all that is given."""
        return tuple(
            one
            for one in self.verdicts
            if metric in (None, one.metric)
            and variant in (None, one.variant)
            and target in (None, one.target)
            and against in (None, _compared(one))
        )


def _compared(verdict: Verdict) -> Against | None:
    """What it is a loss against; None for a value that stands by itself."""
    return verdict.rule.against if verdict.rule.max_loss is not None else None


def _spelled(verdict: Verdict) -> str:
    return _asked(verdict.metric, verdict.variant, verdict.target or None, _compared(verdict))


def _asked(
    metric: str | None, variant: str | None, target: str | None, against: Against | None
) -> str:
    return (
        f"{metric or 'any metric'} of {variant or 'any variant'}"
        + f" on {target}" * bool(target)
        + f" against {against}" * bool(against)
    )
