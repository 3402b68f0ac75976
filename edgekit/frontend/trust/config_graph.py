"""Whether the layers of a Keras 2 configuration can be built one after another.

Keras 2 builds a functional model by going round and round until every call has its inputs. Where
two layers wait for each other, or for a call that the file lacks, it goes round for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgekit.core.errors import ModelError
from edgekit.frontend.load.archive import DAMAGED
from edgekit.frontend.trust.allowed_classes import CLASSES, MODELS

_Call = tuple[str, int]


def check_order(config: Any) -> None:
    """Refuse a functional model, nested ones included, whose layers cannot be put in order.

    Args:
        config: The model's configuration, as JSON.

    Raises:
        ModelError: A layer waits for itself, or for a layer or call that is not there.
    """
    pending = [config]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            layers = value.get("layers")
            if isinstance(layers, list):
                _check([layer for layer in layers if _is_called(layer)])
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _is_called(layer: Any) -> bool:
    return (
        isinstance(layer, dict)
        and isinstance(layer.get("name"), str)
        and isinstance(layer.get("inbound_nodes"), list)
    )


def _check(layers: list[dict[str, Any]]) -> None:
    calls: dict[str, list[list[_Call]]] = {layer["name"]: [] for layer in layers}
    for layer in layers:
        calls[layer["name"]] += [list(_inputs(node)) for node in layer["inbound_nodes"]]
    # A nested model was called once when it was made, which counts for some writers.
    first = {layer["name"]: int(layer.get("class_name") in MODELS) for layer in layers}
    free = {
        layer["name"]
        for layer in layers
        if layer.get("class_name") == "InputLayer"
        or (not calls[layer["name"]] and layer.get("class_name") not in CLASSES)
    }
    done = dict.fromkeys(calls, 0)

    def ready(call: _Call) -> bool:
        name, index = call
        return name in free or done.get(name, 0) >= max(1, index + 1 - first.get(name, 0))

    progress = True
    while progress:
        progress = False
        for name, waiting in calls.items():
            while done[name] < len(waiting) and all(map(ready, waiting[done[name]])):
                done[name] += 1
                progress = True
    for name, waiting in calls.items():
        if done[name] < len(waiting):
            needed, index = next(call for call in waiting[done[name]] if not ready(call))
            raise ModelError(
                "The layers of the model cannot be built in any order.",
                received=f"the layer {name!r} waits for call {index} of {needed!r}",
                hint=DAMAGED,
            )


def _inputs(node: Any) -> Iterator[_Call]:
    """The calls whose outputs one call takes: `[layer, call, tensor]`, perhaps with arguments."""
    pending = [node]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            refers = len(value) in (3, 4) and [type(v) for v in value[:3]] == [str, int, int]
            if refers and value[0] != "_CONSTANT_VALUE":
                yield value[0], value[1]
            pending.extend(value[3:] if refers else value)
