"""What pruning and training are refused, before anything slow begins."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core import compression_rules
from edgekit.core.errors import UsageError
from edgekit.core.project import Project
from edgekit.core.records import ConvertOptions, Pruning, Training
from edgekit.pipeline.convert.plan import plan

HALF = Pruning(sparsity=0.5)
TRAINING = Training(data="data.npz", distill=True)
AWARE = replace(TRAINING, quantization_aware=True)


def settle(tmp_path, **options):
    return plan(
        Path("nets/digits.keras"),
        output=tmp_path,
        name=None,
        calibration=None,
        project=Project(),
        options=ConvertOptions(**options),
    )


def labels(settled):
    return [recipe.label for recipe in settled.recipes]


def refused(**options):
    with pytest.raises(UsageError) as caught:
        compression_rules.check(ConvertOptions(**options))
    return caught.value


@pytest.mark.parametrize("name", ["sparsity", "to_size", "to_macs", "to_latency"])
@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 1.5, 50, float("nan")])
def test_a_target_is_a_fraction(name, value):
    error = refused(prune=Pruning(**{name: value}))
    assert name in error.rule
    assert error.received == f"{value:g}"


def test_pruning_has_exactly_one_target():
    assert "none of them" in refused(prune=Pruning()).received
    assert refused(prune=Pruning(sparsity=0.5, to_size=0.5)).received == "sparsity and to_size"


@pytest.mark.parametrize("name", ["to_size", "to_macs", "to_latency"])
def test_zeros_have_no_target_but_sparsity(name):
    error = refused(prune=Pruning(method="unstructured", **{name: 0.5}))
    assert "--prune structured" in error.hint


@pytest.mark.parametrize("pattern", ["2", "4:2", "0:4", "4:4", "a:b", "2:4:8"])
def test_a_pattern_keeps_some_of_each_few(pattern):
    error = refused(prune=Pruning(method="unstructured", sparsity=0.5, pattern=pattern))
    assert error.received == pattern


def test_a_pattern_has_a_sparsity_of_its_own():
    pattern = Pruning(method="unstructured", sparsity=0.5, pattern="2:4")
    compression_rules.check(ConvertOptions(prune=pattern))
    compression_rules.check(ConvertOptions(prune=replace(pattern, sparsity=None)))
    assert "0.25" in refused(prune=replace(pattern, pattern="3:4")).rule
    assert "whole channels" in refused(prune=replace(pattern, method="structured")).rule


@pytest.mark.parametrize("selectors", [{"layers": ("conv(",)}, {"keep": ("[",)}])
def test_a_selector_is_a_regular_expression(selectors):
    refused(prune=replace(HALF, **selectors))


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"patience": 0},
        {"seed": -1},
        {"learning_rate": 0.0},
        {"learning_rate": 1.0},
        {"label_weight": 1.1},
        {"validation": 0.0},
        {"validation": 1.0},
    ],
)
def test_training_is_told_in_numbers_that_make_sense(changes):
    [name] = changes
    told = str(refused(prune=HALF, training=replace(TRAINING, **changes)))
    assert name in told or name.replace("_", " ") in told
    assert str(changes[name]) in told


def test_training_needs_something_to_mend():
    assert "--prune" in refused(training=TRAINING).received
    compression_rules.check(ConvertOptions(training=AWARE))
    compression_rules.check(ConvertOptions(training=TRAINING, prune=HALF))


def test_the_original_comes_first_and_pruned_files_say_so(tmp_path):
    settled = settle(tmp_path, prune=HALF, recipes=("float32", "float16"))
    assert labels(settled) == ["float32", "pruned.float32", "pruned.float16"]
    assert settled.recipes[0].prune is None
    assert settled.recipes[1].prune == HALF


def test_the_data_that_trains_calibrates_too(tmp_path):
    settled = settle(tmp_path, prune=HALF, training=AWARE, recipes=("static_wi8_ai8", "float16"))
    assert settled.calibration == "data.npz"
    assert labels(settled) == [
        "float32", "pruned.float32", "pruned.qat.static_wi8_ai8", "pruned.float16"
    ]  # fmt: skip
    [note] = settled.notes
    assert note.startswith("float16")
    pruned_float = settled.recipes[1]
    assert pruned_float.training is not None
    assert not pruned_float.training.quantization_aware


def test_without_pruning_only_what_rounds_is_trained(tmp_path):
    settled = settle(tmp_path, training=AWARE, recipes=("static_wi8_ai8", "float16"))
    assert [recipe.training is not None for recipe in settled.recipes] == [False, True, False]


def test_rounding_that_cannot_be_trained_is_refused(tmp_path):
    for recipes in (("float16",), ("float32",), ("dynamic_wi4b32_afp32",)):
        with pytest.raises(UsageError, match="--qat"):
            settle(tmp_path, training=AWARE, recipes=recipes)


def test_high_effort_is_for_int4_weights_that_samples_round(tmp_path):
    wanted = ("static_wi4_ai8", "static_wi8_ai8", "dynamic_wi4_afp32")
    settled = settle(
        tmp_path, effort="high", recipes=wanted, training=replace(TRAINING), prune=HALF
    )
    assert [recipe.effort for recipe in settled.recipes] == [
        "normal", "normal", "high", "normal", "high"
    ]  # fmt: skip
    [note] = settled.notes
    assert note.startswith("static_wi8_ai8: ")
    assert "high" not in {r.effort for r in settle(tmp_path, recipes=("float16",)).recipes}


@pytest.mark.parametrize("name", ["float16", "float32", "static_wi8_ai8", "dynamic_wi4b32_afp32"])
def test_high_effort_without_anything_to_learn_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="--effort high") as caught:
        settle(tmp_path, effort="high", recipes=(name,), training=TRAINING, prune=HALF)
    assert name in caught.value.received


def test_high_effort_and_training_with_rounding_exclude_each_other():
    assert "--qat" in refused(effort="high", training=AWARE).rule


def test_an_existing_pruned_model_is_kept(tmp_path):
    (tmp_path / "digits.pruned.keras").write_bytes(b"mine")
    with pytest.raises(UsageError, match="--force"):
        settle(tmp_path, prune=HALF)
    settle(tmp_path, recipes=("float32",))  # which would not replace it
