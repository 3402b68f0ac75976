"""What is inside a `.tflite`, and how a runtime cuts it into pieces."""

from __future__ import annotations

from pathlib import Path

from edgekit import flatbuffer
from edgekit.errors import ModelError, RunError
from edgekit.flatbuffer import Inspection
from edgekit.records import Delegation, Limits, Target
from edgekit.runtimes import host


def inspect(
    path: Path | str, *, target: Target | None = None, limits: Limits | None = None
) -> tuple[Inspection, Delegation]:
    """Read a file, and prepare it in a runtime (LiteRT by default) without running it.

    Raises:
        ModelError: Missing, damaged, or not a `.tflite`.
        EnvironmentFailure: The runtime is not installed.
    """
    path, target = Path(path), target or Target()
    found = flatbuffer.inspect(path)
    try:
        with host.open_session(path, target, limits=limits or Limits()) as session:
            info = session.info
    except (RunError, ModelError) as error:
        failure = f"{error.rule} {error.received or ''}".strip()
        return found, Delegation(runtime=target.label, failure=failure)
    return found, Delegation(
        runtime=f"{target.runtime} {info.runtime_version}",
        partitions=info.partitions,
        num_ops=info.num_ops,
    )
