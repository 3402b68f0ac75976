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
    """How far an output is from the host's over all golden samples, and how far it may be.

    `worst` and `rms` (root mean square) are in real units. `agreement` is the share of decisions
    that are the host's, None for outputs that decide nothing. The tolerances were measured on other
    kernels and runtimes when the bundle was made. `exact` means that every bit is the same. Where
    columns of the last axis have units of their own, each group of them is checked: `columns` are
    its first and, not included, last one.
    """

    name: str
    worst: float
    tolerance: float
    rms: float
    rms_tolerance: float
    agreement: float | None
    least_agreement: float | None
    exact: bool
    columns: tuple[int, int] | None = None

    @property
    def passed(self) -> bool:
        """Whether all of it is within the tolerances."""
        near = self.worst <= self.tolerance and self.rms <= self.rms_tolerance
        if self.agreement is None or self.least_agreement is None:
            return near
        return near and self.agreement >= self.least_agreement


@dataclass(frozen=True)
class SelfTest:
    """What became of the golden samples on this machine.

    `problems` are sentences: a file, labels or a preprocessing that are not those of the host.
    """

    variant: str
    runtime: str
    num_samples: int
    outputs: tuple[OutputCheck, ...]
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether there is no problem and every output is within its tolerances."""
        compared = self.num_samples > 0 and len(self.outputs) > 0
        return compared and not self.problems and all(output.passed for output in self.outputs)


def variants() -> dict[str, dict[str, Any]]:
    """The entries of `contract.json` by variant, in its order."""
    bundle = json.loads((_FOLDER / "contract.json").read_text(encoding="utf-8"))
    return {model["variant"]: model for model in bundle["models"]}


class Model:
    """One variant. Its `inputs` and `outputs` are those of the contract, by name.

    `labels` are those that the package gives out, by output: the self-test looks at them.
    """

    def __init__(self, variant: str, num_threads: int, labels: dict[str, tuple[str, ...]]) -> None:
        known = variants()
        if variant not in known:
            raise ValueError(f"A variant must be one of {', '.join(known)}; received {variant!r}.")
        self.variant = variant
        self._entry = known[variant]
        self._num_threads = num_threads
        self._labels = labels
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

        Those of a model that keeps state from call to call are one sequence.

        Raises:
            ValueError: The golden samples are not the bundle's file.
        """
        golden = self._entry["golden"]
        content = (_FOLDER / golden["file"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != golden["sha256"]:
            raise ValueError(f"{golden['file']} is not the file that contract.json describes.")
        tensors = {t["name"]: t for t in golden["tensors"] if t["role"] == "output"}
        tallies = {name: list(_tallies(name, tensors[name]["tolerance"])) for name in self.outputs}
        keeps_state = bool(self._entry["contract"].get("kept_state"))
        session = self._open()
        for number, (inputs, wanted) in enumerate(self._samples(content)):
            if number and not keeps_state:
                session = self._open()
            outputs = session.run(inputs)
            for name, tensor in self.outputs.items():
                for tally in tallies[name]:
                    tally.add(tensor, outputs[name], wanted[name])
        return SelfTest(
            variant=self.variant,
            runtime=self._session.package,
            num_samples=golden["num_samples"],
            outputs=tuple(tally.check() for each in tallies.values() for tally in each),
            problems=tuple(self._problems(content)),
        )

    def _problems(self, content: bytes) -> Iterator[str]:
        """What is not as the host had it before the model even runs."""
        file, golden = self._entry["file"], self._entry["golden"]
        if hashlib.sha256((_FOLDER / file).read_bytes()).hexdigest() != self._entry["sha256"]:
            yield f"{file} is not the file that contract.json describes"
        for held in golden.get("labels", []):
            mine = b"".join(_utf8(label) + b"\0" for label in self._labels.get(held["output"], ()))
            if mine != content[held["offset"] :][: held["num_bytes"]]:
                yield f"the labels of {held['output']} are not the host's"
        for raw in golden.get("raw", []):
            tensor = self.inputs[raw["input"]]
            wanted = content[raw["expected_offset"] :][: raw["expected_num_bytes"]]
            try:
                values = tensor.store(tensor.preprocess(_raw(raw, content)))
            except ImportError:  # without Pillow, a program prepares images itself
                continue
            except ValueError as error:
                yield f"{raw['input']} cannot be prepared: {error}"
                continue
            little = values.reshape(-1)[:: raw["stride"]].astype(values.dtype.newbyteorder("<"))
            if little.tobytes() != wanted:
                yield f"{raw['input']} is not prepared as on the host"

    def _open(self) -> Session:
        return Session(_FOLDER / self._entry["file"], self._num_threads)

    def _samples(
        self, data: bytes
    ) -> Iterator[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
        golden = self._entry["golden"]
        size = golden["sample_bytes"]
        for number in range(golden["num_samples"]):
            sides: dict[str, dict[str, np.ndarray]] = {"input": {}, "output": {}}
            for tensor in golden["tensors"]:
                dtype = np.dtype(tensor["dtype"]).newbyteorder("<")
                start = number * size + tensor["offset"]
                values = np.frombuffer(data[start : start + tensor["num_bytes"]], dtype)
                native = values.astype(dtype.newbyteorder("="))
                sides[tensor["role"]][tensor["name"]] = native.reshape(tensor["shape"])
            yield sides["input"], sides["output"]


def _tallies(name: str, tolerance: dict[str, Any]) -> Iterator[Tally]:
    """One for all columns of an output, or one for each group of them."""
    groups = tolerance.get("columns", [])
    if not groups:
        yield Tally(name, tolerance)
    for group in groups:
        yield Tally(name, group, (group["start"], group["stop"]))


class Tally:
    """How far one output, or some columns of it, is from the host's, sample after sample.

    Args:
        name: Of the output.
        tolerance: Of the output or its columns, as the contract has it.
        columns: The first and, not included, last one; None for all.
    """

    def __init__(
        self, name: str, tolerance: dict[str, Any], columns: tuple[int, int] | None = None
    ) -> None:
        self._name, self._tolerance, self._columns = name, tolerance, columns
        self._worst = self._squares = 0.0
        self._values = self._decisions = self._agreeing = 0
        self._exact = True

    def add(self, tensor: Tensor, mine: np.ndarray, host: np.ndarray) -> None:
        """One sample, as the tensor stores it."""
        self._exact &= mine.tobytes() == host.tobytes()
        width = max(1, mine.shape[-1] if mine.ndim else 1)
        one, other = (tensor.real(array).reshape(-1, width) for array in (mine, host))
        far = _distances(one, other)[:, slice(*(self._columns or (0, width)))]
        self._worst = max(self._worst, float(far.max(initial=0.0)))
        self._squares += float(np.square(far).sum())
        self._values += far.size
        if self._tolerance.get("agreement") is not None:
            same = self._decided(one) == self._decided(other)
            self._agreeing += int(same.sum())
            self._decisions += same.size

    def _decided(self, values: np.ndarray) -> np.ndarray:
        """What `(positions, columns)` say: which is largest, or which lie above the threshold."""
        threshold = self._tolerance.get("threshold")
        decided = values.argmax(axis=-1) if threshold is None else values > threshold
        return np.asarray(decided)

    def check(self) -> OutputCheck:
        """The result of all of them."""
        least = self._tolerance.get("agreement")
        return OutputCheck(
            name=self._name,
            worst=self._worst,
            tolerance=float(self._tolerance["worst"]),
            rms=float(np.sqrt(self._squares / max(1, self._values))),
            rms_tolerance=float(self._tolerance["rms"]),
            agreement=None if least is None else self._agreeing / max(1, self._decisions),
            least_agreement=least,
            exact=self._exact,
            columns=self._columns,
        )


def _distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far values are apart; infinite where one is NaN and the other is not."""
    with np.errstate(invalid="ignore"):
        far = np.abs(one.astype(np.float64) - other.astype(np.float64))
    far[(one == other) | ((one != one) & (other != other))] = 0.0
    far[np.isnan(far)] = np.inf
    return far


def _raw(held: dict[str, Any], content: bytes) -> Any:
    """A raw sample, of the bytes that the golden samples' file holds."""
    part = content[held["offset"] :][: held["num_bytes"]]
    if held["dtype"] == "text":
        return part.decode()
    dtype = np.dtype(held["dtype"]).newbyteorder("<")
    return np.frombuffer(part, dtype).astype(dtype.newbyteorder("=")).reshape(held["shape"])


def _utf8(label: str) -> bytes:
    return label.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
