"""What a budget starts from, and what it cannot be asked with: all known before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.core.errors import UsageError
from edgekit.core.project import Data, Project
from edgekit.core.records import ConvertOptions, Pruning, Training
from edgekit.pipeline.convert.plan import Plan, plan

CALIBRATION = "data.npz"


def settle(tmp_path: Path, calibration: str | None = CALIBRATION, **options) -> Plan:
    project = Project(recipes=("float16", "static_wi8_ai8"))
    return plan(
        Path("nets/net.keras"),
        output=tmp_path,
        name=None,
        calibration=calibration,
        project=project,
        options=ConvertOptions(**{"to_bytes": 400_000, **options}),
    )


def names(settled: Plan) -> list[str]:
    return [recipe.name for recipe in settled.recipes]


def test_int4_beside_integers_is_what_a_budget_starts_from_whatever_the_project_makes(tmp_path):
    settled = settle(tmp_path)
    assert names(settled) == ["float32", "static_wi4_ai8"]
    assert settled.calibration == CALIBRATION
    assert settled.notes == ()


@pytest.mark.parametrize(
    "recipe", ["static_wi8_ai8", "dynamic_wi4_afp32", "dynamic_wi8_afp32", "weight_only_wi4_afp32"]
)
def test_another_recipe_may_be_named(tmp_path, recipe):
    assert names(settle(tmp_path, recipes=(recipe,))) == ["float32", recipe]


def test_integers_at_the_ends_are_kept_in_mind(tmp_path):
    [_, recipe] = settle(tmp_path, io_dtype="int8").recipes
    assert recipe.quantize.io_dtype == "int8"


def test_a_pruned_model_may_have_a_budget_and_pruning_a_time_of_its_own(tmp_path):
    settled = settle(tmp_path, prune=Pruning(to_latency=0.7))
    assert settled.recipes[-1].label == "pruned.static_wi4_ai8"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_loss": 0.01}, ("--max-loss or --min-sqnr", "--to-bytes alone")),
        ({"min_sqnr_db": 20.0}, ("--max-loss or --min-sqnr",)),
        ({"recipes": ("float16",)}, ("float16", "leave --recipe out")),
        ({"recipes": ("float32",)}, ("float32",)),
        ({"recipes": ("static_wi8_ai16",)}, ("static_wi8_ai16",)),
        ({"recipes": ("dynamic_wi4b32_afp32",)}, ("dynamic_wi4b32_afp32",)),
        ({"recipes": ("float16", "static_wi8_ai8")}, ("makes one file", "float16, static_wi8_ai8")),
        ({"recipes": ("static_wi9",)}, ("A recipe must be one of",)),
        ({"training": Training(data="d.npz", quantization_aware=True)}, ("--qat",)),
        ({"to_bytes": None, "to_latency": 0.8, "device": "mcu"}, ("--to-latency", "--for mcu")),
        ({"to_latency": 0.8, "device": "npu"}, ("--for npu",)),
        ({"io_dtype": "int8", "recipes": ("dynamic_wi4_afp32",)}, ("--io int8",)),
        ({"to_bytes": 0}, ("to_bytes",)),
        ({"to_latency": 0.0}, ("to_latency", "between 0 and 1")),
        ({"to_latency": 1.0}, ("to_latency",)),
        ({"to_latency": float("nan")}, ("to_latency",)),
    ],
)
def test_what_contradicts_a_budget_is_refused_by_name(tmp_path, options, words):
    with pytest.raises(UsageError) as caught:
        settle(tmp_path, **options)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert caught.value.exit_code == 2


def test_without_samples_there_is_nothing_to_choose_by(tmp_path):
    with pytest.raises(UsageError, match="needs calibration samples") as caught:
        settle(tmp_path, calibration=None)
    assert "there is no edgekit.toml" in str(caught.value)


def test_the_projects_samples_serve(tmp_path):
    project = Project(data=Data(calibration="a.module:function"))
    settled = plan(
        Path("net.keras"),
        output=tmp_path,
        name=None,
        calibration=None,
        project=project,
        options=ConvertOptions(to_latency=0.8),
    )
    assert settled.calibration == "a.module:function"
