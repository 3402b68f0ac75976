"""The gate sees the contract: what changed is named with both values, and fails unless accepted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import serde
from edgekit.core.errors import ProjectError, UsageError
from edgekit.core.gate_rules import GateOptions, GateResult
from edgekit.core.project import Project
from edgekit.core.records import Artifact, Contract
from edgekit.pipeline import runner
from edgekit.pipeline.gate import baseline as store
from edgekit.pipeline.gate import measure_variants, variant_files
from edgekit.pipeline.gate.gate import gate as pipeline
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.runtimes.fake import FakeModel, FakeRuntime
from tests.pipeline.files import FakeSessions, converted, dense

INT8 = "static_wi8_ai8"
FLOAT = dense()
HEAD = """
model = "net.tflite"
name = "net"
recipes = ["static_wi8_ai8"]
[data]
calibration = "calibration.npz"
evaluation = "data.npz"
[input.x]
kind = "tabular"
columns = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
std = 2.0
[output.y]
kind = "classes"
labels = ["0", "1", "2", "3", "4", "5", "6", "7"]
[[rule]]
metric = "top1_accuracy"
max_loss = 0.05
against = "baseline"
[[rule]]
metric = "size_bytes"
max_loss = 0.05
against = "baseline"
"""


class Team:
    """A project whose conversions are files that lie there, and whose runtimes are fakes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "net.tflite").write_bytes(b"a model")
        self.save("data.npz", 400, 0)
        self.save("calibration.npz", 60, 1)
        self.write(HEAD)

    def save(self, name: str, count: int, seed: int, array: str = "x", **more: np.ndarray) -> None:
        """Integers, which preprocessing has to turn into what the model takes."""
        x = np.random.default_rng(seed).integers(0, 100, (count, 12))
        np.savez(self.folder / name, **{array: x, "y": x[:, :8].argmax(axis=1), **more})

    def write(self, text: str) -> None:
        (self.folder / "edgekit.toml").write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        text = (self.folder / "edgekit.toml").read_text(encoding="utf-8")
        assert old in text
        self.write(text.replace(old, new))

    def gate(self, *accept: str, update: bool = False, **options: object) -> GateResult:
        return pipeline(
            self.folder,
            update_baseline=update,
            options=GateOptions(accept=accept, fresh=True),
            **options,
        )

    def update(self, *accept: str) -> GateResult:
        return self.gate(*accept, update=True)

    def files(self) -> dict[str, bytes]:
        return {
            name: (self.folder / name).read_bytes() for name in ("baseline.json", "baseline.npz")
        }


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`use(INT8, FLOAT)`: what the two files do."""

    def models(int8: FakeModel, floating: FakeModel = FLOAT) -> None:
        fakes = {"net.float32.tflite": floating, f"net.{INT8}.tflite": int8}
        monkeypatch.setattr(runner, "ParallelSession", FakeSessions(fakes))
        monkeypatch.setattr(measure_variants, "local", FakeRuntime(fakes))

    models(dense())
    return models


@pytest.fixture
def renamed() -> dict[str, str]:
    """Names of tensors that the model has now, in place of those that the file has."""
    return {}


@pytest.fixture
def team(tmp_path, monkeypatch, use, renamed) -> Team:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    made = 0

    def fake(project: Project, wanted: list[str], run: RunOptions) -> dict[str, Artifact]:
        nonlocal made
        made += 1
        folder = tmp_path / f"made{made}"
        folder.mkdir()
        found = converted(folder, INT8, calibration_sha256="c")
        for one in found.values():
            contract = project.describe(_with_names(one.contract, renamed))
            path = Path(one.path).with_suffix(".json")
            text = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps({**text, "contract": serde.to_dict(contract)}), "utf-8")
            found[one.recipe.name] = replace(one, contract=contract)
        return {name: found[name] for name in wanted}

    monkeypatch.setattr(variant_files, "made", fake)
    return Team(tmp_path)


def _with_names(contract: Contract, names: dict[str, str]) -> Contract:
    return Contract(
        inputs=tuple(replace(s, name=names.get(s.name, s.name)) for s in contract.inputs),
        outputs=tuple(replace(s, name=names.get(s.name, s.name)) for s in contract.outputs),
    )


def contract_changes(result: GateResult) -> list[str]:
    return [change.text for change in result.verdict("contract").changes]


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
    assert accuracy.old is not None and accuracy.new is not None
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


def test_a_variant_that_is_new_has_no_old_contract(team):
    team.edit('["static_wi8_ai8"]', '["float32"]')
    team.update()
    team.edit('["float32"]', '["float32", "static_wi8_ai8"]')
    result = team.gate()
    assert result.verdict("contract").status == "pass"
    assert {v.status for v in result.verdicts if v.variant == INT8} == {"incomparable"}


def test_a_worse_baseline_is_not_written_and_says_what_would_be_new(team, use):
    team.update()
    before = team.files()
    use(dense(-1.0))
    refused = team.gate(update=True)
    assert (refused.updated, refused.refused, refused.exit_code) == (False, ("worse",), 1)
    assert team.files() == before
    [contract, loss] = refused.verdicts
    assert (contract.status, loss.status) == ("pass", "fail")
    assert (loss.old, loss.new, loss.old_of) == (1.0, 0.0, "baseline")
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
