"""The Samples record: its hash, its file, what it refuses."""

import zipfile

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.data.samples import Samples


def make(**changes):
    fields = {
        "inputs": {"b": np.arange(6, dtype=np.uint8).reshape(3, 2), "a/x": np.ones((3, 1, 4))},
        "labels": np.array([0, 1, 1]),
        "reference": {"out": np.eye(3, dtype=np.float32)},
        "source": "here",
    }
    return Samples(**{**fields, **changes})


def test_length_and_take_keep_everything_together():
    taken = make().take([2, 0])
    assert len(taken) == 2
    assert taken.inputs["b"].tolist() == [[4, 5], [0, 1]]
    assert taken.labels.tolist() == [1, 0]
    assert taken.reference["out"].tolist() == [[0, 0, 1], [1, 0, 0]]
    assert taken.source == "here"


def test_take_refuses_an_index_that_is_not_there():
    with pytest.raises(DataError, match="number of samples, 3"):
        make().take([3])


def test_hash_is_of_the_content():
    one = make()
    assert one.sha256 == make(source="elsewhere", reference={}).sha256
    reordered = dict(reversed(one.inputs.items()))
    assert one.sha256 == make(inputs=reordered).sha256
    changed = {
        "value": make(inputs={**one.inputs, "b": one.inputs["b"] + np.uint8(1)}),
        "dtype": make(inputs={**one.inputs, "b": one.inputs["b"].astype(np.int16)}),
        "shape": make(inputs={**one.inputs, "b": one.inputs["b"][..., None]}),
        "name": make(inputs={"c": one.inputs["b"], "a/x": one.inputs["a/x"]}),
        "labels": make(labels=np.array([0, 1, 0])),
        "no labels": make(labels=None),
    }
    assert len({one.sha256, *(samples.sha256 for samples in changed.values())}) == 7


def test_hash_does_not_depend_on_memory_layout():
    b = np.asfortranarray(make().inputs["b"].astype(">i4"))
    plain = Samples(inputs={"b": b.astype("<i4")})
    assert Samples(inputs={"b": b}).sha256 == plain.sha256


def test_golden_file_round_trip(tmp_path):
    path = tmp_path / "deep" / "m.golden.npz"
    samples = make(labels=np.array(["cat", "dog", "cat"]))
    samples.save(path)
    back = Samples.load(path)
    assert back.sha256 == samples.sha256
    assert back.source == "here"
    assert back.labels.tolist() == ["cat", "dog", "cat"]
    np.testing.assert_array_equal(back.reference["out"], samples.reference["out"])
    assert back.inputs["b"].dtype == np.uint8
    assert sorted(zipfile.ZipFile(path).namelist()) == [
        "input/a/x.npy",
        "input/b.npy",
        "labels.npy",
        "output/out.npy",
        "source.npy",
    ]
    assert [p.name for p in path.parent.iterdir()] == ["m.golden.npz"]


def test_equal_samples_are_equal_files(tmp_path, monkeypatch):
    make().save(tmp_path / "a.npz")
    monkeypatch.setattr("time.time", lambda: 2e9)
    make().save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_load_refuses_other_files(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.ones(3))
    with pytest.raises(DataError, match="input/NAME"):
        Samples.load(tmp_path / "other.npz")
    with pytest.raises(DataError, match="was not found"):
        Samples.load(tmp_path / "none.npz")


def test_refuses_nothing_objects_and_different_lengths():
    with pytest.raises(DataError, match="at least one input"):
        Samples(inputs={})
    with pytest.raises(DataError, match="Python objects"):
        Samples(inputs={"x": np.array([1, "a", None], dtype=object)})
    with pytest.raises(DataError, match="one entry for each sample"):
        make(labels=np.arange(2))
    with pytest.raises(DataError, match="one entry for each sample"):
        Samples(inputs={"x": np.array(1.0)})


def test_digests_look_at_values_only():
    pixels = np.random.default_rng(0).integers(0, 255, (5, 4), dtype=np.uint8)
    one = Samples(inputs={"x": pixels})
    two = Samples(inputs={"x": pixels.astype(np.float32)}, labels=np.arange(5))
    assert one.digests() == two.digests()
    assert len(set(one.digests())) == 5
    assert all(len(digest) == 16 for digest in one.digests())
    swapped = Samples(inputs={"a": pixels[:, :2], "b": pixels[:, 2:]})
    assert swapped.digests() != Samples(inputs={"a": pixels[:, 2:], "b": pixels[:, :2]}).digests()
