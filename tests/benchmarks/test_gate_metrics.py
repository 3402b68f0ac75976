"""Populations of the benchmark of the gate are what they say, and of the loss that is asked."""

import numpy as np
import pytest

from benchmarks import gate_metrics, gate_populations
from edgekit.verdicts import recompute


@pytest.mark.parametrize("name", gate_populations.known())
def test_a_candidate_loses_more_the_more_harm_is_done_and_nothing_without(name):
    none, less, more = (
        gate_populations.population(name, harm).loss
        for harm in (0.0, *gate_populations.HARMS[name])
    )
    assert abs(none) < 0.0015
    assert 0.003 < less < more < 0.05


def test_pixels_of_masks_add_up():
    found = gate_populations.population("mean IoU", 0.03)
    for parts in (found.reference, found.candidate):
        overlap, predicted, labelled = np.split(parts, 3)
        assert (overlap <= np.minimum(predicted, labelled) + 1e-9).all() and (overlap >= 0).all()
        assert (predicted.sum(axis=0) == 4096).all()
        assert (labelled.sum(axis=0) == 4096).all()


def test_what_no_samples_could_show_does_not_pass_and_what_is_plain_does():
    name = "F1, macro"
    cell = gate_metrics.Cell(((name, 0.0), (name, 0.0)), (0.5, 1e-9), 60)
    assert gate_metrics.passes(cell, range(5))[0] == 0
    wide = gate_metrics.Cell(((name, 0.0), (name, 0.0)), (0.5, 0.5), 60)
    assert gate_metrics.passes(wide, range(5)) == (5, 0)


def test_a_metric_that_nothing_computes_is_left_out_and_said():
    assert ("mAP at 0.5" in gate_populations.known()) == ("map_50" in recompute.STATISTICS)
