"""A bare interpreter loop: the least that validating a file can cost.

`python bare_loop.py FLOAT.tflite CANDIDATE.tflite EVAL.npz` runs both over all samples, prints
accuracy and agreement of the candidate, and the seconds of the loops alone.
"""

import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def run(path, samples):
    interpreter = Interpreter(path, num_threads=1)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    sink = interpreter.get_output_details()[0]["index"]
    outputs = []
    for sample in samples:
        interpreter.set_tensor(source, sample[None].astype(np.float32))
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(sink)[0])
    return np.stack(outputs)


def main() -> None:
    data = np.load(sys.argv[3])
    samples, labels = data["x"], data["y"]
    started = time.perf_counter()
    reference, candidate = (run(path, samples) for path in sys.argv[1:3])
    seconds = time.perf_counter() - started
    agreed = candidate.argmax(1) == reference.argmax(1)
    print((candidate.argmax(1) == labels).mean(), agreed.mean(), seconds)


main()
