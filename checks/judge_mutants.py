"""Judges a file of self-tests, `MODEL|MUTANT|VARIANT|PASSED` a line, and prints one line a model.

The right model passes, every mutant fails; of layers whose weights are 10 % larger in a file that
the contract knows, which only outputs can tell, three in four do. Ends with 1 otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path

_CAUGHT = 0.75


def main(lines: list[str]) -> str:
    """What was found, for all models."""
    told = []
    rows = [line.strip().split("|") for line in lines if line.count("|") == 3]
    for model in dict.fromkeys(row[0] for row in rows):
        tried = caught = seen = 0
        for _, mutant, variant, passed in (row for row in rows if row[0] == model):
            is_passed = passed.lower() == "true"
            if mutant.startswith("weight"):
                tried += 1
                caught += not is_passed
            elif is_passed != (mutant == "right"):
                raise SystemExit(f"{model}, {variant}: the self-test of {mutant}: {passed}")
            else:
                seen += mutant != "right"
        if not seen or caught < _CAUGHT * tried:
            raise SystemExit(f"{model}: {seen} mutants seen, {caught} of {tried} changed layers")
        told.append(f"{model}: {seen} mutants seen, {caught} of {tried} changed layers by outputs")
    if not told:
        raise SystemExit("no self-test ran")
    return "; ".join(told)


if __name__ == "__main__":
    print(main(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()))
