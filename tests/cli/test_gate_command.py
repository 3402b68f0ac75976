"""The gate on the digits sample: real regressions are stopped, harmless changes are not."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

pytestmark = pytest.mark.convert

INT8 = "static_wi8_ai8"
RULES = {
    "loss": 'metric = "top1_accuracy"\nmax_loss = 0.02\nagainst = "baseline"',
    "size": 'metric = "size_bytes"\nmax_loss = 0.05\nagainst = "baseline"',
    "speed": 'metric = "latency_ratio"\nat_most = 2.0',
    "slowdown": 'metric = "latency_ratio"\nmax_loss = 0.25\nagainst = "baseline"',
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def gate(edgekit, home):
    """`gate(project, FLAGS...)`: the real command, with a cache of this module's own."""

    def run(project, *flags, **options):
        return edgekit("gate", *flags, cwd=project, env={"EDGEKIT_HOME": str(home)}, **options)

    return run


@pytest.fixture(scope="module")
def models(digits, tmp_path_factory):
    """`worse.keras`, `again.keras` and `slower.keras`: see the script."""
    out = tmp_path_factory.mktemp("models")
    script = Path(__file__).with_name("gate_models_worker.py")
    done = subprocess.run(
        [sys.executable, str(script), str(digits), str(out)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return out


def write_project(folder, digits, rules, *, recipes=(INT8,), extra=""):
    for name in ("digits.keras", "data.npz", "labels.txt"):
        shutil.copy(digits / name, folder / name)
    text = (digits / "edgekit.toml").read_text(encoding="utf-8").partition("\n# What")[0]
    start, _, rest = text.partition("recipes = [")
    text = f"{start}recipes = {json.dumps(recipes)}\n{rest.partition(']')[2]}"
    text += "".join(f"\n[[rule]]\n{RULES.get(rule, rule)}\n" for rule in rules) + extra
    (folder / "edgekit.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def released(gate, digits, tmp_path_factory):
    """A project with a baseline, as a team has it after a release."""
    project = write_project(tmp_path_factory.mktemp("released"), digits, RULES)
    ended = gate(project, "--update-baseline")
    assert ended.code == 0, ended.err
    assert "baseline written: baseline.json" in ended.out
    return project


@pytest.fixture
def change(released, tmp_path):
    """A copy of the released project, to be changed."""
    shutil.copytree(released, tmp_path / "change")
    return tmp_path / "change"


def verdicts(ended):
    """Statuses by metric and what it is compared with."""
    result = json.loads(ended.out)
    return {(v["metric"], v["rule"].get("against")): v["status"] for v in result["verdicts"]}


def test_an_unchanged_project_passes_without_tensorflow(released, home):
    program = (
        "import sys\nfrom edgekit.cli.main import main\nsys.argv = ['edgekit', 'gate']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    code = end.code\n"
        "heavy = {'tensorflow', 'keras', 'scipy'} & set(sys.modules)\n"
        "print(code, sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=released,
        env={"EDGEKIT_HOME": str(home), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.stderr.splitlines()[-1] == "0 []", done.stderr
    assert "converting" not in done.stderr and "timing" not in done.stderr
    assert "passed: 4 rules held" in done.stdout


def test_a_team_gets_a_table_junit_markdown_and_json(gate, released, tmp_path):
    flags = ("--junit", tmp_path / "out" / "j.xml", "--markdown", tmp_path / "out" / "m.md")
    ended = gate(released, *flags, "--json", "-o", tmp_path / "files")
    assert ended.code == 0, ended.err
    result = json.loads(ended.out)
    assert (result["outcome"], result["exit_code"]) == ("passed", 0)
    assert {v["status"] for v in result["verdicts"]} == {"pass"}
    cases = ElementTree.parse(tmp_path / "out" / "j.xml").getroot().iter("testcase")
    assert len(list(cases)) == len(result["verdicts"]) == 5
    assert "passed: 4 rules held" in (tmp_path / "out" / "m.md").read_text(encoding="utf-8")
    names = sorted(path.name for path in (tmp_path / "files").iterdir())
    recipes = ("float32", INT8)
    assert names == sorted(f"digits.{r}.{e}" for r in recipes for e in ("json", "tflite"))


def test_the_published_schema_holds_for_what_is_printed(gate, released):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(gate(released, "--schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(gate(released, "--json").out), schema)


def test_a_model_that_was_trained_worse_is_stopped(gate, change, models):
    shutil.copy(models / "worse.keras", change / "digits.keras")
    ended = gate(change, "--json")
    assert ended.code == 1, ended.err
    assert verdicts(ended)["top1_accuracy", "baseline"] == "fail"
    loss = next(v for v in json.loads(ended.out)["verdicts"] if v["metric"] == "top1_accuracy")
    assert "lost 0." in loss["sentence"] and "95 % sure of more than 0." in loss["sentence"]
    assert loss["low"] > loss["limit"] == 0.02
    assert loss["n"] == 720


def test_an_added_slow_layer_is_stopped(gate, change, models):
    shutil.copy(models / "slower.keras", change / "digits.keras")
    ended = gate(change, "--json")
    assert ended.code == 1, ended.err
    found = verdicts(ended)
    assert found["latency_ratio", "baseline"] == "fail"
    assert found["size_bytes", "baseline"] == "fail"
    assert found["top1_accuracy", "baseline"] == "pass"


def test_a_recipe_that_hurts_is_stopped(gate, change):
    """Somebody calibrates on images that nobody scaled: ranges far too small."""
    with np.load(change / "data.npz") as arrays:
        data = dict(arrays)
    data["calibration_x"] = (data["calibration_x"] // 40).astype(np.uint8)
    np.savez_compressed(change / "data.npz", **data)
    ended = gate(change, "--json")
    assert ended.code == 1, ended.err
    assert verdicts(ended)["top1_accuracy", "baseline"] == "fail"


def test_retraining_to_equal_accuracy_is_not_stopped(gate, change, models):
    shutil.copy(models / "again.keras", change / "digits.keras")
    ended = gate(change, "--json")
    assert ended.code == 0, ended.err + ended.out
    before = (change / "baseline.json").read_text(encoding="utf-8")
    result = json.loads(ended.out)
    assert result["measurements"][0]["artifact_sha256"] not in before


def test_a_contract_that_changed_is_named_and_accepted_by_its_word(gate, change):
    names = (change / "labels.txt").read_text(encoding="utf-8").splitlines()
    names[3], names[7] = names[7], names[3]
    (change / "labels.txt").write_text("\n".join(names), encoding="utf-8")
    text = (change / "edgekit.toml").read_text(encoding="utf-8")
    (change / "edgekit.toml").write_text(text.replace("std = 255.0", "std = 127.5"), "utf-8")
    ended = gate(change)
    assert ended.code == 1, ended.err
    assert (
        "fail: contract: input image: std 255 -> 127.5; output digit: order of labels" in ended.out
    )
    assert "3 three, 7 seven -> 3 seven, 7 three" in ended.out
    assert "other samples" not in ended.out
    refused = gate(change, "--update-baseline")
    assert refused.code == 1 and "baseline not written" in refused.out
    wrong = gate(change, "--accept", "contrast")
    assert wrong.code == 2 and "did you mean 'contract'?" in wrong.err
    assert gate(change, "--update-baseline", "--accept", "contract", "--accept", "worse").code == 0
    assert gate(change).code == 0


def test_another_machine_is_not_stopped(gate, change):
    path = change / "baseline.json"
    payload = json.loads(path.read_text(encoding="utf-8"))
    for one in payload["measurements"]:
        one["host"].update(cpu="another CPU", cores=64, machine="aarch64", system="Darwin 25")
    path.write_text(json.dumps(payload), encoding="utf-8")
    assert gate(change).code == 0


def test_the_digits_sample_passes_its_own_gate(gate, digits):
    ended = gate(digits)
    assert ended.code == 0, ended.err + ended.out
    rules = tomllib.loads((digits / "edgekit.toml").read_text(encoding="utf-8"))["rule"]
    assert f"passed: {len(rules)} rules held" in ended.out
    assert "baseline: baseline.json" in ended.out
