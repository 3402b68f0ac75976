"""Files tried in the environment of the old runtime."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from edgekit.core.records import Target
from edgekit.runtimes import environments

# Prints, for each file, the outputs for a fixed input, or why the runtime refused it.
RUN = """
import json, sys
import numpy as np
from tflite_runtime.interpreter import Interpreter
answers = {}
for path in sys.argv[1:]:
    try:
        runtime = Interpreter(model_path=path)
        runtime.allocate_tensors()
        detail = runtime.get_input_details()[0]
        data = np.random.default_rng(7).normal(size=detail["shape"]).astype("float32")
        runtime.set_tensor(detail["index"], data)
        runtime.invoke()
        answers[path] = runtime.get_tensor(runtime.get_output_details()[0]["index"]).tolist()
    except Exception as error:
        answers[path] = str(error)
print(json.dumps(answers))
"""


def ask(target: Target, files: list[Path]) -> dict[str, Any]:
    answer = subprocess.run(
        [environments.python_for(target), "-c", RUN, *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found
