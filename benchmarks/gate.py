"""What the gate is worth, and what it costs: all its sections of RESULTS.md.

```
python benchmarks/gate.py [--metrics] [--quick]
```

Verdicts on samples (`gate_statistics`) and on latency (`gate_latency`) where the truth is known,
the command itself on the digits sample, and verdicts on tags, masks, detections and two heads
(`gate_metrics`), which are all that `--metrics` runs. About an hour; `--quick` draws less, prints,
and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import tomllib
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import gate_latency, gate_metrics, gate_statistics, results, watch

DIGITS = Path(__file__).parents[1] / "sample_models" / "digits"
RUNS = 10
# What any script that converts a Keras model pays before it does anything.
IMPORT = [sys.executable, "-c", "import tensorflow"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="draw less, and write nothing")
    parser.add_argument("--metrics", action="store_true", help="tags, masks, ... alone")
    asked = parser.parse_args()
    quick = asked.quick
    sections = {
        gate_statistics.SECTION: gate_statistics.run,
        "The gate: the command": command,
        "The gate: latency": gate_latency.run,
        gate_metrics.SECTION: gate_metrics.run,
    }
    for name, run in sections.items():
        if asked.metrics and name != gate_metrics.SECTION:
            continue
        body = run(quick)
        if quick:
            print(f"## {name}\n\n{body}\n")
        else:
            results.write_section(name, body)


def command(quick: bool) -> str:
    """Seconds of `edgekit gate` on the digits sample: from nothing, and with nothing changed."""
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "digits"
        shutil.copytree(DIGITS, project)
        env = {**os.environ, "EDGEKIT_HOME": str(Path(scratch) / "home")}
        gate = [sys.executable, "-m", "edgekit.cli.main", "gate", "--project", str(project)]
        first = watch.run(gate, env)
        again, loaded = [], []
        for _ in range(3 if quick else RUNS):
            again.append(watch.run(gate, env).seconds)
            loaded.append(watch.run(IMPORT, {**env, "TF_CPP_MIN_LOG_LEVEL": "3"}).seconds)
        modules = watch.run([sys.executable, "-X", "importtime", *gate[1:]], env).said
        heavy = {line.rpartition("|")[2].strip() for _, line in modules} & {"tensorflow", "keras"}
    unchanged, importing = statistics.median(again), statistics.median(loaded)
    rows = [
        ("from nothing: convert 2 variants, run 720 images, time", f"{first.seconds:.1f}"),
        (f"nothing changed (bar: under 1 s), median of {len(again)}", f"**{unchanged:.2f}**"),
        (f"`import tensorflow` alone, median of {len(loaded)}", f"{importing:.2f}"),
    ]
    rules = len(tomllib.loads((DIGITS / "edgekit.toml").read_text(encoding="utf-8"))["rule"])
    return (
        f"`edgekit gate` on `sample_models/digits` ({rules} rules), seconds as a person waits."
        f"\n\n{results.table(('run', 'seconds'), rows)}\n\nWith nothing changed it takes "
        f"{unchanged / importing:.2f}x of importing TensorFlow, and "
        + (f"imports {', '.join(sorted(heavy))}." if heavy else "imports neither that nor Keras.")
    )


if __name__ == "__main__":
    main()
