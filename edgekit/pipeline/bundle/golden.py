"""Golden samples as a file itself stores them, with what this host's LiteRT computes of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np

from edgekit.codegen.literals import utf8
from edgekit.core.bundle_record import Golden, GoldenLabels, GoldenRaw, GoldenTensor, Tolerance
from edgekit.core.process import Progress, silent
from edgekit.core.records import Artifact, Contract, Limits, Target, TensorSpec
from edgekit.pipeline.bundle import bundle_checks, column_units, golden_raw, tolerance, undecided
from edgekit.runtimes import local


def golden_samples(
    path: Path, artifact: Artifact, limits: Limits, on_progress: Progress = silent
) -> tuple[Golden, bytes]:
    """The golden samples of a converted file.

    Args:
        path: The `.tflite`, with its model's golden samples beside it.
        artifact: Its manifest.
        limits: Of each process that runs it.
        on_progress: Told what runs.

    Returns:
        Where everything lies, and the content of the file that holds it.

    Raises:
        ModelError: There are no golden samples beside it.
        DataError: They are damaged, or do not fit it.
        RunError: The file cannot run.
    """
    given = bundle_checks.golden_inputs(path, artifact, limits)
    contract = artifact.contract
    on_progress(f"running the golden samples with {path.name}")
    with local.open_session(path, Target(), limits=limits) as session:
        inputs = undecided.mixed(session, given, contract)
        outputs = session.run(inputs)
    groups = column_units.by_output(path, artifact, outputs)
    trials = tolerance.tried(path, artifact, inputs, outputs, groups, limits, on_progress)
    num_samples = len(next(iter(inputs.values())))
    content, layout = _Content(), _Layout(num_samples)
    for spec in contract.inputs:
        layout.add("input", spec, _stored(inputs[spec.name], spec))
    for spec in contract.outputs:
        allowed = tolerance.tolerance(spec, groups[spec.name], outputs[spec.name], trials)
        layout.add("output", spec, _stored(outputs[spec.name], spec), allowed)
    content.add(_records(layout.arrays))
    golden = Golden(
        file=f"{path.stem}.golden.bin",
        num_samples=num_samples,
        sample_bytes=layout.sample_bytes,
        tensors=tuple(layout.tensors),
        raw=tuple(_raw(contract, content)),
        labels=tuple(_labels(contract, content)),
        trials=trials,
        num_bytes=len(content.data),
        sha256=hashlib.sha256(content.data).hexdigest(),
    )
    return golden, bytes(content.data)


class _Layout:
    """The tensors of a sample, one after the other."""

    def __init__(self, num_samples: int) -> None:
        self.tensors: list[GoldenTensor] = []
        self.arrays: list[np.ndarray] = []
        self.sample_bytes = 0
        self._num_samples = num_samples

    def add(
        self,
        role: Literal["input", "output"],
        spec: TensorSpec,
        array: np.ndarray,
        allowed: Tolerance | None = None,
    ) -> None:
        """Append a tensor, `(samples, ...)` as it is stored; `allowed` is of outputs."""
        num_bytes = array.nbytes // self._num_samples
        self.tensors.append(
            GoldenTensor(
                role=role,
                name=spec.name,
                dtype=spec.dtype,
                shape=spec.shape,
                offset=self.sample_bytes,
                num_bytes=num_bytes,
                tolerance=allowed,
            )
        )
        self.arrays.append(array)
        self.sample_bytes += num_bytes


class _Content:
    """What the file holds, as it grows."""

    def __init__(self) -> None:
        self.data = bytearray()

    def add(self, part: bytes) -> int:
        """Where the part begins."""
        self.data += part
        return len(self.data) - len(part)


def _records(arrays: list[np.ndarray]) -> bytes:
    """Sample after sample, each with all tensors one after the other."""
    each = [
        array.reshape(len(array), -1).view(np.uint8).reshape(len(array), -1) for array in arrays
    ]
    return np.concatenate(each, axis=1).tobytes()


def _raw(contract: Contract, content: _Content) -> list[GoldenRaw]:
    made = []
    for spec in contract.inputs:
        raw = golden_raw.raw_sample(spec)
        if raw is None:
            continue
        stride = golden_raw.stride(raw.values.size)
        expected = _stored(raw.values, spec).reshape(-1)[::stride].tobytes()
        made.append(
            GoldenRaw(
                input=spec.name,
                dtype=raw.dtype,
                shape=raw.shape,
                offset=content.add(raw.content),
                num_bytes=len(raw.content),
                stride=stride,
                expected_offset=content.add(expected),
                expected_num_bytes=len(expected),
            )
        )
    return made


def _labels(contract: Contract, content: _Content) -> list[GoldenLabels]:
    made = []
    for spec in contract.outputs:
        if spec.labels:
            part = b"".join(utf8(label) + b"\0" for label in spec.labels)
            made.append(
                GoldenLabels(output=spec.name, offset=content.add(part), num_bytes=len(part))
            )
    return made


def _stored(real: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Real values as the tensor stores them, little-endian: as the runtime's worker does it."""
    dtype = np.dtype(spec.dtype).newbyteorder("<")
    if spec.scale:
        bounds = np.iinfo(spec.dtype)
        wide = np.float32 if dtype.itemsize <= 2 else np.float64  # float32 has no int32 maximum
        codes = np.rint(np.divide(real, wide(spec.scale[0]), dtype=wide))
        codes += wide(spec.zero_point[0])
        real = np.clip(codes, bounds.min, bounds.max)
    return np.ascontiguousarray(real, dtype=dtype)
