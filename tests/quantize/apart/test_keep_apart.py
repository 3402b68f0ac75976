"""Channels that a static file would lose are kept apart; a file that loses none stays as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import Device, Override, Recipe
from edgekit.data.samples import Samples
from edgekit.quantize import candidates
from edgekit.quantize.apart import keep_apart
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.diagnose import scores
from edgekit.tflite import recognise_outputs
from edgekit.tflite.channels import Channel
from tests.quantize.tiny_models import RELU, Network, picture_net, random

pytestmark = pytest.mark.slow

INT8 = recipes.get("static_wi8_ai8")
SAMPLES = Samples(inputs={"x": random(60, 12)})


def heads(factors: list[float], offset: float = 0.0) -> bytes:
    """Two dense layers; the columns of the last have these sizes, about an offset."""
    net = Network(shape=(12,))
    hidden = net.dense(net.x, random(24, 12, scale=0.4), random(24), activation=RELU)
    weights = random(len(factors), 24, scale=0.3) * np.array(factors, np.float32)[:, None]
    return net.finish(y=net.dense(hidden, weights, np.full(len(factors), offset, np.float32)))


def prepared(content: bytes, recipe: Recipe = INT8, device: Device = "cpu", samples=SAMPLES):
    lines: list[str] = []
    model = tflite.read(content)
    contract = recognise_outputs.with_kinds(tflite.contract(model), model)
    search = candidates.Search(
        content, samples, contract, seed=0, device=device, report=lines.append
    )
    return search.prepare(recipe), lines


def worst_db(content: bytes, found: Prepared, samples: Samples = SAMPLES) -> float:
    expected = scores.outputs(tflite.read(content), samples.inputs)
    got = scores.outputs(found.apply(INT8), samples.inputs)
    return scores.worst_channel_db(expected, got, tflite.contract(content))


@pytest.mark.parametrize(
    ("factors", "offset"), [([1, 1000], 0.0), ([0.001, 1, 300], 0.0), ([1, 1], 2000.0)]
)
def test_a_lost_channel_comes_back(factors: list[float], offset: float) -> None:
    content = heads(factors, offset)
    found, lines = prepared(content)
    without = replace(found, instead={})
    assert worst_db(content, without) < 10
    assert worst_db(content, found) > 30
    assert all("y" in one.reason and "dB" in one.reason for one in found.instead.values())
    assert found.candidates[-1].chosen and found.candidates[-1].name.endswith("channels apart")
    assert any("computed in floats" in line for line in lines)


def test_it_costs_no_bytes() -> None:
    content = heads([1, 1000])
    found, _ = prepared(content)
    sizes = [len(tflite.to_bytes(one.apply(INT8))) for one in (found, replace(found, instead={}))]
    assert sizes[0] <= keep_apart.MOST * sizes[1]


@pytest.mark.parametrize("content", [heads([1, 2]), heads([1, 1.5, 0.7], 0.5)])
def test_where_nothing_is_lost_nothing_is_kept(content: bytes) -> None:
    found, lines = prepared(content)
    assert worst_db(content, found) > 30
    assert not found.instead
    assert not any("looking for operators" in line for line in lines)


def test_a_network_of_pictures_stays_all_integers() -> None:
    samples = Samples(inputs={"x": random(60, 7, 7, 3)})
    found, _ = prepared(picture_net(final=1), samples=samples)
    assert not found.instead


def test_what_is_kept_by_hand_stays_so() -> None:
    content = heads([1, 1000])
    layer = tflite.main_operators(tflite.read(content))[1].layer
    assert INT8.quantize is not None
    overrides = (Override(layers=layer, recipe="static_wi8_ai8"),)
    recipe = replace(INT8, quantize=replace(INT8.quantize, overrides=overrides))
    found, _ = prepared(content, recipe)
    assert 1 not in found.instead


def test_an_accelerator_gets_no_weights_in_floats() -> None:
    found, _ = prepared(heads([1, 1000]), device="npu")
    assert not found.instead


@pytest.mark.parametrize(
    ("sqnr_db", "on_cpu", "on_npu"), [(35.0, False, False), (20.0, True, False), (5.0, True, True)]
)
def test_an_accelerator_gets_floats_only_where_the_file_is_lost_without(
    sqnr_db: float, on_cpu: bool, on_npu: bool
) -> None:
    noise = np.array([10 ** (-sqnr_db / 10)])
    channel = Channel(
        name="y", kind="values", columns=(0, 1), signal=np.ones(1), noise=noise, count=1
    )
    assert keep_apart.is_lost(channel, "cpu") is on_cpu
    assert keep_apart.is_lost(channel, "npu") is on_npu
    assert keep_apart.is_lost(channel, "mcu") is on_npu


def test_what_is_kept_is_read_back(tmp_path) -> None:
    found, _ = prepared(heads([1, 1000]))
    found.save(tmp_path / "p.npz")
    again = Prepared.load(tmp_path / "p.npz")
    assert again.instead == found.instead and again.reasons == found.reasons
