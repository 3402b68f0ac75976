"""What files of Keras 2.0 to 2.2 leave unsaid, and later releases understand in another way."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from edgekit.frontend.trust.check_config import items

_KINDS = ("GRU", "GRUCell")

Stored = tuple[str, tuple[int, ...]]
"""A stored weight: where in the file it lies, and its shape."""


def with_reset_after(config: dict[str, Any], stored: Iterable[Stored]) -> dict[str, Any]:
    """The configuration with `reset_after` for each GRU that does not say it.

    It came with Keras 2.2; GRUs before it reset before the product, and tf_keras takes the other
    way where nothing is said. The shape of the bias tells: two rows where it resets after.

    Args:
        config: The model's configuration, as JSON.
        stored: Every weight of the file.
    """
    silent = [item for item, _ in items(config) if _is_silent(item)]
    if not silent:
        return config
    biases = [(path, shape) for path, shape in stored if len(shape) == 2 and shape[0] == 2]
    result = copy.deepcopy(config)
    for item, _ in items(result):
        if _is_silent(item):
            options = item["config"]
            doubled = (2, 3 * options["units"])
            name = str(options.get("name", ""))
            options["reset_after"] = any(
                shape == doubled and name in path for path, shape in biases
            )
    return result


def _is_silent(item: Any) -> bool:
    options = item.get("config")
    return (
        item.get("class_name") in _KINDS
        and isinstance(options, dict)
        and isinstance(options.get("units"), int)
        and "reset_after" not in options
    )
