"""How latency is usually compared: the median of 100 runs of one file, then of the other.

`python one_after_the_other.py REFERENCE.tflite CANDIDATE.tflite` prints the ratio of medians.
"""

import statistics
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def median(path):
    interpreter = Interpreter(path, num_threads=1)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    values = np.random.default_rng(0).random(source["shape"], dtype=np.float32)
    interpreter.set_tensor(source["index"], values)
    for _ in range(10):
        interpreter.invoke()
    times = []
    for _ in range(100):
        started = time.perf_counter()
        interpreter.invoke()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    reference, candidate = (median(path) for path in sys.argv[1:3])
    print(candidate / reference)


main()
