"""Golden samples as a file itself stores them, with what this host's LiteRT computes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgekit import artifacts, flatbuffer
from edgekit.bundling import Golden, GoldenTensor
from edgekit.data import checks
from edgekit.data.samples import Samples
from edgekit.errors import DataError, ModelError
from edgekit.records import Artifact, Limits, Target, TensorSpec
from edgekit.runtimes import host

# What float kernels of two machines may differ by: measured 1.1e-6 between x86 and arm64, emulated.
_FLOAT_TOLERANCE = 1e-5
# Half a unit in the last place of each of two float32 values whose difference is looked at.
_FLOAT_ROUNDING = 2.0**-23


def golden_samples(path: Path, artifact: Artifact, limits: Limits) -> tuple[Golden, bytes]:
    """The golden samples of a converted file.

    Args:
        path: The `.tflite`, with its model's golden samples beside it.
        artifact: Its manifest.
        limits: Of the process that runs it.

    Returns:
        Where each tensor lies, and the content of the file that holds them.

    Raises:
        ModelError: There are no golden samples beside it.
        RunError: The file cannot run.
    """
    source = artifacts.golden_path(path.parent, artifacts.model_name(artifact))
    if not source.is_file():
        raise ModelError(
            "A bundle holds golden samples, for the self-test on the device.",
            received=f"no {source}",
            hint="keep it beside the .tflite, where convert wrote it.",
        )
    inputs = _inputs(source, artifact, limits)
    with host.open_session(path, Target(), limits=limits) as session:
        outputs = session.run(inputs)
    contract = artifact.contract
    stored = [
        ("input", spec, _stored(inputs[spec.name], spec), 0.0) for spec in contract.inputs
    ] + [
        ("output", spec, _stored(outputs[spec.name], spec), _tolerance(path, spec, outputs))
        for spec in contract.outputs
    ]
    tensors, rows, offset = [], [], 0
    for role, spec, array, tolerance in stored:
        rows.append(array.reshape(len(array), -1).view(np.uint8).reshape(len(array), -1))
        size = rows[-1].shape[1]
        tensors.append(
            GoldenTensor(
                role="input" if role == "input" else "output",
                name=spec.name,
                dtype=spec.dtype,
                shape=spec.shape,
                offset=offset,
                num_bytes=size,
                tolerance=tolerance,
            )
        )
        offset += size
    data = np.concatenate(rows, axis=1).tobytes()
    golden = Golden(
        file=f"{path.stem}.golden.bin",
        sha256=hashlib.sha256(data).hexdigest(),
        num_samples=len(rows[0]),
        sample_bytes=offset,
        tensors=tuple(tensors),
    )
    return golden, data


def _inputs(source: Path, artifact: Artifact, limits: Limits) -> dict[str, np.ndarray]:
    """The golden inputs, in the shapes that the contract tells.

    Raises:
        DataError: The file is damaged, or does not hold the model's inputs.
    """
    found = Samples.load(source, memory_bytes=limits.memory_bytes).inputs
    for spec in artifact.contract.inputs:
        if spec.name not in found:
            raise DataError(
                "The golden samples are not those of the model.",
                received=f"{source} holds inputs {', '.join(found)}, and no {spec.name!r}",
                hint="convert the model again: that writes them.",
            )
    return {spec.name: checks.fit(found[spec.name], spec) for spec in artifact.contract.inputs}


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


def _tolerance(path: Path, spec: TensorSpec, outputs: Mapping[str, np.ndarray]) -> float:
    """One step of what the output is computed in; for float a little of its largest value.

    Steps are told apart as float32 values, so their rounding is allowed too. Whole numbers without
    a scale are met exactly.
    """
    values = outputs[spec.name]
    if not spec.scale and values.dtype.kind != "f":
        return 0.0
    largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
    if spec.scale:
        return float(spec.scale[0]) + _FLOAT_ROUNDING * largest
    model = flatbuffer.read(path)
    index = flatbuffer.binding(model).outputs[spec.name]
    for operator in flatbuffer.operators(model):
        if operator.name == "DEQUANTIZE" and index in (t.index for t in operator.outputs):
            if operator.inputs and operator.inputs[0].scale:  # float16 has none
                return float(operator.inputs[0].scale[0]) + _FLOAT_ROUNDING * largest
    return _FLOAT_TOLERANCE * max(1.0, largest)
