"""Files that a stranger could send, each through the verbs: `python benchmarks/hostile.py FOLDER`.

Each file of FOLDER, and each of a plain folder in it, is copied and given to convert, init, gate,
inspect, validate and bundle, as a model or as samples, without --unsafe. FOLDER/touched is where
the files would leave a trace; it must stay empty, as must the commands' home and temporary folders.
With --write the table goes to RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import results, watch

_DIGITS = Path(__file__).parents[1] / "sample_models" / "digits"
_TOUCHED = "touched"
_TIMEOUT_S = 120
_MEMORY_GIB = 2.0
# The command's own process beside the child that the limit is for.
_COMMAND_GIB = 0.25
_DATA = (".npz", ".npy", ".csv", ".wav", ".flac", ".png", ".jpg")
_FORMATS = {
    ".h5": "Keras .h5",
    ".keras": "Keras .keras",
    ".json": "TensorFlow.js",
    ".tflite": ".tflite",
    ".npz": ".npz",
}
_NO_MODELS = (".c", ".so", ".py", ".txt", ".md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One verb on one file: its exit code, and what it must not do, as words."""

    format: str
    file: str
    verb: str
    code: int
    wrong: tuple[str, ...] = ()


def inputs(folder: Path) -> Iterator[Path]:
    """The files and models of `folder`, those of plain folders in it included."""
    for entry in sorted(folder.iterdir()):
        if entry.name == _TOUCHED or entry.suffix in _NO_MODELS:
            continue
        is_model = any((entry / name).exists() for name in _MODEL_FILES)
        if entry.is_dir() and not is_model:
            yield from inputs(entry)
        else:
            yield entry


_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt", "model.json", "config.json")


def format_of(path: Path) -> str:
    """How the table calls a file's format."""
    if path.is_dir():
        return "TensorFlow.js" if (path / "model.json").exists() else "SavedModel"
    return _FORMATS.get(path.suffix, path.suffix or "no ending")


def commands(path: Path, work: Path, digits: Path) -> dict[str, list[str]]:
    """The verbs on one file, with what each writes below `work`.

    Args:
        path: The file, a copy.
        work: A folder of its own.
        digits: A converted digits sample, which honest models and files stand in from.
    """
    project = work / "project" / "edgekit.toml"
    project.parent.mkdir()
    float_file = digits / "digits.float32.tflite"
    is_data = path.suffix in _DATA
    model, file = (_DIGITS / "digits.keras", float_file) if is_data else (path, path)
    # Models are tried without samples: what does not fit them would be refused before anything.
    recipe = "static_wi8_ai8" if is_data else "dynamic_wi8_afp32"
    data = f"[data]\ncalibration = '{path}'\nevaluation = '{path}'\n" if is_data else ""
    project.write_text(
        f"model = '{model}'\nrecipes = ['{recipe}']\n{data}"
        "[[rule]]\nmetric = 'size_bytes'\nat_most = 1000000\n",
        encoding="utf-8",
    )
    out, made = str(work / "out"), str(work / "made" / "edgekit.toml")
    samples = str(path if is_data else _DIGITS / "data.npz")
    return {
        "convert": ["convert", str(model), "-r", recipe, "-o", out]
        + (["-c", samples] if is_data else []),
        "init": ["init", str(model), "-o", made, *(["-d", samples] if is_data else [])],
        "gate": ["gate", "--project", str(project)],
        "inspect": ["inspect", str(path)],
        "validate": ["validate", str(file), "-d", samples, "--reference", str(float_file)],
        "bundle": ["bundle", str(path), "--python", str(work / "bundle")],
    }


def run(path: Path, digits: Path, touched: Path) -> list[Run]:
    """Each verb on a copy of `path`, with a home and a temporary folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as scratch:
        work = Path(scratch)
        copied = work / "given" / path.name
        copied.parent.mkdir()
        (shutil.copytree if path.is_dir() else shutil.copyfile)(path, copied)
        env = {**os.environ, "EDGEKIT_HOME": str(work / "kept")}
        for name in ("HOME", "TMPDIR"):
            env[name] = str(work / name.lower())
            Path(env[name]).mkdir()
        places = (copied, touched, Path(env["HOME"]), Path(env["TMPDIR"]))
        found = []
        for verb, arguments in commands(copied, work, digits).items():
            before = {state for place in places for state in _state(place)}
            code, wrong = _one(arguments, env)
            after = {state for place in places for state in _state(place)}
            if after != before:
                names = ", ".join(sorted({name for name, *_ in after ^ before}))
                wrong = (*wrong, f"touched {names}")
            found.append(
                Run(format=format_of(path), file=path.name, verb=verb, code=code, wrong=wrong)
            )
    return found


def _one(arguments: Sequence[str], env: Mapping[str, str]) -> tuple[int, tuple[str, ...]]:
    limits = ["--timeout", str(_TIMEOUT_S), "--memory-limit", str(_MEMORY_GIB)]
    command = [sys.executable, "-m", "edgekit.cli.main", *arguments, *limits]
    wrong = []
    try:
        cost, code = watch.run(command, env, timeout=2 * _TIMEOUT_S), 0
    except watch.Failed as failed:
        cost, code = failed.cost, -1 if failed.code is None else failed.code
    said = "\n".join([cost.output, *(line for _, line in cost.said)])
    if code not in (0, 1, 2, 3):
        wrong.append(f"exit {code}")
    if "Traceback" in said:
        wrong.append("a traceback")
    if any(not line.isprintable() for line in said.split("\n")):
        wrong.append("control characters")
    if cost.seconds > _TIMEOUT_S:
        wrong.append(f"time: {cost.seconds:.0f} s")
    if cost.peak_bytes > (_MEMORY_GIB + _COMMAND_GIB) * 2**30:
        wrong.append(f"memory: {cost.peak_bytes / 2**30:.2f} GiB")
    return code, tuple(wrong)


def _state(path: Path) -> list[tuple[str, int, int]]:
    files = [f for f in (path, *path.rglob("*")) if f.is_file() or f.is_symlink()]
    return [(str(f), f.lstat().st_size, f.lstat().st_mtime_ns) for f in files]


def table(runs: Sequence[Run]) -> str:
    """What became of all files, a line a format."""
    rows = []
    for name in dict.fromkeys(one.format for one in runs):
        of = [one for one in runs if one.format == name]
        codes = Counter(one.code for one in of)
        wrong = [word for one in of for word in one.wrong]
        rows.append(
            (
                name,
                len({one.file for one in of}),
                len(of),
                codes[2],
                codes[0] + codes[1] + codes[3],
                codes[70],
                sum(word.startswith(("time", "memory")) for word in wrong),
                sum(word.startswith("touched") for word in wrong),
            )
        )
    heads = ("format", "files tried", "runs", "refused", "done")
    return results.table((*heads, "exit 70", "limits passed", "files touched"), rows)


def _convert_digits(folder: Path) -> None:
    command = [sys.executable, "-m", "edgekit.cli.main", "convert", str(_DIGITS / "digits.keras")]
    watch.run([*command, "-r", "float32", "-o", str(folder)])


def main() -> int:
    """Run all of it; exit code 1 where anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="write the table to RESULTS.md")
    asked = parser.parse_args()
    touched = asked.folder / _TOUCHED
    touched.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(asked.jobs) as pool:
        digits = Path(scratch)
        _convert_digits(digits)
        each = pool.map(lambda path: run(path, digits, touched), inputs(asked.folder))
        runs = [one for found in each for one in _shown(found)]
    text = table(runs)
    print(text)
    if asked.write:
        results.write_section("Hostile files", f"{_INTRODUCTION}\n\n{text}")
    return int(any(one.wrong for one in runs))


def _shown(found: Sequence[Run]) -> Sequence[Run]:
    codes = " ".join(f"{one.verb} {one.code}" for one in found)
    print(f"{found[0].file}: {codes}", flush=True)
    for one in found:
        for word in one.wrong:
            print(f"  {one.verb}: {word}", flush=True)
    return found


_INTRODUCTION = (
    "Files that a stranger could send and honest ones with changed bytes, each through convert, "
    f"init, gate, inspect, validate and bundle with `--timeout {_TIMEOUT_S} --memory-limit "
    f"{_MEMORY_GIB:g}` and without `--unsafe` (benchmarks/hostile.py). Done: exit code 0, 1 or 3, "
    "where nobody can see the damage. Touched: anything written, deleted or left behind besides "
    "the verb's own output."
)

if __name__ == "__main__":
    sys.exit(main())
