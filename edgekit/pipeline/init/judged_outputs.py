"""By what the rules of a draft judge each output: its labels, what it decides, or its values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgekit.core.records import Contract, Measurement, TensorSpec
from edgekit.measure.agreement import decides
from edgekit.measure.lost_content import LEAST_AGREEMENT, LEAST_SQNR_DB


def fidelity_metrics(contract: Contract, metrics: Sequence[str]) -> tuple[str, ...]:
    """By what each output that no task metric judges is held against the float file's.

    `agreement` where it decides, else `sqnr_db`, which is that of its worst channel.

    Args:
        contract: With what is known of the outputs.
        metrics: Task metrics, with `@OUTPUT` where the model has several.
    """
    if any("@" not in metric for metric in metrics):
        return ()  # of the only output, or of a function of all
    judged = {metric.partition("@")[2] for metric in metrics}
    return tuple(f"{_figure(spec)}{at}" for spec, at in _named(contract) if spec.name not in judged)


def lost(measured: Measurement, contract: Contract) -> str:
    """Which output a file has lost, and how much of it is left; empty where all of them hold.

    Args:
        measured: With fidelity to the float file.
        contract: With what is known of the outputs.
    """
    for spec, at in _named(contract):
        figure = _figure(spec)
        metric = measured.metric(f"{figure}{at}")
        least = LEAST_AGREEMENT if figure == "agreement" else LEAST_SQNR_DB
        if metric is None or metric.value >= least:
            continue
        if figure == "agreement":
            return f"{spec.name} (agreement {metric.value:.2f})"
        return f"{metric.note.removeprefix('of ') or spec.name} (SQNR {metric.value:.1f} dB)"
    return ""


def is_fidelity(metric: str) -> bool:
    """Whether it compares outputs with the float file's, and takes no labels."""
    return metric.partition("@")[0] in ("agreement", "sqnr_db")


def _figure(spec: TensorSpec) -> str:
    return "agreement" if decides(spec) else "sqnr_db"


def _named(contract: Contract) -> Iterator[tuple[TensorSpec, str]]:
    """Each output, and what picks it behind the name of a metric."""
    several = len(contract.outputs) > 1
    for spec in contract.outputs:
        yield spec, f"@{spec.name}" if several else ""
