"""Where the parts of a conversion lie."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgekit.core.records import ConvertOptions
from tests.pipeline.convert.steps import PRUNING, job


def test_of_a_pruned_model_the_pruned_file_is_quantized(tmp_path):
    made = job(tmp_path)
    assert made.float_file == made.original
    pruning = replace(made, plan=replace(made.plan, prune=PRUNING))
    assert pruning.float_file != pruning.original == made.original
    assert pruning.keras_file.suffix == ".keras"


def test_without_a_source_there_are_no_calibration_samples(tmp_path):
    made = job(tmp_path)
    assert made.calibration == made.calibration_out
    assert replace(made, plan=replace(made.plan, calibration=None)).calibration is None


def test_everything_lies_in_the_scratch_folder(tmp_path):
    made = job(tmp_path)
    places = {
        *(made.original, made.golden, made.proof, made.calibration_out, made.training_samples),
        made.keras_file,
    }
    assert len(places) == 6
    assert {place.parent for place in places} == {made.work}


@pytest.mark.parametrize(
    ("unsafe", "given", "own"),
    [
        (False, {}, False),
        (True, {}, True),
        (False, {"custom_objects": "a:B"}, True),
        (False, {"builder": "a:b"}, True),
    ],
)
def test_a_model_may_bring_code_of_its_own(tmp_path, unsafe, given, own):
    made = job(tmp_path)
    source = replace(made.source, **given)
    made = replace(made, source=source, options=ConvertOptions(unsafe=unsafe))
    assert made.own_code is own
