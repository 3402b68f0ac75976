"""What a runtime is: three small protocols, and what is known of a loaded file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np

from edgekit.core.process import Progress
from edgekit.core.records import Limits, Target, TensorSpec

Arrays = Mapping[str, np.ndarray]
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """A file as one runtime sees it, after allocation.

    `num_ops` counts the file's own operators. `partitions` counts the delegate's nodes: 0
    means that none of them run in the accelerated kernels, 1 mostly that all do, more that
    the graph is cut into pieces. `plain` names the operators that they did not take.
    `stateful` files keep state between invocations; a session clears it before every sample, but
    for those that keep variables: to them the samples of a run are one sequence.
    `runtime_version` is the package's.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    num_ops: int
    partitions: int
    stateful: bool
    runtime_version: str
    plain: tuple[str, ...] = ()
    is_sequence: bool = False


class Session(Protocol):
    """One file, loaded in one runtime, ready for samples. A context manager."""

    @property
    def info(self) -> SessionInfo:
        """What the runtime says of the file."""
        ...

    def run(
        self,
        inputs: Arrays,
        on_progress: Progress | None = None,
        carried: Mapping[str, str] = NOTHING,
    ) -> dict[str, np.ndarray]:
        """Run every sample.

        All values are real ones, in and out: an input stored as uint8 with scale 1/255
        takes 0.0 to 1.0, and an int8 output comes back as float32 probabilities.
        Tensors without a scale keep their dtype. Samples do not influence each other, unless the
        file keeps variables: then they run in their order, from a fresh start.

        Args:
            inputs: By signature name, shape `(samples, ...)`: each sample without the
                batch dimension. All inputs hold equally many samples, at least one.
            on_progress: Told about once a second, as `120 of 5000 samples`.
            carried: By input that is not given, the output that it takes from the sample before;
                zeros for the first. The samples are one sequence then.

        Returns:
            By signature name, shape `(samples, ...)` without the batch dimension.

        Raises:
            DataError: Missing or unknown inputs, a wrong shape or dtype.
            RunError: The runtime failed on a sample, crashed, or passed its limits.
        """
        ...

    def close(self) -> None:
        """End it. May be called twice."""
        ...

    def __enter__(self) -> Session: ...

    def __exit__(self, *_: object) -> None: ...


class Timer(Protocol):
    """Several files loaded in one fresh process, to be timed against each other."""

    def time(
        self,
        *,
        warmup_runs: int,
        num_runs: int,
        min_seconds: float,
        seed: int,
        inputs: Arrays | None = None,
        on_progress: Progress | None = None,
    ) -> np.ndarray:
        """Time each file in every round, in a random order by round.

        The files are fed the first sample of `inputs`, which must then suit all of them, or
        random values (zeros where integers could be indices).

        Returns:
            Nanoseconds of one invocation, float64, shape `(files, rounds)`; at least
            `num_runs` rounds, and more until `min_seconds` have passed.
        """
        ...

    def peak_rss_bytes(self) -> int:
        """Most resident memory that the process ever held."""
        ...

    def close(self) -> None:
        """End it. May be called twice."""
        ...

    def __enter__(self) -> Timer: ...

    def __exit__(self, *_: object) -> None: ...


class Runtime(Protocol):
    """What can run `.tflite` files on a target."""

    def open_session(self, path: Path, target: Target, *, limits: Limits) -> Session:
        """Load one file.

        Raises:
            ModelError: Not a `.tflite` file, or its signatures are ambiguous.
            UnsupportedOperator: The runtime lacks an operator or its version.
            RunError: It cannot be prepared, crashed, or passed a limit.
            EnvironmentFailure: The runtime itself cannot be used.
        """
        ...

    def open_timer(self, paths: Sequence[Path], target: Target, *, limits: Limits) -> Timer:
        """Load several files into one new process. Raises what `open_session` raises."""
        ...
