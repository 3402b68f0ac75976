"""Made-up samples fit the contract that they are made up for."""

import numpy as np
import pytest

from edgekit.core.errors import DataError, ProjectError, UsageError
from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.data.check_samples import fit
from edgekit.data.synthetic import UNKNOWN_SIZE, synthetic


def make(count=50, seed=0, id_limits=None, **spec):
    one = TensorSpec(**{"name": "x", "shape": (1, 8), "dtype": "float32", **spec})
    samples = synthetic(Contract(inputs=(one,), outputs=()), count, seed, id_limits)
    assert samples.source == "synthetic"
    assert samples.inputs["x"].shape[0] == count
    fitted = fit(samples.inputs["x"], one)
    np.testing.assert_array_equal(fitted, samples.inputs["x"])
    return samples.inputs["x"]


def test_floats_are_standard_normal():
    x = make(2000)
    assert x.dtype == np.float32
    assert abs(x.mean()) < 0.05
    assert abs(x.std() - 1) < 0.05
    assert np.abs(x).max() <= 3


def test_images_are_unit_or_as_their_preprocessing_makes_them():
    x = make(shape=(1, 9, 7, 3))
    assert 0 <= x.min() < 0.01
    assert 0.99 < x.max() <= 1
    rules = Preprocessing(kind="image", size=(9, 7), mean=(127.5,), std=(127.5,))
    x = make(shape=(1, 9, 7, 3), preprocessing=rules)
    assert (x.min(), x.max()) == (-1, 1)
    gray = Preprocessing(kind="image", size=(9, 7), channels="gray", resize_shorter_to=20)
    assert make(shape=(1, 9, 7, 1), preprocessing=gray).max() > 200


def test_unknown_sizes_become_one_fixed_size():
    assert make(3, shape=(1, -1, -1, 3)).shape == (3, UNKNOWN_SIZE, UNKNOWN_SIZE, 3)


def test_integers_stay_below_their_limit():
    x = make(dtype="int64", id_limits={"x": 5})
    assert x.dtype == np.int64
    assert (x.min(), x.max()) == (0, 4)
    x = make(dtype="int32")
    assert (x.min(), x.max()) == (0, 1)
    x = make(dtype="uint8", shape=(1, 9, 9, 3))
    assert (x.min(), x.max()) == (0, 255)
    text = Preprocessing(kind="text", vocabulary=("", "a", "b"))
    assert make(dtype="int32", preprocessing=text).max() == 2
    assert make(dtype="bool").dtype == bool


def test_floats_that_the_model_takes_for_ids_are_ids():
    x = make(500, id_limits={"x": 5})
    assert x.dtype == np.float32
    assert sorted(set(x.ravel())) == [0, 1, 2, 3, 4]


def test_quantized_inputs_get_values_that_their_scale_holds():
    x = make(1000, dtype="int8", scale=(0.5,), zero_point=(-128,))
    assert x.dtype == np.float32
    assert (x.min(), x.max()) == (0, 127.5)


def test_audio_is_quiet_noise():
    x = make(preprocessing=Preprocessing(kind="audio", window=8))
    assert 0.05 < x.std() < 0.2
    make(shape=(1, 8, 1), preprocessing=Preprocessing(kind="audio", window=8))


def test_the_seed_decides():
    np.testing.assert_array_equal(make(seed=3), make(seed=3))
    assert not np.array_equal(make(seed=3), make(seed=4))


def test_what_cannot_be_made_up():
    with pytest.raises(DataError, match="of str"):
        make(dtype="str")
    with pytest.raises(UsageError, match="samples"):
        make(0)
    with pytest.raises(UsageError, match="number of x"):
        make(id_limits={"x": 0})
    with pytest.raises(ProjectError, match="size"):
        make(preprocessing=Preprocessing(kind="image"))


@pytest.mark.parametrize("shape", [(1, 2**31 - 1, 2**31 - 1, 3), (1, 0, 2**31 - 1, 2**31 - 1)])
def test_an_input_that_no_memory_holds_is_refused(shape):
    spec = TensorSpec(name="x", shape=shape, dtype="float32")
    with pytest.raises(DataError, match="memory limit"):
        synthetic(Contract(inputs=(spec,), outputs=()), 1)
