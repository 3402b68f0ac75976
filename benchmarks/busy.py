"""`python busy.py [CORE]`: keep a core busy until killed, pinned to it where the system can.

By turns of a twentieth to half a second, at random: products of matrices that fit the cache
(all of the core's arithmetic), and copies of 64 MB (the memory that all cores share).
"""

import os
import random
import sys
import time

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")

import numpy as np


def main() -> None:
    if len(sys.argv) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(sys.argv[1])})
    matrix = np.random.default_rng(0).random((384, 384), dtype=np.float32)
    source = np.random.default_rng(0).random(8 << 20)
    copy, product = np.empty_like(source), np.empty_like(matrix)
    print("busy", flush=True)
    while True:
        until = time.monotonic() + random.uniform(0.05, 0.5)
        copies = random.random() < 0.5
        while time.monotonic() < until:
            if copies:
                np.copyto(copy, source)
            else:
                np.matmul(matrix, matrix, out=product)


main()
