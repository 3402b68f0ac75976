"""Does a compiler refuse exactly the lines of a file that end in `// refused`?

    refused.py FILE COMPILER ARGUMENT..

Prints every line that it judges otherwise and ends with 1, or says how many it refuses.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def main(file: str, *command: str) -> None:
    """Compile, and compare the lines of its errors with the marked ones."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    marked = {i for i, line in enumerate(lines, 1) if line.endswith("// refused")}
    result = subprocess.run([*command, file], capture_output=True, text=True, check=False)
    said = re.findall(r"\.kt:(\d+):\d+: error: ", result.stdout + result.stderr)
    refused = {int(number) for number in said}
    if not marked or refused != marked or result.returncode == 0:
        print(result.stdout + result.stderr)
        for number in sorted(refused ^ marked):
            verdict = "is refused" if number in refused else "is accepted"
            print(f"line {number} {verdict}: {lines[number - 1].strip()}")
        raise SystemExit(1)
    print(f"{len(marked)} uses of what LiteRT does not have are refused by the compiler")


if __name__ == "__main__":
    main(*sys.argv[1:])
