"""Read a `.tflite` file and refuse one that is not whole.

Python's flatbuffers reader checks nothing, and neither does the quantizer: a file that
is cut off or damaged raises whatever the first wrong number leads to, and one of some
kilobytes may unpack to gigabytes. Here counts are held against the file's size before anything
is unpacked (`verifier`), and each index and size is checked once, so that the rest of edgekit may
rely on them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from edgekit.compat import litert
from edgekit.core import files
from edgekit.core.errors import ModelError, reading
from edgekit.tflite import enums, references
from edgekit.tflite.schema_objects import Model, RawTensor, SubGraph
from edgekit.tflite.verifier import Damaged, verify

_T = TypeVar("_T")

MAX_BYTES = 2**31 - 1  # flatbuffers' offsets are 32 bits, signed

_MOST_AXES = 64  # what NumPy can hold
_DAMAGED = "The TFLite file is cut off or damaged."
_DAMAGED_HINT = "export, copy or download it again."

# How other files begin that people pass by mistake.
_OTHER_KINDS = (
    (b"PK\x03\x04", "a zip archive, perhaps a .keras file", "edgekit convert takes Keras models."),
    (b"\x89HDF\r\n", "an HDF5 file, as Keras writes .h5", "edgekit convert takes Keras models."),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the real file: git lfs pull."),
    (b"<", "markup: perhaps a web page that says why the download failed", "download it again."),
)


def read(source: Path | bytes) -> Model:
    """Read a model, in place of all the ways a file can be wrong.

    Weights stored outside the flatbuffer (as the quantizer does above 256 KiB) are
    brought in; operators that state only the old 8-bit code get the new one as well.

    Args:
        source: A path, or the file's bytes.

    Returns:
        A mutable `ModelT`. Buffers hold `uint8` arrays that may be read-only views of
        the file: replace `buffer.data`, do not write into it.

    Raises:
        ModelError: No such file, not TFLite, cut off, or damaged.
    """
    name, data = _load(source)
    _check_kind(name, data)
    try:
        verify(data, references.tflite(), "Model")
    except Damaged as error:
        raise _damaged(name, str(error)) from None
    with reading(name, _DAMAGED, kind=ModelError, hint=_DAMAGED_HINT):
        model: Model = litert.unpack(data)
    _normalise(model)
    if problem := _problem(model):
        raise _damaged(name, problem)
    return model


def _damaged(name: str, problem: str) -> ModelError:
    return ModelError(_DAMAGED, received=f"{name}: {problem}", hint=_DAMAGED_HINT)


def _load(source: Path | bytes) -> tuple[str, bytes]:
    if not isinstance(source, Path):
        _check_size("the model", len(source))
        return "the model", bytes(source)
    name = str(source)
    _check_size(name, files.size(source, ".tflite file", kind=ModelError))
    with reading(name, "The .tflite file could not be read.", kind=ModelError):
        return name, source.read_bytes()


def _check_size(name: str, size_bytes: int) -> None:
    if size_bytes > MAX_BYTES:
        raise ModelError(
            "A TFLite file must not be larger than 2 GiB.",
            received=f"{name}: {size_bytes / 2**30:.2f} GiB",
            hint="quantize the weights, or split the model.",
        )


def _check_kind(name: str, data: bytes) -> None:
    if data[4:8] == b"TFL3":
        return
    received = f"{len(data)} bytes" + (f" that begin {data[:8]!r}" if data else "")
    hint = "export one with edgekit convert."
    for start, what, advice in _OTHER_KINDS:
        if data.startswith(start):
            received, hint = what, advice
            break
    raise ModelError(
        "The file is not a TFLite file, whose bytes 4 to 8 are TFL3.",
        received=f"{name}: {received}",
        hint=hint,
    )


def _normalise(model: Model) -> None:
    # A graph whose outputs are inputs or constants has no operators.
    model.operatorCodes = model.operatorCodes or []
    for code in model.operatorCodes:
        # Files from before 2020 state `deprecated_builtin_code` alone, and the quantizer
        # reads `builtin_code` alone: it would take every operator for ADD, which is 0.
        code.builtinCode = max(code.builtinCode, code.deprecatedBuiltinCode)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    for buffer in model.buffers or []:
        buffer.data = _as_bytes(buffer.data)
    for subgraph in model.subgraphs or []:
        for tensor in subgraph.tensors or []:
            tensor.buffer = int(tensor.buffer)
        for operator in subgraph.operators or []:
            operator.customOptions = _as_bytes(operator.customOptions)
    for entry in model.metadata or []:
        entry.buffer = int(entry.buffer)


def _as_bytes(data: np.ndarray | bytes | list[int] | None) -> np.ndarray | None:
    # An array packs at once; bytes or a list would be written one by one.
    if data is None or isinstance(data, np.ndarray):
        return data
    return np.frombuffer(bytes(data), dtype=np.uint8)


def _problem(model: Model) -> str:
    """What is wrong with the structure, or "" when all indices and sizes fit."""
    if not model.subgraphs or not model.buffers:
        return "it holds no graph"
    for number, subgraph in enumerate(model.subgraphs):
        if problem := _subgraph_problem(model, subgraph):
            return f"subgraph {number}: {problem}"
    for signature in model.signatureDefs or []:
        if not 0 <= signature.subgraphIndex < len(model.subgraphs):
            return f"a signature names subgraph {signature.subgraphIndex}"
        count = len(model.subgraphs[signature.subgraphIndex].tensors)
        for entry in [*_list(signature.inputs), *_list(signature.outputs)]:
            if not 0 <= entry.tensorIndex < count:
                return f"a signature names tensor {entry.tensorIndex} of {count}"
    for note in model.metadata or []:
        if not 0 <= note.buffer < len(model.buffers):
            return f"metadata names buffer {note.buffer} of {len(model.buffers)}"
    return ""


def _subgraph_problem(model: Model, subgraph: SubGraph) -> str:
    tensors = subgraph.tensors = _list(subgraph.tensors)
    operators = subgraph.operators = _list(subgraph.operators)
    subgraph.inputs, subgraph.outputs = _list(subgraph.inputs), _list(subgraph.outputs)
    for tensor in tensors:
        if problem := _tensor_problem(model, tensor):
            return problem
    for operator in operators:
        operator.inputs, operator.outputs = _list(operator.inputs), _list(operator.outputs)
        if not 0 <= operator.opcodeIndex < len(model.operatorCodes):
            return f"an operator has code {operator.opcodeIndex} of {len(model.operatorCodes)}"
        code = model.operatorCodes[operator.opcodeIndex]
        if code.builtinCode not in enums.operators():
            return f"an operator of number {code.builtinCode}, which the schema does not know"
        # -1 stands for an optional input that is left out.
        if any(not -1 <= i < len(tensors) for i in operator.inputs + operator.outputs):
            return f"an operator names a tensor outside the {len(tensors)} of its graph"
    if any(not 0 <= i < len(tensors) for i in subgraph.inputs + subgraph.outputs):
        return f"its inputs or outputs name a tensor outside its {len(tensors)}"
    return ""


def _tensor_problem(model: Model, tensor: RawTensor) -> str:
    name = enums.text(tensor.name)
    if not 0 <= tensor.buffer < len(model.buffers):
        return f"tensor {name!r} names buffer {tensor.buffer} of {len(model.buffers)}"
    dtype = enums.tensor_types().get(tensor.type)
    if dtype is None:
        return f"tensor {name!r} has type {tensor.type}, which the schema does not know"
    tensor.shape = _list(tensor.shape)
    if len(tensor.shape) > _MOST_AXES:
        return f"tensor {name!r} has {len(tensor.shape)} axes"
    if any(size < -1 for size in (*tensor.shape, *_list(tensor.shapeSignature))):
        return f"tensor {name!r} has a size below -1"
    data = model.buffers[tensor.buffer].data
    if data is None or not data.size or tensor.sparsity or dtype not in enums.BITS:
        return ""
    if any(size < 0 for size in tensor.shape):
        return f"constant tensor {name!r} has shape {tensor.shape}"
    needed = nbytes(tuple(tensor.shape), dtype)
    if data.size != needed:
        return f"tensor {name!r} needs {needed} bytes and has {data.size}"
    return ""


def _list(values: np.ndarray | Sequence[_T] | None) -> list[_T]:
    if values is None:
        return []
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def nbytes(shape: tuple[int, ...], dtype: str) -> int:
    """Bytes of a dense tensor; int4 and int2 are packed, rounded up to a whole byte."""
    return (math.prod(shape) * enums.BITS[dtype] + 7) // 8
