"""What is given in Python becomes files, and says so in manifests."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import EdgekitError, ModelError, UsageError
from edgekit.core.records import ConvertOptions, Pruning, Training
from edgekit.frontend.live import saved_copy
from edgekit.frontend.live.saved_copy import SavedCopy
from edgekit.pipeline.convert import python_sources
from edgekit.pipeline.convert.python_sources import GivenData, LiveModel

X = np.arange(12, dtype=np.float32).reshape(4, 3)
QAT = ConvertOptions(training=Training(quantization_aware=True))


class Model:
    """Stands for a live one."""

    name = "my net/1"


def test_a_path_and_names_of_data_stay_as_they_are(tmp_path: Path):
    data = GivenData(calibration="data.npz", training=Path("t.npz"))
    files = python_sources.write("net.keras", data, QAT, tmp_path, None)
    assert files.model == Path("net.keras") and files.live is None
    assert (files.calibration, files.training, files.evaluation) == ("data.npz", "t.npz", None)
    assert files.options.training == Training(data="t.npz", quantization_aware=True)
    assert not files.options.unsafe and list(tmp_path.iterdir()) == []


def test_manifests_do_not_name_a_folder_that_is_gone(tmp_path: Path):
    files = python_sources.write("net.keras", GivenData(training=X), QAT, tmp_path, None)
    assert files.training == str(tmp_path / "training.npz")
    assert files.options.training is not None
    assert files.options.training.data == "training data given in Python"


def test_training_data_need_a_way_to_train(tmp_path: Path):
    with pytest.raises(UsageError, match=r"how to train[\s\S]*Training\(quantization_aware"):
        python_sources.write("net.keras", GivenData(training=X), ConvertOptions(), tmp_path, None)


@pytest.fixture
def only_here(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str]]:
    """`save` says that no child could load the model."""
    calls = []

    def save(model: object, folder: Path, name: str) -> SavedCopy:
        calls.append((folder, name))
        why = "__main__.Scale cannot be imported by another process"
        return SavedCopy(library="keras", path=folder / f"{name}.npz", inputs=("a",), only_here=why)

    monkeypatch.setattr(saved_copy, "save", save)
    return calls


def test_a_live_model_is_trusted_and_named_after_itself(only_here, tmp_path: Path):
    files = python_sources.write(Model(), GivenData(calibration=[X]), QAT, tmp_path, None)
    assert only_here == [(tmp_path, "my_net_1")]
    assert files.options.unsafe and files.live is not None and files.name == "my_net_1"
    python_sources.write(Model(), GivenData(), QAT, tmp_path, "other")
    assert only_here[1] == (tmp_path, "other")


def test_pruning_needs_a_model_that_a_child_can_load(only_here, tmp_path: Path):
    options = ConvertOptions(prune=Pruning(sparsity=0.5))
    with pytest.raises(ModelError, match=r"__main__.Scale[\s\S]*move its classes"):
        python_sources.write(Model(), GivenData(), options, tmp_path, None)


def test_the_writer_is_the_library_of_this_process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(__version__="3.15"))  # type: ignore[arg-type]
    copy = SavedCopy(library="keras", path=Path("m.npz"), only_here="why")
    recognised = LiveModel(model=Model(), copy=copy).recognised
    assert (recognised.format, recognised.written_by) == ("keras3", "Keras 3.15")


def test_what_is_no_model_is_refused(tmp_path: Path):
    with pytest.raises(EdgekitError, match="A model must be a path"):
        python_sources.write(7, GivenData(), QAT, tmp_path, None)  # type: ignore[arg-type]
