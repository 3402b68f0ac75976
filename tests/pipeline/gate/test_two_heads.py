"""A model with two outputs, each with labels and rules of its own, in one gate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.core.records import TensorSpec
from edgekit.runtimes.fake import FakeModel
from tests.pipeline.files import dense
from tests.pipeline.gate.team import HEAD, INT8, Team, contract_changes

AGE = TensorSpec(name="age", shape=(1, 1), dtype="float32")
RULES = "".join(
    f'[[rule]]\nmetric = "{metric}"\nmax_loss = 0.05\nagainst = "{against}"\n'
    for metric in ("top1_accuracy@y", "mae@age")
    for against in ("float", "baseline")
)


def net(wrong: float = 0.0, older: float = 0.0) -> FakeModel:
    """`y` is the first 8 values, `age` their sum and a little, told `older` too much."""

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        y = inputs["x"][:8]
        return {
            "y": np.roll(y, 1) if inputs["x"][8] < wrong else y,
            "age": np.array([y.sum() + 1 + older], np.float32),
        }

    return FakeModel(dense().inputs, (*dense().outputs, AGE), run)


@pytest.fixture
def extra() -> list[TensorSpec]:
    return [AGE]


@pytest.fixture
def heads(team: Team, use) -> Team:
    """Labels by output: `evaluation_y` and `evaluation_age` beside the samples."""
    team.write(HEAD.partition("[[rule]]")[0] + RULES)
    x = np.random.default_rng(0).integers(0, 100, (400, 12))
    y = x[:, :8].argmax(axis=1)
    np.savez(team.folder / "data.npz", x=x, y=y, age=x[:, :8].sum(axis=1, keepdims=True) / 2.0)
    use(net(), net())
    return team


def statuses(result) -> dict[tuple[str, str], str]:
    return {(v.metric, v.rule.against): v.status for v in result.verdicts if v.variant}


def test_both_heads_are_judged_at_once_and_each_by_itself(heads, use):
    heads.update()
    every = [("top1_accuracy@y", "float"), ("top1_accuracy@y", "baseline")]
    every += [("mae@age", "float"), ("mae@age", "baseline")]
    result = heads.gate()
    assert statuses(result) == dict.fromkeys(every, "pass")
    assert result.verdict("mae@age", against="float").values.new == pytest.approx(1.0)

    use(net(older=1.0), net())
    found = statuses(heads.gate())
    assert [found[one] for one in every] == ["pass", "pass", "fail", "fail"]

    use(net(wrong=20.0), net())
    result = heads.gate()
    assert [statuses(result)[one] for one in every] == ["fail", "fail", "pass", "pass"]
    sentence = result.verdict("top1_accuracy@y", against="baseline").sentence
    assert f"{INT8} on litert: top1_accuracy@y 1.0000 -> 0." in sentence


def test_a_head_without_labels_is_judged_by_agreement_and_the_other_by_its_own(heads, use):
    with np.load(heads.folder / "data.npz") as arrays:
        np.savez(heads.folder / "data.npz", x=arrays["x"], age=arrays["age"])
    heads.update()
    use(net(wrong=20.0), net())
    rules = [v for v in heads.gate().verdicts if v.variant and v.rule.against == "float"]
    accuracy, mae = rules
    assert (accuracy.status, mae.status) == ("fail", "pass")
    assert "no labels: the loss is 1 - agreement" in accuracy.sentence
    assert mae.values.unit == "" and mae.values.old == pytest.approx(1.0)


def test_heads_that_change_places_are_a_changed_contract(heads, extra):
    heads.update()
    extra.append(replace(AGE, name="late", shape=(1, 3)))
    assert contract_changes(heads.gate()) == ["output late: tensor none -> float32 [1, 3]"]
