"""A file with the ranges found in it, each third of the samples judged by the others."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core.records import Contract
from edgekit.data.samples import Samples
from edgekit.quantize.calibration import variants
from edgekit.quantize.calibration.variants import Variant
from tests.quantize import tiny_models as tiny


def net() -> tuple[bytes, Contract]:
    network = tiny.Network(shape=(4,))
    content = network.finish(y=network.dense(network.x, np.eye(4, dtype=np.float32)))
    return content, tflite.contract(content)


def test_thirds_are_all_samples_once_and_the_same_each_time() -> None:
    samples = Samples(inputs={"x": np.arange(240, dtype=np.float32).reshape(60, 4)})
    parts = variants.thirds(samples, seed=3)
    assert len(parts) == 3
    rows = np.concatenate([part.inputs["x"][:, 0] for part in parts])
    assert sorted(rows) == sorted(samples.inputs["x"][:, 0])
    assert abs(len(parts[1]) - len(parts[2])) <= 1
    again = variants.thirds(samples, seed=3)
    assert [part.sha256 for part in again] == [part.sha256 for part in parts]
    other = variants.thirds(samples, seed=4)
    assert other[variants.HELD].sha256 != parts[variants.HELD].sha256


def test_few_samples_are_not_divided() -> None:
    few = Samples(inputs={"x": np.ones((2, 4), np.float32)})
    assert [len(part) for part in variants.thirds(few, seed=0)] == [2]


@pytest.fixture
def of_three() -> Variant:
    """Thirds whose values reach to 1, 2 and 3."""
    content, contract = net()
    parts = [Samples(inputs={"x": tiny.random(20, 4, seed=n).clip(-1, 1) * n}) for n in (1, 2, 3)]
    return Variant(tflite.read(content), parts, contract)


@pytest.mark.parametrize(("without", "largest"), [(0, 3.0), (1, 3.0), (2, 2.0), (None, 3.0)])
def test_ranges_come_from_all_thirds_but_one(
    of_three: Variant, without: int | None, largest: float
) -> None:
    ranges = of_three.ranges("extremes", without)
    name = of_three.model.subgraphs[0].tensors[of_three.model.subgraphs[0].inputs[0]].name
    text = name if isinstance(name, str) else name.decode()
    values = ranges[text]
    assert float(np.max(values["max"])) == pytest.approx(largest)
    assert float(np.min(values["min"])) == pytest.approx(-largest)


def test_a_single_third_is_not_judged_by_nothing() -> None:
    content, contract = net()
    one = Variant(
        tflite.read(content), [Samples(inputs={"x": np.ones((3, 4), np.float32)})], contract
    )
    assert one.ranges("extremes", variants.HELD) == one.ranges("extremes", None)


def test_a_narrower_method_lies_within_the_extremes(of_three: Variant) -> None:
    wide = of_three.ranges("extremes", None)
    narrow = of_three.ranges("mse", None)
    assert set(narrow) == set(wide)
    for name, values in narrow.items():
        assert np.max(values["max"]) <= np.max(wide[name]["max"]) + 1e-6
        assert np.min(values["min"]) >= np.min(wide[name]["min"]) - 1e-6
