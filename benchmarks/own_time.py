"""edgekit's own time: `convert` beside the first round's, `validate` beside a bare script.

`python benchmarks/own_time.py [--commit COMMIT] [--pairs N] [--write]`. CPU seconds of whole
commands with all that they start, user and system, so that what else runs on the machine counts
little; only two processes beside one are told by the clock. The first round's last commit is
checked out into a scratch folder, and runs in the same Python with the same packages. The sides
take turns.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import corpus, results

ROOT = Path(__file__).resolve().parents[1]
BARE = Path(__file__).with_name("peers") / "bare_loop.py"
FIRST_ROUND = "abe2e97"
RECIPE = "static_wi8_ai8"
MOST_CONVERT, MOST_VALIDATE, LEAST_TWO = 0.55, 1.10, 1.7


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one command: CPU seconds of all its processes, and seconds by the clock."""

    cpu: float
    wall: float


def measured(command: Sequence[str], checkout: Path, **variables: str) -> Cost:
    """Run a command with the package of a checkout.

    Raises:
        SystemExit: It failed; what it said goes along.
    """
    env = {**os.environ, "PYTHONPATH": str(checkout), "TF_CPP_MIN_LOG_LEVEL": "3", **variables}
    before, started = _children(), time.perf_counter()
    done = subprocess.run(
        command, cwd=checkout, env=env, capture_output=True, text=True, check=False
    )
    cost = Cost(cpu=_children() - before, wall=time.perf_counter() - started)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return cost


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A commit of this repository in a scratch folder.

    Raises:
        SystemExit: The clone has no such commit.
    """
    git = ["git", "-C", str(ROOT)]
    known = [*git, "cat-file", "-e", f"{commit}^{{commit}}"]
    if subprocess.run(known, capture_output=True, check=False).returncode:
        sys.exit(
            f"Commit {commit} is not in this clone: nothing to compare with. Fetch it "
            "(git fetch --unshallow), or name another with --commit."
        )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "checkout")
        add = [*git, "worktree", "add", "--detach", str(folder), commit]
        subprocess.run(add, capture_output=True, check=True)
        try:
            yield folder
        finally:
            remove = [*git, "worktree", "remove", "--force", str(folder)]
            subprocess.run(remove, capture_output=True, check=False)


def edgekit(*arguments: object) -> list[str]:
    """A command line of edgekit."""
    return [sys.executable, "-m", "edgekit.cli.main", *map(str, arguments)]


def convert_rows(commit: str, pairs: int, out: Path) -> list[list[str]]:
    """Default static int8 of EfficientNet-Lite0 from 100 samples, then and now."""
    item = corpus.prepare("imagenet_efficientnet_lite0", out / "efficientnet", corpus.find_corpus())
    then, now = [], []
    with checked_out(commit) as first_round:
        for _ in range(pairs):
            for checkout, costs in ((first_round, then), (ROOT, now)):
                made = out / f"converted-{checkout.name}"
                command = edgekit("convert", item.model, "--recipe", RECIPE, "--force", "--json")
                command += ["--calibration", str(item.calib), "--output", str(made)]
                with tempfile.TemporaryDirectory() as home:  # where nothing is known yet
                    costs.append(measured(command, checkout, EDGEKIT_HOME=home).cpu)
    found = _ratio(now, then)
    name = f"`convert` EfficientNet-Lite0, {RECIPE}, 100 samples"
    return [_row(name, f"first round, {commit}", then, now, found, found <= MOST_CONVERT)]


def validate_rows(pairs: int, out: Path) -> list[list[str]]:
    """`validate` of int8 ResNet8 and its float file on 5,000 samples, beside a loop over both."""
    item = corpus.prepare("resnet8_cifar10", out / "resnet8", corpus.find_corpus())
    made = out / "resnet8"
    command = edgekit("convert", item.model, "--recipe", RECIPE, "--force", "--json")
    command += ["--calibration", str(item.calib), "--output", str(made), "--name", "m"]
    measured(command, ROOT)
    candidate, reference = made / f"m.{RECIPE}.tflite", made / "m.float32.tflite"
    bare, first, again, two = [], [], [], []
    for _ in range(pairs):
        script = [sys.executable, str(BARE), *map(str, (reference, candidate, item.eval))]
        bare.append(measured(script, ROOT))
        with tempfile.TemporaryDirectory() as home:  # where nothing is known yet
            for jobs, costs in ((1, first), (1, again)):
                costs.append(_validated(candidate, item.eval, jobs, home))
        with tempfile.TemporaryDirectory() as home:
            two.append(_validated(candidate, item.eval, 2, home))
    name = "`validate` ResNet8, 5,000 samples"
    by_cpu = [[cost.cpu for cost in costs] for costs in (bare, first, again)]
    rows = []
    for what, ours in (("", by_cpu[1]), (", a second time", by_cpu[2])):
        found = _ratio(ours, by_cpu[0])
        holds = found <= MOST_VALIDATE
        rows.append(_row(name + what, "bare script", by_cpu[0], ours, found, holds, MOST_VALIDATE))
    by_clock = [[cost.wall for cost in costs] for costs in (first, two)]
    faster = _ratio(*by_clock)
    bar = f"at least {LEAST_TWO}x: {_word(faster >= LEAST_TWO)}"
    costs = [f"{statistics.median(seconds):.2f} s" for seconds in by_clock]
    row = [f"{name}, two processes, by the clock", "one process", *costs]
    return [*rows, [*row, f"**{faster:.2f}x** faster", bar]]


def _validated(candidate: Path, data: Path, jobs: int, home: str) -> Cost:
    asked = edgekit("validate", candidate, "--data", data, "--jobs", jobs, "--json")
    return measured(asked, ROOT, EDGEKIT_HOME=home)


def _row(
    name: str,
    beside: str,
    theirs: Sequence[float],
    ours: Sequence[float],
    found: float,
    holds: bool,
    most: float = MOST_CONVERT,
) -> list[str]:
    costs = [f"{statistics.median(seconds):.2f} s" for seconds in (theirs, ours)]
    return [name, beside, *costs, f"**{found:.2f}x**", f"at most {most}x: {_word(holds)}"]


def _word(holds: bool) -> str:
    return "holds" if holds else "**missed**"


def _ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """Median over the pairs."""
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def main() -> int:
    """Measure, print the table, and return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--commit", default=FIRST_ROUND, help="what `convert` is held against")
    parser.add_argument("--pairs", type=int, default=3, help="how often the sides take turns")
    parser.add_argument("--out", type=Path, default=Path("out/bench/own_time"))
    parser.add_argument("--only", choices=("convert", "validate"), help="one half of it")
    parser.add_argument("--write", action="store_true", help="write it into RESULTS.md as well")
    given = parser.parse_args()
    out = given.out.resolve()
    rows = []
    if given.only != "validate":
        rows += convert_rows(given.commit, given.pairs, out)
    if given.only != "convert":
        rows += validate_rows(given.pairs, out)
    heads = ("", "beside", "theirs", "edgekit", "ratio", "bar")
    body = (
        f"CPU seconds of whole commands with all their processes, medians of {given.pairs} pairs\n"
        "that took turns.\n\n" + results.table(heads, rows)
    )
    if given.write:
        results.write_section("Own time", body)
    else:
        print(body)
    return int(any("missed" in cell for row in rows for cell in row))


if __name__ == "__main__":
    sys.exit(main())
