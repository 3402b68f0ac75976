"""Install edgekit into an environment of its own, so that the job's packages stay as they are.

Reads `EDGEKIT_VERSION` (empty: the checkout of this action), `EDGEKIT_REQUIREMENTS` (a file of
packages that the project's own loaders need) and `RUNNER_TEMP`. Gives the output `bin`: the folder
that holds the command.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from commands import annotate, set_outputs

DISTRIBUTION = "edgekit-tflite"
EXTRAS = "[convert]"  # TensorFlow and Keras: a changed model is converted


def requirement(version: str, checkout: Path) -> str:
    """What pip shall install: a version, another requirement, or this action's own checkout."""
    if not version:
        return f"{checkout}{EXTRAS}"
    return f"{DISTRIBUTION}{EXTRAS}=={version}" if version[0].isdigit() else version


def main() -> int:
    """Make the environment and install; the exit code is pip's."""
    folder = Path(os.environ.get("RUNNER_TEMP") or ".").absolute() / "edgekit-environment"
    bin_folder = folder / ("Scripts" if os.name == "nt" else "bin")
    wanted = requirement(os.environ.get("EDGEKIT_VERSION", ""), Path(__file__).resolve().parents[1])
    pip = [str(bin_folder / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    more = os.environ.get("EDGEKIT_REQUIREMENTS")
    if more:
        pip += ["-r", more]
    for command in ([sys.executable, "-m", "venv", str(folder)], [*pip, "--", wanted]):
        done = subprocess.run(command, check=False)
        if done.returncode:
            annotate("error", f"edgekit cannot be installed: {' '.join(command)} failed.")
            return done.returncode
    set_outputs({"bin": str(bin_folder)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
