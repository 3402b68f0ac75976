"""What every runtime must do, the fake one included, through the same two protocols."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import DataError, ModelError
from edgekit.core.records import Limits, Target, TensorSpec
from edgekit.runtimes import local
from edgekit.runtimes.base import Runtime, Session
from edgekit.runtimes.fake import FakeModel, FakeRuntime

FILE = "two_inputs.tflite"


def _spec(name: str, *shape: int) -> TensorSpec:
    return TensorSpec(name=name, shape=shape, dtype="float32")


FAKE = FakeModel(
    inputs=(_spec("area", 1, 3), _spec("width", 1, 3)),
    outputs=(_spec("area_out", 1, 3), _spec("gap", 1, 3), _spec("total", 1, 3)),
    function=lambda x: {
        "total": x["width"] * 2 + x["area"],
        "gap": x["width"] - x["area"][:1],
        "area_out": x["area"] * 3,
    },
)


@pytest.fixture(
    scope="module",
    params=["litert", "fake", pytest.param("tflite-runtime", marks=pytest.mark.tflite_runtime)],
)
def seam(request: pytest.FixtureRequest) -> tuple[Runtime, Target]:
    if request.param == "fake":
        return FakeRuntime({FILE: FAKE}), Target()
    target = Target()
    if request.param == "tflite-runtime":
        target = request.getfixturevalue("tflite_runtime")
    return local, target


@pytest.fixture(scope="module")
def session(seam: tuple[Runtime, Target]) -> Iterator[Session]:
    runtime, target = seam
    path = Path(__file__).parent / "data" / FILE
    with runtime.open_session(path, target, limits=Limits(seconds=60)) as opened:
        yield opened


def test_info_names_the_tensors(session: Session) -> None:
    assert {spec.name: spec.shape for spec in session.info.inputs} == {
        "area": (1, 3),
        "width": (1, 3),
    }
    assert {spec.name for spec in session.info.outputs} == {"area_out", "gap", "total"}
    assert all(spec.dtype == "float32" for spec in session.info.outputs)
    assert session.info.num_ops >= 1
    assert session.info.runtime_version


def test_inputs_and_outputs_are_bound_by_name_not_by_order(session: Session) -> None:
    rng = np.random.default_rng(3)
    width = rng.normal(size=(7, 3)).astype(np.float32)
    area = rng.normal(size=(7, 3)).astype(np.float32)
    for inputs in ({"width": width, "area": area}, {"area": area, "width": width}):
        outputs = session.run(inputs)
        assert set(outputs) == {"total", "gap", "area_out"}
        np.testing.assert_allclose(outputs["total"], width * 2 + area, rtol=1e-6)
        np.testing.assert_allclose(outputs["gap"], width - area[:, :1], rtol=1e-6)
        np.testing.assert_allclose(outputs["area_out"], area * 3, rtol=1e-6)


def test_running_twice_gives_the_same(session: Session) -> None:
    inputs = {"width": np.ones((2, 3), np.float32), "area": np.zeros((2, 3), np.float32)}
    first, second = session.run(inputs), session.run(inputs)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"width": np.ones((2, 3))}, "must be"),
        ({"width": np.ones((2, 3)), "Area": np.ones((2, 3))}, "must be"),
        ({"width": np.ones((2, 3)), "area": np.ones((2, 4))}, "'area' must have shape"),
        ({"width": np.ones((2, 3)), "area": np.ones((2, 1, 3))}, "'area' must have shape"),
        ({"width": np.ones((2, 3)), "area": np.ones((3, 3))}, "equally many samples"),
        ({"width": np.ones((0, 3)), "area": np.ones((0, 3))}, "at least one"),
        ({}, "at least one"),
        ({"width": np.array([["a"] * 3] * 2), "area": np.ones((2, 3))}, "must be numbers"),
        ({"width": np.float32(1), "area": np.ones((2, 3))}, "first dimension"),
    ],
)
def test_wrong_inputs_are_data_errors_and_the_session_survives(
    session: Session, inputs: dict[str, np.ndarray], words: str
) -> None:
    with pytest.raises(DataError, match=words) as caught:
        session.run(inputs)
    assert caught.value.received is not None
    good = {"width": np.ones((1, 3), np.float32), "area": np.ones((1, 3), np.float32)}
    np.testing.assert_allclose(session.run(good)["total"], [[3, 3, 3]])


def test_missing_file(seam: tuple[Runtime, Target], tmp_path: Path) -> None:
    runtime, target = seam
    with pytest.raises(ModelError, match="was not found"):
        runtime.open_session(tmp_path / "none.tflite", target, limits=Limits())


def test_timer_has_a_time_for_each_file_and_round(seam: tuple[Runtime, Target], data: Path) -> None:
    runtime, target = seam
    with runtime.open_timer([data / FILE] * 2, target, limits=Limits(seconds=60)) as timer:
        times = timer.time(warmup_runs=1, num_runs=5, min_seconds=0.0, seed=0)
        assert times.shape == (2, 5)
        assert (times > 0).all()
        assert timer.peak_rss_bytes() > 0
