"""The gate sees the contract: what changed is named with both values, and fails unless accepted."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core.errors import ProjectError, UsageError
from edgekit.core.gate_rules import GateOptions
from edgekit.pipeline.gate import baseline as store
from tests.pipeline.gate.team import INT8, contract_changes

SWAP = ('"2", "3", "4"', '"4", "3", "2"')


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("std = 2.0", "std = 4.0", "input x: std 2 -> 4"),
        ("std = 2.0", "std = 2.0\nmean = 1.0", "input x: mean 0 -> 1"),
        ('"a", "b"', '"b", "a"', "input x: order of columns 0 a, 1 b -> 0 b, 1 a"),
        (*SWAP, "output y: order of labels 2 2, 4 4 -> 2 4, 4 2"),
        ('"7"]', '"seven"]', "output y: labels 7 7 -> 7 seven"),
        ('"classes"', '"tags"', "output y: kind classes -> tags"),
        ('kind = "classes"', "columns = {boxes = [0, 4], scores = [4, 8]}",
         "output y: columns none -> [boxes [0, 4], scores [4, 8]]"),
    ],
)  # fmt: skip
def test_a_changed_contract_fails_by_its_own_name_and_never_as_other_samples(
    team, old, new, wanted
):
    team.update()
    team.edit(old, new)
    result = team.gate()
    assert (result.outcome, result.exit_code) == ("failed", 1)
    contract, accuracy, size = result.verdicts
    assert (contract.metric, contract.status, contract.variant) == ("contract", "fail", "")
    assert wanted in contract_changes(result)
    assert wanted in contract.sentence
    assert "edgekit gate --update-baseline --accept contract" in contract.sentence
    # The data is what it was: what the change does to the accuracy is judged.
    assert accuracy.status in ("pass", "fail"), accuracy.sentence
    assert accuracy.values.old is not None and accuracy.values.new is not None
    assert size.status == "pass"


def test_a_changed_contract_can_be_accepted_once_or_for_good(team):
    team.update()
    team.edit("std = 2.0", "std = 4.0")
    once = team.gate("contract")
    assert (once.outcome, once.exit_code, once.accepted) == ("passed", 0, ("contract",))
    assert once.verdict("contract").status == "accepted"
    assert once.verdict("contract").sentence == (
        "contract: input x: std 2 -> 4; accepted by --accept contract."
    )
    assert team.gate().exit_code == 1
    before = team.files()
    refused = team.update()
    assert (refused.updated, refused.refused, refused.exit_code) == (False, ("contract",), 1)
    assert team.files() == before
    assert team.update("worse").refused == ("contract",)
    written = team.update("contract")
    assert (written.updated, written.refused, written.exit_code) == (True, (), 0)
    assert "input x: std 2 -> 4" in [change.text for change in written.changes]
    assert team.gate().exit_code == 0


def test_a_variant_that_is_new_has_no_old_contract(team):
    team.edit('["static_wi8_ai8"]', '["float32"]')
    team.update()
    team.edit('["float32"]', '["float32", "static_wi8_ai8"]')
    result = team.gate()
    assert result.verdict("contract").status == "pass"
    assert {v.status for v in result.verdicts if v.variant == INT8} == {"incomparable"}


def older(folder: Path) -> None:
    """The baseline as an edgekit wrote it that knew schema 1."""
    before, outputs = store.load(folder / "baseline.json")
    old = replace(before, schema_version=1, contracts=(), calibration=None, files={})
    store.save(folder / "baseline.json", old, outputs=outputs)


def test_an_older_baseline_is_read_but_for_what_it_does_not_hold(team):
    team.edit('against = "baseline"\n[[rule]]\nmetric = "size_bytes"',
              'against = "baseline"\n[[rule]]\nmetric = "sqnr_db"')  # fmt: skip
    team.update()
    older(team.folder)
    result = team.gate()
    assert [v.metric for v in result.verdicts] == ["top1_accuracy", "sqnr_db"]
    accuracy, sqnr = result.verdicts
    assert (accuracy.status, sqnr.status) == ("pass", "incomparable")
    assert "as it is measured now, by channel" in sqnr.sentence
    assert any("holds no contract" in note and "--update-baseline" in note for note in result.notes)
    team.edit("std = 2.0", "std = 4.0")
    said = team.gate().verdicts[0].sentence
    assert "other samples, or on these under another contract" in said
    assert team.update().updated  # nothing to compare the contract with
    assert team.gate().exit_code == 0


def test_an_unknown_word_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="contract, worse") as caught:
        GateOptions(accept=("contracts",))
    assert "did you mean 'contract'?" in str(caught.value)


def test_another_model_is_refused_until_it_is_accepted(team):
    team.update()
    team.edit('name = "net"', 'name = "other"')
    with pytest.raises(ProjectError, match="--update-baseline --accept contract"):
        team.gate()
    refused = team.update()
    assert refused.refused == ("contract",)
    assert contract_changes(refused) == ["model: name net -> other"]
    assert team.update("contract").updated
    shutil.rmtree(team.folder / "home")
    assert team.gate().exit_code == 0
