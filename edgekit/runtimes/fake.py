"""A runtime without models, for tests: plain functions through the real seam.

```python
runtime = FakeRuntime({"a.tflite": FakeModel(inputs, outputs, lambda x: {"y": 2 * x["x"]})})
with runtime.open_session(Path("a.tflite"), Target(), limits=Limits()) as session:
    session.run({"x": np.ones((3, 4), np.float32)})["y"]  # twos
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core.closing import Closing
from edgekit.core.errors import DataError, ModelError
from edgekit.core.process import Progress
from edgekit.core.records import Limits, Target, TensorSpec
from edgekit.runtimes import exchange
from edgekit.runtimes.base import NOTHING, Arrays, Session, SessionInfo, Timer


@dataclass(frozen=True)
class FakeModel:
    """What a fake file computes, and how long it pretends to take.

    `function` maps one sample's inputs (no batch dimension) to its outputs; shapes in
    `inputs` and `outputs` have the batch first. `nanoseconds(round)` is the time of one
    invocation in a round.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    function: Callable[[dict[str, np.ndarray]], Mapping[str, np.ndarray]]
    nanoseconds: Callable[[int], float] = lambda _: 1e6
    peak_rss_bytes: int = 1 << 20


class FakeSession(Closing):
    """A `Session` that calls a function."""

    def __init__(self, model: FakeModel) -> None:
        self._model = model
        self.closed = False

    @property
    def info(self) -> SessionInfo:
        """See `Session.info`."""
        return SessionInfo(
            inputs=self._model.inputs,
            outputs=self._model.outputs,
            num_ops=1,
            partitions=1,
            stateful=False,
            runtime_version="0",
        )

    def run(
        self,
        inputs: Arrays,
        on_progress: Progress | None = None,
        carried: Mapping[str, str] = NOTHING,
    ) -> dict[str, np.ndarray]:
        """See `Session.run`; nothing is carried."""
        count = exchange.count_samples(inputs)
        names = [spec.name for spec in self._model.inputs]
        if sorted(names) != sorted(inputs):
            raise DataError(f"The inputs must be {', '.join(names)}.", received=", ".join(inputs))
        for spec in self._model.inputs:
            if inputs[spec.name].dtype.kind == "U" and spec.dtype != "string":
                raise DataError(
                    f"Input {spec.name!r} must be numbers ({spec.dtype}).", received="text"
                )
            want, given = spec.shape[1:], inputs[spec.name].shape[1:]
            same_rank = len(want) == len(given)
            if not same_rank or any(w not in (-1, g) for w, g in zip(want, given, strict=True)):
                raise DataError(
                    f"Each sample of input {spec.name!r} must have shape {want}.",
                    received=f"shape {given}",
                )
        results = [self._model.function({n: inputs[n][i] for n in names}) for i in range(count)]
        if on_progress:
            on_progress(f"{count} of {count} samples")
        return {s.name: np.stack([r[s.name] for r in results]) for s in self._model.outputs}

    def close(self) -> None:
        """See `Session.close`."""
        self.closed = True


class FakeTimer(Closing):
    """A `Timer` whose clock is each model's `nanoseconds`."""

    def __init__(self, models: Sequence[FakeModel]) -> None:
        self._models = models

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
        """See `Timer.time`; `min_seconds` passes at once."""
        return np.array([[m.nanoseconds(r) for r in range(num_runs)] for m in self._models])

    def peak_rss_bytes(self) -> int:
        """The largest of the models'."""
        return max(model.peak_rss_bytes for model in self._models)

    def close(self) -> None:
        """See `Timer.close`."""


class FakeRuntime:
    """A `Runtime` that knows fake models by file name; the files need not exist."""

    def __init__(self, models: Mapping[str, FakeModel]) -> None:
        self._models = models

    def open_session(self, path: Path, target: Target, *, limits: Limits) -> Session:
        """See `Runtime.open_session`."""
        return FakeSession(self._model(path))

    def open_timer(self, paths: Sequence[Path], target: Target, *, limits: Limits) -> Timer:
        """See `Runtime.open_timer`."""
        return FakeTimer([self._model(path) for path in paths])

    def _model(self, path: Path) -> FakeModel:
        if path.name not in self._models:
            raise ModelError("The model file was not found.", received=str(path))
        return self._models[path.name]
