"""What a SavedModel may do, decided before TensorFlow loads it.

Loading runs part of a model: what fills its tables, what restores its variables, in old models an
operator of its choice. So every operator of every function has to be on a list
(`allowed_operators`), and two kinds that honest models hold beside those are followed through the
graph: what would save the model again must be called by nothing that loading or running reaches,
and what reads a file must get its path from where TensorFlow puts one of the model's own folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from edgekit.compat.tensorflow import is_operator
from edgekit.core.errors import ModelError, UnsafeModelError, reading
from edgekit.core.text import printable
from edgekit.frontend.trust.allowed_operators import LOWERED, READING, SAVING, TENSORFLOW_ONLY
from edgekit.frontend.trust.saved_model_reach import MAIN, Reach, assets, functions_of, place_of

DAMAGED = "copy or download the whole folder again."
"""The next step for a SavedModel that cannot be read."""

_LISTED = LOWERED | TENSORFLOW_ONLY | SAVING | READING.keys()
_TRUST = "pass --unsafe if you trust whoever made it."
_MOST_NAMED = 3


def refuse_unsafe(path: Path, model: Any) -> None:
    """Check a SavedModel's operators and the files that it names.

    Args:
        path: Its folder.
        model: The `SavedModel` message that TensorFlow reads there, in whichever form.

    Raises:
        ModelError: An operator that TensorFlow does not have.
        UnsafeModelError: An operator that is not allowed, named with its node and function; or
            a file outside of the folder.
    """
    for meta in model.meta_graphs:
        unknown, refused = _not_listed(meta)
        if unknown:
            raise ModelError(
                "The SavedModel holds operators that TensorFlow does not have.",
                received=_received(path, unknown),
                hint="they come from another package, whose operators no mobile runtime has "
                "either: save the model without them.",
            )
        refused += Reach(meta).found()
        if refused:
            raise UnsafeModelError(
                "The SavedModel holds operators that edgekit does not allow.",
                received=_received(path, refused),
                hint=_TRUST,
            )
        for asset in assets(meta):
            _refuse_name(path, asset.filename)
    _refuse_links(path)


def refuse_unsafe_graph(path: Path, meta: Any) -> None:
    """Check the operators of a frozen graph, all of which may run.

    Args:
        path: The file, for messages.
        meta: A `MetaGraphDef` with nothing but the graph.

    Raises:
        ModelError: An operator that TensorFlow does not have.
        UnsafeModelError: An operator that is not allowed, or that reads or writes a file.
    """
    unknown, refused = _not_listed(meta)
    if unknown:
        raise ModelError(
            "The graph holds operators that TensorFlow does not have.",
            received=_received(path, unknown),
            hint="convert the Keras model or SavedModel that it was made from.",
        )
    refused += [
        f"{place_of(node.op, node, place)}, which reads or writes a file"
        for place, node in _nodes(meta)
        if node.op in SAVING or node.op in READING
    ]
    if refused:
        raise UnsafeModelError(
            "The graph holds operators that edgekit does not allow.",
            received=_received(path, refused),
            hint=_TRUST,
        )


def operators(model: Any) -> set[str]:
    """The types of all operators of a `SavedModel` message."""
    return {node.op for meta in model.meta_graphs for _, node in _nodes(meta)}


def _nodes(meta: Any) -> Iterator[tuple[str, Any]]:
    """Every node of the main graph and of the library, with the name of its function."""
    for node in meta.graph_def.node:
        yield MAIN, node
    for function in meta.graph_def.library.function:
        for node in function.node_def:
            yield function.signature.name, node


def _not_listed(meta: Any) -> tuple[list[str], list[str]]:
    """The operators that TensorFlow does not know, and those that it knows and no list has."""
    functions = {function.signature.name for function in meta.graph_def.library.function}
    unknown, refused = [], []
    for place, node in _nodes(meta):
        # A node may be named after a function that it calls, or have its name in an attribute.
        for operator in (node.op, *functions_of(node)):
            if operator in _LISTED:
                continue
            # A function with the name of an operator hides nothing.
            if is_operator(operator):
                refused.append(place_of(operator, node, place))
            elif operator not in functions:
                unknown.append(place_of(operator, node, place))
        if node.op == "XlaCallModule" and not _is_arithmetic(node.attr["module"].s):
            refused.append(f"{place_of(node.op, node, place)}, which calls code by its name")
    return unknown, refused


def _is_arithmetic(module: bytes) -> bool:
    """Whether StableHLO, as JAX exports it, calls nothing outside of itself.

    MLIR's bytecode holds the names of its operators as they are; its text may escape them.
    """
    return module.startswith(b"ML\xefR") and b"custom_call" not in module


def _received(path: Path, found: list[str]) -> str:
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return f"{path.name}: {printable('; '.join(found[:_MOST_NAMED]))}{more}"


def _refuse_name(path: Path, name: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name:
        _refuse_file(path, f"the asset {printable(name)!r}")


def _refuse_links(path: Path) -> None:
    """Files that TensorFlow reads lie in the folder, or in the download cache it is part of."""
    with reading(path, "The SavedModel's folder could not be read.", kind=ModelError):
        folder = path.resolve()
        # Hugging Face's cache links each file of `snapshots/REVISION` to one in `blobs`.
        above = (folder, *folder.parents)
        allowed = [
            folder,
            *(p.parent.parent / "blobs" for p in above if p.parent.name == "snapshots"),
        ]
        for part in (folder / "assets", folder / "variables"):
            for file in (part, *part.rglob("*")):
                target = file.resolve()
                if not any(target.is_relative_to(parent) for parent in allowed):
                    _refuse_file(path, f"{file.relative_to(folder)}, a link to {target}")


def _refuse_file(path: Path, what: str) -> None:
    raise UnsafeModelError(
        "A SavedModel must not name a file outside of its folder.",
        received=f"{path.name}: {what}",
        hint=_TRUST,
    )
