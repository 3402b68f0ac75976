"""Latency, memory and size of files, timed side by side on each runtime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edgekit.core import artifacts, serde
from edgekit.core.arguments import checked
from edgekit.core.artifacts import File
from edgekit.core.errors import ModelError, UsageError
from edgekit.core.process import Progress, silent
from edgekit.core.records import BenchmarkOptions, Limits, Measurement, Metric, Target
from edgekit.core.result_tables import Measurements
from edgekit.measure import latency, peak_memory
from edgekit.measure.machine import describe_host
from edgekit.pipeline.evaluate import sizes
from edgekit.runtimes import environments, local


@checked
def benchmark(
    files: Sequence[File] | File,
    *,
    targets: Sequence[Target] = (Target(),),
    reference: Path | str | None = None,
    options: BenchmarkOptions | None = None,
    limits: Limits | None = None,
    on_progress: Progress = silent,
) -> Measurements:
    """Measure how long files take, how much memory, and how they compare.

    Args:
        files: One or more `.tflite` files, or what `convert` returned. The same file twice is an
            A/A test.
        targets: Runtimes to run on.
        reference: The file of `files` that ratios are against; by default the float32 one
            of them, else the first.
        options: How often, how long, and with how many threads.
        limits: Time and memory of each process.
        on_progress: Takes one line at each step.

    Returns:
        For each target, a measurement of each file in the order of `files`: latency
        percentiles, `latency_ratio` to the reference, `peak_rss_bytes`, sizes.

    Raises:
        EdgekitError: By its class: unreadable files, a runtime that cannot run one.
    """
    options, limits = options or BenchmarkOptions(), limits or Limits()
    paths = artifacts.paths(files, "benchmark")
    for path in paths:
        if not path.is_file():
            raise ModelError("The .tflite file was not found.", received=str(path))
    for target in targets:
        environments.python_for(target)  # refuses before anything slow begins
    first = _reference_index(paths, Path(reference) if reference else None)
    timed = [
        _File(path=path, name=name, sizes=sizes(path))
        for path, name in zip(paths, artifacts.labels(paths), strict=True)
    ]
    return Measurements(
        measurement
        for target in targets
        for measurement in _on_target(timed, first, target, options, limits, on_progress)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file to time, what measurements call it, and what needs no clock."""

    path: Path
    name: str
    sizes: tuple[Metric, ...]


def _on_target(
    files: Sequence[_File],
    first: int,
    target: Target,
    options: BenchmarkOptions,
    limits: Limits,
    on_progress: Progress,
) -> Iterator[Measurement]:
    """The files, timed side by side on one target; ratios are against the one at `first`."""
    open_timer = local.open_timer
    # The reference leads, because ratios are against the first.
    order = [first, *(i for i in range(len(files)) if i != first)]
    timed = latency.benchmark(
        [files[i].path for i in order],
        target,
        options,
        open_timer=open_timer,
        limits=limits,
        on_progress=on_progress,
    )
    times = {index: timed.files[place] for place, index in enumerate(order)}
    for index, file in enumerate(files):
        on_progress(f"measuring the memory of {file.path.name} on {target.label}")
        peak = peak_memory.peak_memory(
            file.path, timed.target, open_timer=open_timer, limits=limits
        )
        yield Measurement(
            artifact=file.name,
            artifact_sha256=serde.sha256(file.path),
            samples_sha256="",
            num_samples=0,
            target=timed.target,
            host=describe_host(),
            metrics=(*times[index], *_of_reference(index == first), peak, *file.sizes),
            notes=_notes(file.name, files[first].name, times[index], target),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def _reference_index(files: Sequence[Path], reference: Path | None) -> int:
    if reference is not None:
        for index, path in enumerate(files):
            if path.resolve() == reference.resolve():
                return index
        raise UsageError(
            "--reference must be one of the files that are timed.",
            received=str(reference),
            hint=f"add it: edgekit benchmark {reference} ...",
        )
    return next((i for i, path in enumerate(files) if path.name.endswith(".float32.tflite")), 0)


def _of_reference(is_reference: bool) -> tuple[Metric, ...]:
    return (Metric(name="latency_ratio", value=1.0, better="lower"),) if is_reference else ()


def _notes(name: str, reference: str, metrics: Sequence[Metric], target: Target) -> tuple[str, ...]:
    """Say plainly when a file is slower than the reference; sure of it, by the interval."""
    ratio = next((m for m in metrics if m.name == "latency_ratio"), None)
    if ratio is None or ratio.low is None or ratio.low <= 1.05:
        return ()
    note = f"{name} is {ratio.value:.2f}x slower than {reference} on {target.label} here"
    if target.runtime == "tflite-runtime":
        note += "; on x86 that runtime has no accelerated int8 kernels, on Arm it has"
    return (f"{note}.",)
