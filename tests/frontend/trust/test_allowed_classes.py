"""Classes of Keras that a file may name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit.frontend.trust import allowed_classes

# Classes that files can name and that stay out, each for a reason that `allowed_classes` gives.
LEFT_OUT = set(
    """
    Lambda TFSMLayer TorchModuleWrapper JaxLayer FlaxLayer AbstractRNNCell Wrapper
    BaseRandomLayer BatchNormalizationBase _RNNCellWrapper Initializer Regularizer Constraint
    AssociativeScan Cond ForiLoop Map Scan Switch VectorizedMap WhileLoop JVP Function Operation
    Input add average concatenate dot maximum minimum multiply subtract
    """.split()
)


@pytest.mark.convert
def test_every_class_of_keras_is_listed_or_left_out_on_purpose(case: Any):
    for where, found in case("classes").items():
        assert len(found) > 3, where
        unlisted = {name for name in found if name not in allowed_classes.CLASSES}
        assert unlisted <= LEFT_OUT, where
    for kind in ("Flatten", "ReLU", "Add"):
        assert set(case("modules", kind=kind)) <= allowed_classes.MODULES


@pytest.mark.convert
def test_every_operation_of_keras_3_that_takes_tensors_loads(tmp_path: Path, case: Any):
    found = case("operations3", folder=str(tmp_path))
    assert len(found["loaded"]) > 120
    assert not found["failed"]


@pytest.mark.convert
@pytest.mark.parametrize("version", [2, 3])
def test_every_layer_that_needs_little_loads(version: int, tmp_path: Path, case: Any):
    found = case("layers", version=version, folder=str(tmp_path))
    assert len(found["loaded"]) > 60
    assert not found["failed"]
