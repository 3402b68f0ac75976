"""How errors are measured, and what an error within a model does to its outputs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgekit import tflite
from edgekit.data.samples import Samples
from edgekit.measure import fidelity
from edgekit.quantize.diagnose import sensitivity
from tests.quantize import tiny_models as tiny

SAMPLES = Samples(inputs={"x": tiny.random(6, 4)})


def chain() -> tuple[bytes, np.ndarray]:
    """Two dense layers; what the second multiplies with."""
    net = tiny.Network(shape=(4,))
    second = tiny.random(3, 5, seed=1)
    y = net.dense(net.x, tiny.random(5, 4))
    return net.finish(y=net.dense(y, second)), second


def test_the_ratio_is_that_of_fidelity_and_leaves_masks_out() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(3, 4, 5)).astype("f4")
    b = a + rng.normal(size=a.shape).astype("f4") / 10
    assert sensitivity.worst([a], [b]) == fidelity.sqnr_db(a, b)
    masked, other = a.copy(), b.copy()
    masked[:, 0], other[:, 0] = -np.inf, -1e9
    assert sensitivity.worst([masked], [other]) == pytest.approx(
        sensitivity.worst([a[:, 1:]], [b[:, 1:]])
    )
    other[0, 1] = np.nan
    assert sensitivity.worst([masked], [other]) == -math.inf


def test_of_several_tensors_the_worst_counts() -> None:
    a = np.ones((2, 3), "f4")
    found = sensitivity.worst([a, a, a], [a, a * 1.1, a * 1.01])
    assert found == pytest.approx(20, abs=1e-4)


def test_an_error_within_is_told_by_what_it_does_to_the_outputs() -> None:
    content, second = chain()
    model = tflite.read(content)
    first, last = tflite.operators(model)
    inner = first.outputs[0]
    outputs_of = sensitivity.OutputSensitivity(
        tflite.read(content), [inner, *last.outputs], SAMPLES
    )
    weights = tflite.values(model, first.operands[1])
    activation = SAMPLES.inputs["x"] @ weights.T
    error = tiny.random(*activation.shape, seed=3, scale=0.1)
    found = outputs_of.sqnr_db([inner], [activation], [activation + error])
    outputs, given = activation @ second.T, (activation + error) @ second.T
    varied = np.square(outputs - outputs.mean(axis=0)).sum(axis=0)
    by_channel = 10 * np.log10(varied / np.square(outputs - given).sum(axis=0))
    assert found == pytest.approx(by_channel.min(), abs=0.01)
    # One error leaves nothing behind for the next.
    shifted = outputs + 0.1 * np.sqrt(varied / len(outputs))
    found = outputs_of.sqnr_db(last.outputs, [outputs], [shifted])
    assert found == pytest.approx(20, abs=0.01)


def test_no_error_an_endless_one_and_one_that_cannot_be_put_in() -> None:
    content, _ = chain()
    first, last = tflite.operators(tflite.read(content))
    outputs_of = sensitivity.OutputSensitivity(tflite.read(content), first.outputs, SAMPLES)
    activation = np.ones((6, 5), "f4")
    assert outputs_of.sqnr_db(first.outputs, [activation], [activation]) == math.inf
    assert outputs_of.sqnr_db(first.outputs, [activation], [activation * np.inf]) is None
    assert outputs_of.sqnr_db(last.outputs, [activation], [activation]) is None
