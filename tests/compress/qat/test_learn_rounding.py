from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.compress.compress_messages import Checkpoint, LearnRequest
from edgekit.core import recipes, serde
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.trained.apply_trained import apply_trained
from edgekit.quantize.trained.grid import grid
from edgekit.tflite import to_bytes
from edgekit.tflite.quantized_weights import Grid
from tests.quantize import tiny_models as tiny

pytestmark = pytest.mark.convert
INT4 = recipes.get("weight_only_wi4_afp32")
X = tiny.correlated(96, 7, 7, 3)


@pytest.fixture(scope="module")
def net() -> Prepared:
    return Prepared(float_model=tiny.picture_net(final=1))


def written(net: Prepared, folder: Path) -> dict[str, Path]:
    """The float file and its grid, as a conversion leaves them."""
    (folder / "float.tflite").write_bytes(net.float_model)
    grid(net, INT4).save(folder / "grid.npz")
    return {"float": folder / "float.tflite", "grid": folder / "grid.npz"}


def test_learning_brings_unseen_samples_nearer_to_float(ask, stored, tmp_path, net):
    files, samples = written(net, tmp_path), Samples(inputs={"x": X})
    samples.save(tmp_path / "samples.npz")
    check = {"x": X[:4]}
    Samples(inputs=check, reference=stored(net.float_model, check)).save(tmp_path / "check.npz")
    asked = LearnRequest(
        float_file=files["float"],
        grid=files["grid"],
        calibration=tmp_path / "samples.npz",
        steps=300,
        check=tmp_path / "check.npz",
        checkpoint=Checkpoint(folder=tmp_path / "checkpoint", key="key"),
        out=tmp_path / "out.npz",
    )
    answer = ask("learn", asked=serde.to_dict(asked))
    done = answer["done"]
    assert (done["steps"], done["num_samples"], done["resumed_from"]) == (300, 64, 0)
    assert done["last_loss"] < done["first_loss"]
    assert any("step 300 of 300, loss" in line for line in answer["lines"])

    _, held = split.held_back(samples, 0)
    wanted = stored(net.float_model, held.inputs)["y"]
    after = apply_trained(net, Grid.load(tmp_path / "out.npz"))
    noise = [
        np.square(stored(to_bytes(one.apply(INT4)), held.inputs)["y"] - wanted).mean()
        for one in (net, after)
    ]
    assert noise[1] < 0.7 * noise[0]


def test_a_killed_run_goes_on_to_the_same_weights(ask, tmp_path, net):
    np.savez(tmp_path / "inputs.npz", x=X[:10])
    answer = ask(
        "learn_in_two", **written(net, tmp_path), inputs=tmp_path / "inputs.npz", out=tmp_path,
        steps=9, killed_after=4,
    )  # fmt: skip
    assert answer["done"]["resumed_from"] == 4
    assert "going on after step 4 of 9" in answer["lines"]
    whole, killed = (Grid.load(tmp_path / f"{name}.npz") for name in ("whole", "killed"))
    assert whole.weights
    for index, weights in whole.weights.items():
        np.testing.assert_array_equal(killed.weights[index].integers, weights.integers)
        np.testing.assert_array_equal(killed.weights[index].scales, weights.scales)
        np.testing.assert_array_equal(killed.weights[index].bias, weights.bias)
