"""Every example of README.md and docs/*.md is run, on a copy of the digits sample."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import yaml

from edgekit.cli.main import cli
from edgekit.core import project as projects
from edgekit.core.records import Target

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Commands that are not run, by how they begin, and why.
NOT_RUN = {
    "make demo": "makes an environment, and is what tests/cli/test_end_to_end.py does",
    "make test": "is the whole of these tests",
    "git clone": "needs a repository to clone",
    "python3 -m venv": "an environment is there: the one that runs this",
    "pip install": "needs the network",
}
# Training is cut short: an example shows how it is asked for, not what it gains.
SHORTENED = {"--finetune": "--epochs 1 --patience 1"}
TRAINS = (*SHORTENED, "model.fit(")
PROGRAMS = ("edgekit", *(command.split()[0] for command in NOT_RUN))
# What names in Python examples stand for.
PRELUDE = """
import keras, numpy as np
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
model.add(keras.layers.Dense(32, "relu"))
model.add(keras.layers.Dense(10, "softmax"))
model.compile(loss="sparse_categorical_crossentropy")
with np.load("data.npz") as data:
    x = np.tile(data["evaluation_x"].astype("f4") / 255, (23, 1, 1, 1))  # 518 batches an epoch
    y = np.tile(data["evaluation_y"], 23)
"""


@dataclass(frozen=True)
class Block:
    """One fenced block: where it stands, its language, its text."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def kind(self) -> str:
        """The language; `shell` or `output` where none is said."""
        if self.language:
            return self.language
        return "shell" if self.text.split()[0] in PROGRAMS else "output"

    @property
    def commands(self) -> list[str]:
        """The lines of a shell block without their comments."""
        lines = (re.sub(r"\s+#.*", "", line) for line in self.text.splitlines())
        return [line for line in lines if line.strip()]


def blocks() -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(page, line, match.group(1), match.group(2)))
    return found


def of_kind(kind: str) -> list[object]:
    """The blocks of a kind as parameters; those that train are slow."""
    return [
        pytest.param(
            one,
            id=f"{one.page.name}:{one.line}",
            marks=[pytest.mark.slow] if any(word in one.text for word in TRAINS) else [],
        )
        for one in BLOCKS
        if one.kind == kind
    ]


def reason_not_to_run(command: str) -> str:
    return next((why for start, why in NOT_RUN.items() if command.startswith(start)), "")


BLOCKS = blocks()


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert {one.kind for one in BLOCKS} == {"shell", "python", "toml", "yaml", "output"}
    outputs = [one.text for one in BLOCKS if one.kind == "output"]
    assert {text.split(":")[0] for text in outputs} == {"fail"}  # sentences of a gate


@pytest.mark.parametrize("start", NOT_RUN)
def test_commands_that_are_not_run(start: str) -> None:
    """Shows each in the summary; fails for one that the documents no longer have."""
    commands = [line for one in BLOCKS if one.kind == "shell" for line in one.commands]
    count = sum(line.startswith(start) for line in commands)
    assert count
    pytest.skip(f"{start} ({count} of {len(commands)} commands): {NOT_RUN[start]}")


# A folder to run them in


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One in which `edgekit` is this checkout's."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "edgekit"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m edgekit.cli.main "$@"\n')
    script.chmod(0o755)
    paths = {"PATH": str(folder), "PYTHONPATH": str(ROOT)}
    joined = {
        name: os.pathsep.join(filter(None, (path, os.environ.get(name))))
        for name, path in paths.items()
    }
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    return {**os.environ, **joined, **quiet}


@pytest.fixture(scope="session")
def whole(
    environment: dict[str, str], digits: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What the examples take for granted: a model, its data, its files, a project with a gate."""
    pytest.importorskip("h5py", reason="TensorFlow is not installed")
    folder = tmp_path_factory.mktemp("documents") / "whole"
    project = folder / "models" / "digits"
    project.mkdir(parents=True)
    for place in (folder, project):
        for name in ("digits.keras", "data.npz", "labels.txt", "baseline.json", "baseline.npz"):
            shutil.copy(digits / name, place)
        (place / "edgekit.toml").write_text(untimed_project(digits), encoding="utf-8")
    made = "-r float32 -r static_wi8_ai8 -c data.npz -o out/"
    run(f"edgekit convert digits.keras {made}", folder, environment)
    return folder


def untimed_project(digits: Path) -> str:
    """The sample's `edgekit.toml` without the rule on latency: no verdict depends on time."""
    head, *rules = re.split(r"^(?=\[\[rule\]\])", (digits / "edgekit.toml").read_text(), flags=re.M)
    kept = [rule for rule in rules if "latency" not in rule]
    assert len(kept) == len(rules) - 1
    return "".join([head, *kept])


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it for one example."""
    return Path(shutil.copytree(whole, tmp_path / "project"))


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


# The examples


@pytest.mark.convert
@pytest.mark.parametrize("block", of_kind("shell"))
def test_a_shell_example_runs(
    block: Block,
    folder: Path,
    environment: dict[str, str],
    request: pytest.FixtureRequest,
) -> None:
    commands = [line for line in block.commands if not reason_not_to_run(line)]
    if not commands:
        pytest.skip("its commands are listed by test_commands_that_are_not_run")
    if "tflite-runtime" in block.text:
        old: Target = request.getfixturevalue("tflite_runtime")
        assert old.label in block.text
    if "edgekit convert" in block.text:
        shutil.rmtree(folder / "out")
    if "edgekit init" in block.text:
        for path in (folder / "edgekit.toml", *folder.glob("baseline.*")):
            path.unlink()
    for command in commands:
        more = [text for option, text in SHORTENED.items() if option in command]
        run(" ".join([command, *more]), folder, environment)


@pytest.mark.convert
@pytest.mark.parametrize("block", of_kind("python"))
def test_a_python_example_runs(block: Block, folder: Path, environment: dict[str, str]) -> None:
    if "def test_" in block.text:
        (folder / "test_example.py").write_text(block.text, encoding="utf-8")
        plugin = "import importlib.metadata as m; print('edgekit' in [e.name for e in "
        plugin += "m.entry_points(group='pytest11')])"
        there = subprocess.run(
            [sys.executable, "-c", plugin], capture_output=True, text=True, check=True
        )
        loaded = "" if there.stdout.strip() == "True" else "-p edgekit.pytest_plugin "
        python = shlex.quote(sys.executable)
        command = f"{python} -m pytest -q -c /dev/null --rootdir . {loaded}test_example.py"
        count = block.text.count("def test_")
        assert f"{count} passed" in run(command, folder, environment)
        return
    (folder / "example.py").write_text(PRELUDE + block.text, encoding="utf-8")
    shutil.rmtree(folder / "out")
    run(f"{shlex.quote(sys.executable)} example.py", folder, environment)


@pytest.mark.parametrize("block", of_kind("toml"))
def test_a_toml_example_is_a_project(block: Block, digits: Path, tmp_path: Path) -> None:
    shutil.copy(digits / "labels.txt", tmp_path)
    path = tmp_path / "edgekit.toml"
    path.write_text(block.text, encoding="utf-8")
    project = projects.load(path)
    if block.text.startswith("["):  # a part of one
        assert project != projects.Project(file=path)
    else:
        assert project.model == "digits.keras" and project.data.calibration == "data.npz"


@pytest.mark.parametrize("block", of_kind("yaml"))
def test_a_yaml_example_gives_the_action_inputs_that_it_has(block: Block) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    steps = [step for step in yaml.safe_load(block.text) if "/edgekit@" in step["uses"]]
    assert steps
    for step in steps:
        assert set(step["with"]) <= set(action["inputs"])


# What stands in a line of text


def options_of(verb: click.Command) -> set[str]:
    found = {name for param in verb.params for name in (*param.opts, *param.secondary_opts)}
    if isinstance(verb, click.Group):
        context = click.Context(verb)
        for name in verb.list_commands(context):
            command = verb.get_command(context, name)
            assert command is not None
            found |= options_of(command)
    return found


def inline(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_that_are_named_exist(page: Path) -> None:
    verbs = {name: cli.get_command(click.Context(cli), name) for name in cli.list_commands(None)}
    known = {name: options_of(verb) for name, verb in verbs.items() if verb is not None}
    every = set().union(*known.values())
    for code in inline(page):
        words = shlex.split(code) if code.startswith(("edgekit ", "--")) else []
        verb = words[1] if len(words) > 1 and words[0] == "edgekit" else ""
        if verb and not verb.startswith("-"):
            assert verb in known, code
        for word in words:
            if word.startswith("--") and word != "--help":
                assert word.partition("=")[0] in (known[verb] if verb in known else every), code


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_places_that_are_named_exist(page: str) -> None:
    places = [code for code in inline(ROOT / page) if re.fullmatch(r"\w[\w./]*(/|\.py|\.sh)", code)]
    assert len(places) > 5
    roots = [ROOT, ROOT / "edgekit", *(ROOT / "edgekit").glob("[a-z]*/")]
    assert [one for one in places if not any((root / one).exists() for root in roots)] == []
