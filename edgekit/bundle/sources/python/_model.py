"""A variant of the bundled model: raw data in, real values out, and its self-test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ._runtime import Session
from ._tensors import Tensor

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class OutputCheck:
    """How far an output is from the host's, in real units, at worst.

    `exact` means that every bit is the same. `tolerance` is what other kernels than the host's
    may differ by.
    """

    name: str
    worst: float
    tolerance: float
    exact: bool

    @property
    def passed(self) -> bool:
        """Whether the difference is within the tolerance."""
        return self.exact or self.worst <= self.tolerance


@dataclass(frozen=True)
class SelfTest:
    """What became of the golden samples on this machine."""

    variant: str
    runtime: str
    num_samples: int
    outputs: tuple[OutputCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every output is within its tolerance."""
        return all(output.passed for output in self.outputs)


def variants() -> dict[str, dict[str, Any]]:
    """The entries of `contract.json` by variant, in its order."""
    bundle = json.loads((_FOLDER / "contract.json").read_text(encoding="utf-8"))
    return {model["variant"]: model for model in bundle["models"]}


class Model:
    """One variant. Its `inputs` and `outputs` are those of the contract, by name."""

    def __init__(self, variant: str, num_threads: int) -> None:
        known = variants()
        if variant not in known:
            raise ValueError(f"A variant is one of {', '.join(known)}; received {variant!r}.")
        self.variant = variant
        self._entry = known[variant]
        self._num_threads = num_threads
        contract = self._entry["contract"]
        self.inputs = {spec["name"]: Tensor.read(spec) for spec in contract["inputs"]}
        self.outputs = {spec["name"]: Tensor.read(spec) for spec in contract["outputs"]}
        self._session = self._open()

    def run(self, raw: dict[str, Any]) -> dict[str, np.ndarray]:
        """Raw samples by input to real values by output, both without the batch dimension.

        Raises:
            ValueError: A sample is not what the contract takes.
        """
        return self.run_inputs({name: self.inputs[name].preprocess(raw[name]) for name in raw})

    def run_inputs(self, real: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The same for samples that are preprocessed already.

        Raises:
            ValueError: A sample has another shape, or values that its input cannot hold.
        """
        stored = {name: self.inputs[name].store(np.asarray(real[name])) for name in self.inputs}
        outputs = self._session.run(stored)
        return {name: tensor.real(outputs[name]) for name, tensor in self.outputs.items()}

    def self_test(self) -> SelfTest:
        """Replay the golden samples, each from a fresh start, and compare with the host's outputs.

        Raises:
            ValueError: The model or the golden samples are not the bundle's files.
        """
        golden = self._entry["golden"]
        _check(self._entry["file"], self._entry["sha256"])
        _check(golden["file"], golden["sha256"])
        worst = dict.fromkeys(self.outputs, 0.0)
        exact = dict.fromkeys(self.outputs, True)
        for inputs, wanted in self._samples():
            session = self._open()
            outputs = session.run(inputs)
            for name, tensor in self.outputs.items():
                exact[name] &= outputs[name].tobytes() == wanted[name].tobytes()
                far = _difference(tensor.real(outputs[name]), tensor.real(wanted[name]))
                worst[name] = max(worst[name], far)
        tolerances = {t["name"]: t["tolerance"] for t in golden["tensors"] if t["role"] == "output"}
        return SelfTest(
            variant=self.variant,
            runtime=self._session.package,
            num_samples=golden["num_samples"],
            outputs=tuple(
                OutputCheck(name, worst[name], float(tolerances[name]), exact[name])
                for name in self.outputs
            ),
        )

    def _open(self) -> Session:
        return Session(_FOLDER / self._entry["file"], self._num_threads)

    def _samples(self) -> Iterator[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
        golden = self._entry["golden"]
        data, size = (_FOLDER / golden["file"]).read_bytes(), golden["sample_bytes"]
        for number in range(golden["num_samples"]):
            sides: dict[str, dict[str, np.ndarray]] = {"input": {}, "output": {}}
            for tensor in golden["tensors"]:
                dtype = np.dtype(tensor["dtype"]).newbyteorder("<")
                start = number * size + tensor["offset"]
                values = np.frombuffer(data[start : start + tensor["num_bytes"]], dtype)
                native = values.astype(dtype.newbyteorder("="))
                sides[tensor["role"]][tensor["name"]] = native.reshape(tensor["shape"])
            yield sides["input"], sides["output"]


def _check(file: str, sha256: str) -> None:
    found = hashlib.sha256((_FOLDER / file).read_bytes()).hexdigest()
    if found != sha256:
        raise ValueError(f"{file} is the one of contract.json; its SHA-256 is {found}.")


def _difference(mine: np.ndarray, wanted: np.ndarray) -> float:
    """The largest one; infinite where one is NaN and the other is not."""
    with np.errstate(invalid="ignore"):
        far = np.abs(mine.astype(np.float64) - wanted.astype(np.float64))
    same = (mine == wanted) | ((mine != mine) & (wanted != wanted))
    far = np.where(same, 0.0, far)
    return float(np.where(np.isnan(far), np.inf, far).max(initial=0.0))
