"""The names that a SavedModel's inputs have where its signature calls them `args_0`, `args_0_1`.

A model whose call takes a dictionary is exported with its keys in the function's own signature;
the serving signature, which takes tensors by name, has numbers in their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_NUMBERED = re.compile(r"(?:args_0|inputs)(?:_(\d+))?")


def names_of_keys(loaded: Any, specs: Mapping[str, Any]) -> dict[str, str]:
    """The key of each input, by its name in the signature; empty where there are none to be had.

    Args:
        loaded: What TensorFlow loaded.
        specs: Shape and dtype of each input, by its name in the signature.
    """
    found = {name: _NUMBERED.fullmatch(name) for name in specs}
    numbers = {name: int(match.group(1) or 0) for name, match in found.items() if match}
    if len(numbers) != len(specs):
        return {}
    # The order in which a dictionary's values were numbered: that of its sorted keys.
    names = sorted(specs, key=numbers.__getitem__)
    for function in vars(loaded).values():
        for concrete in getattr(function, "concrete_functions", ()):
            leaves = list(_leaves(concrete.structured_input_signature))
            keys = [key for key, _ in leaves]
            same = len(leaves) == len(names) and all(
                isinstance(key, str) and _same(spec, specs[name])
                for (key, spec), name in zip(leaves, names, strict=True)
            )
            if same and len(set(keys)) == len(keys):
                return dict(zip(names, map(str, keys), strict=True))
    return {}


def _leaves(value: Any, key: str | None = None) -> Iterator[tuple[str | None, Any]]:
    """Each leaf with the key that it has in its dictionary; None of one in a list."""
    if isinstance(value, Mapping):
        for inner in sorted(value):
            yield from _leaves(value[inner], str(inner))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield key, value


def _same(leaf: Any, spec: Any) -> bool:
    shape, dtype = getattr(leaf, "shape", None), getattr(leaf, "dtype", None)
    return shape is not None and dtype == spec.dtype and shape.is_compatible_with(spec.shape)
