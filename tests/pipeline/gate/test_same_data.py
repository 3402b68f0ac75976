"""Whether data is the baseline's: by what it holds, whatever the contract makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.pipeline.gate.same_data import SameData
from edgekit.runtimes.fake import FakeModel
from tests.pipeline.files import dense
from tests.pipeline.gate.team import contract_changes


def test_data_and_contract_that_change_at_once_are_both_named(team):
    team.update()
    team.edit("std = 2.0", "std = 4.0")
    team.save("data.npz", 300, 5)
    contract, accuracy, _ = team.gate().verdicts
    assert contract.status == "fail" and accuracy.status == "incomparable"
    assert "measured on 400 other samples" in accuracy.sentence


def test_another_name_of_an_input_is_no_other_data(team, renamed, use):
    team.update()
    renamed["x"] = "features"
    team.edit("[input.x]", "[input.features]")
    team.save("data.npz", 400, 0, "features")
    team.save("calibration.npz", 60, 1, "features")
    x = replace(dense().inputs[0], name="features")
    fake = FakeModel((x,), dense().outputs, lambda inputs: {"y": inputs["features"][:8]})
    use(fake, fake)
    result = team.gate()
    assert contract_changes(result) == ["input x: name x -> features"]
    assert result.verdicts[1].status == "pass"


def test_where_nothing_changed_no_data_is_read_again(team, monkeypatch):
    team.update()

    def read(*arguments: object) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr(SameData, "_draw", read)
    assert team.gate().exit_code == 0


def test_calibration_data_is_part_of_it_and_judged_by_what_it_holds(team):
    team.update()
    team.save("calibration.npz", 60, 1, extra=np.zeros(3))  # another file of the same samples
    assert team.gate().exit_code == 0
    team.edit("std = 2.0", "std = 4.0")
    assert contract_changes(team.gate()) == ["input x: std 2 -> 4"]
    team.save("calibration.npz", 50, 2)
    std, calibration = contract_changes(team.gate())
    assert std == "input x: std 2 -> 4"
    assert calibration.startswith("calibration data: samples 60 of ")
    assert " -> 50 of " in calibration
    team.edit("std = 4.0", "std = 2.0")
    assert team.gate().verdict("contract").status == "fail"
    assert team.update("contract").updated and team.gate().exit_code == 0
