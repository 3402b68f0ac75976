"""A file bound to a runtime: loaded, its tensors bound by name, and run on samples."""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .worker_runtime import translate
from .worker_tensors import BLOCK_BYTES, Failure, Tensor, TensorFields, Writer

if TYPE_CHECKING:  # never evaluated: Python 3.8 has not all of these spellings
    from collections.abc import Callable, Iterator, Mapping

    from .worker_runtime import Interpreter, OpenInterpreter, OperatorDetail
    from .worker_tensors import TensorDetail

    Report = Callable[[str], None]

# For sizes that a file leaves open, where it cannot be prepared with 1.
_TRIED_SIZES = (64, 256)
# Operators that keep variable tensors from one invoke to the next.
_STATEFUL = re.compile(r"LSTM|RNN|SVDF")
# Members of the runtimes' `OpResolverType`; the default takes a delegate (XNNPACK) where it can.
_KERNELS = {
    "default": "AUTO",
    "reference": "BUILTIN_REF",
    "builtin": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
}


@dataclass(frozen=True)
class Load:
    """Load and allocate a file."""

    path: str
    num_threads: int
    kernels: str


@dataclass(frozen=True)
class Loaded:
    """What `edgekit.runtimes.base.SessionInfo` says of a file, and the file's number."""

    handle: int
    inputs: tuple[TensorFields, ...]
    outputs: tuple[TensorFields, ...]
    num_ops: int
    partitions: int
    plain: tuple[str, ...]
    stateful: bool
    is_sequence: bool
    version: str


@dataclass(frozen=True)
class Run:
    """Run samples `start` to `stop` of `.npy` files, named by input; write one an output.

    A file that keeps variables begins with the first of them, and takes them as one sequence.
    `carried` names for inputs without a file the output that they take from the sample before.
    """

    handle: int
    inputs: dict[str, str]
    outputs: dict[str, str]
    start: int
    stop: int
    carried: dict[str, str] = field(default_factory=dict)


class Model:
    """A loaded file, bound by the names of its signature (tensor names without one)."""

    def __init__(
        self, path: str, num_threads: int, runtime: str, interpreter: OpenInterpreter, kernels: str
    ) -> None:
        self.path = path
        self._runtime = runtime
        resolvers = sys.modules[interpreter.__module__].OpResolverType
        self._open: Callable[[], Interpreter] = lambda: interpreter(
            model_path=path,
            num_threads=num_threads,
            experimental_op_resolver_type=resolvers[_KERNELS[kernels]],
        )
        self._shapes: dict[str, tuple[int, ...]] = {}
        if not os.path.isfile(path):
            raise Failure("ModelError", "The model file was not found.", path)
        self._start()
        details = self._interpreter._get_ops_details()
        operators = [op["op_name"] for op in details]
        self.partitions = operators.count("DELEGATE")
        self.plain = plain_operators(details, self._interpreter.get_output_details())
        self.num_ops = len(operators) - self.partitions
        self._resets = any(_STATEFUL.search(op) for op in operators)
        # Nothing but a new interpreter forgets resource variables.
        self._restarts = "VAR_HANDLE" in operators

    def _start(self) -> None:
        try:
            self._interpreter = self._open()
            self._bind()
            self._allocate_at_first()
        except (ValueError, RuntimeError, SystemError) as error:
            raise translate(error, self.path, self._runtime) from None

    def _bind(self) -> None:
        whole = self._interpreter
        native = whole._interpreter
        signatures = whole._get_full_signature_list()
        subgraph = 0
        if signatures:
            if len(signatures) > 1 and "serving_default" not in signatures:
                raise Failure(
                    "ModelError",
                    "One of several signatures must be named 'serving_default'.",
                    ", ".join(sorted(signatures)),
                    "export the model with one signature.",
                )
            name = "serving_default" if len(signatures) > 1 else next(iter(signatures))
            subgraph = native.GetSubgraphIndexFromSignature(name)
            inputs = [
                Tensor(key, whole._get_tensor_details(index, subgraph))
                for key, index in signatures[name]["inputs"].items()
            ]
            outputs = [
                Tensor(key, whole._get_tensor_details(index, subgraph))
                for key, index in signatures[name]["outputs"].items()
            ]
        else:
            inputs = [Tensor(d["name"], d) for d in whole.get_input_details()]
            outputs = [Tensor(d["name"], d) for d in whole.get_output_details()]
        for tensor in outputs:
            tensor.require_numbers()
        self.subgraph, self.inputs, self.outputs = subgraph, inputs, outputs
        # The native object's methods, because the public ones reach the first subgraph only.
        self.set: Callable[[int, np.ndarray], None] = native.SetTensor
        self.get: Callable[[int], np.ndarray] = native.GetTensor
        self.invoke: Callable[[], None] = native.Invoke
        if subgraph != 0:
            self.set = lambda index, value: native.SetTensor(index, value, subgraph)
            self.get = lambda index: native.GetTensor(index, subgraph)
            self.invoke = lambda: native.Invoke(subgraph)

    def _allocate_at_first(self) -> None:
        """Allocate with the sizes of the file, or with larger ones where it leaves them open.

        An unknown size is 1 until samples come, which is too small for many a convolution.
        """
        try:
            return self._allocate()
        except (ValueError, RuntimeError):
            if self._shapes or not any(-1 in tensor.sample_shape for tensor in self.inputs):
                raise
            for size in _TRIED_SIZES:
                self._shapes = {t.name: t.grown(size) for t in self.inputs}
                try:
                    return self._allocate()
                except (ValueError, RuntimeError):
                    self._shapes = {}
            raise

    def _allocate(self) -> None:
        native = self._interpreter._interpreter
        for tensor in self.inputs:
            shape = self._shapes.get(tensor.name, tensor.current)
            if shape != tensor.current:
                size = np.array(shape, dtype=np.int32)
                native.ResizeInputTensor(tensor.index, size, False, self.subgraph)
                tensor.current = shape
        if self.subgraph == 0:
            native.AllocateTensors()
        else:
            native.AllocateTensors(self.subgraph)

    def fit(self, samples: dict[str, tuple[int, ...]]) -> None:
        """Give the inputs the shapes that samples of these shapes need."""
        names = [tensor.name for tensor in self.inputs]
        if sorted(names) != sorted(samples):
            raise Failure(
                "DataError",
                f"The inputs of {os.path.basename(self.path)} must be {', '.join(names)}.",
                ", ".join(samples) or "none",
            )
        self._shapes = {t.name: t.fitted(samples[t.name]) for t in self.inputs}
        if any(self._shapes[t.name] != t.current for t in self.inputs):
            try:
                self._allocate()
            except (ValueError, RuntimeError) as error:
                raise Failure(
                    "RunError",
                    f"{self._runtime} could not run {os.path.basename(self.path)} at this size.",
                    f"{self._shapes}: {' '.join(str(error).split())[:300]}",
                ) from None

    def forget(self) -> None:
        """Put state back to where it was after loading."""
        if self._restarts:
            self._start()
        elif self._resets:
            self._interpreter._interpreter.ResetVariableTensors()

    @property
    def stateful(self) -> bool:
        """Whether one sample could change the next one's result."""
        return self._restarts or self._resets

    def describe(self, handle: int, version: str) -> Loaded:
        """The file for the other side, which calls it `handle`."""
        return Loaded(
            handle=handle,
            inputs=tuple(tensor.fields() for tensor in self.inputs),
            outputs=tuple(tensor.fields() for tensor in self.outputs),
            num_ops=self.num_ops,
            partitions=self.partitions,
            plain=tuple(self.plain),
            stateful=self.stateful,
            is_sequence=self._restarts,
            version=version,
        )

    def run(self, request: Run, report: Report) -> int:
        """Run a range of samples. Returns how many."""
        start, stop = request.start, request.stop
        arrays = _mapped(request.inputs)
        carried = self._carried(request.carried)
        shapes = {name: array.shape[1:] for name, array in arrays.items()}
        self.fit({**shapes, **{target.name: target.sample_shape for target, _ in carried}})
        if self._restarts:
            self.forget()
        for target, _ in carried:
            self.set(target.index, target.store(np.zeros(target.current, target.given)))
        per_sample = sum(a.nbytes // max(1, len(a)) for a in arrays.values())
        block = max(1, min(stop - start, BLOCK_BYTES // max(1, per_sample)))
        writers = [Writer(t, request.outputs[t.name], stop - start) for t in self.outputs]
        try:
            reported = time.monotonic()
            for first in range(start, stop, block):
                count = min(block, stop - first)
                feeds = [
                    (t.index, self._read(t, arrays[t.name], first, count))
                    for t in self.inputs
                    if t.name in arrays
                ]
                for sample in self._run_block(feeds, writers, (first, count), carried):
                    if time.monotonic() - reported > 1.0:
                        reported = time.monotonic()
                        report(f"{sample - start} of {stop - start} samples")
                for writer in writers:
                    writer.flush()
        finally:
            for writer in writers:
                writer.close()
        return stop - start

    def _carried(self, names: dict[str, str]) -> list[tuple[Tensor, Tensor]]:
        """The inputs of these names with the outputs that feed them."""
        outputs = {tensor.name: tensor for tensor in self.outputs}
        return [(t, outputs[names[t.name]]) for t in self.inputs if t.name in names]

    @staticmethod
    def _read(tensor: Tensor, array: np.memmap, first: int, count: int) -> np.ndarray:
        # Read, not mapped: mapped pages would count as this process's memory.
        bytes_each = array.nbytes // max(1, len(array))
        items = count * (bytes_each // array.dtype.itemsize)
        if not items:
            values = np.empty(0, array.dtype)
        else:
            offset = array.offset + first * bytes_each
            values = np.fromfile(str(array.filename), array.dtype, items, offset=offset)
        return tensor.store(values).reshape((count, *tensor.current))

    def _run_block(
        self,
        feeds: list[tuple[int, np.ndarray]],
        writers: list[Writer],
        samples: tuple[int, int],
        carried: list[tuple[Tensor, Tensor]],
    ) -> Iterator[int]:
        first, count = samples
        set_tensor, get_tensor, invoke = self.set, self.get, self.invoke
        apart = self._resets and not self._restarts  # samples, for the operators' own state
        sinks = [(writer, writer.tensor.index) for writer in writers]
        k = 0
        try:
            for k in range(count):
                if apart:
                    self.forget()
                for index, values in feeds:
                    set_tensor(index, values[k])
                invoke()
                for writer, index in sinks:
                    writer.add(get_tensor(index))
                for target, source in carried:
                    real = source.real(get_tensor(source.index))
                    set_tensor(target.index, target.store(real.reshape(target.current)))
                yield first + k
        except (ValueError, RuntimeError) as error:
            raise Failure(
                "RunError",
                f"{self._runtime} could not run {os.path.basename(self.path)} on every sample.",
                f"sample {first + k}: {' '.join(str(error).split())[:300]}",
            ) from None

    def check(self) -> None:
        """Invoke once.

        Raises:
            Failure: The runtime cannot.
        """
        try:
            self.invoke()
        except (ValueError, RuntimeError) as error:
            raise Failure(
                "RunError",
                f"{self._runtime} could not run {os.path.basename(self.path)}.",
                " ".join(str(error).split())[:300],
            ) from None

    def fill(self, inputs: Mapping[str, str], rng: np.random.Generator) -> None:
        """Set every input: from the first sample of `.npy` files, or at random."""
        arrays = _mapped(inputs)
        if arrays:
            self.fit({name: array.shape[1:] for name, array in arrays.items()})
        for t in self.inputs:
            value = self._read(t, arrays[t.name], 0, 1)[0] if arrays else t.random(rng)
            self.set(t.index, value)


def _mapped(paths: Mapping[str, str]) -> dict[str, np.memmap]:
    return {name: np.load(path, mmap_mode="r") for name, path in paths.items()}


def plain_operators(operators: list[OperatorDetail], outputs: list[TensorDetail]) -> list[str]:
    """The operators that no delegate took, by walking from the outputs to the inputs.

    A delegate's node stands beside the operators that it replaces, and gives the same tensors.
    """
    made_by: dict[int, OperatorDetail] = {}
    for op in operators:
        for tensor in op["outputs"]:
            if int(tensor) not in made_by or op["op_name"] == "DELEGATE":
                made_by[int(tensor)] = op
    waiting, seen, plain = [int(o["index"]) for o in outputs], set(), {}
    while waiting:
        maker = made_by.get(waiting.pop())
        if maker is None or maker["index"] in seen:
            continue
        seen.add(maker["index"])
        if maker["op_name"] != "DELEGATE":
            plain[maker["index"]] = maker["op_name"]
        waiting += [int(tensor) for tensor in maker["inputs"]]
    return [plain[index] for index in sorted(plain)]
