"""A float file as a Keras model, and whether it computes the same."""

from __future__ import annotations

import re

import numpy as np
import pytest

from edgekit import tflite
from edgekit.compress.qat import float_network
from edgekit.core.errors import ModelError
from tests.compress.qat import op_models
from tests.quantize.tiny_models import Network, branching_net, picture_net, random

pytestmark = pytest.mark.convert


@pytest.mark.parametrize("content", [picture_net(), branching_net()], ids=["picture", "branching"])
def test_a_rebuilt_network_agrees_with_the_interpreter(ask, stored, tmp_path, content):
    inputs = {"x": random(5, 7, 7, 3)}
    if content == branching_net():
        inputs = {"x": random(5, 6, 6, 4), "side": random(5, 6)}
    (tmp_path / "m.tflite").write_bytes(content)
    wanted = {f"out:{name}": value for name, value in stored(content, inputs).items()}
    np.savez(tmp_path / "in.npz", **inputs, **wanted)
    assert ask("check", float=tmp_path / "m.tflite", inputs=tmp_path / "in.npz") > 100


def test_another_model_than_the_file_is_refused(ask, tmp_path):
    net = Network(shape=(4,))
    (tmp_path / "m.tflite").write_bytes(net.finish(y=net.dense(net.x, random(3, 4), random(3))))
    np.savez(tmp_path / "in.npz", **{"x": random(5, 4), "out:y": random(5, 3, seed=8)})
    with pytest.raises(ModelError, match="must compute the same outputs"):
        ask("check", float=tmp_path / "m.tflite", inputs=tmp_path / "in.npz")


def test_a_file_that_takes_one_sample_only_is_refused(ask, stored, tmp_path):
    content, x = op_models.rows_that_differ(), random(2, *op_models.SHAPE)
    (tmp_path / "m.tflite").write_bytes(content)
    np.savez(tmp_path / "in.npz", **{"x": x, "out:y": stored(content, {"x": x})["y"]})
    with pytest.raises(ModelError, match="does not take several samples"):
        ask("check", float=tmp_path / "m.tflite", inputs=tmp_path / "in.npz")


def test_each_operator_has_a_name_of_its_own_that_keras_takes():
    net = Network(shape=(4,))
    y = net.dense(net.dense(net.x, random(4, 4)), random(4, 4))
    steps = list(tflite.operators(tflite.read(net.finish(y=net.unary("TANH", y)))))
    names = float_network.layer_names(steps)
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"[\w.-]+", name) for name in names)


def test_an_output_that_is_constant_or_a_batch_of_two_is_refused(ask, tmp_path):
    net = Network(shape=(4,))
    content = net.finish(y=net.dense(net.x, random(3, 4)), fixed=net.constant(random(3)))
    (tmp_path / "m.tflite").write_bytes(content)
    np.savez(tmp_path / "in.npz", x=random(2, 4))
    request = {"float": tmp_path / "m.tflite", "inputs": tmp_path / "in.npz"}
    with pytest.raises(ModelError) as failure:
        ask("forward", out=tmp_path / "o.npz", **request)
    assert failure.value.received == "fixed, which is constant"
    model = tflite.read(content)
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].shape = [2, 4]
    (tmp_path / "m.tflite").write_bytes(tflite.to_bytes(model))
    with pytest.raises(ModelError) as failure:
        ask("forward", out=tmp_path / "o.npz", **request)
    assert failure.value.received == "x of shape (2, 4)"
