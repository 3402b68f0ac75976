"""A training as a step of the manifest."""

from __future__ import annotations

from typing import Literal

from edgekit.compress.train.fit import Trained
from edgekit.core.records import Step


def step(trained: Trained, name: Literal["finetune", "qat"]) -> Step:
    """What was done and what it took. What it lost is measured elsewhere."""
    summary = f"{trained.epochs} epochs on {trained.num_samples} samples, "
    if trained.best_epoch:
        summary += (
            f"the best one {trained.best_epoch}, validation loss {trained.first_loss:.4g} -> "
            f"{trained.best_loss:.4g}"
        )
    else:
        summary += f"none better than the start, validation loss {trained.first_loss:.4g}"
    if trained.resumed_from:
        summary += f", resumed after epoch {trained.resumed_from}"
    if trained.stopped:
        summary += f"; stopped: {trained.stopped}"
    return Step(
        name=name,
        summary=summary,
        seconds=round(trained.seconds, 2),
        numbers={
            "epochs": trained.epochs,
            "best_epoch": trained.best_epoch,
            "samples": trained.num_samples,
            "validation_samples": trained.num_validation,
            "validation_loss_before": trained.first_loss,
            "validation_loss": trained.best_loss,
        },
    )
