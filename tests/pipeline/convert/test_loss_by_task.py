"""A bound on the loss holds for every task, through whole conversions of small `.tflite` files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import project as projects
from edgekit.core.records import Artifact, ConvertOptions
from edgekit.data.export_messages import IMPORT
from edgekit.pipeline.convert.conversion import convert
from edgekit.quantize.quantize_messages import QUANTIZE
from edgekit.search.search_messages import KEEP
from edgekit.tflite.interpreter import run
from tests.fake_children import FakeChildren
from tests.quantize.tiny_models import RELU, Network, random

OPTIONS = ConvertOptions(recipes=("static_wi8_ai8",), max_loss=0.05)
X = random(150, 10)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def static(tmp_path: Path, children: FakeChildren):
    """`static(FILE, toml, y=LABELS)`: its static int8 file, which holds a bound."""
    children.run_here(IMPORT, QUANTIZE, KEEP)

    def made(content: bytes, toml: str = "", **arrays: np.ndarray) -> Artifact:
        (tmp_path / "net.tflite").write_bytes(content)
        (tmp_path / "edgekit.toml").write_text(toml, encoding="utf-8")
        np.savez(tmp_path / "data.npz", x=X, **arrays)
        return convert(
            tmp_path / "net.tflite",
            output=tmp_path / "out",
            calibration=str(tmp_path / "data.npz"),
            project=projects.load(tmp_path / "edgekit.toml"),
            options=OPTIONS,
        )[-1]

    return made


def hidden(net: Network) -> int:
    return net.dense(net.x, random(16, 10), np.zeros(16, np.float32), activation=RELU)


def head(net: Network, of: int, units: int, *, size: float = 1.0, offset: float = 0.0) -> int:
    weights = random(units, 16, seed=3) * np.float32(size)
    return net.dense(of, weights, np.full(units, offset, np.float32))


def test_a_tagger_is_bounded_by_its_decisions_not_by_the_largest_tag(static):
    net = Network(shape=(10,))
    content = net.finish(tags=net.unary("LOGISTIC", head(net, hidden(net), 4)))
    made = static(content)
    assert made.contract.outputs[0].kind == "tags"
    assert made.repair.quantity == "agreement"
    assert made.repair.value < 0.05
    assert 0.95 < made.verified.agreement < 1.0001
    assert made.wrecked == ""


def test_one_sigmoid_without_labels_is_bounded_by_agreement(static):
    net = Network(shape=(10,))
    content = net.finish(p=net.unary("LOGISTIC", head(net, hidden(net), 1)))
    made = static(content)
    assert made.contract.outputs[0].kind == "binary"
    assert (made.repair.quantity, made.repair.num_samples) == ("agreement", 47)
    assert made.verified.agreement > 0.9


def test_two_heads_are_judged_at_once_each_by_its_labels(static):
    net = Network(shape=(10,))
    shared = hidden(net)
    logits = head(net, shared, 3)
    age = head(net, shared, 1, size=10, offset=40)
    content = net.finish(cat=net.unary("SOFTMAX", logits), age=age)
    truth = _outputs(content)
    ids = truth["cat"].reshape(150, 3).argmax(axis=1)
    noisy = truth["age"].reshape(150, 1) + random(150, 1, seed=5) * 30
    made = static(content, cat=ids, age=noisy)
    assert made.repair.quantity in ("top1_accuracy@cat", "mae@age")
    assert made.repair.value <= 0.05


def test_values_without_labels_are_bounded_column_by_column(static):
    net = Network(shape=(10,))
    made = static(net.finish(y=head(net, hidden(net), 3, size=5)), '[output.y]\nkind = "values"\n')
    assert made.repair.quantity == "fidelity"
    assert made.repair.value <= 0.05
    assert made.verified.agreement is None
    assert made.verified.sqnr_db > 20


def _outputs(content: bytes) -> dict[str, np.ndarray]:
    return run(tflite.read(content), {"x": X})
