"""Is the C self-test passed by the right model, and by no wrong one? `mutants.py BUNDLE FOLDER`.

BUNDLE is a folder with `contract.json` and, somewhere in it, the files that it names. Each mutant
of `tests/codegen/mutants.py` is generated, compiled and run with LiteRT. It prints lines
`MODEL|MUTANT|VARIANT|PASSED`, for `checks/judge_mutants.py`. It takes a C compiler: CC
[default: cc].
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from generate import read
from structures import Bytes, Check, Model

from edgekit.codegen.c import c_bundle
from edgekit.codegen.c.c_identifiers import Names
from edgekit.core.bundle_record import Bundle
from tests.codegen.mutants import Contents, mutants

CC = os.environ.get("CC", "cc")

Run = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.POINTER(Model),
    ctypes.POINTER(Bytes),
    ctypes.POINTER(Bytes),
)


def compiled(record: Bundle, contents: Contents, folder: Path) -> ctypes.CDLL:
    """The C of a bundle as a library; its large arrays are not worth optimizing."""
    folder.mkdir(parents=True)
    for path, data in c_bundle.files(record, contents).items():
        (folder / path).write_bytes(data)
    library = folder / "bundle.so"
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(_object, sorted(folder.glob("*.c"))))
    subprocess.run([CC, "-shared", *map(str, objects), "-lm", "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def _object(source: Path) -> Path:
    """A source compiled, once for all mutants that have the same: arrays take seconds."""
    read_by_it = [source, *sorted(source.parent.glob("*.h"))]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in read_by_it)).hexdigest()
    compiled = source.parent.parent / f"{digest}.o"
    if not compiled.exists():
        command = [CC, "-std=c99", "-O0", "-fPIC", "-c", str(source), "-o", str(compiled)]
        subprocess.run(command, check=True)
    return compiled


def passes(library: ctypes.CDLL, prefix: str, variant: str) -> bool:
    """Whether the self-test of a variant passes, with LiteRT."""
    model = Model.in_dll(library, variant)
    content = ctypes.string_at(model.data, model.size)
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()

    def run(_: Any, of: Any, inputs: Any, outputs: Any) -> int:
        for i in range(of[0].num_inputs):
            spec = of[0].inputs[i]
            detail = interpreter.get_input_details()[spec.index]
            data = ctypes.string_at(inputs[i], spec.num_bytes)
            array = np.frombuffer(data, detail["dtype"]).reshape(detail["shape"])
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        for i in range(of[0].num_outputs):
            spec = of[0].outputs[i]
            detail = interpreter.get_output_details()[spec.index]
            data = np.ascontiguousarray(interpreter.get_tensor(detail["index"])).tobytes()
            ctypes.memmove(outputs[i], data, spec.num_bytes)
        return 0

    workspace_size = getattr(library, f"{prefix}_self_test_workspace")
    workspace_size.restype = ctypes.c_size_t
    size = workspace_size(ctypes.byref(model))
    checks = (Check * model.num_outputs)()
    status = getattr(library, f"{prefix}_self_test")(
        ctypes.byref(model), Run(run), None, ctypes.create_string_buffer(size),
        ctypes.c_size_t(size), checks,
    )  # fmt: skip
    return status == 0 and all(check.passed for check in checks)


def passing(record: Bundle, contents: Contents, folder: Path) -> list[str]:
    """The variants whose self-test passes."""
    library, named = compiled(record, contents, folder), Names(record)
    return [v for v, name in named.variants.items() if passes(library, named.prefix, name)]


def main(bundle: Path, folder: Path) -> None:
    """Try all of them, and say how each came out."""
    record, contents = read(bundle)
    for name, wrong, theirs in [("right", record, contents), *mutants(record, contents)]:
        left = passing(wrong, theirs, folder / name.replace(" ", "_"))
        for model in record.models:
            print(f"{record.name}|{name}|{model.variant}|{model.variant in left}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
