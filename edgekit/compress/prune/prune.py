"""Pruning of a Keras 3 model in memory, by whichever method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgekit.compress.prune import structured, unstructured
from edgekit.compress.prune.prune_result import Pruned
from edgekit.core.process import silent
from edgekit.core.records import Pruning
from edgekit.data.samples import Samples


def prune(
    model: Any,
    pruning: Pruning,
    samples: Samples | None = None,
    *,
    seed: int = 0,
    report: Callable[[str], None] = silent,
) -> Pruned:
    """Remove channels from a model, or set single weights to zero.

    Args:
        model: A built functional or sequential Keras 3 model. It stays as it is.
        pruning: How much of it goes. `to_latency` needs measuring: `edgekit.convert` does that.
        samples: A few hundred inputs by the model's input names, `(n, ...)`; no labels are
            needed. They choose what goes and repair what stays.
        seed: Of every draw.
        report: Takes one line of progress.

    Returns:
        The pruned model in `model`, and what was done to it.

    Raises:
        UsageError: Numbers out of range, or a layer that matches nothing.
        ModelError: The model's graph cannot be walked.

    Examples:
        ```python
        smaller = edgekit.prune_model(model, edgekit.Pruning(sparsity=0.5)).model
        ```
    """
    chosen = structured.prune if pruning.method == "structured" else unstructured.prune
    return chosen(model, pruning, samples, seed=seed, report=report)
