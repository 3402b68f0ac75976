"""A new baseline: shown beside the old one, and not written where it is worse."""

from __future__ import annotations

import pytest

from edgekit.core.baseline_record import Values
from edgekit.core.errors import ProjectError
from tests.pipeline.files import dense
from tests.pipeline.gate.team import INT8


def test_a_first_baseline_is_named_and_compared_with_nothing(team):
    result = team.update()
    assert (result.updated, result.baseline, result.changes) == (True, "baseline.json", ())
    assert result.baseline_created_at == result.measurements[0].created_at
    again = team.gate()
    assert again.baseline_created_at == result.baseline_created_at and not again.updated


def test_a_worse_baseline_is_not_written_and_says_what_would_be_new(team, use):
    team.update()
    before = team.files()
    use(dense(-1.0))
    refused = team.gate(update=True)
    assert (refused.updated, refused.refused, refused.exit_code) == (False, ("worse",), 1)
    assert team.files() == before
    [contract, loss] = refused.verdicts
    assert (contract.status, loss.status) == ("pass", "fail")
    assert loss.values == Values(old=1.0, new=0.0, of="baseline")
    assert f"{INT8} on litert: top1_accuracy 1.0000 -> 0.0000: lost 1.0000" in loss.sentence
    assert f"{INT8} on litert: top1_accuracy 1.0000 -> 0.0000" in [
        change.text for change in refused.changes
    ]
    written = team.update("worse")
    assert (written.updated, written.exit_code) == (True, 0)
    assert [v.status for v in written.verdicts] == ["pass", "accepted"]
    assert team.gate().exit_code == 0
    use(dense())
    better = team.update()
    assert better.updated and [v.metric for v in better.verdicts] == ["contract"]


def test_a_baseline_of_other_samples_is_replaced_and_says_so(team):
    team.update()
    team.save("data.npz", 300, 5)
    written = team.update()
    assert (written.updated, written.exit_code) == (True, 0)
    assert written.changes[0].text.startswith(f"{INT8} on litert: samples 400 of ")


def test_a_baseline_that_cannot_be_read_is_replaced_and_says_so(team):
    team.update()
    (team.folder / "baseline.npz").unlink()
    with pytest.raises(ProjectError):
        team.gate()
    written = team.update()
    assert written.updated and written.changes == ()
    assert any("nothing is compared with the baseline" in note for note in written.notes)
