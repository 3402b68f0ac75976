"""Judges a file of self-tests, `MODEL|MUTANT|VARIANT|PASSED` a line, and prints one line a model.

The right model passes, every mutant fails. Of layers whose weights are 10 % larger in a file that
the contract knows, which only outputs can tell, each is seen in a float file; in one of integers
kernels may make as much as the least of its layers do, so one in three is enough. Ends with 1
otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path

_SEEN_OF_INTEGERS = 1 / 3


def main(lines: list[str]) -> str:
    """What was found, for all models."""
    told = []
    rows = [line.strip().split("|") for line in lines if line.count("|") == 3]
    for model in dict.fromkeys(row[0] for row in rows):
        layers: dict[str, list[bool]] = {}
        mutants = 0
        for _, mutant, variant, passed in (row for row in rows if row[0] == model):
            is_passed = passed.lower() == "true"
            if mutant.startswith("weight"):
                layers.setdefault(variant, []).append(not is_passed)
            elif is_passed != (mutant == "right"):
                raise SystemExit(f"{model}, {variant}: the self-test of {mutant}: {passed}")
            else:
                mutants += mutant != "right"
        for variant, seen in layers.items():
            least = 1 if variant == "float32" else _SEEN_OF_INTEGERS
            if sum(seen) < least * len(seen):
                raise SystemExit(f"{model}, {variant}: {sum(seen)} of {len(seen)} changed layers")
        if not mutants or not layers:
            raise SystemExit(f"{model}: {mutants} mutants, changed layers of {len(layers)} files")
        found = ", ".join(f"{sum(seen)} of {len(seen)} in {v}" for v, seen in layers.items())
        told.append(f"{model}: {mutants} mutants seen, changed layers by outputs: {found}")
    if not told:
        raise SystemExit("no self-test ran")
    return "; ".join(told)


if __name__ == "__main__":
    print(main(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()))
