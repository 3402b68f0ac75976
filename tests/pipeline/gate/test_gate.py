"""What a gate cannot judge: mistakes are named with what to do, and the old baseline survives."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import (
    DataError,
    EdgekitError,
    EnvironmentFailure,
    ModelError,
    OutputError,
    ProjectError,
    UsageError,
    WorkerCrashed,
)
from edgekit.core.gate_rules import GateOptions, TimingOptions
from edgekit.pipeline.gate import variant_times
from edgekit.pipeline.gate.gate import gate as pipeline
from edgekit.pipeline.runner import Runner

DENSE = Path(__file__).parents[2] / "models" / "fully_connected.float32.tflite"  # (12,) to (8,)
HEAD = """
model = "net.tflite"
name = "net"
recipes = ["float16"]
[data]
evaluation = "data.npz"
"""
LOSS = '[[rule]]\nmetric = "top1_accuracy"\nmax_loss = 0.05\n'
AGAINST_BASELINE = LOSS + 'against = "baseline"\n'
SIZE = '[[rule]]\nmetric = "size_bytes"\nmax_loss = 0.05\nagainst = "baseline"\n'
SPEED = '[[rule]]\nmetric = "latency_ratio"\nat_most = 50.0\n'
QUICK = TimingOptions(num_processes=3, max_processes=3, num_runs=3, min_seconds=0.0)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _cache(home, monkeypatch):
    monkeypatch.setenv("EDGEKIT_HOME", str(home))


@pytest.fixture
def project(tmp_path):
    """`project(RULES)`: a folder with a dense layer and samples for it."""

    def make(rules, head=HEAD, **arrays):
        shutil.copy(DENSE, tmp_path / "net.tflite")
        save(tmp_path, **arrays)
        (tmp_path / "edgekit.toml").write_text(head + rules, encoding="utf-8")
        return tmp_path

    return make


def save(folder, n=200, seed=0, **arrays):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, 12)).astype(np.float32), rng.integers(0, 8, n)
    given = {"x": x, "y": y, **arrays}
    np.savez(folder / "data.npz", **{k: v for k, v in given.items() if v is not None})


def gate(folder, *, fresh=False, **options):
    return pipeline(folder, options=GateOptions(timing=QUICK, fresh=fresh), **options)


def refused(kind, folder, **options):
    with pytest.raises(kind) as caught:
        gate(folder, **options)
    assert caught.value.exit_code == 2
    return str(caught.value)


def baseline(folder):
    return {name: (folder / name).read_bytes() for name in ("baseline.json", "baseline.npz")}


def test_from_nothing_to_a_baseline_to_a_pass(project):
    folder = project(AGAINST_BASELINE + SIZE)
    assert "edgekit gate --update-baseline" in refused(ProjectError, folder)
    written = gate(folder, update_baseline=True)
    assert (written.updated, written.exit_code, written.verdicts) == (True, 0, ())
    assert written.changes == ()
    result = gate(folder)
    assert (result.outcome, result.exit_code) == ("passed", 0)
    assert [v.status for v in result.verdicts] == ["pass", "pass", "pass"]
    assert [v.metric for v in result.verdicts] == ["contract", "top1_accuracy", "size_bytes"]
    assert result.baseline == "baseline.json" and result.baseline_created_at
    assert result.measurements[0].runtime_version


@pytest.mark.parametrize(
    ("head", "rules", "kind", "words"),
    [
        (HEAD, "", ProjectError, "A gate needs rules"),
        (HEAD.replace('model = "net.tflite"', ""), LOSS, ProjectError, "does not name the model"),
        (HEAD.replace("net.tflite", "none.tflite"), LOSS, ModelError, "none.tflite"),
        (HEAD.replace('recipes = ["float16"]', ""), LOSS, ProjectError, "needs variants"),
        (HEAD.replace('"float16"', '"float15"'), LOSS, UsageError, "did you mean 'float16'"),
        (HEAD.replace("data.npz", "none.npz"), LOSS, DataError, "none.npz"),
        (HEAD, LOSS + '[[target]]\nruntime = "litert==0.0.1"', EnvironmentFailure, "runtime add"),
        (HEAD, LOSS + '[[target]]\nruntime = "lite-rt"', UsageError, "did you mean 'litert'"),
    ],
)
def test_what_cannot_be_judged_at_all_is_refused(project, head, rules, kind, words):
    assert words in refused(kind, project(rules, head)).replace("Did", "did")


def test_there_must_be_a_project(tmp_path):
    said = refused(ProjectError, tmp_path)
    assert "edgekit.toml" in said and "edgekit init MODEL" in said


def test_a_baseline_of_another_model_is_refused_and_kept(project):
    folder = project(AGAINST_BASELINE)
    gate(folder, update_baseline=True)
    before = baseline(folder)
    text = (folder / "edgekit.toml").read_text(encoding="utf-8")
    (folder / "edgekit.toml").write_text(text.replace('name = "net"', 'name = "other"'), "utf-8")
    said = refused(ProjectError, folder)
    assert "other" in said and "net y [1, 8]" in said and "--update-baseline" in said
    assert baseline(folder) == before


def test_a_baseline_of_other_samples_is_incomparable(project):
    folder = project(AGAINST_BASELINE)
    gate(folder, update_baseline=True)
    before = baseline(folder)
    save(folder, n=150, seed=1)
    result = gate(folder)
    assert (result.outcome, result.exit_code) == ("unjudged", 2)
    contract, loss = result.verdicts
    assert contract.status == "pass"  # other samples are no other contract
    assert "measured on 200 other samples" in loss.sentence
    assert f"{loss.values.old:.4f} -> {loss.values.new:.4f}" in loss.sentence
    assert baseline(folder) == before


def test_without_labels_the_loss_is_of_agreement(project):
    head = HEAD + '[output.y]\nactivation = "softmax"\n'
    result = gate(project(LOSS, head, y=None))
    assert result.exit_code == 0
    assert "no labels: the loss is 1 - agreement" in result.verdicts[0].sentence


def test_one_class_tells_nothing(project):
    result = gate(project(LOSS, y=np.full(200, 3)))
    assert result.exit_code == 2
    assert "several classes" in result.verdicts[0].sentence


def test_few_samples_are_inconclusive_and_say_how_many_would_do(project):
    result = gate(project(LOSS, **few(20)))
    (verdict,) = result.verdicts
    assert (verdict.status, result.exit_code) == ("inconclusive", 3)
    assert verdict.needed > 20
    assert f"about {verdict.needed:,} samples would decide" in verdict.sentence
    assert gate(project(LOSS, **few(20)), on_inconclusive="pass").exit_code == 0
    assert gate(project(LOSS, **few(20)), on_inconclusive="fail").exit_code == 1


def few(n):
    rng = np.random.default_rng(2)
    return {"x": rng.normal(size=(n, 12)).astype(np.float32), "y": np.arange(n) % 8}


@pytest.fixture
def own_metric(tmp_path, monkeypatch):
    """`own_metric(BODY)`: a rule about a metric of one's own, in the working folder."""

    def make(body, rule="max_loss = 0.05"):
        (tmp_path / "mine.py").write_text(f"import numpy as np\n\n\n{body}\n", encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.delitem(__import__("sys").modules, "mine", raising=False)
        return f'[[rule]]\nmetric = "mine:metric"\n{rule}\n'

    return make


def test_a_metric_that_is_not_a_number_is_an_error_of_that_variant(project, own_metric):
    rules = own_metric("def metric(outputs, labels):\n    return float('nan')")
    folder = project(rules + '[[rule]]\nmetric = "size_bytes"\nat_most = 10_000\n')
    result = gate(folder)
    assert result.exit_code == 2
    assert [v.status for v in result.verdicts] == ["error", "pass"]
    assert "finite" in result.verdicts[0].sentence
    assert "finite" in refused(DataError, folder, update_baseline=True)
    assert not (folder / "baseline.json").exists()


def test_a_metric_of_all_samples_together_is_computed_again_on_draws(project, own_metric):
    body = "def metric(outputs, labels):\n    y = outputs['y'].argmax(1)\n"
    body += "    return np.median([np.mean(labels[y == k] == k) for k in set(y)])"
    rules = own_metric(body) + own_metric(body, 'max_loss = 0.05\nagainst = "baseline"')
    folder = project(rules, y=answers(200))
    gate(folder, update_baseline=True)
    result = gate(folder)
    assert result.exit_code == 0, [v.sentence for v in result.verdicts]
    contract, to_float, to_baseline = result.verdicts
    assert contract.status == "pass"
    assert (to_float.n, to_float.estimate) == (200, 0.0)
    assert to_baseline.estimate == 0.0


def answers(n, wrong=0.1):
    """Labels that the dense layer gets right but for a few."""
    from edgekit.core.records import Limits, Target
    from edgekit.runtimes import local

    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 12)).astype(np.float32)
    with local.open_session(DENSE, Target(), limits=Limits()) as session:
        right = session.run({"x": x})["y"].argmax(axis=1)
    return np.where(rng.random(n) < wrong, (right + 1) % 8, right)


def test_a_runtime_that_crashes_in_the_middle_costs_its_own_verdicts_only(project, monkeypatch):
    two = HEAD.replace('["float16"]', '["float16", "float32"]')
    folder = project(LOSS, two, y=answers(200))
    whole = Runner.outputs

    def crashing(self, path, target, samples):
        if "float16" in path.name:
            raise WorkerCrashed("The worker must not crash.", received="signal 11")
        return whole(self, path, target, samples)

    monkeypatch.setattr(Runner, "outputs", crashing)
    result = gate(folder, fresh=True)
    assert [(v.variant, v.status) for v in result.verdicts] == [
        ("float16", "error"),
        ("float32", "pass"),
    ]
    assert "must not crash. signal 11" in result.verdicts[0].sentence
    assert result.exit_code == 2
    monkeypatch.undo()
    monkeypatch.setenv("EDGEKIT_HOME", str(folder / "home"))
    assert gate(folder).exit_code == 0  # the crash was not kept


def test_a_crash_while_timing_leaves_what_was_measured(project, monkeypatch):
    def crash(*_, **__):
        raise WorkerCrashed("The worker must not crash.", received="signal 11")

    monkeypatch.setattr(variant_times, "time_pairs", crash)
    result = gate(project(LOSS + SPEED, y=answers(200)), fresh=True)
    assert [v.status for v in result.verdicts] == ["pass", "error"]
    assert result.exit_code == 2


def test_an_unsteady_machine_refuses_to_judge_times(project, monkeypatch):
    real = variant_times.time_pairs

    def unsteady(*arguments, **options):
        return replace(real(*arguments, **options), self_test_failed=1.1)

    monkeypatch.setattr(variant_times, "time_pairs", unsteady)
    result = gate(project(SPEED), fresh=True)
    assert (result.verdicts[0].status, result.exit_code) == ("inconclusive", 3)
    assert "1.100x its own time" in result.verdicts[0].sentence


@pytest.fixture
def steady(monkeypatch):
    """Times as if nothing ran beside: those that cannot be believed are not kept."""
    real = variant_times.time_pairs
    monkeypatch.setattr(
        variant_times, "time_pairs", lambda *a, **k: replace(real(*a, **k), self_test_failed=None)
    )


def test_times_are_kept_for_the_same_files_on_the_same_machine(project, steady, monkeypatch):
    folder = project(SPEED)
    first = gate(folder, fresh=True)
    monkeypatch.setattr(variant_times, "time_pairs", None)
    again = gate(folder)
    assert first.verdicts == again.verdicts
    assert first.verdicts[0].n == 3


def test_milliseconds_are_judged_where_the_baseline_is_written(project):
    folder = project('[[rule]]\nmetric = "latency_p50_ms"\nat_most = 1000.0\n')
    assert gate(folder).exit_code == 2  # nobody knows yet on which machine
    assert gate(folder, update_baseline=True).exit_code == 0
    assert gate(folder).exit_code == 0


def test_another_model_under_the_same_name_is_not_compared(project):
    folder = project(SIZE)
    gate(folder, update_baseline=True)
    shutil.copy(DENSE.with_name("conv_2d.float32.tflite"), folder / "net.tflite")
    said = refused(ProjectError, folder)
    assert "must be of this model, net y [1, 6, 6, 8]" in said and "net y [1, 8]" in said


def test_rules_about_targets_and_variants_measure_no_more_than_they_ask(project):
    head = HEAD.replace('["float16"]', '["float16", "float32", "weight_only_wi8_afp32"]')
    rules = '[[rule]]\nmetric = "agreement"\nat_least = 0.5\nvariants = ["float16"]\n'
    head += '[output.y]\nactivation = "softmax"\n'
    result = gate(project(rules, head))
    assert [one.artifact for one in result.measurements] == ["float16"]


def test_a_baseline_that_cannot_be_written_leaves_the_old_one(project, monkeypatch):
    folder = project(AGAINST_BASELINE)
    gate(folder, update_baseline=True)
    before = baseline(folder)
    save(folder, n=300)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edgekit.core.npz_record.write", full)
    with pytest.raises(EdgekitError, match="could not be written") as caught:
        gate(folder, update_baseline=True)
    assert isinstance(caught.value, OutputError)
    assert baseline(folder) == before


def test_the_judged_files_can_be_had(project, tmp_path):
    folder = project(LOSS)
    gate(folder, output=tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [f"net.{r}.{e}" for r in ("float16", "float32") for e in ("json", "tflite")]
    manifest = json.loads((tmp_path / "out" / "net.float16.json").read_text(encoding="utf-8"))
    assert manifest["path"] == "net.float16.tflite"


EVERYTHING = LOSS + SPEED + '[[rule]]\nmetric = "peak_rss_bytes"\nmax_loss = 0.9\n'


def entries(home):
    return sorted(path for path in (home / "cache").iterdir() if not path.name.startswith("."))


@pytest.fixture
def cached(project, steady, tmp_path, monkeypatch):
    """A project whose gate has run, what it said, and the cache that it filled."""
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    folder = project(EVERYTHING, y=answers(200))
    return folder, gate(folder), tmp_path / "home"


def flip(path, rng):
    content = bytearray(path.read_bytes())
    content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)


def test_damaged_cache_entries_are_computed_anew_and_said_once(cached):
    folder, first, home = cached
    kinds = {path.name.partition("-")[0] for path in entries(home)}
    assert kinds == {"file", "measurement", "times", "memory"}
    files = [path for entry in entries(home) for path in sorted(entry.iterdir())]
    for seed, path in enumerate(files):
        rng = np.random.default_rng(seed)
        path.unlink() if seed % 4 == 3 else flip(path, rng)
        again = gate(folder)
        assert [note for note in again.notes if "cache" in note] == [
            f"1 entry of the cache in {home / 'cache'} had been damaged: computed anew."
        ], path
        assert again.verdicts[0] == first.verdicts[0]
        assert all(v.status in ("pass", "inconclusive") for v in again.verdicts), path
        assert not [note for note in gate(folder).notes if "cache" in note]


def test_a_value_that_somebody_wrote_into_the_cache_is_not_believed(cached):
    folder, first, home = cached
    [path] = home.glob("cache/measurement-*/measurement.json")
    payload = json.loads(path.read_text(encoding="utf-8"))
    payload["measurements"][0]["metrics"][0]["value"] = 0.999
    path.write_text(json.dumps(payload), encoding="utf-8")
    for path in home.glob("cache/times-*/times.json"):
        path.write_text('{"ratios": [0.01, 0.01], "p50_ms": [0.01, 0.01]}', encoding="utf-8")
    again = gate(folder)
    assert [note.split(" of ")[0] for note in again.notes if "cache" in note] == ["2 entries"]
    assert again.verdicts[0] == first.verdicts[0]
    assert again.verdicts[1].estimate > 0.05  # whatever the machine does, not what was written


def test_all_of_the_cache_gone_to_pieces_is_no_error(cached):
    folder, first, home = cached
    for number, entry in enumerate(entries(home)):
        shutil.rmtree(entry)
        if number % 2:
            entry.touch()
        else:
            entry.symlink_to("nowhere")
    again = gate(folder)
    assert again.verdicts[0] == first.verdicts[0]
    assert any(f"{len(entries(home))} entries" in note for note in again.notes)


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", '{"ratios": [], "p50_ms": []}', '{"ratios": [1], "p50_ms": ["nan"]}',
     '{"ratios": [0], "p50_ms": [1]}', '{"ratios": "x", "p50_ms": [1]}', "[" * 100_000],
)  # fmt: skip
def test_times_that_are_none_are_not_loaded(tmp_path, text):
    (tmp_path / "times.json").write_text(text, encoding="utf-8")
    with pytest.raises((EdgekitError, RecursionError)):
        variant_times._load(variant_times.Times, tmp_path)


def test_a_baseline_that_was_edited_is_refused(project):
    folder = project(AGAINST_BASELINE)
    gate(folder, update_baseline=True)
    text = (folder / "baseline.json").read_text(encoding="utf-8")
    value = json.loads(text)["measurements"][0]["metrics"][0]["value"]
    (folder / "baseline.json").write_text(text.replace(str(value), "0.01", 1), encoding="utf-8")
    said = refused(ProjectError, folder)
    assert "was changed" in said and "top1_accuracy = 0.01" in said
    assert "edgekit gate --update-baseline" in said
    assert gate(folder, update_baseline=True).exit_code == 0
    assert gate(folder).exit_code == 0
