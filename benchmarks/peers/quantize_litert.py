"""The LiteRT quantizer with the recipes that it recommends, and nothing else.

`python quantize_litert.py FLOAT.tflite CALIB.npz RECIPE OUT.tflite`, with a recipe of
`litert_quantizer.recipe` (static_wi8_ai8, weight_only_wi4_afp32). Prints the seconds of
calibrating and of quantizing as JSON.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from litert_quantizer import quantizer, recipe


def _input(values):
    """Pixels as floats; ids stay 32-bit integers."""
    return values if values.dtype == np.int32 else values.astype(np.float32)


def main() -> None:
    path, calibration, name, out = sys.argv[1:]
    engine = quantizer.Quantizer(path, getattr(recipe, name)())
    ranges = None
    started = time.perf_counter()
    if engine.need_calibration:
        [(signature, said)] = Interpreter(model_path=path).get_signature_list().items()
        arrays = dict(np.load(calibration))
        if len(said["inputs"]) == 1:
            arrays = {said["inputs"][0]: arrays["x"]}
        count = len(next(iter(arrays.values())))
        rows = [
            {name: _input(values[i : i + 1]) for name, values in arrays.items()}
            for i in range(count)
        ]
        ranges = engine.calibrate({signature: rows})
    calibrated = time.perf_counter()
    content = engine.quantize(ranges).quantized_model
    ended = time.perf_counter()
    Path(out).write_bytes(content)
    print(json.dumps({"calibration": calibrated - started, "quantizing": ended - calibrated}))


main()
