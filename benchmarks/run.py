"""All benchmarks, one after another: `make bench`. Each writes its section of RESULTS.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "startup.py",
    "validation.py",
    "conversion.py",
    "corpus_table.py",
    "quantization.py",
    "pruning.py",
    "gate.py",
)


def main() -> int:
    folder = Path(__file__).parent
    return max(
        subprocess.run([sys.executable, str(folder / script)], check=False).returncode
        for script in SCRIPTS
    )


if __name__ == "__main__":
    sys.exit(main())
