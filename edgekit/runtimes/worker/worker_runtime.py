"""A runtime's package: its interpreter, as far as it is used, and what its errors mean."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import numpy as np

from .worker_tensors import Failure

if TYPE_CHECKING:  # never evaluated: Python 3.8 has not all of these spellings
    from typing import Protocol, TypedDict

    from .worker_tensors import TensorDetail

    class OperatorDetail(TypedDict):
        """One operator of the graph that a runtime made of a file."""

        index: int
        op_name: str
        inputs: np.ndarray
        outputs: np.ndarray

    class Native(Protocol):
        """The native object inside an interpreter."""

        def SetTensor(self, index: int, value: np.ndarray, subgraph: int = 0) -> None:
            """Copy a value into a tensor."""

        def GetTensor(self, index: int, subgraph: int = 0) -> np.ndarray:
            """Copy a tensor's value."""

        def Invoke(self, subgraph: int = 0) -> None:
            """Run the graph once."""

        def AllocateTensors(self, subgraph: int = 0) -> None:
            """Make room for tensors of the sizes that are set."""

        def ResizeInputTensor(
            self, index: int, size: np.ndarray, strict: bool, subgraph: int
        ) -> None:
            """Set an input's size; `strict` refuses sizes that the file does not leave open."""

        def ResetVariableTensors(self) -> None:
            """Put variable tensors back to zero."""

        def GetSubgraphIndexFromSignature(self, name: str) -> int:
            """Where a signature's graph is."""

    class Interpreter(Protocol):
        """What is used of a runtime's interpreter.

        The underscored names are not promised by the packages: the public ones reach the first
        subgraph only, and say nothing of operators. They stand in this file and nowhere else.
        """

        _interpreter: Native

        def get_input_details(self) -> list[TensorDetail]:
            """The inputs of the first subgraph."""

        def get_output_details(self) -> list[TensorDetail]:
            """The outputs of the first subgraph."""

        def _get_ops_details(self) -> list[OperatorDetail]:
            """The operators of the first subgraph, delegates' nodes among them."""

        def _get_full_signature_list(self) -> dict[str, dict[str, dict[str, int]]]:
            """By signature, `inputs` and `outputs`: tensor indices by name."""

        def _get_tensor_details(self, index: int, subgraph: int) -> TensorDetail:
            """One tensor."""

    class OpenInterpreter(Protocol):
        """A runtime's class of interpreters."""

        __module__: str

        def __call__(
            self, *, model_path: str, num_threads: int, experimental_op_resolver_type: object
        ) -> Interpreter:
            """Load a file."""


_PACKAGES = {"litert": "ai-edge-litert", "tflite-runtime": "tflite-runtime"}


def import_runtime(name: str) -> tuple[OpenInterpreter, str]:
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
