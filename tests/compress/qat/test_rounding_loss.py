from __future__ import annotations

import numpy as np
import pytest

from edgekit.core import recipes
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.trained.grid import grid
from tests.quantize import tiny_models as tiny

pytestmark = pytest.mark.convert


@pytest.mark.parametrize("final", [tiny.NONE, 1], ids=["values", "scores"])
def test_the_loss_is_nothing_for_the_same_model_and_grows_with_the_error(ask, tmp_path, final):
    content = tiny.picture_net(final=final)
    (tmp_path / "float.tflite").write_bytes(content)
    made = grid(Prepared(float_model=content), recipes.get("weight_only_wi4_afp32"))
    made.save(tmp_path / "grid.npz")
    np.savez(tmp_path / "inputs.npz", x=tiny.correlated(8, 7, 7, 3))
    begun, worse, itself = ask(
        "distance",
        **{"float": tmp_path / "float.tflite"},
        grid=tmp_path / "grid.npz",
        inputs=tmp_path / "inputs.npz",
    )
    assert itself == 0
    assert 0 < begun < 0.5 < worse
