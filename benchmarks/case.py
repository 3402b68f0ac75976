"""One case: makes its model, runs the commands that it prints, and tells what came out, in a line.

```
python benchmarks/case.py SCRIPT [NAME] [--keep DIR]
```

`SCRIPT DIR`, or `SCRIPT NAME DIR` of a script with several cases, makes a model and its samples and
prints `edgekit ...` lines; where it has a part for it, `SCRIPT DIR check` says what the files give.
Beside it stands what `convert` says of the float file, and what is measured here, without the
figures of edgekit: of every quantized file's output channels the one with the largest error, as a
part of what the channel varies by (standard deviation), on the samples of the case. Ends with 1
where a command crashed.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from edgekit.core.errors import EXIT_INTERNAL

ROOT = Path(__file__).resolve().parents[1]
_ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
}


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was run: its exit code, and what it said."""

    words: list[str]
    code: int
    output: str
    errors: str

    @property
    def told(self) -> str:
        """Its verb, exit code and, where it failed, the first line of its error."""
        first = next((line for line in self.errors.splitlines() if "Error:" in line), "")
        return f"{self.words[1]} {self.code}" + (f" ({first.strip()})" if self.code else "")

    @property
    def of_the_float_file(self) -> list[str]:
        """The line that says how near it comes to its source."""
        said = (self.output + self.errors).splitlines()
        return [line.strip() for line in said if line.startswith("The float file agrees")]


def run(script: Path, folder: Path, name: str | None = None) -> tuple[str, bool]:
    """The line of a case, and whether nothing crashed."""
    title = name or script.stem
    made = _python([str(script), *([name] if name else []), str(folder)])
    lines = [line for line in made.stdout.splitlines() if line.startswith("edgekit ")]
    if made.returncode or not lines:
        return f"{title}: the script made nothing: {made.stderr.strip()[-200:]}", False
    commands = [command for line in lines for command in _shell(line)]
    parts = ["; ".join(command.told for command in commands)]
    parts += [said for command in commands for said in command.of_the_float_file]
    parts += _worst_channels(folder)
    parts += [_figures(command) for command in commands if command.words[1] == "validate"]
    if re.search(r"len\(sys\.argv\) *[<>]", script.read_text(encoding="utf-8")):
        checked = _python([str(script), str(folder), "check"])
        said = checked.stdout.strip() or checked.stderr.strip().splitlines()[-1]
        parts.append("check: " + re.sub(r"\[[^]]{40,}\]", "[...]", "; ".join(said.splitlines())))
    crashed = any(command.code in (EXIT_INTERNAL, -6, -9, -11) for command in commands)
    return f"{title}: " + " | ".join(parts), not crashed


def _python(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=_ENVIRONMENT, capture_output=True, text=True, check=False
    )


def _shell(line: str) -> list[Command]:
    """The commands of a line, joined by `&&`; those behind one that failed run too."""
    found = []
    for part in line.split("&&"):
        words = shlex.split(part, comments=True)
        ran = _python(
            ["-m", "edgekit", *words[1:], *(["--force"] if words[1] == "convert" else [])]
        )
        found.append(Command(words, ran.returncode, ran.stdout, ran.stderr))
    return found


def _figures(command: Command) -> str:
    """The table of `validate`, its lines joined."""
    lines = [" ".join(line.split()) for line in command.output.splitlines() if line.strip()]
    return "validate: " + " / ".join(lines)


def _worst_channels(folder: Path) -> list[str]:
    """Of each quantized file the worst channel of its outputs, by error against spread."""
    files = sorted(folder.glob("out/*.tflite"))
    floats = [path for path in files if path.name.endswith(".float32.tflite")]
    if not floats or len(files) == len(floats):
        return []
    data = dict(np.load(next(folder.glob("*.npz"))))
    expected = _outputs(floats[0], data)
    found = []
    for path in files:
        if path in floats:
            continue
        outputs = _outputs(path, data)
        errors = {
            f"{name}[{channel}]": float(np.sqrt(np.square(a - b).mean()) / a.std())
            for name, values in expected.items()
            for channel, (a, b) in enumerate(_channels(values, outputs[name]))
            if a.std() > 1e-6 * np.abs(a).max()
        }
        name, worst = max(errors.items(), key=lambda pair: pair[1])
        size = path.stat().st_size
        recipe = path.name.split(".")[-2]
        found.append(f"{recipe} of {size:,} B: worst channel {name} {worst:.2%} of its spread")
    return found


def _channels(a: np.ndarray, b: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    rows = [np.moveaxis(values, -1, 0).reshape(values.shape[-1], -1) for values in (a, b)]
    return list(zip(*rows, strict=True))


def _outputs(path: Path, data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(path)).get_signature_runner()
    known = runner.get_input_details()
    inputs = {
        name: data[name if name in data else "x"].astype(details["dtype"])
        for name, details in known.items()
    }
    count = len(next(iter(inputs.values())))
    rows = [runner(**{n: v[i : i + 1] for n, v in inputs.items()}) for i in range(count)]
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("script", type=Path, metavar="SCRIPT")
    parser.add_argument("name", nargs="?", metavar="NAME", help="of a script with several cases")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave all that is made in DIR")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        line, well = run(given.script, given.keep or Path(scratch), given.name)
    print(line, flush=True)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
