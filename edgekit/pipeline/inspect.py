"""What is inside a `.tflite`, and how a runtime cuts it into pieces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edgekit import tflite
from edgekit.core import files, isolate
from edgekit.core.arguments import checked
from edgekit.core.errors import ModelError, RunError
from edgekit.core.process import Progress
from edgekit.core.records import Contract, Delegation, Limits, Target
from edgekit.runtimes import local
from edgekit.tflite import Inspection, recognise_outputs

Result = TypeVar("Result")


@checked
def inspect(
    path: Path | str, *, target: Target | None = None, limits: Limits | None = None
) -> tuple[Inspection, Delegation]:
    """Read a file, and prepare it in a runtime (LiteRT by default) without running it.

    Raises:
        ModelError: Missing, damaged, or not a `.tflite`.
        EnvironmentFailure: The runtime is not installed.
    """
    path, target, limits = Path(path), target or Target(), limits or Limits()
    files.size(path, ".tflite file", kind=ModelError)  # refuses what is not there, at once
    inspection = read_in_child(INSPECT, path, limits)
    try:
        with local.open_session(path, target, limits=limits) as session:
            info = session.info
    except (RunError, ModelError) as error:
        return inspection, Delegation(runtime=target.label, failure=error.brief)
    return inspection, Delegation(
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
    return read_in_child(CONTRACT, path, limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class TfliteFile:
    """A `.tflite` to read."""

    path: Path


def run_inspect(request: TfliteFile, report: Progress) -> Inspection:
    """What `inspect` runs in a child."""
    del report
    return tflite.inspect(request.path)


def run_contract(request: TfliteFile, report: Progress) -> Contract:
    """What `contract` runs in a child."""
    del report
    model = tflite.read(request.path)
    return recognise_outputs.with_kinds(tflite.contract(model), model)


INSPECT = isolate.Stage(f"{__name__}:run_inspect", TfliteFile, Inspection)
CONTRACT = isolate.Stage(f"{__name__}:run_contract", TfliteFile, Contract)


def read_in_child(stage: isolate.Stage[TfliteFile, Result], path: Path, limits: Limits) -> Result:
    """What a stage reads in a `.tflite`.

    In a child, since a large file of very many parts takes long; a small one cannot (`verifier`).
    """
    request, name = TfliteFile(path=path), f"The reader of {path.name}"
    return isolate.call(stage, request, name=name, limits=limits)
