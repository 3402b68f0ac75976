"""The file of golden samples: where everything lies, and as the model stores it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import artifacts
from edgekit.core.bundle_record import Golden
from edgekit.core.errors import DataError, ModelError
from edgekit.core.records import Contract, Limits, Preprocessing, Target, TensorSpec
from edgekit.data.samples import Samples
from edgekit.pipeline.bundle import golden
from edgekit.pipeline.bundle.golden import golden_samples
from edgekit.runtimes.fake import FakeModel, FakeSession
from tests.pipeline.files import converted, dense

INT8 = "static_wi8_ai8"


@pytest.fixture(autouse=True)
def kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kernel of every runtime computes the same."""

    def open_session(path: Path, target: Target, **_: object) -> FakeSession:
        return FakeSession(dense())

    monkeypatch.setattr(golden.local, "open_session", open_session)
    monkeypatch.setattr(golden.tolerance.environments, "list_environments", list)


@pytest.fixture
def x(tmp_path: Path) -> np.ndarray:
    """The golden inputs of `net`, which lie beside its files: (3, 12)."""
    values = np.linspace(-1, 1, 36, dtype=np.float32).reshape(3, 12)
    Samples(inputs={"x": values}).save(artifacts.golden_path(tmp_path, "net"))
    return values


def written(folder: Path, recipe: str = "float32", **fields: object) -> tuple[Golden, bytes]:
    artifact = converted(folder, INT8, **fields)[recipe]
    return golden_samples(Path(artifact.path), artifact, Limits())


def test_each_sample_is_a_record_of_its_tensors(x, tmp_path):
    record, data = written(tmp_path)
    assert record.file == "net.float32.golden.bin"
    assert (record.num_bytes, record.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (record.num_samples, record.sample_bytes) == (3, (12 + 8) * 4)
    one, two = record.tensors
    assert (one.role, one.name, one.offset, one.num_bytes) == ("input", "x", 0, 48)
    assert (two.role, two.name, two.offset, two.num_bytes) == ("output", "y", 48, 32)
    assert one.tolerance is None
    assert two.tolerance is not None and two.tolerance.worst == pytest.approx(4 * 2.0**-20)
    values = np.frombuffer(data, "<f4").reshape(3, 20)
    np.testing.assert_array_equal(values[:, :12], x)
    np.testing.assert_array_equal(values[:, 12:], x[:, :8])
    assert [trial.kernels for trial in record.trials] == ["reference", "builtin"]


def test_quantized_tensors_are_stored_as_codes(x):
    spec = TensorSpec(name="x", shape=(1, 4), dtype="int8", scale=(0.5,), zero_point=(-3,))
    stored = golden._stored(np.array([[0.0, 0.24, 0.26, -100.0]]), spec)
    assert stored.dtype == np.int8
    np.testing.assert_array_equal(stored, [[-3, -3, -2, -128]])


def test_wide_integers_keep_their_last_bits():
    spec = TensorSpec(name="x", shape=(1, 1), dtype="int32", scale=(1.0,), zero_point=(0,))
    stored = golden._stored(np.array([[2.0**31]]), spec)
    assert stored.tolist() == [[2**31 - 1]]


def test_labels_and_raw_data_follow_the_samples(x, tmp_path):
    labels = ("one", "zwei", "三")
    contract = Contract(
        inputs=(
            TensorSpec(
                name="x",
                shape=(1, 12),
                dtype="float32",
                preprocessing=Preprocessing(kind="tabular", std=(2.0,)),
            ),
        ),
        outputs=(TensorSpec(name="y", shape=(1, 8), dtype="float32", labels=labels),),
    )
    record, data = written(tmp_path, contract=contract)
    [raw], [held] = record.raw, record.labels
    samples_end = record.num_samples * record.sample_bytes
    assert raw.offset == samples_end
    given = np.frombuffer(data[raw.offset :][: raw.num_bytes], "<f4")
    expected = np.frombuffer(data[raw.expected_offset :][: raw.expected_num_bytes], "<f4")
    np.testing.assert_array_equal(expected, (given / np.float32(2.0))[:: raw.stride])
    text = data[held.offset :][: held.num_bytes].decode()
    assert text == "".join(f"{label}\0" for label in labels)
    assert held.offset + held.num_bytes == record.num_bytes


def test_samples_must_lie_beside_the_file_and_fit(tmp_path):
    with pytest.raises(ModelError, match="golden samples"):
        written(tmp_path)
    Samples(inputs={"x": np.zeros((3, 7), np.float32)}).save(artifacts.golden_path(tmp_path, "net"))
    with pytest.raises(DataError, match="do not fit"):
        written(tmp_path)


def test_a_classifier_that_is_sure_gets_mixtures(x, tmp_path, monkeypatch):
    """What the file holds is what ran: outputs are of the mixtures."""

    def sure(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        p = 1 / (1 + np.exp(-30 * float(inputs["x"].sum())))
        return {"y": np.array([p, 1 - p, 0, 0, 0, 0, 0, 0], np.float32)}

    session = FakeSession(FakeModel(dense().inputs, dense().outputs, sure))
    monkeypatch.setattr(golden.local, "open_session", lambda *_, **__: session)
    _, data = written(tmp_path)
    values = np.frombuffer(data, "<f4").reshape(3, 20)
    np.testing.assert_array_equal(values[:2, :12], x[:2])
    assert (values[2, :12] != x[2]).any()
    np.testing.assert_allclose(values[2, 12:], sure({"x": values[2, :12]})["y"])
