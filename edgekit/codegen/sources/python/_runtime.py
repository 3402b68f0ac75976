"""A `.tflite` file in LiteRT, or in the older tflite-runtime: one interpreter, bound by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def runtime() -> tuple[Any, str]:
    """The interpreter's class, and the name of its package.

    Raises:
        ImportError: Neither ai-edge-litert nor tflite-runtime is installed, or NumPy is too new
            for the latter.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter, "ai-edge-litert"
    except ImportError:
        pass
    try:
        from tflite_runtime.interpreter import Interpreter
    except ImportError:
        raise ImportError(
            "Neither ai-edge-litert nor tflite-runtime is installed. Try: pip install "
            "ai-edge-litert"
        ) from None
    if int(np.__version__.split(".")[0]) >= 2:
        raise ImportError(f"tflite-runtime needs NumPy 1; this is {np.__version__}.")
    return Interpreter, "tflite-runtime"


class Session:
    """A loaded file. Not for several threads at once.

    Args:
        path: The file.
        num_threads: For the CPU's kernels.
    """

    def __init__(self, path: Path, num_threads: int) -> None:
        interpreter, self.package = runtime()
        self._interpreter = interpreter(model_path=str(path), num_threads=num_threads)
        self._interpreter.allocate_tensors()
        signatures = self._interpreter.get_signature_list()
        self._runner = None
        if signatures:
            default = "serving_default"
            key = default if default in signatures else next(iter(signatures))
            self._runner = self._interpreter.get_signature_runner(key)

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Stored values to stored values, by name; what a model remembers is reset before."""
        self._interpreter.reset_all_variables()
        if self._runner is not None:
            outputs: dict[str, np.ndarray] = self._runner(**inputs)
            return outputs
        for detail in self._interpreter.get_input_details():
            self._interpreter.set_tensor(detail["index"], inputs[detail["name"]])
        self._interpreter.invoke()
        return {
            detail["name"]: self._interpreter.get_tensor(detail["index"])
            for detail in self._interpreter.get_output_details()
        }
