"""What scales alone show to be lost is named, and nothing that is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract
from edgekit.quantize.diagnose.lost_channels import lost_channels
from edgekit.tflite.interpreter import run
from tests.quantize.tiny_models import Network, extremes, plain, random

INPUTS = {"x": random(40, 6)}


def heads(factors: list[float], offsets: list[float]) -> bytes:
    """A dense layer whose columns have these sizes, about these offsets."""
    net = Network(shape=(6,))
    weights = random(len(factors), 6) * np.array(factors, np.float32)[:, None]
    return net.finish(y=net.dense(net.x, weights, np.array(offsets, np.float32)))


def lost(content: bytes, recipe: str = "static_wi8_ai8", io: str = "float32", **spec) -> list:
    quantized = tflite.read(plain(content, recipes.get(recipe, io), INPUTS))
    contract = tflite.contract(content)
    [output] = contract.outputs
    contract = Contract(inputs=contract.inputs, outputs=(replace(output, **spec),))
    return lost_channels(quantized, run(tflite.read(content), INPUTS), contract)


@pytest.mark.parametrize("io", ["float32", "int8"])
def test_a_column_below_a_step_of_its_neighbour_is_named(io: str) -> None:
    content = heads([1000, 1, 900], [0, 0, 0])
    [one] = lost(content, io=io)
    assert (one.output, one.channel) == ("y", "y[1]")
    low, high = (extremes(content, INPUTS)["fully_connected_0"][side] for side in ("min", "max"))
    assert one.step == pytest.approx(float((high - low).item()) / 255, rel=0.01)
    y = run(tflite.read(content), INPUTS)["y"].reshape(40, 3)
    assert one.spread == pytest.approx(float(y[:, 1].std()), rel=1e-4)


def test_all_that_lies_far_from_zero_is_named() -> None:
    assert [one.channel for one in lost(heads([1, 1], [3000, 3000]))] == ["y[0]", "y[1]"]


@pytest.mark.parametrize(
    ("factors", "offsets"), [([1, 1], [0, 0]), ([20, 1], [0, 0]), ([1, 1], [50, 50])]
)
def test_what_varies_by_some_steps_is_not_lost(factors: list[float], offsets: list[float]) -> None:
    assert not lost(heads(factors, offsets))


def test_a_constant_column_has_nothing_to_lose() -> None:
    assert [one.channel for one in lost(heads([1, 0], [0, 5000]))] == ["y[0]"]


def test_int16_and_float_files_lose_nothing_here() -> None:
    assert not lost(heads([1000, 1], [0, 0]), "static_wi8_ai16")
    assert not lost(heads([1000, 1], [0, 0]), "dynamic_wi8_afp32")


def test_columns_of_a_kind_count_by_their_names() -> None:
    columns = (Columns(kind="boxes", start=0, stop=2), Columns(kind="scores", start=2, stop=4))
    found = lost(heads([1000, 900, 0.1, 0.1], [0, 0, 0, 0]), columns=columns)
    assert [one.channel for one in found] == ["y: scores", "y[2]", "y[3]"]
