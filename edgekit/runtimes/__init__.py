"""Runtimes: what runs `.tflite` files, always in a process of its own.

`get(target)` gives the runtime; its `open_session` runs samples and its `open_timer`
times files. A new runtime is one object with those two methods and one line below.
"""

from __future__ import annotations

import importlib

from edgekit.core.errors import UsageError
from edgekit.core.records import Target
from edgekit.core.suggest import nearest
from edgekit.runtimes.base import Runtime

RUNTIMES: dict[str, str] = {
    "litert": "edgekit.runtimes.local:RUNTIME",
    "tflite-runtime": "edgekit.runtimes.local:RUNTIME",
}


def get(target: Target) -> Runtime:
    """The runtime that runs files on `target`.

    Raises:
        UsageError: No such runtime.
    """
    place = RUNTIMES.get(target.runtime)
    if place is None:
        raise UsageError(
            f"A runtime must be one of {', '.join(RUNTIMES)}.",
            received=target.runtime,
            hint=nearest(target.runtime, RUNTIMES),
        )
    module, _, attribute = place.partition(":")
    runtime: Runtime = getattr(importlib.import_module(module), attribute)
    return runtime
