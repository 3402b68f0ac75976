"""One file that runs `.tflite` models in a process of its own, in any Python 3.8 to 3.14.

Started as `PYTHON worker.py litert` (or `tflite-runtime`). It needs the standard library,
NumPy and that runtime, never edgekit: the Python may be that of an old environment. It
speaks the protocol of `edgekit.core.process`: one JSON request a line on standard input, any
number of `{"progress": ...}` lines and one `{"result": ...}` or `{"error": ...}` back.
Arrays travel in `.npy` files. It ends when standard input closes.

Values are REAL on both sides. An integer tensor with a scale is fed
`clip(rint(value / scale) + zero_point)`, where `rint` rounds halves to even as XNNPACK
does, whatever the array's own dtype: uint8 pixels mean 0.0 to 255.0. Outputs with a scale
come back as float32 `scale * (stored - zero_point)`. Tensors without a scale keep their
values: integers are cast for float inputs, and integer inputs take integers in range.

Sample `i` is `array[i]`: one sample without the batch dimension, where the tensor's first
dimension is 1 or unknown; otherwise a whole tensor. Unknown sizes follow the sample.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    del sys.path[0]  # this folder: its file names must not hide other modules

import gc
import json
import os
import queue
import re
import threading
import time
import traceback
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # never evaluated: Python 3.8 has not all of these spellings
    from collections.abc import Callable, Iterator
    from typing import Any

    Report = Callable[[str], None]
    Request = dict[str, Any]

_BLOCK_BYTES = 256 << 10  # read, converted and written at a time: it stays in the cache
# For sizes that a file leaves open, where it cannot be prepared with 1.
_TRIED_SIZES = (64, 256)
_SHORT_NS = 50_000  # below this, one timing covers several invokes ...
_WINDOW_NS = 200_000  # ... of together about this long
_MAX_ROUNDS = 20_000
# Operators that keep variable tensors from one invoke to the next.
_STATEFUL = re.compile(r"LSTM|RNN|SVDF")
_PACKAGES = {"litert": "ai-edge-litert", "tflite-runtime": "tflite-runtime"}
# Members of the runtimes' `OpResolverType`; the default takes a delegate (XNNPACK) where it can.
_KERNELS = {
    "default": "AUTO",
    "reference": "BUILTIN_REF",
    "builtin": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
}


class Failure(Exception):
    """An error for the person, as a class of `edgekit.core.errors` has it."""

    def __init__(
        self, kind: str, rule: str, received: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(rule)
        self.payload = {"type": kind, "rule": rule, "received": received, "hint": hint}


def import_runtime(name: str) -> tuple[Any, str]:
    """The interpreter class of a runtime, and the runtime's version.

    Raises:
        Failure: It is not installed, or NumPy is too new for it.
    """
    package = _PACKAGES[name]
    if name == "tflite-runtime" and int(np.__version__.split(".")[0]) >= 2:
        # It would import, and then fail in Interpreter() with a SystemError.
        raise Failure(
            "EnvironmentFailure",
            "tflite-runtime needs NumPy 1: it was built before NumPy 2.",
            f"NumPy {np.__version__} in {sys.executable}",
            "edgekit runtime add tflite-runtime==2.14.0",
        )
    try:
        if name == "litert":
            from ai_edge_litert.interpreter import Interpreter
        else:
            from tflite_runtime.interpreter import Interpreter
        from importlib.metadata import version

        return Interpreter, version(package)
    except ImportError as error:
        raise Failure(
            "EnvironmentFailure",
            f"{package} could not be imported in {sys.executable}.",
            str(error),
        ) from None


def translate(error: BaseException, path: str, runtime: str) -> Failure:
    """What a runtime said while loading or preparing `path`, as an error that names it."""
    text = " ".join(re.sub(r"[^\x20-\x7e\n]", "?", str(error)).split())
    name = os.path.basename(path)
    lacking = re.search(r"builtin opcode '([^']*)' version '(\d+)'", text)
    if lacking:
        older = "older version" in text
        return Failure(
            "UnsupportedOperator",
            f"{runtime} does not have an operator of {name} in the version that the file asks for.",
            f"{lacking.group(1)} version {lacking.group(2)}"
            + (f"; {runtime} has only older versions of it" if older else ""),
            "choose a newer runtime (--runtime litert), or another recipe.",
        )
    unknown = re.search(r"unresolved custom op: (.*?)\. ?See", text)
    flex = re.search(r"\((Flex\w+)\)", text)
    if unknown or flex or "Select TensorFlow op" in text:
        found = unknown.group(1) if unknown else flex.group(1) if flex else "a TensorFlow operator"
        return Failure(
            "UnsupportedOperator",
            f"{runtime} does not have an operator of {name}.",
            found + (" (a custom operator)" if unknown else " (an operator of TensorFlow itself)"),
            "replace that layer by built-in operators before converting.",
        )
    if "builtin_code out of range" in text or "builtin opcode out of range" in text:
        return Failure(
            "UnsupportedOperator",
            f"{runtime} does not know an operator of {name}.",
            text[:300],
            "choose a newer runtime: the file is newer than this one.",
        )
    if re.search(r"identifier|valid [Ff]latbuffer|[Mm]map|Could not open|allocation is null", text):
        return Failure("ModelError", f"{name} is not a .tflite model.", text[:300])
    return Failure("RunError", f"{runtime} could not prepare {name}.", text[:300])


class Tensor:
    """One input or output: where it is, and how its values are stored."""

    def __init__(self, name: str, detail: dict[str, Any]) -> None:
        self.name = name
        self.index = int(detail["index"])
        self.dtype = np.dtype(detail["dtype"])
        self.current = tuple(int(size) for size in detail["shape"])
        self.shape = tuple(int(s) for s in detail.get("shape_signature", ())) or self.current
        parameters = detail["quantization_parameters"]
        self.scale = [float(s) for s in parameters["scales"]]
        self.zero_point = [int(z) for z in parameters["zero_points"]]
        self.axis = int(parameters["quantized_dimension"])
        # The sample's own shape: an unknown or single first dimension is the batch.
        self.batched = bool(self.shape) and self.shape[0] in (-1, 1)
        self.sample_shape = self.shape[1:] if self.batched else self.shape
        if self.dtype.kind not in "biuf":
            raise Failure("ModelError", f"Tensor {name!r} must hold numbers.", str(self.dtype))
        if self.dtype.kind not in "iu":
            self.scale = []
        if len(self.scale) > 1:
            raise Failure(
                "ModelError", f"Tensor {name!r} must have one scale.", f"{len(self.scale)}"
            )

    def describe(self) -> dict[str, Any]:
        """The fields of `edgekit.core.records.TensorSpec`."""
        return {
            "name": self.name,
            "shape": self.shape,
            "dtype": self.dtype.name,
            "scale": self.scale,
            "zero_point": self.zero_point[: len(self.scale)],
            "quantized_dimension": self.axis,
        }

    def fitted(self, sample: tuple[int, ...]) -> tuple[int, ...]:
        """The tensor's shape for samples of shape `sample`.

        Raises:
            Failure: A known size differs, or the number of dimensions does.
        """
        want = self.sample_shape
        fits = len(want) == len(sample)
        for axis, size in enumerate(want if fits else ()):
            fits = fits and size in (-1, sample[axis])
        if not fits:
            raise Failure(
                "DataError",
                f"Each sample of input {self.name!r} must have shape {_spell(want)}.",
                f"shape {_spell(sample)}",
            )
        return (1, *sample) if self.batched else sample

    def grown(self, size: int) -> tuple[int, ...]:
        """The tensor's shape with `size` for each size that is unknown."""
        sample = tuple(size if known == -1 else known for known in self.sample_shape)
        return (1, *sample) if self.batched else sample

    def store(self, real: np.ndarray) -> np.ndarray:
        """Real values as this tensor stores them, same shape.

        Raises:
            Failure: Values that the tensor cannot hold.
        """
        if self.scale:
            return self._quantize(real)
        if self.dtype.kind in "iu":
            if real.dtype.kind not in "iub":
                raise Failure(
                    "DataError",
                    f"Input {self.name!r} must be whole numbers ({self.dtype}).",
                    f"an array of {real.dtype}",
                    f"convert it: array.astype('{self.dtype}')",
                )
            bounds = np.iinfo(self.dtype)
            if real.dtype != self.dtype and real.size:
                low, high = int(real.min()), int(real.max())
                if low < bounds.min or high > bounds.max:
                    raise Failure(
                        "DataError",
                        f"Input {self.name!r} must fit {self.dtype}.",
                        f"{low} to {high}",
                    )
        elif self.dtype.kind == "b" and real.dtype.kind != "b":
            raise Failure(
                "DataError", f"Input {self.name!r} must be bool.", f"an array of {real.dtype}"
            )
        return np.ascontiguousarray(real, dtype=self.dtype)

    def _quantize(self, real: np.ndarray) -> np.ndarray:
        bounds = np.iinfo(self.dtype)
        one_byte = real.dtype.itemsize == 1 and self.dtype.itemsize == 1
        if one_byte and real.dtype.kind in "iu" and real.size > 256:
            # Bytes to bytes: convert each of the 256 values once, then look them up.
            table = self._quantize(np.arange(256, dtype=np.uint8).view(real.dtype))
            stored = real.tobytes().translate(table.tobytes())
            return np.frombuffer(stored, self.dtype).reshape(real.shape)
        wide = np.float32 if self.dtype.itemsize <= 2 else np.float64
        value: np.ndarray = np.divide(real, wide(self.scale[0]), dtype=wide)
        np.rint(value, out=value)
        value += wide(self.zero_point[0])
        if not np.isfinite(value).all():
            raise Failure("DataError", f"Input {self.name!r} must be finite.", "NaN or infinity")
        np.clip(value, bounds.min, bounds.max, out=value)
        return value.astype(self.dtype)

    def real(self, stored: np.ndarray) -> np.ndarray:
        """Stored values as real ones: float32 where the tensor has a scale."""
        if not self.scale:
            return stored
        wide = np.float32 if self.dtype.itemsize <= 2 else np.float64
        value: np.ndarray = np.subtract(stored, wide(self.zero_point[0]), dtype=wide)
        value = np.multiply(value, wide(self.scale[0]), dtype=wide)
        return value.astype(np.float32, copy=False)

    def random(self, rng: np.random.Generator) -> np.ndarray:
        """Stored values to time with: no NaN, no denormals, no index out of range."""
        if self.dtype.kind == "f":
            return rng.uniform(0.0, 1.0, self.current).astype(self.dtype)
        if self.scale:
            bounds = np.iinfo(self.dtype)
            return rng.integers(bounds.min, bounds.max, self.current, self.dtype, endpoint=True)
        return np.zeros(self.current, self.dtype)


def _spell(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join("any" if size == -1 else str(size) for size in shape) + ")"


class Model:
    """A loaded file, bound by the names of its signature (tensor names without one)."""

    def __init__(
        self, path: str, num_threads: int, runtime: str, interpreter: Any, kernels: str = "default"
    ) -> None:
        self.path = path
        self._runtime = runtime
        resolvers = sys.modules[interpreter.__module__].OpResolverType
        self._open: Callable[[], Any] = lambda: interpreter(
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
        self.subgraph, self.inputs, self.outputs = subgraph, inputs, outputs
        # The native object's methods, because the public ones reach the first subgraph only.
        if subgraph == 0:
            self.set, self.get, self.invoke = native.SetTensor, native.GetTensor, native.Invoke
        else:
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

    def run(
        self,
        inputs: dict[str, str],
        outputs: dict[str, str],
        start: int,
        stop: int,
        report: Report,
    ) -> None:
        """Run samples `start` to `stop` of `.npy` files; write one `.npy` an output."""
        arrays = {name: np.load(path, mmap_mode="r") for name, path in inputs.items()}
        self.fit({name: array.shape[1:] for name, array in arrays.items()})
        per_sample = sum(a.nbytes // max(1, len(a)) for a in arrays.values())
        block = max(1, min(stop - start, _BLOCK_BYTES // max(1, per_sample)))
        writers = [Writer(tensor, outputs[tensor.name], stop - start) for tensor in self.outputs]
        try:
            reported = time.monotonic()
            for first in range(start, stop, block):
                count = min(block, stop - first)
                feeds = [
                    (t.index, self._read(t, arrays[t.name], first, count)) for t in self.inputs
                ]
                for sample in self._run_block(feeds, writers, first, count):
                    if time.monotonic() - reported > 1.0:
                        reported = time.monotonic()
                        report(f"{sample - start} of {stop - start} samples")
                for writer in writers:
                    writer.flush()
        finally:
            for writer in writers:
                writer.close()

    @staticmethod
    def _read(tensor: Tensor, array: Any, first: int, count: int) -> np.ndarray:
        # Read, not mapped: mapped pages would count as this process's memory.
        bytes_each = array.nbytes // max(1, len(array))
        items = count * (bytes_each // array.dtype.itemsize)
        if not items:
            values = np.empty(0, array.dtype)
        else:
            offset = array.offset + first * bytes_each
            values = np.fromfile(array.filename, array.dtype, items, offset=offset)
        return tensor.store(values).reshape((count, *tensor.current))

    def _run_block(
        self, feeds: list[tuple[int, np.ndarray]], writers: list[Writer], first: int, count: int
    ) -> Iterator[int]:
        set_tensor, get_tensor, invoke, stateful = self.set, self.get, self.invoke, self.stateful
        sinks = [(writer, writer.tensor.index) for writer in writers]
        k = 0
        try:
            for k in range(count):
                if stateful:
                    self.forget()
                    set_tensor, get_tensor, invoke = self.set, self.get, self.invoke
                for index, values in feeds:
                    set_tensor(index, values[k])
                invoke()
                for writer, index in sinks:
                    writer.add(get_tensor(index))
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

    def fill(self, inputs: dict[str, str] | None, rng: np.random.Generator) -> None:
        """Set every input: from the first sample of `.npy` files, or at random."""
        if inputs:
            arrays = {name: np.load(path, mmap_mode="r") for name, path in inputs.items()}
            self.fit({name: array.shape[1:] for name, array in arrays.items()})
        for t in self.inputs:
            value = self._read(t, arrays[t.name], 0, 1)[0] if inputs else t.random(rng)
            self.set(t.index, value)


def plain_operators(operators: list[Any], outputs: list[Any]) -> list[str]:
    """The operators that no delegate took, by walking from the outputs to the inputs.

    A delegate's node stands beside the operators that it replaces, and gives the same tensors.
    """
    made_by: dict[int, Any] = {}
    for op in operators:
        for tensor in op["outputs"]:
            if int(tensor) not in made_by or op["op_name"] == "DELEGATE":
                made_by[int(tensor)] = op
    waiting, seen, plain = [int(o["index"]) for o in outputs], set(), {}
    while waiting:
        op = made_by.get(waiting.pop())
        if op is None or op["index"] in seen:
            continue
        seen.add(op["index"])
        if op["op_name"] != "DELEGATE":
            plain[op["index"]] = op["op_name"]
        waiting += [int(tensor) for tensor in op["inputs"]]
    return [plain[index] for index in sorted(plain)]


class Writer:
    """Collects one output of many samples into a `.npy` file.

    Written, not mapped: a full disk is then an error and no SIGBUS.
    """

    def __init__(self, tensor: Tensor, path: str, count: int) -> None:
        self.tensor = tensor
        self._count = count
        self._rows: list[np.ndarray] = []
        self._shape: tuple[int, ...] | None = None
        self._file = open(path, "wb")

    def add(self, value: np.ndarray) -> None:
        """One sample's value. All have the shape of the first."""
        if value.shape != self._shape:
            if self._shape is not None:
                raise Failure(
                    "RunError",
                    f"Output {self.tensor.name!r} must have the same shape for every sample.",
                    f"{_spell(self._shape)}, then {_spell(value.shape)}",
                )
            self._shape = value.shape
        self._rows.append(value)
        if len(self._rows) * value.nbytes > _BLOCK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Convert and write what was added."""
        if not self._rows:
            return
        stored = np.stack(self._rows)
        self._rows = []
        if stored.shape[1:2] == (1,):
            stored = stored.reshape((len(stored), *stored.shape[2:]))
        real = np.ascontiguousarray(self.tensor.real(stored))
        if not self._file.tell():
            header = {
                "descr": np.lib.format.dtype_to_descr(real.dtype),
                "fortran_order": False,
                "shape": (self._count, *real.shape[1:]),
            }
            np.lib.format.write_array_header_1_0(self._file, header)
        self._file.write(real.tobytes())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def time_models(models: list[Model], request: Request, report: Report) -> dict[str, Any]:
    """Time `invoke()` of every model, interleaved, in a random order each round.

    A model faster than 50 us is invoked several times in a row for each timing, about
    200 us together, so that the clock's own cost does not count; `invokes` says how often.
    Rounds go on until both `rounds` and `min_seconds` are reached (at most 20,000 rounds).

    Returns:
        `invokes`: one number a model; `nanoseconds`: for each model the whole time of
        each round's `invokes` invocations.
    """
    rng = np.random.default_rng(request["seed"])
    for model in models:
        model.fill(request.get("inputs"), np.random.default_rng(request["seed"]))
    clock = time.perf_counter_ns
    invokes = []
    for model in models:
        fastest = 1 << 62
        for _ in range(max(1, request["warmup"])):
            begun = clock()
            model.check()
            fastest = min(fastest, max(1, clock() - begun))
        invokes.append(-(-_WINDOW_NS // fastest) if fastest < _SHORT_NS else 1)
    times: list[list[int]] = [[] for _ in models]
    started = reported = time.monotonic()
    gc.collect()
    gc.disable()
    try:
        rounds = 0
        while rounds < request["rounds"] or (
            rounds < _MAX_ROUNDS and time.monotonic() - started < request["min_seconds"]
        ):
            for which in rng.permutation(len(models)).tolist():
                invoke, repeats = models[which].invoke, range(invokes[which])
                begun = clock()
                for _ in repeats:
                    invoke()
                times[which].append(clock() - begun)
            rounds += 1
            if time.monotonic() - reported > 1.0:
                reported = time.monotonic()
                report(f"{rounds} rounds timed")
    finally:
        gc.enable()
    return {"invokes": invokes, "nanoseconds": times}


def peak_rss_bytes() -> int:
    """Most resident memory that this process ever held, in bytes.

    On Linux from VmHWM: `ru_maxrss` there starts at the parent's size, which a child
    inherits across exec.
    """
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class Server:
    """Answers requests one after the other."""

    def __init__(self, runtime: str) -> None:
        self._runtime = runtime
        self._interpreter, self._version = None, ""
        self._models: dict[int, Model] = {}
        self._next = 0

    def answer(self, request: Request, report: Report) -> Any:
        """The result of one request; its `do` names the method."""
        action = getattr(self, "do_" + str(request.get("do")), None)
        if action is None:
            raise Failure(
                "RunError", "The worker does not know the request.", str(request.get("do"))
            )
        if self._interpreter is None:
            self._interpreter, self._version = import_runtime(self._runtime)
        return action(request, report)

    def do_hello(self, request: Request, report: Report) -> Any:
        """Which runtime, which Python, which NumPy."""
        return {
            "runtime": self._runtime,
            "version": self._version,
            "python": ".".join(map(str, sys.version_info[:3])),
            "numpy": np.__version__,
        }

    def do_load(self, request: Request, report: Report) -> Any:
        """Load and allocate a file."""
        model = Model(
            request["path"],
            request["num_threads"],
            self._runtime,
            self._interpreter,
            request["kernels"],
        )
        self._next += 1
        self._models[self._next] = model
        return {
            "handle": self._next,
            "inputs": [tensor.describe() for tensor in model.inputs],
            "outputs": [tensor.describe() for tensor in model.outputs],
            "num_ops": model.num_ops,
            "partitions": model.partitions,
            "plain": model.plain,
            "stateful": model.stateful,
            "version": self._version,
        }

    def do_run(self, request: Request, report: Report) -> Any:
        """Run a range of samples."""
        self._models[request["handle"]].run(
            request["inputs"], request["outputs"], request["start"], request["stop"], report
        )

    def do_time(self, request: Request, report: Report) -> Any:
        """Time several files against each other."""
        models = [self._models[handle] for handle in request["handles"]]
        return time_models(models, request, report)

    def do_memory(self, request: Request, report: Report) -> Any:
        """Peak resident memory so far, in bytes."""
        return peak_rss_bytes()

    def do_unload(self, request: Request, report: Report) -> Any:
        """Forget a file."""
        self._models.pop(request["handle"], None)


def main() -> None:
    """Serve until standard input closes."""
    # Native code prints to file descriptor 1: keep the real one for answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lines: queue.Queue[bytes] = queue.Queue()

    def read() -> None:
        for line in sys.stdin.buffer:
            lines.put(line)
        os._exit(0)  # the parent is gone, even if an invoke never returns

    def answer(payload: dict[str, Any]) -> None:
        answers.write(json.dumps(payload) + "\n")
        answers.flush()

    threading.Thread(target=read, daemon=True).start()
    server = Server(sys.argv[1])
    while True:
        request = json.loads(lines.get())
        try:
            answer({"result": server.answer(request, lambda text: answer({"progress": text}))})
        except Failure as failure:
            answer({"error": failure.payload})
        except MemoryError as error:
            message = "The worker did not get the memory that the model needs."
            answer({"error": Failure("WorkerOutOfMemory", message, str(error) or None).payload})
        except OSError as error:
            message = "The worker could not read its inputs or write its outputs."
            answer({"error": Failure("RunError", message, str(error)).payload})
        except Exception:
            answer({"result": {"internal_error": traceback.format_exc()}})


if __name__ == "__main__":
    main()
