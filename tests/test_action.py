"""The GitHub Action: what it declares, and what its scripts do with a stubbed edgekit and gh."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "action"
STUB_EDGEKIT = f"""#!{sys.executable}
import json, os, pathlib, sys
plan = json.loads(pathlib.Path(os.environ["STUB_PLAN"]).read_text())
pathlib.Path(os.environ["STUB_SEEN"]).write_text(json.dumps(sys.argv[1:]))
for option, text in plan.get("files", {{}}).items():
    pathlib.Path(sys.argv[sys.argv.index(option) + 1]).write_text(text)
sys.stdout.write(plan.get("stdout", ""))
sys.stderr.write(plan.get("stderr", ""))
sys.exit(plan["code"])
"""
STUB_GH = f"""#!{sys.executable}
import json, os, pathlib, sys
arguments, body = sys.argv[1:], "" if "--input" not in sys.argv else sys.stdin.read()
with open(os.environ["STUB_SEEN"], "a") as seen:
    seen.write(json.dumps([arguments, body]) + "\\n")
plan = json.loads(pathlib.Path(os.environ["STUB_PLAN"]).read_text())
what = next((key for key in plan if key in arguments), "pages")
answer = plan.get(what, [])
if isinstance(answer, str):
    sys.exit(answer)
print(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def verdict(status: str, **fields: str) -> dict[str, str]:
    return {
        "variant": "int8", "target": "litert", "metric": "mae", "status": status,
        "sentence": f"It is {status}.", **fields,
    }  # fmt: skip


class Step:
    """A step of a job: its folder, its environment, and what it left behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.plan, self.seen = folder / "plan.json", folder / "seen"
        self.output, self.summary = folder / "output", folder / "summary.md"
        self.env = {
            "PATH": "/usr/bin:/bin",
            "RUNNER_TEMP": str(folder / "temp"),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_REPOSITORY": "team/models",
            "STUB_PLAN": str(self.plan),
            "STUB_SEEN": str(self.seen),
        }

    def stub(self, name: str, program: str, plan: dict[str, Any]) -> None:
        path = self.bin / name
        path.write_text(program, encoding="utf-8")
        path.chmod(0o755)
        self.plan.write_text(json.dumps(plan), encoding="utf-8")

    def run(self, script: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", str(SCRIPTS / script)],
            env={**self.env, **env},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def outputs(self) -> dict[str, str]:
        """As the runner reads them: NAME<<DELIMITER, lines, DELIMITER."""
        found, lines = {}, iter(self.output.read_text(encoding="utf-8").splitlines())
        for line in lines:
            name, _, delimiter = line.partition("<<")
            found[name] = "\n".join(iter(lambda end=delimiter: next(lines), delimiter))
        return found


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step(tmp_path)


def gate(step: Step, code: int, outcome: str, *verdicts: dict[str, str], **env: str):
    result = {"outcome": outcome, "exit_code": code, "verdicts": list(verdicts)}
    files = {"--markdown": f"# {outcome}\n", "--junit": "<testsuites/>"}
    plan = {"code": code, "stdout": json.dumps(result), "stderr": "progress\n", "files": files}
    step.stub("edgekit", STUB_EDGEKIT, plan)
    return step.run("run.py", EDGEKIT_BIN=str(step.bin), **env)


def commands(done: subprocess.CompletedProcess[str], level: str) -> list[str]:
    return [line for line in done.stdout.splitlines() if line.startswith(f"::{level} ")]


@pytest.mark.parametrize(
    ("code", "outcome", "statuses", "errors", "warnings"),
    [
        (0, "passed", ["pass"], 0, 0),
        (0, "inconclusive", ["pass", "inconclusive"], 0, 1),
        (0, "passed", ["pass", "accepted"], 0, 1),
        (1, "failed", ["fail", "inconclusive", "error"], 1, 2),
        (1, "inconclusive", ["inconclusive"], 1, 0),
        (2, "unjudged", ["incomparable", "error", "inconclusive"], 2, 1),
        (3, "inconclusive", ["inconclusive", "pass"], 1, 0),
    ],
)
def test_a_gate_is_told_to_github_and_keeps_its_exit_code(
    step, code, outcome, statuses, errors, warnings
):
    done = gate(step, code, outcome, *map(verdict, statuses))
    assert (done.returncode, done.stderr) == (code, "")
    folder = step.folder / "temp" / "edgekit-gate"
    assert step.outputs() == {
        "outcome": outcome,
        "exit-code": str(code),
        "markdown": str(folder / "gate.md"),
        "junit": str(folder / "gate.xml"),
        "json": str(folder / "gate.json"),
    }
    assert json.loads((folder / "gate.json").read_text())["outcome"] == outcome
    assert step.summary.read_text(encoding="utf-8") == f"# {outcome}\n\n"
    assert len(commands(done, "error")) == errors
    assert len(commands(done, "warning")) == warnings
    assert "progress" in done.stdout


def test_a_verdict_on_the_contract_has_its_name_in_place_of_a_variant(step):
    changed = verdict("fail", variant="", target="", metric="contract", sentence="contract: std.")
    [line] = commands(gate(step, 1, "failed", changed), "error")
    assert line == "::error title=edgekit gate%3A contract::fail: contract: std."


def test_what_is_accepted_reaches_the_command(step):
    gate(step, 0, "passed", verdict("pass"), EDGEKIT_ACCEPT="contract, worse")
    seen = json.loads(step.seen.read_text(encoding="utf-8"))
    assert [one for one in seen if one.startswith("--accept")] == [
        "--accept=contract",
        "--accept=worse",
    ]
    gate(step, 0, "passed", verdict("pass"), EDGEKIT_ACCEPT="")
    assert "--accept" not in step.seen.read_text(encoding="utf-8")


def test_an_annotation_has_the_sentence_and_its_place(step):
    done = gate(step, 1, "failed", verdict("fail", sentence="int8: 1 % worse."))
    [line] = commands(done, "error")
    assert line == "::error title=edgekit gate%3A int8 on litert::fail: int8: 1 %25 worse."


def test_the_command_gets_its_inputs_whole_whatever_they_hold(step):
    project = "models/$(touch broken) `x`; & 'y'"
    gate(
        step, 0, "passed",
        EDGEKIT_PROJECT=project, EDGEKIT_INCONCLUSIVE="fail",
        EDGEKIT_MARKDOWN="out/m.md", EDGEKIT_JUNIT="out/j.xml",
    )  # fmt: skip
    told = json.loads(step.seen.read_text())
    assert told == [
        "gate", "--project", project, "--inconclusive", "fail",
        "--markdown", str(step.folder / "out/m.md"), "--junit", str(step.folder / "out/j.xml"),
        "--json",
    ]  # fmt: skip
    assert (step.folder / "out/j.xml").read_text() == "<testsuites/>"
    assert not (step.folder / "broken").exists()


def test_by_default_an_inconclusive_gate_passes(step):
    gate(step, 0, "passed")
    told = json.loads(step.seen.read_text())
    assert told[:5] == ["gate", "--project", ".", "--inconclusive", "pass"]


@pytest.mark.parametrize(
    ("code", "stderr", "message"),
    [
        (
            2,
            "converting\nError: The project file exists.\n  Received: x\n",
            "The project file exists.%0A  Received: x",
        ),
        (70, "Traceback\nKeyError\n", "Traceback%0AKeyError"),
        (2, "", "edgekit gate ended with exit code 2."),
    ],
)
def test_a_gate_that_cannot_answer_says_why(step, code, stderr, message):
    step.stub("edgekit", STUB_EDGEKIT, {"code": code, "stderr": stderr, "stdout": ""})
    done = step.run("run.py", EDGEKIT_BIN=str(step.bin))
    assert done.returncode == code
    assert step.outputs()["outcome"] == "unjudged"
    assert step.outputs()["exit-code"] == str(code)
    assert commands(done, "error") == [f"::error title=edgekit gate::{message}"]
    summary = step.summary.read_text(encoding="utf-8")
    assert summary.startswith("### edgekit gate could not judge")
    assert stderr.strip() in summary


def test_silence_is_not_taken_for_a_pass(step):
    step.stub("edgekit", STUB_EDGEKIT, {"code": 0, "stdout": "all is well"})
    assert step.run("run.py", EDGEKIT_BIN=str(step.bin)).returncode == 2
    assert step.outputs()["outcome"] == "unjudged"


def test_a_missing_command_is_said(step):
    done = step.run("run.py")
    assert done.returncode == 2
    assert commands(done, "error") == [
        "::error title=edgekit gate::the command edgekit is not installed."
    ]


def test_what_a_step_before_left_is_not_shown_as_this_ones(step):
    gate(step, 1, "failed", verdict("fail"))
    step.output.unlink()
    step.stub("edgekit", STUB_EDGEKIT, {"code": 2, "stderr": "Error: no baseline"})
    step.run("run.py", EDGEKIT_BIN=str(step.bin))
    assert step.outputs()["outcome"] == "unjudged"
    assert not Path(step.outputs()["markdown"]).exists()


def test_names_from_files_are_no_commands_to_github(step):
    evil = "x\n::set-output name=outcome::passed\n"
    result = {"outcome": "failed\nexit-code=0", "verdicts": [verdict("fail", sentence=evil)]}
    plan = {"code": 1, "stdout": json.dumps(result), "stderr": f"reading {evil}```\n"}
    step.stub("edgekit", STUB_EDGEKIT, plan)
    done = step.run("run.py", EDGEKIT_BIN=str(step.bin))
    [token] = re.findall(r"^::stop-commands::(\w+)$", done.stdout, flags=re.MULTILINE)
    start, end = done.stdout.index("::stop-commands::"), done.stdout.index(f"\n::{token}::")
    injected = [found.start() for found in re.finditer(r"^::set-output", done.stdout, re.MULTILINE)]
    assert injected and all(start < place < end for place in injected)
    assert "%0A::set-output name=outcome::passed%0A" in commands(done, "error")[0]
    assert step.outputs()["outcome"] == "failed\nexit-code=0"
    assert step.outputs()["exit-code"] == "1"


def test_nothing_of_a_file_reaches_the_log_raw(step):
    evil = "a\x1b[31m\x07\u202eb\u2028c\x85d\r\n::error::x"
    result = {"outcome": "failed", "verdicts": [verdict("fail", sentence=evil, variant=evil)]}
    plan = {"code": 1, "stdout": json.dumps(result), "stderr": f"{evil}\n"}
    step.stub("edgekit", STUB_EDGEKIT, plan)
    done = step.run("run.py", EDGEKIT_BIN=str(step.bin), PYTHONIOENCODING="utf-8")
    assert all(line.isprintable() for line in done.stdout.split("\n"))
    [line] = commands(done, "error")
    assert "\\x1b[31m\\x07\\u202eb" in line


def test_no_more_annotations_than_github_shows(step):
    done = gate(step, 1, "failed", *[verdict("fail")] * 30)
    assert len(commands(done, "error")) == 10
    assert commands(done, "error")[-1].endswith("::21 more are in the summary.")


MARKDOWN = "<!-- edgekit gate: digits -->\n### failed\n"


def comment(step: Step, plan: dict[str, Any], event: dict[str, Any] | None = None):
    (step.folder / "m.md").write_text(MARKDOWN, encoding="utf-8")
    told = {"pull_request": {"number": 12}} if event is None else event
    (step.folder / "event.json").write_text(json.dumps(told), encoding="utf-8")
    step.stub("gh", STUB_GH, plan)
    done = step.run(
        "comment.py",
        PATH=f"{step.bin}:/usr/bin:/bin",
        EDGEKIT_MARKDOWN="m.md",
        GITHUB_EVENT_PATH=str(step.folder / "event.json"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    seen = step.seen.read_text().splitlines() if step.seen.exists() else []
    return done, [json.loads(line) for line in seen]


def one(number: int, login: str, kind: str, body: str) -> dict[str, Any]:
    return {"id": number, "user": {"login": login, "type": kind}, "body": body}


@pytest.mark.parametrize(
    ("user", "pages", "updated"),
    [
        ("not allowed", [[]], None),
        ("not allowed", [[one(1, "ann", "User", MARKDOWN)]], None),
        ("not allowed", [[one(1, "ci[bot]", "Bot", "<!-- edgekit gate: other -->")]], None),
        ("no", [[one(1, "ann", "User", MARKDOWN)], [one(2, "ci[bot]", "Bot", MARKDOWN)]], 2),
        ({"login": "ann"}, [[one(1, "ann", "User", MARKDOWN), one(2, "x", "Bot", MARKDOWN)]], 1),
    ],
)  # fmt: skip
def test_a_pull_request_has_one_comment_of_the_gate(step, user, pages, updated):
    _, seen = comment(step, {"user": user, "--slurp": pages})
    arguments, body = seen[-1]
    if updated is None:
        wanted = ["--method", "POST", "repos/team/models/issues/12/comments"]
    else:
        wanted = ["--method", "PATCH", f"repos/team/models/issues/comments/{updated}"]
    assert arguments == ["api", *wanted, "--input", "-"]
    assert json.loads(body) == {"body": MARKDOWN}
    assert sum("--method" in one for one, _ in seen) == 1


@pytest.mark.parametrize(
    "body",
    ["<!-- edgekit gate: digits --> and more", "> <!-- edgekit gate: digits -->", "", None,
     "<!-- edgekit gate: digits2 -->\nx", "text\n<!-- edgekit gate: digits -->"],
)  # fmt: skip
def test_a_comment_without_the_whole_marker_is_not_touched(step, body):
    _, seen = comment(step, {"user": "no", "--slurp": [[one(3, "ci[bot]", "Bot", body)]]})
    assert seen[-1][0][1:3] == ["--method", "POST"]


@pytest.mark.parametrize("markdown", ["", "\n", "# Hi\n", "<!-- x -->\n", "<!-- edgekit gate: a"])
def test_markdown_without_a_marker_is_not_written(step, markdown, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "MARKDOWN", markdown)
    done, seen = comment(step, {"user": "no", "--slurp": [[one(3, "ci[bot]", "Bot", markdown)]]})
    assert seen == []
    assert "does not begin with the gate's marker" in commands(done, "warning")[0]


def test_a_comment_is_no_longer_than_github_takes(step, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "MARKDOWN", MARKDOWN + "漢" * 100_000)
    _, seen = comment(step, {"user": "no", "--slurp": [[]]})
    body = json.loads(seen[-1][1])["body"]
    assert len(body) <= 65_536 and "cut here" in body
    assert body.startswith("<!-- edgekit gate: digits -->\n")


@pytest.mark.parametrize("pages", [{"message": "x"}, ["x"], None, [["x", 1, {"user": None}]]])
def test_an_odd_answer_of_github_is_a_warning_or_a_new_comment(step, pages):
    done, seen = comment(step, {"user": "no", "--slurp": pages})
    if seen[-1][0][1] != "--method":
        assert "list of comments" in commands(done, "warning")[0]


@pytest.mark.parametrize(
    "event",
    [[], {"pull_request": 3}, {"pull_request": {"number": "1; rm"}}, {"pull_request": None}],
)
def test_an_odd_event_is_no_pull_request(step, event):
    done, seen = comment(step, {}, event=event)
    assert seen == [] and "No pull request" in done.stdout


def test_a_comment_that_may_not_be_written_is_a_warning(step):
    done, _ = comment(step, {"user": "no", "--slurp": [[]], "POST": "HTTP 403: not accessible"})
    [line] = commands(done, "warning")
    assert "HTTP 403: not accessible" in line and "pull-requests: write" in line


def test_without_a_pull_request_nothing_is_asked_of_github(step):
    done, seen = comment(step, {}, event={"ref": "refs/heads/main"})
    assert seen == [] and "No pull request" in done.stdout


def test_the_caches_key_follows_what_the_project_names(step):
    project = step.folder / "models"
    (project / "images" / "a").mkdir(parents=True)
    (project / "images" / "a" / "1.png").write_text("1")
    (project / "net.keras").write_text("weights")
    (project / "other.txt").write_text("no part of it")
    toml = 'model = "net.keras"\nname = "."\n[data]\nevaluation = "images"\n'
    (project / "edgekit.toml").write_text(toml)

    def key() -> str:
        step.output.unlink(missing_ok=True)
        assert step.run("key.py", EDGEKIT_PROJECT="models").returncode == 0
        return step.outputs()["hash"]

    found = [key()]
    assert re.fullmatch(r"[0-9a-f]{64}", found[0])
    assert step.run("key.py", EDGEKIT_PROJECT="models/edgekit.toml").returncode == 0
    (project / "other.txt").write_text("still not")
    assert key() == found[0]
    for path in ("net.keras", "images/a/1.png", "edgekit.toml"):
        with (project / path).open("a") as file:
            file.write("\n")
        found.append(key())
    assert len(set(found)) == 4


@pytest.fixture
def key(step):
    """`key(TOML)`: the key of a project of that text, in `models`."""
    (step.folder / "models").mkdir()

    def find(toml: str, **env: str) -> str:
        step.output.unlink(missing_ok=True)
        (step.folder / "models" / "edgekit.toml").write_text(toml)
        done = step.run("key.py", EDGEKIT_PROJECT="models", **env)
        assert (done.returncode, done.stderr) == (0, "")
        return step.outputs()["hash"]

    return find


@pytest.mark.parametrize("way", ["absolute", "..", "a/../..", "link", "linked folder", "folder"])
def test_the_key_reads_nothing_outside_the_project(step, key, way):
    outside = step.folder / "outside"
    outside.mkdir()
    secret, models = outside / "secret", step.folder / "models"
    secret.write_text("1")
    (models / "a").mkdir()
    (models / "link").symlink_to(secret)
    (models / "linked").symlink_to(outside)
    (models / "a" / "link").symlink_to(secret)
    told = {
        "absolute": str(secret), "..": "../outside/secret", "a/../..": "a/../../outside/secret",
        "link": "link", "linked folder": "linked", "folder": "a",
    }[way]  # fmt: skip
    before = key(f"model = {json.dumps(told)}\n")
    secret.write_text("2")
    assert key(f"model = {json.dumps(told)}\n") == before


def test_links_inside_the_project_count(step, key):
    models = step.folder / "models"
    (models / "net").write_text("1")
    (models / "link").symlink_to("net")
    before = key('model = "link"\n')
    (models / "net").write_text("2")
    assert key('model = "link"\n') != before


def test_the_key_waits_for_no_pipe_and_reads_no_device(step, key):
    models = step.folder / "models"
    os.mkfifo(models / "pipe")
    (models / "data").mkdir()
    os.mkfifo(models / "data" / "pipe")
    (models / "zero").symlink_to("/dev/zero")
    assert key('model = "pipe"\ncode = ["data", "zero", "\\u0000", "x\\ny"]\n')
    (models / "edgekit.toml").unlink()
    os.mkfifo(models / "edgekit.toml")
    step.output.unlink()
    assert step.run("key.py", EDGEKIT_PROJECT="models").returncode == 0


def test_of_very_much_the_key_takes_names_and_sizes_only(step, key):
    """A sparse file of 1 TB, a folder of more files than are read, a deep document."""
    models = step.folder / "models"
    with (models / "large").open("wb") as file:
        file.truncate(2**40)
    small = key('model = "large"\n')
    with (models / "large").open("r+b") as file:
        file.truncate(2**40 + 1)
    assert key('model = "large"\n') != small
    assert key("model = " + "[" * 100_000)


def test_another_edgekit_has_another_key(step):
    keys = []
    for version in ("0.1.0", "0.2.0", ""):
        step.output.unlink(missing_ok=True)
        assert step.run("key.py", EDGEKIT_VERSION=version).returncode == 0
        keys.append(step.outputs()["hash"])
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("", f"{ROOT}[convert]"),
        ("0.1.0", "edgekit-tflite[convert]==0.1.0"),
        ("--index-url=x", "--index-url=x"),
    ],
)
def test_what_is_installed(step, version, wanted):
    """Into an environment of its own, whose pip is a stub here."""
    program = (
        "import sys, subprocess, json, os, pathlib\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "seen = []\n"
        "def run(command, check):\n"
        "    seen.append(command)\n"
        "    return subprocess.CompletedProcess(command, 0)\n"
        "subprocess.run = run\n"
        "import install\n"
        "code = install.main()\n"
        "print(json.dumps([code, seen]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(SCRIPTS)],
        env={**step.env, "EDGEKIT_VERSION": version, "EDGEKIT_REQUIREMENTS": "more.txt"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    code, (make, install) = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    assert make[1:3] == ["-m", "venv"] and make[3].startswith(str(step.folder / "temp"))
    assert install[0].startswith(make[3])
    # Behind `--` nothing is an option.
    assert install[-4:] == ["-r", "more.txt", "--", wanted]
    assert step.outputs()["bin"] == str(Path(install[0]).parent)


def test_the_action_declares_what_it_uses(action):
    steps = action["runs"]["steps"]
    assert action["runs"]["using"] == "composite"
    assert len(action["description"]) < 125  # the marketplace's limit
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(action["inputs"])
    ids = {one["id"] for one in steps if "id" in one}
    assert set(re.findall(r"steps\.(\w+)\.", text)) <= ids
    assert action["inputs"]["inconclusive"]["default"] == "pass"
    assert action["inputs"]["project"]["default"] == "."
    for name, one in {**action["inputs"], **action["outputs"]}.items():
        assert one["description"], name
    for one in steps:
        assert ("uses" in one) != ("run" in one), one["name"]
        if "run" in one:
            assert one["shell"] == "bash"
            assert one["run"].startswith("set -euo pipefail\n")
            for script in re.findall(r"\$GITHUB_ACTION_PATH/(\S+?)\"", one["run"]):
                assert (ROOT / script).is_file()


def test_no_input_is_written_into_a_script(action):
    for one in action["runs"]["steps"]:
        assert "${{" not in one.get("run", ""), one["name"]


def test_every_output_is_one_that_the_script_sets(action, step):
    gate(step, 0, "passed")
    used = {re.search(r"outputs\.([\w-]+)", one["value"])[1] for one in action["outputs"].values()}
    assert used == set(step.outputs())


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_steps_script_runs_in_bash_and_ends_with_the_gates_code(action, step, code):
    gate(step, code, "passed")
    [judge] = [one for one in action["runs"]["steps"] if one.get("id") == "gate"]
    done = subprocess.run(
        ["bash", "-c", judge["run"]],
        env={
            **step.env,
            "PYTHON": sys.executable,
            "GITHUB_ACTION_PATH": str(ROOT),
            "EDGEKIT_BIN": str(step.bin),
        },
        cwd=step.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stderr


HOOK_KEYS = {
    "id", "name", "description", "language", "entry", "args", "additional_dependencies",
    "pass_filenames", "require_serial", "verbose", "stages", "files", "minimum_pre_commit_version",
}  # fmt: skip


def test_the_hook_for_pre_commit():
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert set(hook) == HOOK_KEYS
    assert (hook["id"], hook["entry"]) == ("edgekit-gate", "edgekit gate")
    assert hook["language"] == "python" and hook["pass_filenames"] is False
    assert hook["stages"] == ["pre-push", "manual"]
    assert hook["additional_dependencies"] == [".[convert]"]
    pattern = re.compile(hook["files"])
    for path in (
        "edgekit.toml", "models/digits/edgekit.toml", "digits.keras", "m/net.h5", "data.npz",
        "baseline.json", "m/baseline.npz", "saved/saved_model.pb",
        "saved/variables/variables.index",
    ):  # fmt: skip
        assert pattern.search(path), path
    for path in ("README.md", "src/train.py", "my_edgekit.toml.bak", "package.json"):
        assert not pattern.search(path), path


def test_scripts_need_the_standard_library_only():
    for path in SCRIPTS.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for module in re.findall(r"^\s*(?:import|from) (\w+)", text, flags=re.MULTILINE):
            known = module in sys.stdlib_module_names or (SCRIPTS / f"{module}.py").is_file()
            assert known, f"{path.name}: {module}"
