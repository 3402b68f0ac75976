"""Converted files without a conversion, and sessions without a runtime."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgekit import tflite
from edgekit.core import artifacts, recipes, serde
from edgekit.core.records import Artifact, Limits, Target, TensorSpec
from edgekit.runtimes.base import Session, SessionInfo
from edgekit.runtimes.fake import FakeModel, FakeRuntime

MODELS = Path(__file__).parents[1] / "models"
# A dense layer, as every recipe's file has it: x (12,) to y (8,).
_FILES = {
    "float32": "fully_connected.float32.tflite",
    "float16": "fully_connected.float16.tflite",
    "static_wi8_ai8": "fully_connected.int8.tflite",
}


def converted(folder: Path, *names: str, **more: object) -> dict[str, Artifact]:
    """What `convert` would have written: `net.RECIPE.tflite` with its manifest, by recipe.

    Args:
        folder: Where the files go.
        names: Recipes besides float32.
        more: Fields of the manifests.
    """
    found = {}
    float_sha256 = serde.sha256(MODELS / _FILES["float32"])
    for name in ("float32", *names):
        recipe = recipes.get(name)
        path = artifacts.tflite_path(folder, "net", recipe)
        shutil.copy(MODELS / _FILES[name], path)
        fields = {
            "path": str(path),
            "sha256": serde.sha256(path),
            "size_bytes": path.stat().st_size,
            "compressed_bytes": artifacts.compressed_bytes(path.read_bytes()),
            "recipe": recipe,
            "contract": tflite.contract(path),
            "source_sha256": "0",
            "float_sha256": float_sha256,
            "oldest_runtime": "2.3.0",
        }
        found[name] = Artifact(**{**fields, **more})
        text = artifacts.manifest_text(found[name])
        artifacts.manifest_path(path).write_text(text, encoding="utf-8")
    return found


X = TensorSpec(name="x", shape=(1, 2), dtype="float32")
Y = TensorSpec(name="y", shape=(1, 2), dtype="float32")


def times(factor: float, nanoseconds: float = 1e6) -> FakeModel:
    """A fake file that multiplies, and takes so long each time."""
    return FakeModel((X,), (Y,), lambda inputs: {"y": factor * inputs["x"]}, lambda _: nanoseconds)


class FakeSessions:
    """Takes the place of `runner.ParallelSession`, and notes what happens in which order."""

    def __init__(self, models: Mapping[str, FakeModel]) -> None:
        self.log: list[str] = []
        self._runtime = FakeRuntime(models)

    def __call__(self, path: Path, target: Target, jobs: int, *, limits: Limits) -> FakeSessions:
        session = FakeSessions({})
        session.log, session._runtime = self.log, self._runtime
        session._name = f"{path.name} on {target.label}"
        self.log.append(f"open {session._name}, {jobs}")
        session._path, session._target = path, target
        return session

    def wait_until_open(self) -> None:
        self._session: Session = self._runtime.open_session(
            self._path, self._target, limits=Limits()
        )

    @property
    def info(self) -> SessionInfo:
        return self._session.info

    def run(
        self, inputs: Mapping[str, np.ndarray], *, carried: Mapping[str, str]
    ) -> dict[str, np.ndarray]:
        assert not carried
        self.log.append(f"run {self._name}")
        return self._session.run(inputs)

    def close(self) -> None:
        self.log.append(f"close {self._name}")

    def __enter__(self) -> FakeSessions:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def dense(factor: float = 1.0, **more: object) -> FakeModel:
    """A fake of one of the files of `converted`: y is the first 8 values of x, multiplied."""
    x = TensorSpec(name="x", shape=(1, 12), dtype="float32")
    y = TensorSpec(name="y", shape=(1, 8), dtype="float32")
    return FakeModel((x,), (y,), lambda inputs: {"y": factor * inputs["x"][:8]}, **more)


def refusing(error: Exception) -> FakeModel:
    """A fake file that fails on the first sample."""

    def fail(inputs: object) -> dict[str, np.ndarray]:
        raise error

    return FakeModel(dense().inputs, dense().outputs, fail)


def samples(folder: Path, count: int = 40, *, labels: bool = True) -> Path:
    """`data.npz` for those files; labels are the place of the largest of the first 8 values."""
    x = np.random.default_rng(0).normal(size=(count, 12)).astype(np.float32)
    arrays = {"x": x, "y": x[:, :8].argmax(axis=1)}
    np.savez(folder / "data.npz", **{k: v for k, v in arrays.items() if labels or k == "x"})
    return folder / "data.npz"
