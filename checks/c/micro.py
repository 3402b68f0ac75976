"""Runs the self-test of a C bundle under TFLite Micro: `micro.py LIBRARY PREFIX VARIANT...`.

The library is the bundle's C. Its model array is what TFLite Micro loads, its self-test feeds the
golden samples and compares: Python only stands between the two. For each variant it prints `VARIANT
ARENA WORST TOLERANCE SAMPLES PASSED`, of the worst output. It needs NumPy and tflite-micro.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import tempfile
from importlib.metadata import version
from typing import Any

import numpy as np
from structures import Bytes, Check, Model
from tflite_micro.python.tflite_micro import runtime

ARENA_BYTES = 8 << 20  # to run in; what of it is used is reported
Run = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.POINTER(Model),
    ctypes.POINTER(Bytes),
    ctypes.POINTER(Bytes),
)


def printed(action: Any) -> str:
    """What native code prints on standard error meanwhile."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            action()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        return file.read().decode(errors="replace")


def test(library: ctypes.CDLL, prefix: str, variant: str) -> bool:
    """Run one variant, print its line, and say whether it passed."""
    model = Model.in_dll(library, variant)
    assert ctypes.addressof(model.data.contents) % 16 == 0, "the model is not aligned"
    interpreter = runtime.Interpreter.from_bytes(
        ctypes.string_at(model.data, model.size), arena_size=ARENA_BYTES
    )

    def run(_: Any, of: Any, inputs: Any, outputs: Any) -> int:
        for i in range(of[0].num_inputs):
            spec = of[0].inputs[i]
            detail = interpreter.get_input_details(spec.index)
            data = ctypes.string_at(inputs[i], spec.num_bytes)
            array = np.frombuffer(data, detail["dtype"]).reshape(detail["shape"])
            interpreter.set_input(array, spec.index)
        interpreter.invoke()
        for i in range(of[0].num_outputs):
            spec = of[0].outputs[i]
            data = np.ascontiguousarray(interpreter.get_output(spec.index)).tobytes()
            assert len(data) == spec.num_bytes, f"{len(data)} bytes of {spec.num_bytes}"
            ctypes.memmove(outputs[i], data, len(data))
        return 0

    workspace_size = getattr(library, f"{prefix}_self_test_workspace")
    workspace_size.restype = ctypes.c_size_t
    size = workspace_size(ctypes.byref(model))
    workspace = ctypes.create_string_buffer(size)
    checks = (Check * model.num_outputs)()
    status = getattr(library, f"{prefix}_self_test")(
        ctypes.byref(model), Run(run), None, workspace, ctypes.c_size_t(size), checks
    )
    if status:
        library.edgekit_status_text.restype = ctypes.c_char_p
        raise SystemExit(f"{variant}: {library.edgekit_status_text(status).decode()}")
    said = printed(interpreter.print_allocations)
    arena = re.search(r"Arena allocation total (\d+) bytes", said)
    assert arena, f"TFLite Micro did not tell its arena: {said[:200]}"
    worst = max(checks, key=lambda check: check.worst / (check.tolerance or 1e-300))
    passed = all(check.passed for check in checks)
    print(
        variant, arena[1], f"{worst.worst:.3g}", f"{worst.tolerance:.3g}",
        model.num_samples, int(passed),
    )  # fmt: skip
    return passed


def main(path: str, prefix: str, *variants: str) -> int:
    """Test all variants; 0 where all pass."""
    library = ctypes.CDLL(os.path.abspath(path))
    print("version", version("tflite-micro"))
    return 0 if all([test(library, prefix, variant) for variant in variants]) else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
