"""Pruning of a Keras 3 model in memory, by whichever method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgekit.compress.prune import structured, unstructured
from edgekit.compress.prune.prune_result import Pruned
from edgekit.core import scratch
from edgekit.core.arguments import checked
from edgekit.core.compression_rules import check_pruning
from edgekit.core.errors import UsageError
from edgekit.core.process import silent
from edgekit.core.records import Contract, Pruning
from edgekit.data import in_memory, sources
from edgekit.data.in_memory import SampleData
from edgekit.data.samples import Samples
from edgekit.frontend.live import live_model
from edgekit.frontend.load import keras_model


@checked
def prune(
    model: Any,
    pruning: Pruning,
    samples: SampleData | None = None,
    *,
    seed: int = 0,
    report: Callable[[str], None] = silent,
) -> Pruned:
    """Remove channels from a model, or set single weights to zero.

    Args:
        model: A built functional or sequential Keras 3 model. It stays as it is.
        pruning: How much of it goes. `to_latency` needs measuring: `edgekit.convert` does that.
        samples: A few hundred inputs, `(n, ...)`: an array, a dictionary by the names of the
            model's inputs, or whatever `edgekit.convert` takes for calibration. No labels are
            needed. They choose what goes and repair what stays.
        seed: Of every draw.
        report: Takes one line of progress.

    Returns:
        The pruned model in `model`, and what was done to it.

    Raises:
        UsageError: Numbers out of range, a layer that matches nothing, or no Keras 3 model.
        ModelError: The model's graph cannot be walked.
        DataError: The samples do not fit the model.

    Examples:
        ```python
        smaller = edgekit.prune_model(model, edgekit.Pruning(sparsity=0.5)).model
        ```
    """
    if live_model.library(model) != "keras":
        raise UsageError(
            "The model to prune must be of Keras 3.",
            received=f"a {type(model).__module__.partition('.')[0]} model",
            hint="edgekit.convert(model, options=ConvertOptions(prune=...)) prunes others.",
        )
    check_pruning(pruning)
    chosen = structured.prune if pruning.method == "structured" else unstructured.prune
    return chosen(model, pruning, _samples(model, samples, seed), seed=seed, report=report)


def _samples(model: Any, given: SampleData | None, seed: int) -> Samples | None:
    """Samples that fit the model's inputs."""
    if given is None or isinstance(given, Samples):
        return given
    loaded = keras_model.wrap_keras3(model)
    contract = Contract(inputs=loaded.inputs, outputs=loaded.outputs)
    names = tuple(spec.name for spec in loaded.inputs)
    with scratch.folder() as folder:
        source = in_memory.source(given, folder, "calibration", names)
        assert source is not None
        return sources.load(source, contract, purpose="calibration", seed=seed)
