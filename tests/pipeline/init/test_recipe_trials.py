"""Which recipe is advised, from what was measured of each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgekit import tflite
from edgekit.core.project import Project
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.pipeline.init import recipe_trials
from edgekit.pipeline.init.recipe_trials import Candidate, Tried
from edgekit.pipeline.init.rule_limits import Bound
from tests.pipeline.convert.steps import NET
from tests.pipeline.files import converted
from tests.pipeline.init.test_rule_limits import facts, metric

ORDER = ("static_wi8_ai8", "dynamic_wi8_afp32", "float16")


def candidate(recipe: str, *, close: bool = True, ratio: float = 0.5) -> Candidate:
    size = metric("size_bytes", [30])
    of = facts(size, metric("latency_ratio", [ratio] * 5), reference=(replace(size, value=100.0),))
    return Candidate(
        recipe=recipe,
        facts=of,
        closeness=(
            Bound(metric="agreement@a", limit=0.9, says="", brief="nearer"),
            Bound(metric="agreement@b", limit=0.9, says="", advised=close, brief="near"),
        ),
        latency=Bound(metric="latency_ratio", limit=1.0, says="", advised=ratio <= 1.05),
    )


def choose(*found: Candidate, float_problem: str = "") -> tuple[Tried, list[str]]:
    asked: list[str] = []
    by_name = {one.recipe: one for one in found}

    def measured(recipe: str) -> Candidate:
        asked.append(recipe)
        return by_name[recipe]

    names = [one.recipe for one in found]
    return recipe_trials.choose(names, measured, lambda: float_problem), asked


@pytest.mark.parametrize(
    ("static", "dynamic", "half", "taken"),
    [
        ({}, {}, {}, 0),
        ({"close": False}, {}, {}, 1),
        ({"ratio": 2.6}, {}, {}, 1),
        ({"ratio": 2.6}, {"close": False}, {"ratio": 1.0}, 2),
        ({"ratio": 2.6}, {"ratio": 1.2}, {"ratio": 1.3}, 1),  # all slow: the least slow
        ({"close": False}, {"close": False}, {"close": False}, None),
    ],
)
def test_the_first_that_is_near_and_no_slower_is_taken(static, dynamic, half, taken):
    every = [candidate(n, **how) for n, how in zip(ORDER, (static, dynamic, half), strict=True)]
    tried, asked = choose(*every)
    assert tried.chosen is (None if taken is None else every[taken])
    assert asked == list(ORDER[: len(tried.candidates)])  # no more than it takes
    for one in tried.candidates:
        assert any(line.startswith(f"{one.recipe}: 0.30x of float's bytes") for line in tried.lines)


def test_a_recipe_that_loses_an_output_is_passed_over_however_near_labels_say_it_is():
    loses = replace(candidate("static_wi8_ai8"), lost="det: scores (SQNR 1.2 dB)")
    tried, _ = choose(loses, candidate("float16"))
    assert tried.chosen is not None and tried.chosen.recipe == "float16"
    assert tried.lines[0].endswith("nearer, near, det: scores (SQNR 1.2 dB) is lost")


def test_a_recipe_that_cannot_be_made_is_passed_over_with_its_reason():
    tried, _ = choose(Candidate(recipe="static_wi8_ai8", problem="no kernel"), candidate("float16"))
    assert tried.chosen is not None and tried.chosen.recipe == "float16"
    assert tried.lines[0] == "static_wi8_ai8: no kernel"


def test_where_not_even_float_can_be_made_nothing_is_advised():
    tried, asked = choose(
        Candidate(recipe="static_wi8_ai8", problem="no kernel"),
        candidate("float16"),
        float_problem="a Flex operator",
    )
    assert (tried.problem, tried.chosen, tried.lines) == ("a Flex operator", None, ())
    assert asked == ["static_wi8_ai8"]


def test_samples_that_judge_nothing_are_said_to():
    of = replace(facts(), problem="all of class 3")
    tried, _ = choose(Candidate(recipe="float16", facts=of))
    assert tried.unfit == "all of class 3"


def test_a_recipe_whose_file_is_wrecked_is_passed_over(monkeypatch, tmp_path):
    lost = "static_wi8_ai8 has lost what the model computes: the SQNR of 'y' is 2.0 dB."

    def made(project, wanted, options):
        files = converted(tmp_path, "static_wi8_ai8")
        return {**files, "static_wi8_ai8": replace(files["static_wi8_ai8"], wrecked=lost)}

    monkeypatch.setattr(recipe_trials.variant_files, "made", made)
    monkeypatch.setattr(recipe_trials.Measuring, "measure", lambda self, wanted: {})
    monkeypatch.setattr(recipe_trials.gather_facts, "gather", lambda *_: [facts()])
    monkeypatch.setattr(recipe_trials.gather_facts, "timed", lambda found, *_: found)
    project = Project(file=tmp_path / "edgekit.toml")
    tried = recipe_trials.tried(
        project, ["static_wi8_ai8"], tflite.contract(NET), options=RunOptions()
    )
    assert tried.chosen is None
    assert tried.lines[0] == f"static_wi8_ai8: {lost}"
