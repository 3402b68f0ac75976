"""Write the operator versions that a file needs, and say the oldest runtime for them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from edgekit.compat import litert
from edgekit.tflite import enums
from edgekit.tflite.graph import operators
from edgekit.tflite.oldest_runtimes import FORMAT, oldest
from edgekit.tflite.schema_objects import Model, OperatorCode
from edgekit.tflite.version_rules import needed_version

MIN_RUNTIME = "min_runtime_version"
_MIN_RUNTIME_BYTES = 16


def set_versions(model: Model) -> None:
    """Raise each operator's version to what its types and options need, in place.

    Never lowers one that the file states. Operators of one kind that need different
    versions get a code each, as TensorFlow's converter writes them; codes that no
    operator uses are dropped.
    """
    generated = litert.schema()

    places: dict[tuple[int, bytes | None, int], int] = {}
    kept: list[OperatorCode] = []
    for operator in list(operators(model)):
        raw = model.subgraphs[operator.subgraph].operators[operator.index]
        old = model.operatorCodes[raw.opcodeIndex]
        needed = old.version
        if not operator.is_custom:
            needed = max(old.version, needed_version(operator))
        key = (old.builtinCode, old.customCode, needed)
        if key not in places:
            places[key] = len(kept)
            kept.append(
                generated.OperatorCodeT(
                    deprecatedBuiltinCode=min(old.builtinCode, 127),
                    customCode=old.customCode,
                    version=needed,
                    builtinCode=old.builtinCode,
                )
            )
        raw.opcodeIndex = places[key]
    # A graph without operators keeps its codes: a file needs at least the list.
    model.operatorCodes = kept or model.operatorCodes


def oldest_runtime(model: Model) -> str:
    """The oldest runtime that has every operator in the version the file states.

    Custom operators do not count: no runtime version promises them.

    Returns:
        Such as "2.17.0", in TensorFlow's numbers (tflite-runtime's are the same).
    """
    needed = [oldest(op.name, op.version) for op in operators(model) if not op.is_custom]
    return max([FORMAT, *needed], key=parts)


def parts(version: str) -> tuple[int, ...]:
    """A version for comparing by number: `2.9.0` comes before `2.17.0`."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def stated_runtime(model: Model) -> str:
    """The runtime that the file says it needs, or "" where it says nothing."""
    for entry in model.metadata or []:
        if enums.text(entry.name) == MIN_RUNTIME:
            data = model.buffers[entry.buffer].data
            return "" if data is None else enums.text(bytes(data)).rstrip("\0")
    return ""


def set_min_runtime(model: Model) -> None:
    """State `oldest_runtime` in the file: 16 bytes, padded with zeros, in place."""
    stated = oldest_runtime(model).encode().ljust(_MIN_RUNTIME_BYTES, b"\0")
    set_metadata(model, MIN_RUNTIME, stated)


def set_metadata(model: Model, name: str, content: bytes) -> None:
    """Put a buffer under a metadata name, in place of one that is there."""
    generated = litert.schema()

    data = np.frombuffer(content, dtype=np.uint8)
    model.metadata = model.metadata or []
    same = [entry for entry in model.metadata if enums.text(entry.name) == name]
    users = _users(model)
    for extra in same[1:]:
        if users[extra.buffer] == 1:
            model.buffers[extra.buffer].data = None
    extras = {id(extra) for extra in same[1:]}
    model.metadata = [entry for entry in model.metadata if id(entry) not in extras]
    if same and same[0].buffer and users[same[0].buffer] == 1:
        model.buffers[same[0].buffer].data = data
        return
    model.buffers.append(generated.BufferT(data=data))
    if same:
        same[0].buffer = len(model.buffers) - 1
    else:
        entry = generated.MetadataT(name=name.encode(), buffer=len(model.buffers) - 1)
        model.metadata.append(entry)


def _users(model: Model) -> Counter[int]:
    """How many tensors and metadata entries name each buffer."""
    users = Counter(entry.buffer for entry in model.metadata or [])
    users.update(tensor.buffer for graph in model.subgraphs for tensor in graph.tensors)
    return users
