"""Variants, targets and rules of an edgekit.toml: what they say, and how the rest is refused."""

import pytest

from edgekit.core import project as projects
from edgekit.core.errors import ProjectError
from edgekit.core.gate_rules import METRICS, TASK_METRICS, Rule, Variant
from edgekit.core.records import Pruning, Target
from edgekit.measure.accuracy import METRICS as MEASURED

WHOLE = """
model = "m.keras"
recipes = ["float32", "static_wi8_ai8"]

[variant.small]
recipe = "static_wi8_ai8"
prune = { sparsity = 0.5 }
keep_float = ["head"]

[[target]]
runtime = "tflite-runtime==2.14.0"

[[target]]
runtime = "litert"
num_threads = 2

[[rule]]
metric = "top1_accuracy"
max_loss = 0.01
against = "baseline"
variants = ["small"]
targets = ["litert, 2 threads"]

[[rule]]
allowed_operators = ["ADD"]
"""
RULE = '[[rule]]\nmetric = "{}"\n{}\n'


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "edgekit.toml"
        path.write_text(text, encoding="utf-8")
        return projects.load(path)

    return load


def test_a_project_says_what_is_converted_where_it_runs_and_what_must_hold(load):
    said = load(WHOLE)
    assert list(said.variants) == ["float32", "static_wi8_ai8", "small"]
    assert said.variants["float32"] == Variant(recipe="float32")
    assert said.variants["small"].prune == Pruning(sparsity=0.5)
    assert said.target == (
        Target(runtime="tflite-runtime", version="2.14.0"),
        Target(num_threads=2),
    )
    assert said.rule[0] == Rule(
        metric="top1_accuracy",
        max_loss=0.01,
        against="baseline",
        variants=("small",),
        targets=("litert, 2 threads",),
    )
    assert (said.rule[1].about, said.baseline) == ("allowed_operators", "baseline.json")


def test_without_a_target_it_is_litert_on_one_thread(load):
    assert load("").target == (Target(),)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_can_have_a_rule(load, name):
    limit = "at_most = 5.0" if name.startswith("latency_p") else "max_loss = 0.01"
    against = 'against = "baseline"' if name in ("sqnr_db", "pooled_sqnr_db", "cosine") else ""
    assert load(RULE.format(name, f"{limit}\n{against}")).rule[0].about == name


def test_the_metrics_of_rules_are_those_that_are_measured():
    assert set(MEASURED) == set(TASK_METRICS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rule]]", "must be about one thing"),
        (RULE.format("size_bytes", 'at_most = 5\noldest_runtime = "2.1"'), "a rule of each"),
        (RULE.format("size_bytes", ""), "must have one of at_least, at_most, max_loss"),
        (RULE.format("size_bytes", "at_most = 5\nmax_loss = 0.1"), "at_most, max_loss"),
        (RULE.format("size_byte", "at_most = 5"), "did you mean 'size_bytes'"),
        (RULE.format("size_bytes@y", "at_most = 5"), "cannot be of an output"),
        (RULE.format("top1_accuracy", "max_los = 0.1"), "did you mean 'max_loss'"),
        (RULE.format("top1_accuracy", "max_loss = 1"), "a fraction from 0 up to 1"),
        (RULE.format("top1_accuracy", "max_loss = -0.1"), "a fraction from 0 up to 1"),
        (RULE.format("top1_accuracy", "max_loss = nan"), "finite"),
        (RULE.format("top1_accuracy", "at_least = inf"), "finite"),
        (RULE.format("top1_accuracy", 'max_loss = 0.1\nagainst = "flaot"'), "float"),
        (
            RULE.format("top1_accuracy", 'at_least = 0.9\nagainst = "baseline"'),
            "only with max_loss",
        ),
        (
            RULE.format("top1_accuracy", 'at_least = 0.9\nvariants = ["none"]'),
            "must be of this file",
        ),
        (RULE.format("top1_accuracy", 'at_least = 0.9\ntargets = ["lite"]'), "'litert'"),
        (RULE.format("sqnr_db", "max_loss = 0.1"), "cannot have a max_loss against the float file"),
        (RULE.format("latency_p50_ms", "max_loss = 0.1"), "milliseconds"),
        ('[[rule]]\noldest_runtime = "new"', "must be a version"),
        (
            "[[rule]]\nfully_delegated = true\nat_most = 3",
            "at_most cannot be used without a metric",
        ),
        ('[[target]]\nruntime = "litert"\naccelerator = "gpu"', "this machine's CPU"),
        ("[[target]]\nnum_threads = 0", "at least 1"),
        ("[[target]]\n[[target]]", "each [[target]] once"),
        ("[variant.x]", "lacks a key"),
        ('[variant.x]\nrecipe = "float16"\ntraining = {}', "lacks a key"),
        ("[variant.x]\nrecip = 'a'", "did you mean 'recipe'"),
        ("recipes = ['float32']\n[variant.float32]\nrecipe = 'float16'", "the name of a recipe"),
        ("target = 3", "target"),
    ],
)
def test_what_could_never_be_judged_is_refused(load, text, words):
    with pytest.raises(ProjectError) as caught:
        load(text)
    assert words in str(caught.value)
