"""What is inside a `.tflite`, and how a runtime cuts it into pieces."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit import tflite
from edgekit.core import isolate, serde
from edgekit.core.errors import ModelError, RunError
from edgekit.core.process import Progress
from edgekit.core.records import Contract, Delegation, Limits, Target
from edgekit.runtimes import local
from edgekit.tflite import Inspection


def inspect(
    path: Path | str, *, target: Target | None = None, limits: Limits | None = None
) -> tuple[Inspection, Delegation]:
    """Read a file, and prepare it in a runtime (LiteRT by default) without running it.

    Raises:
        ModelError: Missing, damaged, or not a `.tflite`.
        EnvironmentFailure: The runtime is not installed.
    """
    path, target, limits = Path(path), target or Target(), limits or Limits()
    found = serde.from_dict(Inspection, _in_child("look", path, limits), str(path))
    try:
        with local.open_session(path, target, limits=limits) as session:
            info = session.info
    except (RunError, ModelError) as error:
        failure = f"{error.rule} {error.received or ''}".strip()
        return found, Delegation(runtime=target.label, failure=failure)
    return found, Delegation(
        runtime=f"{target.runtime} {info.runtime_version}",
        partitions=info.partitions,
        num_ops=info.num_ops,
    )


def contract(path: Path, limits: Limits) -> Contract:
    """Inputs and outputs of a file without a manifest, read in a child with limits.

    Raises:
        ModelError: Missing, damaged, or its names are ambiguous.
        RunError: Reading it passed a limit.
    """
    return serde.from_dict(Contract, _in_child("look_at_contract", path, limits), str(path))


def look(request: Mapping[str, Any], report: Progress) -> Any:
    """What `inspect` runs in a child."""
    del report
    return serde.to_dict(tflite.inspect(Path(request["path"])))


def look_at_contract(request: Mapping[str, Any], report: Progress) -> Any:
    """What `contract` runs in a child."""
    del report
    return serde.to_dict(tflite.contract(Path(request["path"])))


def _in_child(function: str, path: Path, limits: Limits) -> Any:
    """A large file of very many parts takes long to read; a small one cannot (`verifier`)."""
    return isolate.call_json(
        f"{__name__}:{function}",
        {"path": str(path)},
        name=f"The reader of {path.name}",
        limits=limits,
    )
