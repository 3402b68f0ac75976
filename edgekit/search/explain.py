"""What is said of a bound and of what holds it."""

from __future__ import annotations

from edgekit.search.head_losses import FIDELITY
from edgekit.search.loss_bound import NOTHING, Bound, Verdict


def value(bound: Bound, verdict: Verdict) -> str:
    """What a file loses: `loss of agreement 0.004 (0.000 to 0.021)`."""
    if verdict is NOTHING:
        return "no file that runs"
    if bound.limits.max_loss is None:
        return f"{verdict.value:.1f} dB"
    text = f"loss of {verdict.quantity} {verdict.value:.3f}"
    if verdict.low is not None and verdict.high is not None:
        text += f" ({verdict.low:.3f} to {verdict.high:.3f})"
    if verdict.expected is not None:
        text += f", {verdict.expected:.4f} expected by margins"
    # A loss of fidelity is that of the worst channel already.
    said = verdict.lost and not verdict.quantity.startswith(FIDELITY)
    return f"{text}; {verdict.lost}" if said else text


def limit(bound: Bound) -> str:
    """What was asked for: `a loss of top1_accuracy of at most 0.01`."""
    asked = []
    if bound.limits.max_loss is not None:
        asked.append(f"a loss of {bound.quantity} of at most {bound.limits.max_loss:g}")
    if bound.limits.min_sqnr_db is not None:
        asked.append(f"at least {bound.limits.min_sqnr_db:g} dB")
    return " and ".join(asked)


def note(bound: Bound, verdict: Verdict) -> str:
    """How sure the figure is; nothing where there is nothing to say."""
    most, count = bound.limits.max_loss, bound.num_held
    if most is None:
        return ""
    if bound.uses_margins and verdict.expected is not None:
        return (
            f"{count} held-out samples cannot show a loss of {most:g}: the margins of "
            f"the decisions, over all calibration samples, lead to expect {verdict.expected:.4f}"
        )
    if verdict.high is not None and verdict.high > most:
        return (
            f"{count} held-out samples are too few to be sure: the interval reaches "
            f"{verdict.high:.3f}; give more calibration samples"
        )
    return ""
