from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.errors import ModelError
from tests.compress.qat import op_models
from tests.quantize.tiny_models import Network, branching_net, picture_net, random

pytestmark = pytest.mark.convert
# Whose gradient is zero or missing by nature.
STEPS = ("FLOOR", "CAST", "GATHER/table", "EMBEDDING_LOOKUP")


@pytest.mark.parametrize("name", op_models.CASES)
def test_an_operator_computes_for_three_samples_what_the_file_does_for_each(
    ask, stored, tmp_path, name
):
    content = op_models.case(name)
    inputs = {"x": random(3, *op_models.SHAPE, seed=11)}
    (tmp_path / "m.tflite").write_bytes(content)
    np.savez(tmp_path / "in.npz", **inputs)
    about = ask(
        "forward", float=tmp_path / "m.tflite", inputs=tmp_path / "in.npz", out=tmp_path / "out.npz"
    )
    expected = stored(content, inputs)["y"]
    with np.load(tmp_path / "out.npz") as file:
        got = file["y"]
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5)
    if not name.startswith(STEPS):
        assert about["gradients"] and all(about["gradients"])


def test_every_operator_of_the_table_is_tested(ask):
    assert {name.split("/")[0] for name in op_models.CASES} == set(ask("operators"))


@pytest.mark.parametrize("what", op_models.refused())
def test_what_cannot_be_trained_is_refused_by_name(ask, tmp_path, what):
    content, words = op_models.refused()[what]
    (tmp_path / "m.tflite").write_bytes(content)
    np.savez(tmp_path / "in.npz", x=random(3, *op_models.SHAPE))
    with pytest.raises(ModelError) as failure:
        ask(
            "forward",
            float=tmp_path / "m.tflite",
            inputs=tmp_path / "in.npz",
            out=tmp_path / "o.npz",
        )
    assert words in str(failure.value)
    assert "leave --qat out" in str(failure.value)


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
