"""What pruning and training did, took and lost, a line for each thing: from records alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgekit.core.records import Artifact, Metric, Step
from edgekit.report.terminal import bytes_text

_DONE = {
    "prune": "pruned",
    "finetune": "trained",
    "quantize": "quantized",
    "qat": "trained",
    "learn": "learned",
}
# A change of size or time below this is none.
_SAME = 0.03


def lines(artifacts: Sequence[Artifact], ratios: Mapping[str, Metric]) -> list[str]:
    """The steps that files share once, then each file's own, then what pruning gained.

    Args:
        artifacts: The original's float file first.
        ratios: Multiples of its time by the recipe's label, of files that were timed.
    """
    steps = dict[str, None]()
    for one in artifacts:
        for step in one.steps:
            shared = step.name in ("prune", "finetune")
            steps[_step(step, "" if shared else f"{one.recipe.label}: ")] = None
    gained = [_gain(one, artifacts[0], ratios) for one in artifacts if one.recipe.prune]
    return [*steps, *gained]


def _step(step: Step, before: str) -> str:
    parts = [f"{before}{_DONE[step.name]}: {step.summary}"]
    if step.agreement is not None:
        parts.append(f"agrees with the original on {step.agreement:.3f} of {step.num_samples}")
    elif step.sqnr_db is not None:
        parts.append(f"{step.sqnr_db:.1f} dB from the original on {step.num_samples} samples")
    return f"{'; '.join(parts)} ({step.seconds:.1f} s)."


def _gain(artifact: Artifact, original: Artifact, ratios: Mapping[str, Metric]) -> str:
    """How much smaller and faster than the original's float file, and what did not change."""
    size = artifact.size_bytes / original.size_bytes
    download = artifact.compressed_bytes / original.compressed_bytes
    ratio = ratios.get(artifact.recipe.label)
    same_size, same_time = abs(size - 1) < _SAME, ratio is not None and _is_same(ratio)
    parts = [
        f"{bytes_text(artifact.size_bytes)} ({size:.2f}x of float)",
        f"download {bytes_text(artifact.compressed_bytes)} ({download:.2f}x)",
    ]
    if ratio is not None:
        sure = "" if ratio.low is None else f" [{ratio.low:.2f} {ratio.high:.2f}]"
        parts.append(f"time {ratio.value:.2f}x{sure} on this machine")
    line = f"{artifact.recipe.label}: {', '.join(parts)}"
    if same_size and (same_time or ratio is None):
        smaller = "nothing but the download got smaller" if download < 1 else "nothing got smaller"
        return f"{line}: {smaller}; --prune structured removes channels."
    return f"{line}."


def _is_same(ratio: Metric) -> bool:
    low = ratio.value if ratio.low is None else ratio.low
    high = ratio.value if ratio.high is None else ratio.high
    return low < 1 + _SAME and high > 1 - _SAME
