"""Files with precisions that somebody chose: they have them, and say why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit import tflite
from edgekit.core.records import Override
from edgekit.data.samples import Samples
from edgekit.search.budgets import isolated_noise
from edgekit.search.budgets.budget_files import BudgetFiles
from edgekit.search.budgets.budget_messages import BudgetRequest
from edgekit.search.budgets.isolated_noise import Noise
from edgekit.search.budgets.knapsack import Assignment
from tests.search.budgets.budget_models import FLOAT, INPUTS, STATIC4

NOISE = Noise(weights={2: {4: 0.01, 8: 0.0001}, 3: {4: 0.0, 8: 0.0}}, activations={})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> BudgetFiles:
    """The network for a microcontroller, whose dense layer was asked for in floats."""
    folder: Path = tmp_path_factory.mktemp("files")
    path = folder / "float.tflite"
    path.write_bytes(FLOAT)
    Samples(inputs=INPUTS).save(folder / "calibration.npz")
    by_hand = (Override(layers="fully_connected_0", recipe="float32"),)
    request = BudgetRequest(
        float_file=path,
        original=path,
        file=folder / "net.tflite",
        name="net",
        contract=tflite.contract(path),
        recipe=replace(STATIC4, quantize=replace(STATIC4.quantize, overrides=by_hand)),
        calibration=folder / "calibration.npz",
        device="mcu",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(isolated_noise, "measure", lambda *_, **__: NOISE)
        return BudgetFiles(request, folder, lambda line: None)


def chosen(files: BudgetFiles, **bits: int) -> Assignment:
    """The narrowest forms, but `op2=8` and the like."""
    forms = {}
    for one in files.options:
        wanted = bits.get(f"op{one.op.index}", one.forms[0].weight_bits)
        [forms[one.op.index]] = [form for form in one.forms if form.weight_bits == wanted]
    return Assignment(forms=forms, noise=0.0, size_bytes=0.0, seconds=0.0)


def stored(content: bytes) -> list[str]:
    """The types of the weights, in order of execution."""
    operators = tflite.main_operators(tflite.read(content))
    return [op.weight.dtype for op in operators if op.weight is not None]


def test_a_file_has_the_precisions_that_were_chosen(files):
    narrow = stored(files.plain(chosen(files)))
    assert narrow[-1] == "float32"  # by hand
    assert narrow[2:4] == ["int4", "int4"]
    mixed = stored(files.plain(chosen(files, op2=8, op3=32)))
    assert [*mixed[:2], *mixed[4:]] == [*narrow[:2], *narrow[4:]]
    assert mixed[2:4] == ["int8", "float32"]
    refined = files.content(files.refined(chosen(files, op2=8, op3=32)))
    assert stored(refined) == mixed
    assert files.held_sqnr_db(refined) > files.held_sqnr_db(files.plain(chosen(files)))


def test_each_precision_has_a_reason(files):
    reasons = files.refined(chosen(files, op2=8, op3=32)).reasons
    assert reasons[2] == "int4 weights lose more here for what they save (20.0 dB alone)"
    assert reasons[3] == "the budget has room for it"
    narrow = files.refined(chosen(files)).reasons
    assert 2 not in narrow


def test_without_this_machines_clock_nothing_takes_time(files):
    assert files.knapsack.smallest().seconds == 0.0
    assert (files.num_fitted, files.num_held) == (40, 20)
