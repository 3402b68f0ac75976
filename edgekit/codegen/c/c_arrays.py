"""One variant in C: the model as an aligned array, how its tensors store values, its samples."""

from __future__ import annotations

import math

from edgekit import tflite
from edgekit.codegen.c.c_identifiers import Names, comment
from edgekit.codegen.literals import number, string
from edgekit.core.bundle_record import BundledModel, GoldenTensor, Tolerance
from edgekit.core.errors import ModelError
from edgekit.core.records import TensorSpec

_DTYPES = {
    "float32": "FLOAT32",
    "float64": "FLOAT64",
    "float16": "FLOAT16",
    "int8": "INT8",
    "uint8": "UINT8",
    "int16": "INT16",
    "uint16": "UINT16",
    "int32": "INT32",
    "uint32": "UINT32",
    "int64": "INT64",
    "uint64": "UINT64",
    "bool": "BOOL",
}
_BYTES_A_LINE = 20


def count(spec: TensorSpec) -> int:
    """How many values a tensor holds."""
    return math.prod(spec.shape)


def variant(called: Names, model: BundledModel, data: bytes, golden: bytes) -> str:
    """The file of one variant.

    Args:
        called: The bundle's identifiers.
        model: The variant.
        data: Its `.tflite`.
        golden: Its golden samples.

    Raises:
        ModelError: A tensor whose type C has none for.
    """
    name = called.variants[model.variant]
    order = _order(data)
    held = model.golden
    lines = [
        f"/* {comment(model.file)}, {comment(model.variant)}: SHA-256",
        f" * {model.sha256}. Made by edgekit; do not edit. */",
        f'#include "{called.prefix}.h"',
        "",
        "#include <math.h>",
        "#include <stddef.h>",
        "",
        *_array("model_data", data),
        "",
        *_array("golden_data", golden),
    ]
    sides = (("input", model.contract.inputs), ("output", model.contract.outputs))
    for side, specs in sides:
        stored = {t.name: t for t in model.golden.tensors if t.role == side}
        lines.append("")
        for i, spec in enumerate(specs):
            shape = ", ".join(map(str, spec.shape or (1,)))
            lines.append(f"static const int32_t {side}_shape_{i}[] = {{{shape}}};")
            lines += _columns(stored[spec.name], f"{side}_columns_{i}")
        lines.append(f"static const edgekit_tensor {side}s[] = {{")
        for i, spec in enumerate(specs):
            lines += _tensor(spec, stored[spec.name], order[side][spec.name], side, i)
        lines.append("};")
    inputs = [spec.name for spec in model.contract.inputs]
    outputs = [spec.name for spec in model.contract.outputs]
    raws = [
        f"{{{inputs.index(raw.input)}, {{{', '.join(map(str, raw.shape[:3]))}}}, {raw.offset}, "
        f"{raw.num_bytes}, {raw.stride}, {raw.expected_offset}, {raw.expected_num_bytes}}}"
        for raw in held.raw
    ]
    labels = [
        f"{{{outputs.index(one.output)}, {one.offset}, {one.num_bytes}}}" for one in held.labels
    ]
    lines += [
        *_table("edgekit_raw", "raws", raws),
        *_table("edgekit_golden_labels", "labels", labels),
        "",
        f"const edgekit_model {name} = {{",
        f"    {string(model.variant, 'c')},",
        f"    {string(model.sha256, 'c')},",
        f"    model_data, {len(data)},",
        f"    {len(inputs)}, inputs,",
        f"    {len(outputs)}, outputs,",
        f"    golden_data, {held.num_samples}, {held.sample_bytes},",
        f"    {len(raws)}, {'raws' if raws else 'NULL'},",
        f"    {len(labels)}, {'labels' if labels else 'NULL'}}};",
    ]
    return "\n".join(lines) + "\n"


def _table(kind: str, name: str, rows: list[str]) -> list[str]:
    """A constant array; nothing where it would be empty, which C does not have."""
    if not rows:
        return []
    return ["", f"static const {kind} {name}[] = {{", *[f"    {row}," for row in rows], "};"]


def _order(data: bytes) -> dict[str, dict[str, int]]:
    """The place of each input and output in the file's own lists, which runtimes count by.

    The contract has the order of the signature, which may be another one.
    """
    model = tflite.read(data)
    bound = tflite.binding(model)
    graph = model.subgraphs[bound.subgraph]
    inputs, outputs = [int(i) for i in graph.inputs], [int(i) for i in graph.outputs]
    return {
        "input": {name: inputs.index(tensor) for name, tensor in bound.inputs.items()},
        "output": {name: outputs.index(tensor) for name, tensor in bound.outputs.items()},
    }


def _tensor(spec: TensorSpec, stored: GoldenTensor, index: int, side: str, i: int) -> list[str]:
    if spec.dtype not in _DTYPES:
        raise ModelError(
            f"The type of an input or output in C must be one of {', '.join(_DTYPES)}.",
            received=f"{spec.name!r} is {spec.dtype}",
        )
    scale = number(spec.scale[0], "c") if spec.scale else "1.0f"
    zero_point = spec.zero_point[0] if spec.scale else 0
    allowed = stored.tolerance or Tolerance()
    least = -1.0 if allowed.agreement is None else allowed.agreement
    threshold = "NAN" if allowed.threshold is None else _double(allowed.threshold)
    return [
        f"    {{{string(spec.name, 'c')}, {index}, EDGEKIT_{_DTYPES[spec.dtype]},",
        f"     {len(spec.shape)}, {side}_shape_{i}, {count(spec)}, {stored.num_bytes},",
        f"     {int(bool(spec.scale))}, {scale}, {zero_point}, {stored.offset},",
        f"     {_double(allowed.worst)}, {_double(allowed.rms)}, {_double(least)}, {threshold},",
        f"     {len(allowed.columns)}, {f'{side}_columns_{i}' if allowed.columns else 'NULL'}}},",
    ]


def _columns(stored: GoldenTensor, name: str) -> list[str]:
    columns = stored.tolerance.columns if stored.tolerance else ()
    rows = [
        f"    {{{one.start}, {one.stop}, {_double(one.worst)}, {_double(one.rms)}}},"
        for one in columns
    ]
    return [f"static const edgekit_columns {name}[] = {{", *rows, "};"] if rows else []


def _double(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else "INFINITY"


def _array(name: str, data: bytes) -> list[str]:
    given = data or b"\0"  # C has no empty arrays
    return [
        f"EDGEKIT_ALIGNED static const unsigned char {name}[{len(given)}] = {{",
        *[
            "    " + "".join(f"{byte}," for byte in given[start : start + _BYTES_A_LINE])
            for start in range(0, len(given), _BYTES_A_LINE)
        ],
        "};",
    ]
