"""The rules that `init` writes: margins that the evaluation samples can decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgekit.core.gate_rules import ACCURACIES, FRACTIONS
from edgekit.pipeline.init.rule_limits import Bound
from edgekit.pipeline.init.toml import array, comment, joined, off, string

_MARGINS = (0.005, 0.01, 0.02, 0.05)
# Shares of samples on which two files typically differ in being right: a float file and its
# quantized one, and two trainings of a model.
_QUANTIZED, _TRAINED_ANEW = 0.02, 0.04
_OPERATORS = ["[[rule]]", 'allowed_operators = ["CONV_2D", "FULLY_CONNECTED", "SOFTMAX"]']


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """The smallest loss that a number of samples can decide, and how one says so."""

    max_loss: float
    says: str


def margin(num_samples: int, discordance: float) -> Margin:
    """The smallest of some margins that `num_samples` can decide, else the largest of them."""
    from edgekit.verdicts.paired import samples_needed

    needed = {loss: samples_needed(discordance, loss) for loss in _MARGINS}
    enough = [loss for loss, n in needed.items() if n is not None and n <= num_samples]
    if enough:
        best = enough[0]
        says = f"{num_samples:,} samples can decide {best:g}"
        smaller = [loss for loss in _MARGINS if loss < best]
        if smaller and needed[smaller[-1]] is not None:
            says += f"; {smaller[-1]:g} would take about {needed[smaller[-1]]:,}"
        return Margin(max_loss=best, says=f"{says}.")
    largest, count = _MARGINS[-1], needed[_MARGINS[-1]]
    takes = "more" if count is None else f"about {count:,}"
    says = f"{num_samples:,} samples will seldom decide even {largest:g}: that takes {takes}."
    return Margin(max_loss=largest, says=says)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Losses that samples can probably decide: against the float file, and against a baseline."""

    to_float: Margin
    to_baseline: Margin


def planned(metric: str, num_samples: int) -> Planned:
    """The losses to ask for, from nothing but the number of samples."""
    name = metric.partition("@")[0]
    if name in ACCURACIES:
        by_float, by_baseline = margin(num_samples, _QUANTIZED), margin(num_samples, _TRAINED_ANEW)
        return Planned(
            to_float=replace(by_float, says=f"0.01 is one sample in a hundred. {by_float.says}"),
            to_baseline=replace(
                by_baseline,
                says="A model that was trained anew differs on more samples than a quantized file "
                f"does: {by_baseline.says}",
            ),
        )
    if name in FRACTIONS:
        same = Margin(max_loss=0.02, says="a difference of 0.01 is 0.01.")
    else:
        same = Margin(max_loss=0.05, says="0.05 is five hundredths worse than float.")
    return Planned(to_float=same, to_baseline=replace(same, says=""))


def accuracy(
    metric: str, num_samples: int, compressed: Sequence[str], measured: Bound | None
) -> list[str]:
    """Rules about a metric of labelled samples: against the float file, and a baseline.

    Args:
        metric: As rules spell it.
        num_samples: That evaluate.
        compressed: Recipes besides the float one.
        measured: What one of them lost; None where nothing was measured.
    """
    plan = planned(metric, num_samples)
    more = ['against = "float"', _variants(compressed)]
    what = f"What quantizing may lose, as a fraction: {plan.to_float.says}"
    to_float = _judged(metric, "max_loss", plan.to_float.max_loss, what, measured, more)
    to_baseline = [
        *comment(
            "What a change of the model may lose against the committed baseline: the float file "
            f"is made of the model, so it gets worse with it. {plan.to_baseline.says}"
        ),
        *_rule(metric, "max_loss", plan.to_baseline.max_loss, 'against = "baseline"'),
    ]
    return joined(to_float if compressed else [], to_baseline)


def later(metric: str, compressed: Sequence[str]) -> list[str]:
    """The same rules, switched off, where there are no labelled samples yet."""
    from edgekit.verdicts.paired import samples_needed

    takes = [
        f"about {n:,} to decide a loss of {loss:g}"
        for loss in _MARGINS[1:3]
        if (n := samples_needed(_QUANTIZED, loss)) is not None
    ]
    return [
        *comment(
            f"Accuracy, once [data] names evaluation samples with labels: {', '.join(takes)}."
        ),
        *off(
            joined(
                _rule(metric, "max_loss", 0.02, 'against = "float"', _variants(compressed))
                if compressed
                else [],
                _rule(metric, "max_loss", 0.02, 'against = "baseline"'),
            )
        ),
    ]


def fidelity(metric: str, compressed: Sequence[str], measured: Bound | None) -> list[str]:
    """The rule for an output without labels: how near the files are to the float file.

    Args:
        metric: `agreement` or `sqnr_db`, with `@OUTPUT` where the model has several.
        compressed: Recipes besides the float one.
        measured: How near one of them is; None where nothing was measured.
    """
    if not compressed:
        return []
    figure, _, output = metric.partition("@")
    where = f"Without labels of {string(output)}" if output else "Without labels"
    if figure == "agreement":
        what = (
            f"{where}: how much of what the float file decides, as a fraction, a file decides "
            "alike."
        )
        return _judged(metric, "at_least", 0.95, what, measured, [_variants(compressed)])
    what = (
        f"{where}: how near outputs are to the float file's, by the channel that is farthest off. "
        "At 20 dB the error is a tenth of what it varies by, at 40 dB a hundredth."
    )
    return _judged(metric, "at_least", 20.0, what, measured, [_variants(compressed)])


def always(compressed: Sequence[str], measured: Bound | None) -> list[str]:
    """Size, latency, and rules that are switched off.

    `measured` is how long a file took; None where nothing was measured.
    """
    what = (
        "Time, divided by the float file's. Both are timed in turns in the same run, so this "
        "holds on any machine of the kind. 1.0 asks for no slower than float; ask for less (0.8) "
        "where there is a gain to keep."
    )
    about = [_variants(compressed)] if compressed else []
    return joined(
        [
            *comment("Files may grow by five hundredths against the baseline, no more."),
            *_rule("size_bytes", "max_loss", 0.05, 'against = "baseline"'),
        ],
        _judged("latency_ratio", "at_most", 1.0, what, measured, about) if compressed else [],
        [
            *comment("Files must run on runtimes as old as this one, by the operators in them."),
            *off(["[[rule]]", 'oldest_runtime = "2.14.0"']),
        ],
        [
            *comment("All operators run in accelerated kernels. Or name those that may be there:"),
            *off(joined(["[[rule]]", "fully_delegated = true", *about], _OPERATORS)),
        ],
    )


def _judged(
    metric: str,
    kind: str,
    usual: float,
    what: str,
    measured: Bound | None,
    more: Sequence[str],
) -> list[str]:
    """A rule with what was measured; switched off where that shows no limit."""
    if measured is None:
        return [*comment(what), *_rule(metric, kind, usual, *more)]
    if measured.limit is None:
        what = f"{what} {measured.says} That shows no limit, so this is switched off."
        return [*comment(what), *off(_rule(metric, kind, usual, *more))]
    return [*comment(f"{what} {measured.says}"), *_rule(metric, kind, measured.limit, *more)]


def _rule(metric: str, limit: str, value: float, *more: str) -> list[str]:
    return ["[[rule]]", f"metric = {string(metric)}", f"{limit} = {value}", *more]


def _variants(names: Sequence[str]) -> str:
    return f"variants = {array(names)}"
